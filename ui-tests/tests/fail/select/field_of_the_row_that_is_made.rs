#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    payments
        .group_by(|p| p.card)
        .window(tumbling(1m))
        .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.amount), n: total as u64 / 2 })
        .sink(CardMinutes);
}

#[pipeline]
fn mapped() {
    let payments = source(Payments);
    payments
        .map(|p| Payment { amount: p.amount * 2, refunded: amount > 100, ..p.clone() })
        .sink(LargePayments);
}

fn main() {}
