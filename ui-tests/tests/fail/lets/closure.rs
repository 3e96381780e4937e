#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn large() {
    let is_large = |p: &Payment| p.amount > 100;
    source(Payments).filter(is_large).sink(LargePayments);
}

fn main() {}
