#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).undecodable(dead_letter(LargePayments)).sink(TimelessCopies);
}

fn main() {}
