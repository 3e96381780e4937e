#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let sums = payments
        .group_by(|p| p.card)
        .over(last(5m))
        .select(|p, w| Payment { amount: sum(w.amount), ..p.clone() })
        .group_by(|p| p.card)
        .over(last(5m))
        .select(|p, w| CardMinute { card: p.card, from: p.at, total: sum(w.amount), n: count() });
    sums.sink(CardMinutes);
}

fn main() {}
