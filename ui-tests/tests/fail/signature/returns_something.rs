#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn copy() -> u64 {
    source(Payments).sink(LargePayments);
}

fn main() {}
