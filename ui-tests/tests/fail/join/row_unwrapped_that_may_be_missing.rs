#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn pairs() {
    let payments = source(Payments).lateness(10s).late_drop();
    let large = source(LargePayments).lateness(10s).late_drop();
    let pairs = payments.left_join(large).on(|p| p.card, |l| l.card).between(0s..=1h).select(|p, l| CardMinute {
        card: p.card,
        from: p.at,
        total: l.unwrap().amount,
        n: 1,
    });
    pairs.sink(CardMinutes);
}

fn main() {}
