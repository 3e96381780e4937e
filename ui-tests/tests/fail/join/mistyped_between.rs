#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let minutes = source(CardMinutes).lateness(10s).late_drop();
    let pairs = payments
        .join(minutes)
        .on(|p| p.card, |m| m.card)
        .betwen(0s..=4h)
        .select(|p, m| Payment { card: p.card, shop: p.shop, amount: m.total, rate: p.rate, refunded: p.refunded, at: m.from });
    pairs.sink(LargePayments);
}

fn main() {}
