#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let sums = payments
        .map(|p| (p.card.clone(), p.amount))
        .group_by(|p| p.0)
        .over(last(5m))
        .select(|p, w| CardMinute { card: p.0, from: Timestamp::MIN, total: sum(w.1), n: count() });
    sums.sink(CardMinutes);
}

fn main() {}
