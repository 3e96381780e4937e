//! The tables of the auction site, and the side table of q13: a topic each, of one partition.

use waterwheel::prelude::*;

use super::model::{Auction, Bid, Person, SideRow};

topics! {
    pub(crate) Persons("persons"): Person { key: id, time: date_time }
    pub(crate) Auctions("auctions"): Auction { key: id, time: date_time }
    pub(crate) Bids("bids"): Bid { key: auction, time: date_time }
    pub(crate) SideInput("side-input"): SideRow { key: key }
}
