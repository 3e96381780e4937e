#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let parts = source(Payments).split(|p| p.amount > 3);
    parts.sink(LargePayments);
}

fn main() {}
