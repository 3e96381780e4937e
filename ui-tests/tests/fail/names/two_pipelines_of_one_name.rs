#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn large() {
    source(Payments).filter(|p| p.amount > 100).sink(LargePayments);
}

#[pipeline]
fn large() {
    source(Payments).filter(|p| p.amount > 200).sink(LargePayments);
}

fn main() {}
