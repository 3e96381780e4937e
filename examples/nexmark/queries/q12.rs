//! How often each bidder bids in ten seconds of the clock.

use serde::{Deserialize, Serialize};
use waterwheel::prelude::*;

use super::super::model::millis;
use super::super::query::{Query, lines_of};
use super::super::tables::Bids;

pub(crate) const QUERY: Query = Query {
    name: "q12",
    about: "each bidder's bids in ten seconds of the clock",
    pipeline: || q12().into(),
    lines: |store| lines_of(TypedTopic::open(store, Q12)?.rows()),
};

#[derive(Debug, Clone, PartialEq, Record, Serialize, Deserialize)]
#[record(serde = manual)]
pub(crate) struct OfBidder {
    pub(crate) bidder: u64,
    pub(crate) bid_count: u64,
    #[serde(with = "millis")]
    pub(crate) starttime: Timestamp,
    #[serde(with = "millis")]
    endtime: Timestamp,
}

topics! { pub(crate) Q12("q12"): OfBidder { key: bidder } }

#[pipeline]
pub(crate) fn q12() {
    let bids = source(Bids);
    let of_bidder = bids.group_by(|b| b.bidder).window(tumbling(10s).by_clock()).select(|w, b| OfBidder {
        bidder: w.key(),
        bid_count: count(),
        starttime: w.start(),
        endtime: w.end(),
    });
    of_bidder.sink(Q12);
}
