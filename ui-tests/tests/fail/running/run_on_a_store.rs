#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn large() {
    source(Payments).filter(|p| p.amount > 100).sink(LargePayments);
}

fn run(store: &Store) -> waterwheel::Result<()> {
    large().run(store)?.wait()?;
    Ok(())
}

fn main() {}
