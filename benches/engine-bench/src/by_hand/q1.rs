//! q1: bids in another currency.

use waterwheel::Timestamp;

use super::bids::Bid;
use crate::model::Thousandths;
use crate::queries::q1::Converted;

pub(super) fn convert(bid: &Bid<'_>) -> Converted {
    Converted {
        auction: bid.auction(),
        bidder: bid.bidder(),
        price: Thousandths(bid.price() * 908),
        date_time: Timestamp::from_millis(bid.at),
        extra: bid.extra().to_owned(),
    }
}
