#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn trial(store: &Store, payment: &Payment) -> waterwheel::Result<()> {
    Payments.append(store, payment)?;
    let mut producer = Payments.producer(store)?;
    for payment in Payments.read(store)? {
        drop(payment?);
    }
    producer.flush()
}

fn main() {}
