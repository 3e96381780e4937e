//! All bids, as they are: what it costs to move a row.

use serde::{Deserialize, Serialize};
use waterwheel::prelude::*;

use super::super::model::millis;
use super::super::query::{Query, lines_of};
use super::super::tables::Bids;

pub(crate) const QUERY: Query = Query {
    name: "q0",
    about: "all bids",
    pipeline: || q0().into(),
    lines: |store| lines_of(TypedTopic::open(store, Q0)?.rows()),
};

#[derive(Debug, Clone, PartialEq, Record, Serialize, Deserialize)]
#[record(serde = manual)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Passed {
    auction: u64,
    bidder: u64,
    price: u64,
    #[serde(with = "millis")]
    date_time: Timestamp,
    extra: String,
}

topics! { pub(crate) Q0("q0"): Passed { key: auction } }

#[pipeline]
pub(crate) fn q0() {
    let passed = source(Bids).map(|b| Passed {
        auction: b.auction,
        bidder: b.bidder,
        price: b.price,
        date_time: b.date_time,
        extra: b.extra.clone(),
    });
    passed.sink(Q0);
}
