#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn best() {
    let payments = source(Payments).lateness(10s).late_drop();
    let minutes = payments.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| CardMinute {
        card: w.key(),
        from: w.start(),
        total: sum(p.amount),
        n: count(),
    });
    let best = minutes.per_window().max_by(|a, b| a.total.cmp(&b.total));
    best.sink(CardMinutes);
}

fn main() {}
