//! Each bid with what its bidder has bid in the ten seconds up to it.

use serde::{Deserialize, Serialize};
use waterwheel::prelude::*;

use super::super::model::millis;
use super::super::query::{Query, lines_of};
use super::super::tables::Bids;

pub(crate) const QUERY: Query = Query {
    name: "over_bidder10s",
    about: "each bid with its bidder's last ten seconds",
    pipeline: || over_bidder10s().into(),
    lines: |store| lines_of(TypedTopic::open(store, OverBidder10s)?.rows()),
};

#[derive(Debug, Clone, PartialEq, Record, Serialize, Deserialize)]
#[record(serde = manual)]
pub(crate) struct OfBidder {
    bidder: u64,
    price: u64,
    #[serde(with = "millis")]
    ts: Timestamp,
    sum_price: u64,
    n: u64,
    max_price: u64,
}

topics! { pub(crate) OverBidder10s("over-bidder10s"): OfBidder { key: bidder, time: ts } }

#[pipeline]
pub(crate) fn over_bidder10s() {
    let bids = source(Bids).lateness(4s).late_drop();
    let of_bidder = bids.group_by(|b| b.bidder).over(last(10s)).select(|b, w| OfBidder {
        bidder: b.bidder,
        price: b.price,
        ts: b.date_time,
        sum_price: sum(w.price),
        n: count(),
        max_price: max(w.price),
    });
    of_bidder.sink(OverBidder10s);
}
