#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).sink(LargePayments);
}

fn run(store: &Store) -> waterwheel::Result<()> {
    let summary = trial().start(store, RunOptions::new().close())?;
    assert_eq!(summary.rows_written, 1);
    Ok(())
}

fn main() {}
