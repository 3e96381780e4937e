//! The tables of the auction site: a topic each, of one partition.

use waterwheel::prelude::*;

use super::model::{Auction, Bid, Person};

topics! {
    pub(crate) Persons("persons"): Person { key: id, time: date_time }
    pub(crate) Auctions("auctions"): Auction { key: id, time: date_time }
    pub(crate) Bids("bids"): Bid { key: auction, time: date_time }
}
