#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).sink(LargePayments);
}

fn run(store: &Store) -> waterwheel::Result<()> {
    trial().start(store, RunOptions::new())?.join()?;
    Ok(())
}

fn main() {}
