//! Each bid with what a side table says of its auction.

use serde::{Deserialize, Serialize};
use waterwheel::prelude::*;

use super::super::model::millis;
use super::super::query::{Query, lines_of};
use super::super::tables::{Bids, SideInput};

pub(crate) const QUERY: Query = Query {
    name: "q13",
    about: "bids with a value looked up in a side table",
    pipeline: || q13().into(),
    lines: |store| lines_of(TypedTopic::open(store, Q13)?.rows()),
};

#[derive(Debug, Clone, PartialEq, Record, Serialize, Deserialize)]
#[record(serde = manual)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WithValue {
    auction: u64,
    bidder: u64,
    price: u64,
    #[serde(with = "millis")]
    date_time: Timestamp,
    value: Option<String>,
}

topics! { pub(crate) Q13("q13"): WithValue { key: auction } }

#[pipeline]
pub(crate) fn q13() {
    let with_value =
        source(Bids).lookup(side(SideInput)).on(|b| b.auction % 10_000, |s| s.key).select(|b, s| WithValue {
            auction: b.auction,
            bidder: b.bidder,
            price: b.price,
            date_time: b.date_time,
            value: s.value,
        });
    // The query's join is an inner one.
    with_value.filter(|row| row.value.is_some()).sink(Q13);
}
