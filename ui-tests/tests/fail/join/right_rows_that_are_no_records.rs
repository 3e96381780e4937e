#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let minutes = source(CardMinutes).lateness(10s).late_drop();
    let totals = minutes.map(|m| (m.card.clone(), m.total));
    let pairs = payments
        .join(totals)
        .on(|p| p.card, |t| t.0)
        .between(0s..=1m)
        .select(|p, t| Payment { amount: t.1, ..p.clone() });
    pairs.sink(LargePayments);
}

fn main() {}
