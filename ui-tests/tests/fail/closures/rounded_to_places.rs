#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn large() {
    let payments = source(Payments);
    let large = payments.filter(|p| p.rate.round(2) > 1.05);
    large.sink(LargePayments);
}

fn main() {}
