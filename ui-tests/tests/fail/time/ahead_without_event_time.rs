#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(TimelessPayments).ahead(1h).sink(TimelessCopies);
}

fn main() {}
