#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let once = payments.distinct_by(|p| p.card).between(0s..=1h);
    let windowed = payments.distinct_by(|p| p.card).window(tumbling(1h));
    once.sink(LargePayments);
    windowed.sink(TimelessCopies);
}

fn main() {}
