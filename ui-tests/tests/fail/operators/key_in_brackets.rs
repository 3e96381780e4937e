#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn of_several_fields() {
    let payments = source(Payments).lateness(10s).late_drop();
    let minutes = payments.group_by(|p| [p.card, p.shop]).window(tumbling(1m)).select(|w, p| CardMinute {
        card: w.key().0,
        from: w.start(),
        total: sum(p.amount),
        n: count(),
    });
    minutes.sink(CardMinutes);
}

#[pipeline]
fn of_one_field() {
    let payments = source(Payments).lateness(10s).late_drop();
    payments.distinct_by(|p| [p.card]).within(1h).sink(LargePayments);
}

#[pipeline]
fn of_several_closures() {
    let payments = source(Payments).lateness(10s).late_drop();
    payments.distinct_by([|p| p.card, |p| p.shop]).within(1h).sink(LargePayments);
}

fn main() {}
