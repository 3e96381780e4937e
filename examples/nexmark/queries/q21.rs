//! A number for the channel of each bid: by its name, else as its url says it.

use serde::{Deserialize, Serialize};
use waterwheel::prelude::*;

use super::super::model::Bid;
use super::super::query::{Query, lines_of};
use super::super::tables::Bids;

pub(crate) const QUERY: Query = Query {
    name: "q21",
    about: "the channel's id of each bid",
    pipeline: || q21().into(),
    lines: |store| lines_of(TypedTopic::open(store, Q21)?.rows()),
};

#[derive(Debug, Clone, PartialEq, Record, Serialize, Deserialize)]
#[record(serde = manual)]
pub(crate) struct OfChannel {
    auction: u64,
    bidder: u64,
    price: u64,
    channel: String,
    channel_id: String,
}

topics! { pub(crate) Q21("q21"): OfChannel { key: auction } }

/// The big four have numbers of their own.
const KNOWN: [(&str, &str); 4] = [("apple", "0"), ("google", "1"), ("facebook", "2"), ("baidu", "3")];

fn channel_id(bid: &Bid) -> Option<&str> {
    let known = KNOWN.iter().find(|(name, _)| bid.channel.eq_ignore_ascii_case(name));
    known.map(|(_, id)| *id).or_else(|| {
        let parameters = bid.url.split(['&', '?']);
        parameters.filter_map(|parameter| parameter.strip_prefix("channel_id=")).next()
    })
}

#[pipeline]
pub(crate) fn q21() {
    let of_channel = source(Bids).flat_map(|b| {
        channel_id(b).map(|id| OfChannel {
            auction: b.auction,
            bidder: b.bidder,
            price: b.price,
            channel: b.channel.clone(),
            channel_id: id.to_owned(),
        })
    });
    of_channel.sink(Q21);
}
