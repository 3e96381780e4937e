//! How often each bidder bids before it rests for ten seconds.

use serde::{Deserialize, Serialize};
use waterwheel::prelude::*;

use super::super::model::millis;
use super::super::query::{Query, lines_of};
use super::super::tables::Bids;

pub(crate) const QUERY: Query = Query {
    name: "q11",
    about: "sessions of each bidder",
    pipeline: || q11().into(),
    lines: |store| lines_of(TypedTopic::open(store, Q11)?.rows()),
};

#[derive(Debug, Clone, PartialEq, Record, Serialize, Deserialize)]
#[record(serde = manual)]
pub(crate) struct Session {
    pub(crate) bidder: u64,
    pub(crate) bid_count: u64,
    #[serde(with = "millis")]
    pub(crate) starttime: Timestamp,
    #[serde(with = "millis")]
    pub(crate) endtime: Timestamp,
}

topics! { pub(crate) Q11("q11"): Session { key: bidder } }

#[pipeline]
pub(crate) fn q11() {
    let bids = source(Bids).lateness(4s).late_drop();
    let sessions = bids.group_by(|b| b.bidder).window(session(10s)).select(|w, b| Session {
        bidder: w.key(),
        bid_count: count(),
        starttime: w.start(),
        endtime: w.end(),
    });
    sessions.sink(Q11);
}
