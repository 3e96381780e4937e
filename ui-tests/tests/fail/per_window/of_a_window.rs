#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let best = payments.group_by(|p| p.card).window(tumbling(1m)).per_window().max_by(|p| p.amount);
    best.sink(LargePayments);
}

fn main() {}
