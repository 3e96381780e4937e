#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;
use std::time::Instant;

#[pipeline]
pub fn stamped() {
    let payments = source(Payments);
    let stamped = payments.map(|p| Payment { card: format!("{} {:?}", p.card, Instant::now()), ..p.clone() });
    stamped.sink(LargePayments);
}

fn main() {}
