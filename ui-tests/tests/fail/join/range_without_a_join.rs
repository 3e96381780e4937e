#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let pairs = payments.between(0s..=1h).select(|p, q: &Payment| p.clone());
    pairs.sink(LargePayments);
}

fn main() {}
