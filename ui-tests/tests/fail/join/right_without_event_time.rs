#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let copies = source(TimelessPayments);
    let pairs = payments
        .join(copies)
        .on(|p| p.card, |c| c.card)
        .between(0s..=1m)
        .select(|p, c| Payment { amount: c.amount, ..p.clone() });
    pairs.sink(LargePayments);
}

fn main() {}
