#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn sorted() {
    let payments = source(Payments).lateness(10s).late_drop();
    payments.order_by(|p| p.amount).sink(LargePayments);
}

#[pipeline]
pub fn cut() {
    let payments = source(Payments).lateness(10s).late_drop();
    payments.limit(3).sink(LargePayments);
}

fn main() {}
