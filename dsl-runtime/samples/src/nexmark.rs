//! An auction site, as the guide's page for those who know Flink has it.

use waterwheel::prelude::*;

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
    /// What is offered.
    pub Auctions("auction"): Auction { key: id, time: at }
    /// What is bid.
    pub Bids("bid"): Bid { key: auction, time: at }
}
