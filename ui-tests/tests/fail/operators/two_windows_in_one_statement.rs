#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn per_minute() {
    let payments = source(Payments).lateness(10s).late_drop();
    let totals = payments
        .group_by(|p| p.card)
        .window(tumbling(1m))
        .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.amount), n: count() })
        .group_by(|m| m.card)
        .window(tumbling(1h))
        .select(|w, m| CardMinute { card: w.key(), from: w.start(), total: sum(m.total), n: sum(m.n) });
    totals.sink(CardMinutes);
}

fn main() {}
