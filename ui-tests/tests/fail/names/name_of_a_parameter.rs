#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn large(limit: i64) {
    let payments = source(Payments).filter(|p| p.amount > limit);
    let limit = payments.filter(|p| p.refunded);
    limit.sink(LargePayments);
}

fn main() {}
