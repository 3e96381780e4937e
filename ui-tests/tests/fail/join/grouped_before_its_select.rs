#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let others = source(LargePayments).lateness(10s).late_drop();
    let pairs = payments.join(others).on(|p| p.card, |o| o.card).between(0s..=1h).group_by(|p| p.card).window(tumbling(1m)).select(|w, p| CardMinute {
        card: w.key(),
        from: w.start(),
        total: sum(p.amount),
        n: 1,
    });
    pairs.sink(CardMinutes);
}

fn main() {}
