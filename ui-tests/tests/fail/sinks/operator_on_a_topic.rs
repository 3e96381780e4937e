#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn large() {
    Payments.filter(|p| p.amount > 100).sink(LargePayments);
}

fn main() {}
