#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn large(least: i64) {
    let payments = source(Payments).lateness(10s).late_drop();
    let large = payments.filter(least);
    large.sink(LargePayments);
}

fn main() {}
