#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn append(store: &Store, payment: Payment) -> waterwheel::Result<()> {
    let payments = TypedTopic::open(store, Payments)?;
    payments.append(payment.amount)
}

fn main() {}
