use waterwheel::prelude::*;

#[derive(Clone, Debug, PartialEq, Record)]
pub struct Payment {
    pub card: String,
    pub cents: i64,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Record)]
pub struct CardMinute {
    pub card: String,
    pub cents: i64,
}

topics! {
    pub Payments("payments"): Payment { key: card, time: at }
    pub Large("large"): Payment { key: card }
    pub CardMinutes("card-minutes"): CardMinute { key: card }
}

#[pipeline]
fn large() {
    source(Payment).filter(|p| p.cents > 500).sink(Large);
}

#[pipeline]
fn per_minute() {
    let payments = source(Payments).lateness(10s).late_drop();
    payments
        .group_by(|p| p.card)
        .window(tumbling(1m))
        .select(|w, p| CardMinute { card: w.key(), cents: sum(p.cents) })
        .sink(CardMinute);
}

#[test]
fn above_five() {
    let mut t = large().test();
    t.push(Payments, Payment { card: "a".into(), cents: 501, at: Timestamp::from_millis(1) });
    assert_eq!(t.rows(Large).len(), 1);
}

#[test]
fn by_the_minute() {
    let mut t = per_minute().test();
    t.push(Payments, Payment { card: "a".into(), cents: 501, at: Timestamp::from_millis(1) });
    t.close();
    assert_eq!(t.rows(CardMinutes).len(), 1);
}

fn main() {}
