#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn large() {
    let payments = source(Payments);
    LargePayments.insert(payments);
}

fn main() {}
