#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let (large, others) = source(Payments).filter(|p| p.amount > 3);
    large.union(others).sink(LargePayments);
}

fn main() {}
