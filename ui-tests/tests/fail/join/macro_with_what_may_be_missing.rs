#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let others = source(LargePayments).lateness(10s).late_drop();
    let pairs = payments.left_join(others).on(|p| p.card, |o| o.card).between(0s..=1h).select(|p, o| CardMinute {
        card: format!("{}-{}", p.card, o.card),
        from: p.at,
        total: p.amount,
        n: 1,
    });
    pairs.sink(CardMinutes);
}

fn main() {}
