#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

async fn follow(payments: &TypedTopic<Payments>) {
    let mut rows = payments.tail().stream();
    while let Some(payment) = rows.next().await {
        println!("{}", payment.unwrap().amount);
    }
}

fn main() {}
