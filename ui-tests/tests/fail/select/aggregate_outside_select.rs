#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn per_minute() {
    let payments = source(Payments);
    payments.filter(|p| sum(p.amount) > 100).sink(LargePayments);
}

fn main() {}
