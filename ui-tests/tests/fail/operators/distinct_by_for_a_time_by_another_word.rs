#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let once = payments.distinct_by(|p| p.card).ttl(1h);
    once.sink(LargePayments);
}

fn main() {}
