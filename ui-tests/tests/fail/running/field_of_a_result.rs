#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn sum(payments: &TypedTopic<Payments>) -> i64 {
    payments.tail().map(|payment| payment.amount).sum()
}

fn main() {}
