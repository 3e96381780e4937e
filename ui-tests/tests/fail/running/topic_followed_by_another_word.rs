#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn follow(payments: &TypedTopic<Payments>) {
    for payment in payments.follow() {
        println!("{}", payment.unwrap().amount);
    }
}

fn main() {}
