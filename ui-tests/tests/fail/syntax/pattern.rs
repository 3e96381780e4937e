#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn per_minute() {
    let (large, small) = (source(Payments), source(Payments));
    large.sink(LargePayments);
}

fn main() {}
