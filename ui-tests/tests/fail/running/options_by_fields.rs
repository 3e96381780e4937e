#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn copies() {
    source(TimelessPayments).sink(TimelessCopies);
}

fn run(store: &Store) -> waterwheel::Result<()> {
    copies().start(store, RunOptions { workers: 4 })?.stop()?;
    Ok(())
}

fn main() {}
