#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let minutes = payments.group_by(|p| p.card).over(last(5m)).select(|p, w| CardMinute {
        card: p.card,
        from: p.at,
        total: p.amount - mean(w.amount),
        n: count(),
    });
    minutes.sink(CardMinutes);
}

fn main() {}
