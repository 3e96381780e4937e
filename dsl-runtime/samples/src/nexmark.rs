//! An auction site, as the guide's page for those who know Flink has it.

use waterwheel::prelude::*;

/// Somebody who has registered.
#[derive(Debug, Clone, PartialEq, Record)]
pub struct Person {
    /// Their number.
    pub id: u64,
    /// What they are called.
    pub name: String,
    /// When they have come.
    pub at: Timestamp,
}

/// Something for sale.
#[derive(Debug, Clone, PartialEq, Record)]
pub struct Auction {
    /// Its number.
    pub id: u64,
    /// Who sells.
    pub seller: u64,
    /// When it is offered.
    pub at: Timestamp,
}

/// A bid for an auction.
#[derive(Debug, Clone, PartialEq, Record)]
pub struct Bid {
    /// The auction's number.
    pub auction: u64,
    /// Who bids.
    pub bidder: u64,
    /// In cents.
    pub price: u64,
    /// Where it was bid.
    pub url: String,
    /// When.
    pub at: Timestamp,
}

topics! {
    /// Who comes.
    pub Persons("person"): Person { key: id, time: at }
    /// What is offered.
    pub Auctions("auction"): Auction { key: id, time: at }
    /// What is bid.
    pub Bids("bid"): Bid { key: auction, time: at }
}
