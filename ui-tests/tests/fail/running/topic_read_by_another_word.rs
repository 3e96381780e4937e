#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn read(payments: &TypedTopic<Payments>) {
    for payment in payments.iter() {
        println!("{}", payment.unwrap().amount);
    }
}

fn main() {}
