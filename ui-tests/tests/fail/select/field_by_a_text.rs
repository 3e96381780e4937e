#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn per_minute() {
    let payments = source(Payments).lateness(10s).late_drop();
    let per_minute = payments.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| CardMinute {
        card: w.key(),
        from: w.start(),
        total: sum("amount"),
        n: count(),
    });
    let rates = payments.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| CardMinute {
        card: w.key(),
        from: w.start(),
        total: quantile("rate", 0.5) as i64,
        n: count("rate"),
    });
    per_minute.union(rates).sink(CardMinutes);
}

fn main() {}
