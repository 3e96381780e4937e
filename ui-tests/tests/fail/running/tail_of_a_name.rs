#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn follow() {
    for payment in Payments.tail() {
        println!("{}", payment.unwrap().amount);
    }
}

fn main() {}
