#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).filter(|p| 1.5 * p.amount > 100.0).sink(LargePayments);
}

fn main() {}
