#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).sink(LargePayments);
}

fn push(payment: Option<Payment>) {
    trial().test().push(Payments, payment);
}

fn main() {}
