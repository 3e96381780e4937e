#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn less(payment: &Payment, fee: i64) -> Payment {
    Payment { amount: payment.amount - fee, ..payment.clone() }
}

#[pipeline]
fn trial() {
    source(Payments).map(less).sink(LargePayments);
}

fn main() {}
