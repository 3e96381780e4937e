#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let pairs = payments.on(|p| p.card, |p: &Payment| p.card).between(0s..=1m).select(|p, q| p.clone());
    pairs.sink(LargePayments);
}

fn main() {}
