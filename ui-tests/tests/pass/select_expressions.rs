//! Aggregates anywhere in the fields of a select, several of one kind, filtered, of the user's own.

use waterwheel::aggregates::{Aggregate, Place};
use waterwheel::prelude::*;

use crate::sample::*;

/// Counts values above a limit.
struct Above {
    limit: i64,
}

fn above(limit: i64) -> Above {
    Above { limit }
}

impl Aggregate<i64> for Above {
    const NAME: &'static str = "above";
    type State = u64;
    type Output = u64;
    fn init(&self) -> u64 {
        0
    }
    fn add(&self, state: &mut u64, value: i64, _: Place) {
        *state += u64::from(value > self.limit);
    }
    fn merge(&self, state: &mut u64, other: u64) {
        *state += other;
    }
    fn finish(&self, state: u64) -> u64 {
        state
    }
}

#[derive(Clone, Debug, PartialEq, Record)]
struct Summary {
    card: String,
    share: f64,
    refunded: u64,
    kept: u64,
    high: u64,
    first_shop: Option<u32>,
    label: String,
}

topics! {
    Summaries("summaries"): Summary { key: card }
}

#[pipeline]
fn summaries(limit: i64) {
    let payments = source(Payments).lateness(10s).late_drop();
    let summaries = payments.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| {
        let high = above(p.amount, limit);
        Summary {
            card: w.key(),
            share: sum(p.amount) as f64 / count() as f64,
            refunded: count_if(p.refunded),
            kept: count() - count_if(p.refunded),
            high,
            first_shop: first_if(p.shop, !p.refunded),
            label: if count() > 1 { first(p.card) } else { String::new() },
        }
    });
    summaries.sink(Summaries);
}

#[test]
fn every_field_is_computed() {
    let mut t = summaries(5).test();
    for (shop, amount, refunded) in [(1, 4, true), (2, 6, false), (3, 8, false)] {
        let at = Timestamp::from_millis(i64::from(shop));
        t.push(Payments, Payment { card: "a".to_owned(), shop, amount, rate: 1.0, refunded, at });
    }
    t.close();
    let expected = Summary {
        card: "a".to_owned(),
        share: 6.0,
        refunded: 1,
        kept: 2,
        high: 2,
        first_shop: Some(2),
        label: "a".to_owned(),
    };
    assert_eq!(t.rows(Summaries), [expected]);
}
