//! Tumbling windows end to end, by the test driver.

use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
struct Payment {
    card: u64,
    amount: i64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct CardMinute {
    card: u64,
    from: Timestamp,
    total: i64,
    n: u64,
}

topics! {
    Payments("payments"): Payment { key: card, time: at, partitions: 2 }
    CardMinutes("card-minutes"): CardMinute { key: card, partitions: 2 }
}

#[pipeline]
fn card_minutes(least: i64) {
    let payments = source(Payments).lateness(10s).late_drop();
    let per_minute = payments
        .filter(|p| p.amount >= least)
        .group_by(|p| p.card)
        .window(tumbling(1m))
        .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.amount), n: count() });
    per_minute.sink(CardMinutes);
}

fn payment(card: u64, amount: i64, at_secs: i64) -> Payment {
    Payment { card, amount, at: Timestamp::from_millis(at_secs * 1000) }
}

#[test]
fn a_window_emits_once_when_the_watermark_has_passed_its_end() {
    let mut t = card_minutes(5).test();
    t.push(Payments, payment(1, 10, 0));
    t.push(Payments, payment(1, 20, 59));
    t.push(Payments, payment(1, 1, 30));
    assert_eq!(t.rows(CardMinutes), []);
    t.push(Payments, payment(1, 7, 60));
    t.restart();
    t.close();
    let minute = |from: i64, total, n| CardMinute { card: 1, from: Timestamp::from_millis(from * 1000), total, n };
    assert_eq!(t.rows(CardMinutes), [minute(0, 30, 2), minute(60, 7, 1)]);
}
