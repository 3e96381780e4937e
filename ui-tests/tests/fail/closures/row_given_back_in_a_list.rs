#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let twice = source(Payments).flat_map(|p| {
        let mut rows = Vec::new();
        rows.push(p);
        rows.push(p);
        rows
    });
    twice.sink(LargePayments);
}

fn main() {}
