#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn large() {
    let payments = source(Payments);
    payments.filter(|p| p.amount > 100).tail().sink(LargePayments);
}

fn main() {}
