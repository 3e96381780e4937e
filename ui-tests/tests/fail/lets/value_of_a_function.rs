#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn least_amount() -> i64 {
    100
}

#[pipeline]
pub fn large() {
    let limit = least_amount();
    source(Payments).filter(|p| p.amount > limit).sink(LargePayments);
}

fn main() {}
