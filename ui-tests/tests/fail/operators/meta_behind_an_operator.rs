#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).filter(|p| p.amount > 3).with_meta().map(|p| p.row.clone()).sink(LargePayments);
}

fn main() {}
