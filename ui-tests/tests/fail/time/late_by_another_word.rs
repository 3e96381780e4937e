#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).lateness(10s).on_late(LargePayments).sink(LargePayments);
}

fn main() {}
