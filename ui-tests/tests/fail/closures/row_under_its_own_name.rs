#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).map(|p| { let mut p = p; p.amount = 0; p }).sink(LargePayments);
}

fn main() {}
