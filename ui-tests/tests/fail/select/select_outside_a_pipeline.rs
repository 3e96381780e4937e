#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

pub fn totals(payments: Stream<Payment, Timed>) -> Stream<CardMinute, OfWindows> {
    let minute = waterwheel::dsl::tumbling(Duration::from_mins(1));
    payments.group_by(|p| p.card.clone()).window(minute).select(|w, p| CardMinute {
        card: w.key(),
        from: w.start(),
        total: p.amount,
        n: 1,
    })
}

fn main() {}
