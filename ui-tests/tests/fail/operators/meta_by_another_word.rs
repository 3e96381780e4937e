#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).with_metadata().map(|p| p.row.clone()).sink(LargePayments);
}

fn main() {}
