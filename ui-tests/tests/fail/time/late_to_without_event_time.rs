#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn copied() {
    source(TimelessPayments).late_to(LargePayments).sink(TimelessCopies);
}

fn main() {}
