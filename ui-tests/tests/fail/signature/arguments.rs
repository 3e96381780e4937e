#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline(parallel)]
pub fn copy() {
    source(Payments).sink(LargePayments);
}

fn main() {}
