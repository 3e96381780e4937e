#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn large(#[default(1)] #[default(2)] limit: i64) {
    source(Payments).filter(|p| p.amount > limit).sink(LargePayments);
}

fn main() {}
