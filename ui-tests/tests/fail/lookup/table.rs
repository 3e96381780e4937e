#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let minutes = table(CardMinutes);
    source(Payments)
        .lookup(minutes)
        .on(|p| p.card, |m| m.card)
        .select(|p, m| Payment { amount: m.total.unwrap_or(0), ..p.clone() })
        .sink(LargePayments);
}

#[pipeline]
fn latest() {
    source(Payments).latest_by(|p| p.card).sink(LargePayments);
}

fn main() {}
