#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let minutes = payments.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| CardMinute {
        card: w.key(),
        from: w.start(),
        total: sum(p.amount),
        n: count(),
    });
    minutes.suppress().sink(CardMinutes);
}

fn main() {}
