#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn per_minute() {
    let payments = source(Payments);
    let large = payments.filter(|p| p.amount > );
    let refunds = payments.filter(|p| p.refundd);
    large.union(refunds).sink(LargePayments);
}

fn main() {}
