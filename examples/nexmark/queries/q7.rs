//! The bids at the highest price of each ten seconds.

use serde::{Deserialize, Serialize};
use waterwheel::prelude::*;

use super::super::model::millis;
use super::super::query::{Query, lines_of};
use super::super::tables::Bids;

pub(crate) const QUERY: Query = Query {
    name: "q7",
    about: "the highest bids",
    pipeline: || q7().into(),
    lines: |store| lines_of(TypedTopic::open(store, Q7)?.rows()),
};

/// The highest price of ten seconds.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Price {
    price: u64,
    wend: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record, Serialize, Deserialize)]
#[record(serde = manual)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Highest {
    pub(crate) auction: u64,
    pub(crate) bidder: u64,
    pub(crate) price: u64,
    #[serde(with = "millis")]
    pub(crate) date_time: Timestamp,
    pub(crate) extra: String,
    #[serde(with = "millis")]
    pub(crate) wend: Timestamp,
}

topics! { pub(crate) Q7("q7"): Highest { key: auction } }

#[pipeline]
pub(crate) fn q7() {
    let bids = source(Bids).lateness(4s).late_drop();
    let greatest = bids
        .group_by(|_| ())
        .window(tumbling(10s))
        .select(|w, b| Price { price: max(b.price), wend: w.end() });
    // A window's row has the last millisecond of the window as its time; a bid at the very end counts, too.
    let highest =
        greatest.join(bids).on(|p| p.price, |b| b.price).between(-9_999ms..=1ms).select(|p, b| Highest {
            auction: b.auction,
            bidder: b.bidder,
            price: b.price,
            date_time: b.date_time,
            extra: b.extra,
            wend: p.wend,
        });
    highest.sink(Q7);
}
