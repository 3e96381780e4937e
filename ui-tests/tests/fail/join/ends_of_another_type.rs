#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial(early: i64, span: u32) {
    let payments = source(Payments).lateness(10s).late_drop();
    let pairs = payments.join(payments).on(|p| p.card, |q| q.card).between(-early..=1h).select(|p, q| p.clone());
    pairs.sink(LargePayments);
    let sums = payments.group_by(|p| p.card).over(last(span)).select(|p, w| CardMinute { card: p.card, from: p.at, total: sum(w.amount), n: count() });
    sums.sink(CardMinutes);
}

fn main() {}
