#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn compared() {
    let payments = source(Payments).lateness(10s).late_drop();
    let others = source(LargePayments).lateness(10s).late_drop();
    let pairs = payments.left_join(others).on(|p| p.card, |o| o.card).between(0s..=1h).select(|p, o| CardMinute {
        card: p.card,
        from: p.at,
        total: if o.amount > 100 { 1 } else { 0 },
        n: if o.refunded { 1 } else { 0 },
    });
    pairs.sink(CardMinutes);
}

#[pipeline]
fn converted() {
    let payments = source(Payments).lateness(10s).late_drop();
    let others = source(LargePayments).lateness(10s).late_drop();
    let pairs = payments.left_join(others).on(|p| p.card, |o| o.card).between(0s..=1h).select(|p, o| CardMinute {
        card: if !o.refunded { p.card } else { String::new() },
        from: p.at,
        total: -o.amount,
        n: o.shop as u64,
    });
    pairs.sink(CardMinutes);
}

fn main() {}
