#![deny(unused_must_use)]

#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn copies() {
    source(TimelessPayments).sink(TimelessCopies);
}

fn main() -> waterwheel::Result<()> {
    let store = Store::open("data")?;
    copies().start(&store, RunOptions::new())?;
    copies().start(&store, RunOptions::new());
    Ok(())
}
