#[path = "../../sample/mod.rs"]
mod sample;

use waterwheel::prelude::*;

fn follow(store: &Store) -> waterwheel::Result<()> {
    for payment in store.topic("payments")?.tail() {
        println!("{:?}", payment?);
    }
    Ok(())
}

fn main() {}
