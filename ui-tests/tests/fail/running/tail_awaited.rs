#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

async fn follow(payments: &TypedTopic<Payments>) {
    let mut tail = payments.tail();
    while let Some(payment) = tail.next().await {
        println!("{}", payment.unwrap().amount);
    }
}

fn main() {}
