#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    topics! { Copies("copies"): Payment }
    source(Payments).sink(LargePayments);
}

fn main() {}
