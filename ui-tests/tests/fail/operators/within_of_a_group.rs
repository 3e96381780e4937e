#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let first = payments.group_by(|p| p.card).within(1m);
    first.sink(LargePayments);
}

fn main() {}
