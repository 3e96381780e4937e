#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn is_large(payment: Payment) -> bool {
    payment.amount > 100
}

#[pipeline]
fn trial() {
    source(Payments).filter(is_large).sink(LargePayments);
}

fn main() {}
