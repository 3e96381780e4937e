#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let once = payments.group_by(|p| p.card).distinct_by(|p| p.amount).within(1h);
    once.sink(LargePayments);
}

fn main() {}
