#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let named = payments
        .group_by(|p| p.card)
        .lookup(side(CardMinutes))
        .on(|p| p.card, |m| m.card)
        .select(|p, m| Payment { amount: m.total.unwrap_or(0), ..p.clone() });
    named.sink(LargePayments);
}

fn main() {}
