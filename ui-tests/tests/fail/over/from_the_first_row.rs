#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    payments
        .group_by(|p| p.card)
        .over(unbounded_preceding())
        .select(|p, w| CardMinute { card: p.card, from: p.at, total: sum(w.amount), n: count() })
        .sink(CardMinutes);
}

fn main() {}
