use waterwheel::prelude::*;

#[derive(Clone, Debug, PartialEq, Record)]
pub struct Payment {
    pub card: String,
    pub cents: i64,
    pub at: Timestamp,
}

topics! {
    pub Payments("payments"): Payment { key: card, time: at }
    pub Large("large"): Payment { key: card }
}

topics! {
    pub Payments("all-payments"): Payment { key: card, time: at }
    pub Small("small"): Payment { key: card }
}

#[pipeline]
fn by_size() {
    let (large, small) = source(Payments).split(|p| p.cents > 500);
    large.sink(Large);
    small.sink(Small);
}

#[test]
fn by_their_size() {
    let mut t = by_size().test();
    t.push(Payments, Payment { card: "a".into(), cents: 1, at: Timestamp::from_millis(1) });
    assert_eq!(t.rows(Small).len(), 1);
}

fn main() {}
