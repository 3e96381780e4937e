#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let totals = payments.group_by(|p| p.card).reduce(|a, b| a);
    totals.sink(LargePayments);
}

fn main() {}
