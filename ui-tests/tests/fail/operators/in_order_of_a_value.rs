#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    payments
        .group_by(|p| p.card)
        .window(tumbling(1d))
        .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.amount), n: count() })
        .order_by(|m| m.total)
        .limit(5)
        .sink(CardMinutes);
}

#[pipeline]
fn first_ones() {
    source(Payments).limit(5).sink(LargePayments);
}

fn main() {}
