#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn pairs() {
    let payments = source(Payments).lateness(10s).late_drop();
    let large = source(LargePayments).lateness(10s).late_drop();
    let pairs = payments.join(large).on(|p| p.card, |l| l.card).between(p.at..=l.at).select(|p, l| CardMinute {
        card: p.card,
        from: p.at,
        total: l.amount,
        n: 1,
    });
    pairs.sink(CardMinutes);
}

fn main() {}
