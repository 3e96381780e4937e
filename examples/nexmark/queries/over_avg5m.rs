//! Each bid with what its auction's bids of the five minutes up to it are on average.

use serde::{Deserialize, Serialize};
use waterwheel::prelude::*;

use super::super::model::millis;
use super::super::query::{Query, lines_of};
use super::super::tables::Bids;

pub(crate) const QUERY: Query = Query {
    name: "over_avg5m",
    about: "each bid with its auction's average of five minutes",
    pipeline: || over_avg5m().into(),
    lines: |store| lines_of(TypedTopic::open(store, OverAvg5m)?.rows()),
};

#[derive(Debug, Clone, PartialEq, Record, Serialize, Deserialize)]
#[record(serde = manual)]
pub(crate) struct Averaged {
    auction: u64,
    bidder: u64,
    price: u64,
    #[serde(with = "millis")]
    ts: Timestamp,
    avg_price: u64,
    n: u64,
}

topics! { pub(crate) OverAvg5m("over-avg5m"): Averaged { key: auction, time: ts } }

#[pipeline]
pub(crate) fn over_avg5m() {
    let bids = source(Bids).lateness(4s).late_drop();
    let averaged = bids.group_by(|b| b.auction).over(last(5m)).select(|b, w| Averaged {
        auction: b.auction,
        bidder: b.bidder,
        price: b.price,
        ts: b.date_time,
        avg_price: sum(w.price) / count(),
        n: count(),
    });
    averaged.sink(OverAvg5m);
}
