#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).map(|p| { let mut q = p; q.amount = 0; q }).sink(LargePayments);
}

fn main() {}
