#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn per_minute() {
    let payments = source(Payments);
    let minutes = source(CardMinutes);
    payments.union(minutes).sink(LargePayments);
}

fn main() {}
