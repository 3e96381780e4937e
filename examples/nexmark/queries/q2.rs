//! The bids for a few auctions.

use serde::{Deserialize, Serialize};
use waterwheel::prelude::*;

use super::super::query::{Query, lines_of};
use super::super::tables::Bids;

pub(crate) const QUERY: Query = Query {
    name: "q2",
    about: "bids for every 123rd auction",
    pipeline: || q2().into(),
    lines: |store| lines_of(TypedTopic::open(store, Q2)?.rows()),
};

#[derive(Debug, Clone, PartialEq, Record, Serialize, Deserialize)]
#[record(serde = manual)]
pub(crate) struct Offer {
    auction: u64,
    price: u64,
}

topics! { pub(crate) Q2("q2"): Offer { key: auction } }

#[pipeline]
pub(crate) fn q2() {
    let offers =
        source(Bids).filter(|b| b.auction % 123 == 0).map(|b| Offer { auction: b.auction, price: b.price });
    offers.sink(Q2);
}
