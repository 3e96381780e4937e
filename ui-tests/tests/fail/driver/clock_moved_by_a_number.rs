#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).sink(LargePayments);
}

fn main() {
    let mut t = trial().test();
    t.advance_clock(10);
}
