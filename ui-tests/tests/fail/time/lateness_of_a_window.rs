#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn minutes() {
    let payments = source(Payments);
    let minutes = payments.group_by(|p| p.card).window(tumbling(1m).grace(10s)).select(|w, p| CardMinute {
        card: w.key(),
        from: w.start(),
        total: sum(p.amount),
        n: count(),
    });
    minutes.sink(CardMinutes);
}

fn main() {}
