#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn per_minute() {
    let payments = source(Payments).lateness(10s).late_drop();
    let minutes = payments.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| CardMinute {
        card: w.key(),
        from: w.start(),
        total: max(p.amount - 5, p.amount * 2),
        n: min(p.shop, p.shop),
    });
    minutes.sink(CardMinutes);
}

fn main() {}
