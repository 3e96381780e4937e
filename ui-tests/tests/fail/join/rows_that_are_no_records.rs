#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let minutes = source(CardMinutes).lateness(10s).late_drop();
    let pairs = payments
        .map(|p| (p.card.clone(), p.amount))
        .join(minutes)
        .on(|p| p.0, |m| m.card)
        .between(0s..=1m)
        .select(|p, m| Payment {
            card: p.0,
            amount: m.total,
            shop: 0,
            rate: 0.0,
            refunded: false,
            at: m.from,
        });
    pairs.sink(LargePayments);
}

fn main() {}
