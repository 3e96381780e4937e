//! What is bid for each auction in ten seconds.

use serde::{Deserialize, Serialize};
use waterwheel::prelude::*;

use super::super::model::millis;
use super::super::query::{Query, lines_of};
use super::super::tables::Bids;

pub(crate) const QUERY: Query = Query {
    name: "tumble_auction10s",
    about: "each auction's bids in ten seconds",
    pipeline: || tumble_auction10s().into(),
    lines: |store| lines_of(TypedTopic::open(store, TumbleAuction10s)?.rows()),
};

#[derive(Debug, Clone, PartialEq, Record, Serialize, Deserialize)]
#[record(serde = manual)]
pub(crate) struct TenSeconds {
    auction: u64,
    #[serde(with = "millis")]
    wstart: Timestamp,
    #[serde(with = "millis")]
    wend: Timestamp,
    n: u64,
    sum_price: u64,
    max_price: u64,
}

topics! { pub(crate) TumbleAuction10s("tumble-auction10s"): TenSeconds { key: auction } }

#[pipeline]
pub(crate) fn tumble_auction10s() {
    let bids = source(Bids).lateness(4s).late_drop();
    let ten_seconds = bids.group_by(|b| b.auction).window(tumbling(10s)).select(|w, b| TenSeconds {
        auction: w.key(),
        wstart: w.start(),
        wend: w.end(),
        n: count(),
        sum_price: sum(b.price),
        max_price: max(b.price),
    });
    ten_seconds.sink(TumbleAuction10s);
}
