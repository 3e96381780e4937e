#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn per_minute() {
    let payments = source(Payments);
    let large = payments.filter(|p| p.amount > );
    large.filter(|p| p.rate > 1.0).sink(LargePayments);
}

fn main() {}
