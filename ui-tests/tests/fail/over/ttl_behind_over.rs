#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let minutes = payments.group_by(|p| p.card).over(last_rows(10)).ttl(30d).select(|p, w| CardMinute {
        card: p.card,
        from: p.at,
        total: sum(w.amount),
        n: count(),
    });
    minutes.sink(CardMinutes);
}

fn main() {}
