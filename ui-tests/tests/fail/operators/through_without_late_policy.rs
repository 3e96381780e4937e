#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn large(payments: Stream<Payment>) -> Stream<Payment> {
    payments.filter(|p| p.amount >= 100)
}

#[pipeline]
fn minutes() {
    let payments = source(Payments).lateness(10s);
    let minutes = payments.through(large).group_by(|p| p.card).window(tumbling(1m)).select(|w, p| CardMinute {
        card: w.key(),
        from: w.start(),
        total: sum(p.amount),
        n: count(),
    });
    minutes.sink(CardMinutes);
}

fn main() {}
