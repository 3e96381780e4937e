#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn large() {
    let payments = source(Payments);
    let large = payments.filter(|p| p.amount.unwrap() > 100 && p.card.unwrap_or("none") != "none");
    large.sink(LargePayments);
}

fn main() {}
