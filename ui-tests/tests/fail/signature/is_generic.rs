#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn copy<T>() {
    source(Payments).sink(LargePayments);
}

fn main() {}
