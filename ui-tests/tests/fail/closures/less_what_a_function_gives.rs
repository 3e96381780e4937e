#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn fee(payment: &Payment) -> f64 {
    payment.rate / 2.0
}

#[pipeline]
fn trial() {
    source(Payments).filter(|p| p.amount - fee(p) > 100).sink(LargePayments);
}

fn main() {}
