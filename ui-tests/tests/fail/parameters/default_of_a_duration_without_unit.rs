#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn minutes(#[default("1h30m")] size: Duration, #[default(10)] late: Duration) {
    let payments = source(Payments).lateness(late).late_drop();
    let minutes = payments.group_by(|p| p.card).window(tumbling(size)).select(|w, p| CardMinute {
        card: w.key(),
        from: w.start(),
        total: sum(p.amount),
        n: count(),
    });
    minutes.sink(CardMinutes);
}

fn main() {}
