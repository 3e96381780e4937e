#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let (large, small, others) = source(Payments).split(|p| p.amount > 99);
    large.sink(LargePayments);
    small.sink(TimelessPayments);
}

fn main() {}
