#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let (large, _) = payments.distinct_by(|p| p.card).within(1h).split(|p| p.amount > 3);
    large.sink(LargePayments);
}

fn main() {}
