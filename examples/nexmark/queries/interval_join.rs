//! The bids for each auction in its first five seconds.

use serde::{Deserialize, Serialize};
use waterwheel::prelude::*;

use super::super::model::millis;
use super::super::query::{Query, lines_of};
use super::super::tables::{Auctions, Bids};

pub(crate) const QUERY: Query = Query {
    name: "interval_join",
    about: "bids within five seconds of their auction",
    pipeline: || interval_join().into(),
    lines: |store| lines_of(TypedTopic::open(store, IntervalJoin)?.rows()),
};

#[derive(Debug, Clone, PartialEq, Record, Serialize, Deserialize)]
#[record(serde = manual)]
pub(crate) struct Early {
    id: u64,
    bidder: u64,
    price: u64,
    #[serde(with = "millis")]
    ats: Timestamp,
    #[serde(with = "millis")]
    bts: Timestamp,
}

topics! { pub(crate) IntervalJoin("interval-join"): Early { key: id } }

#[pipeline]
pub(crate) fn interval_join() {
    let auctions = source(Auctions).lateness(4s).late_drop();
    let bids = source(Bids).lateness(4s).late_drop();
    let early = auctions.join(bids).on(|a| a.id, |b| b.auction).between(0s..=5s).select(|a, b| Early {
        id: a.id,
        bidder: b.bidder,
        price: b.price,
        ats: a.date_time,
        bts: b.date_time,
    });
    early.sink(IntervalJoin);
}
