#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn per_minute() {
    let payments = source(Payments);
    if true {
        payments.sink(LargePayments);
    }
    payments.sink(LargePayments);
}

fn main() {}
