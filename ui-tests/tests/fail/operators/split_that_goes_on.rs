#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).split(|p| p.amount > 3).sink(LargePayments);
}

fn main() {}
