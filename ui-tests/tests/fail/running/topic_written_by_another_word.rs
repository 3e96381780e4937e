#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn write(payments: &TypedTopic<Payments>, payment: Payment) {
    payments.send(payment).unwrap();
}

fn main() {}
