#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

use waterwheel::dsl::EventTime;

fn large<E: EventTime>(payments: Stream<Payment, E>, least: i64) -> Stream<Payment, E> {
    payments.filter(move |p| p.amount >= least)
}

#[pipeline]
fn trial() {
    source(Payments).through(large).sink(LargePayments);
}

fn main() {}
