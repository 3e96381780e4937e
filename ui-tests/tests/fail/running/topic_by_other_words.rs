#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn write(payments: &TypedTopic<Payments>, payment: Payment) {
    payments.send(payment).unwrap();
    for payment in payments.iter() {
        println!("{}", payment.unwrap().amount);
    }
}

fn main() {}
