#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn cost(amount: i64, refunded: bool) -> i64 {
    if refunded { 0 } else { amount }
}

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let minutes = payments.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| CardMinute {
        card: w.key(),
        total: cost(p.amount, p.refunded),
        from: w.start(),
        n: count(),
    });
    minutes.sink(CardMinutes);
}

fn main() {}
