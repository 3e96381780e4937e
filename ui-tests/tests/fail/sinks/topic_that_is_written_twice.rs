#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn two() {
    let payments = source(Payments);
    payments.filter(|p| p.amount > 100).sink(LargePayments);
    payments.filter(|p| p.refunded).sink(LargePayments);
}

fn main() {}
