#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

pub struct Limit(i64);

#[pipeline]
pub fn large(limit: Limit) {
    source(Payments).filter(|p| p.amount > limit.0).sink(LargePayments);
}

fn main() {}
