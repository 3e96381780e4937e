//! Bids in another currency: a price is 0.908 of what it was, exactly.

use serde::{Deserialize, Serialize};
use waterwheel::prelude::*;

use super::super::model::{Thousandths, millis};
use super::super::query::{Query, lines_of};
use super::super::tables::Bids;

pub(crate) const QUERY: Query = Query {
    name: "q1",
    about: "bids in another currency",
    pipeline: || q1().into(),
    lines: |store| lines_of(TypedTopic::open(store, Q1)?.rows()),
};

#[derive(Debug, Clone, PartialEq, Record, Serialize, Deserialize)]
#[record(serde = manual)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Converted {
    pub(crate) auction: u64,
    pub(crate) bidder: u64,
    pub(crate) price: Thousandths,
    #[serde(with = "millis")]
    pub(crate) date_time: Timestamp,
    pub(crate) extra: String,
}

topics! { pub(crate) Q1("q1"): Converted { key: auction } }

#[pipeline]
pub(crate) fn q1() {
    let converted = source(Bids).map(|b| Converted {
        auction: b.auction,
        bidder: b.bidder,
        price: Thousandths(b.price * 908),
        date_time: b.date_time,
        extra: b.extra.clone(),
    });
    converted.sink(Q1);
}
