#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn arrows() {
    let payments = source(Payments);
    payments.filter(row -> row.amount > 100).sink(LargePayments);
    payments.filter((row) => row.amount > 100).sink(LargePayments);
}

#[pipeline]
pub fn words_of_sql() {
    let payments = source(Payments);
    payments.where(|p| p.amount > 100).sink(LargePayments);
    payments.filter(|p| p.amount in [1, 2, 3]).sink(LargePayments);
    payments.filter(|p| p.amount > 1 and p.amount < 5).sink(LargePayments);
    payments.filter(|p| p.card like "RE%").sink(LargePayments);
}

#[pipeline]
pub fn numbers() {
    let payments = source(Payments).lateness(10 s).late_drop();
    let minutes = payments.group_by(|p| p.card).window(tumbling(length: 1m)).select(|w, p| CardMinute {
        card: w.key(),
        from: w.start(),
        total: sum(p.amount),
        n: count(*),
    });
    minutes.sink(CardMinutes);
}

fn main() {}
