#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn open(store: &Store) {
    let payments = TypedTopic::open(store, "payments").unwrap();
    let _ = payments.rows();
}

fn main() {}
