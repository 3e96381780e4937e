#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let pairs = payments.join(source(LargePayments)).on(|a| a.card, |b| b.card).between(0s..=1h);
    pairs.sink(TimelessCopies);
}

fn main() {}
