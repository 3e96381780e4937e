#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let per_minute = payments.group_by(col("card")).window(tumbling(1m)).select(|w, p| CardMinute {
        card: w.key(),
        from: w.start(),
        total: sum(p.amount),
        n: count(),
    });
    per_minute.sink(CardMinutes);
}

fn main() {}
