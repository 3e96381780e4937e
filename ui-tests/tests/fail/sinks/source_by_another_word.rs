#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn large() {
    let payments = table(Payments);
    payments.sink(LargePayments);
}

fn main() {}
