#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments)
        .map(|p| {
            p.amount *= 2;
            p.clone()
        })
        .sink(LargePayments);
}

fn main() {}
