#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).late_drop();
    let once = payments.distinct_by(|p| p.card).within(1h);
    once.sink(LargePayments);
}

fn main() {}
