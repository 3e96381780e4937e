#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn append(store: &Store, minute: CardMinute) -> waterwheel::Result<()> {
    let payments = TypedTopic::open(store, Payments)?;
    payments.append(&minute)
}

fn main() {}
