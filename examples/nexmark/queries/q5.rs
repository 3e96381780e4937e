//! Of every ten seconds, each two seconds, the auctions with the most bids.

use serde::{Deserialize, Serialize};
use waterwheel::prelude::*;

use super::super::model::millis;
use super::super::query::{Query, lines_of};
use super::super::tables::Bids;

pub(crate) const QUERY: Query = Query {
    name: "q5",
    about: "the auctions with the most bids",
    pipeline: || q5().into(),
    lines: |store| lines_of(TypedTopic::open(store, Q5)?.rows()),
};

#[derive(Debug, Clone, PartialEq, Record, Serialize, Deserialize)]
#[record(serde = manual)]
pub(crate) struct Hottest {
    pub(crate) auction: u64,
    pub(crate) num: u64,
    #[serde(with = "millis")]
    pub(crate) wstart: Timestamp,
    #[serde(with = "millis")]
    pub(crate) wend: Timestamp,
}

topics! { pub(crate) Q5("q5"): Hottest { key: auction } }

#[pipeline]
pub(crate) fn q5() {
    let bids = source(Bids).lateness(4s).late_drop();
    let counts = bids.group_by(|b| b.auction).window(sliding(10s, 2s)).select(|w, b| Hottest {
        auction: w.key(),
        num: count(),
        wstart: w.start(),
        wend: w.end(),
    });
    let hottest = counts.per_window().max_by(|c| c.num);
    hottest.sink(Q5);
}
