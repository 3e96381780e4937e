#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[derive(Clone, Debug, PartialEq, Record)]
pub struct Place {
    pub card: String,
    pub offset: u64,
}

topics! { pub Places("places"): Place { key: card } }

#[pipeline]
fn first_partition() {
    source(Payments).filter(|p| p.meta.partition == 0).sink(LargePayments);
}

#[pipeline]
fn where_they_stand() {
    let payments = source(Payments);
    payments.map(|p| Place { card: p.card, offset: p.meta.offset }).sink(Places);
}

#[pipeline]
fn last_of_each_card() {
    let payments = source(Payments).lateness(10s).late_drop();
    payments
        .group_by(|p| p.card)
        .window(tumbling(1m))
        .select(|w, p| Place { card: w.key(), offset: max(p.meta.offset) })
        .sink(Places);
}

#[test]
fn of_the_first() {
    let mut t = first_partition().test();
    t.push(Payments, vec![]);
    assert_eq!(t.rows(LargePayments), []);
}

fn main() {}
