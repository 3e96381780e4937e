#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn per_minute() {
    let payments = source(Payments);
    payments.filter(|p| p.at - Timestamp::MIN > 10min).sink(LargePayments);
}

#[pipeline]
pub fn of_numbers() {
    let payments = source(Payments);
    payments.filter(|p| p.amount > 10m).sink(LargePayments);
}

#[pipeline]
pub fn of_a_fraction() {
    let payments = source(Payments);
    payments.filter(|p| p.at - Timestamp::MIN > 1.5h).sink(LargePayments);
}

fn main() {}
