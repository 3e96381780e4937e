use waterwheel::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Record, Key)]
pub struct Card(u64);

#[derive(Clone, Debug, PartialEq, Record)]
pub struct Payment {
    pub card: Card,
    pub cents: i64,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Record)]
pub struct CardMinute {
    pub card: Card,
    pub n: u64,
}

topics! {
    pub Payments("payments"): Payment { key: card, time: at }
    pub CardMinutes("card-minutes"): CardMinute { key: card }
}

#[pipeline]
pub fn per_minute() {
    let payments = source(Payments).lateness(10s).late_drop();
    let minutes = payments.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| CardMinute { card: w.key(), n: count() });
    minutes.sink(CardMinutes);
}

fn main() {}
