#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let minutes = source(CardMinutes).lateness(10s).late_drop();
    let pairs = payments.join(minutes).window(tumbling(1m)).on(|p| p.card, |m| m.card).select(|w, p, m| p.clone());
    pairs.sink(LargePayments);
}

fn main() {}
