#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;

fn follow() {
    for payment in Payments.tail() {
        println!("{}", payment.unwrap().amount);
    }
}

fn main() {}
