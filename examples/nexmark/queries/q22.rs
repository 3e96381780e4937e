//! The first three directories of each bid's url.

use serde::{Deserialize, Serialize};
use waterwheel::prelude::*;

use super::super::query::{Query, lines_of};
use super::super::tables::Bids;

pub(crate) const QUERY: Query = Query {
    name: "q22",
    about: "the directories of each bid's url",
    pipeline: || q22().into(),
    lines: |store| lines_of(TypedTopic::open(store, Q22)?.rows()),
};

#[derive(Debug, Clone, PartialEq, Record, Serialize, Deserialize)]
#[record(serde = manual)]
pub(crate) struct Directories {
    auction: u64,
    bidder: u64,
    price: u64,
    channel: String,
    dir1: Option<String>,
    dir2: Option<String>,
    dir3: Option<String>,
}

topics! { pub(crate) Q22("q22"): Directories { key: auction } }

#[pipeline]
pub(crate) fn q22() {
    let directories = source(Bids).map(|b| {
        let mut parts = b.url.split('/').skip(3).map(str::to_owned);
        Directories {
            auction: b.auction,
            bidder: b.bidder,
            price: b.price,
            channel: b.channel.clone(),
            dir1: parts.next(),
            dir2: parts.next(),
            dir3: parts.next(),
        }
    });
    directories.sink(Q22);
}
