#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let others = source(LargePayments).lateness(10s).late_drop();
    let pairs = payments.left_join(others).on(|p| p.card, |o| o.card).between(0s..=1h).select(|p, o| CardMinute {
        card: o.card.clone(),
        from: p.at,
        total: o.map(|o| o.amount).unwrap_or(0),
        n: match o {
            Some(o) => o.shop as u64,
            None => 0,
        },
    });
    pairs.sink(CardMinutes);
}

fn main() {}
