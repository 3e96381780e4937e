#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn large() {
    let payments = source(Payments);
    let large = payments.filter(|p: Payment| p.amount > 100);
    large.sink(LargePayments);
}

fn main() {}
