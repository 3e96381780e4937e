#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let pairs = payments
        .join(payments)
        .on(|l| l.card, |r| r.card)
        .between(0s..=1m)
        .select(|l, r| Payment { amount: r.amount, ..l.clone() });
    let best = pairs.per_window().max_by(|p| p.amount);
    best.sink(LargePayments);
}

fn main() {}
