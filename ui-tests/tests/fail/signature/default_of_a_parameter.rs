#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn large(limit: i64 = 100) {
    source(Payments).filter(|p| p.amount > limit).sink(LargePayments);
}

fn main() {}
