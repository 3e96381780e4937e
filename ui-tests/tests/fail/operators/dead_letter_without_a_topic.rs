#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).undecodable(dead_letter).sink(LargePayments);
}

fn main() {}
