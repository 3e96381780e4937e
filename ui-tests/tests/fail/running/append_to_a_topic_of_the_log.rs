#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn append(store: &Store, payment: &Payment) -> waterwheel::Result<()> {
    store.topic("payments")?.append([payment])?;
    Ok(())
}

fn main() {}
