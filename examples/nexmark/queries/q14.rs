//! Dear bids, with the time of day in which they came, and how many letters `c` stand in what else they say.

use serde::{Deserialize, Serialize};
use waterwheel::prelude::*;

use super::super::model::{Thousandths, millis};
use super::super::query::{Query, lines_of};
use super::super::tables::Bids;

pub(crate) const QUERY: Query = Query {
    name: "q14",
    about: "dear bids by the time of day",
    pipeline: || q14().into(),
    lines: |store| lines_of(TypedTopic::open(store, Q14)?.rows()),
};

#[derive(Debug, Clone, PartialEq, Record, Serialize, Deserialize)]
#[record(serde = manual)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dear {
    auction: u64,
    bidder: u64,
    price: Thousandths,
    bid_time_type: String,
    #[serde(with = "millis")]
    date_time: Timestamp,
    extra: String,
    #[serde(rename = "c_counts")]
    c_counts: u64,
}

topics! { pub(crate) Q14("q14"): Dear { key: auction } }

/// The time of day, by the hour in UTC.
fn time_of_day(at: Timestamp) -> &'static str {
    match at.millis().div_euclid(3_600_000).rem_euclid(24) {
        8..=18 => "dayTime",
        ..=6 | 20.. => "nightTime",
        _ => "otherTime",
    }
}

#[pipeline]
pub(crate) fn q14() {
    let dear =
        source(Bids).filter(|b| b.price * 908 > 1_000_000_000 && b.price * 908 < 50_000_000_000).map(|b| {
            Dear {
                auction: b.auction,
                bidder: b.bidder,
                price: Thousandths(b.price * 908),
                bid_time_type: time_of_day(b.date_time).to_owned(),
                date_time: b.date_time,
                extra: b.extra.clone(),
                c_counts: b.extra.bytes().filter(|&letter| letter == b'c').count() as u64,
            }
        });
    dear.sink(Q14);
}
