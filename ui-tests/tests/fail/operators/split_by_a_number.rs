#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let (large, small) = source(Payments).split(|p| p.amount);
    large.union(small).sink(LargePayments);
}

fn main() {}
