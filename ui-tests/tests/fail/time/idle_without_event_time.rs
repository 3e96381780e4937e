#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn copied() {
    source(TimelessPayments).idle(30s).sink(TimelessCopies);
}

fn main() {}
