#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn per_minute() {
    let payments = source(Payments);
    payments.filter(|p| p.at - Timestamp::MIN > 10s).sink(LargePayments);
}

fn main() {}
