#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn per_minute() {
    large.sink(LargePayments);
    let large = source(Payments).filter(|p| p.amount > 100);
}

fn main() {}
