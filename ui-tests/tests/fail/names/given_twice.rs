#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn per_minute() {
    let payments = source(Payments);
    let payments = payments.filter(|p| p.amount > 100);
    payments.sink(LargePayments);
}

fn main() {}
