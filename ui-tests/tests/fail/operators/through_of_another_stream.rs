#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn large(payments: Stream<Payment>) -> Stream<Payment> {
    payments.filter(|p| p.amount >= 100)
}

#[pipeline]
fn trial() {
    source(Payments).through(large).sink(LargePayments);
}

fn main() {}
