//! Functions of streams, with and without what is known of event time.

use waterwheel::dsl::{EventTime, Meet};
use waterwheel::prelude::*;

use crate::sample::*;

fn clean(payments: Stream<Payment, Timed>) -> Stream<Payment, Timed> {
    payments.filter(|payment| !payment.refunded)
}

fn worth_telling(minutes: Stream<CardMinute>) -> Stream<CardMinute> {
    minutes.filter(|minute| minute.n > 1)
}

fn both<E>(left: Stream<Payment, E>, right: Stream<Payment, E>) -> Stream<Payment, E>
where
    E: EventTime + Meet<E, Both = E>,
{
    left.union(right)
}

#[pipeline]
fn through_helpers(least: i64) {
    let payments = source(Payments).lateness(10s).late_drop();
    let cleaned = payments.through(clean);
    let large = cleaned.through(|rows| rows.filter(|p| p.amount > least));
    let all = both(cleaned, large);
    let minutes = all.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| CardMinute {
        card: w.key(),
        from: w.start(),
        total: sum(p.amount),
        n: count(),
    });
    let told =
        minutes.through(worth_telling).through(|minutes| worth_telling(minutes).filter(|m| m.total > 0));
    told.sink(CardMinutes);
}

#[test]
fn helpers_are_part_of_the_plan() {
    let plan = through_helpers(5).explain().unwrap();
    assert!(plan.contains("union") && plan.contains("tumbling(1m)"), "{plan}");
}
