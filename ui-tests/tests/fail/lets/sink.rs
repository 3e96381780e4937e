#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn copies() {
    let copied = source(Payments).sink(LargePayments);
}

fn main() {}
