#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

struct Limits {
    least: i64,
}

#[pipeline]
fn trial(limits: Limits) {
    source(Payments).filter(|p| p.amount > limits.least).sink(LargePayments);
}

fn main() {}
