#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn tell(payments: &TypedTopic<TimelessPayments>) {
    payments.heartbeat(0, Timestamp::from_millis(0)).unwrap();
}

fn main() {}
