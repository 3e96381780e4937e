#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn per_minute(least: i64) {
    let payments = source(Payments).lateness(10s).late_drop();
    let large = payments.filter(amount > least && !refunded);
    let minutes = large
        .group_by(card)
        .window(tumbling(1m))
        .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.amount), n: count() });
    minutes.sink(CardMinutes);
    let dear = payments.filter(card.starts_with("4"));
    dear.sink(LargePayments);
}

fn main() {}
