#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).sink(LargePayments);
}

fn push(payments: Vec<Payment>) {
    trial().test().push(Payments, payments);
}

fn push_lent(payment: &Payment) {
    trial().test().push(Payments, payment);
}

fn main() {}
