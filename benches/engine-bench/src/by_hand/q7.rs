//! q7: the bids at the highest price of each ten seconds.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use waterwheel::Timestamp;

use super::bids::Bid;
use super::{Owner, Part, Reader, hash_of};
use crate::queries::q7::Highest as Row;

const SIZE_MS: i64 = 10_000;

/// A window's highest price, and the bids that may be at it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Window {
    end: i64,
    price: u64,
    /// Those at the price, in the window.
    bids: Vec<Kept>,
    /// Those in the very millisecond of the end, which count if they are at the price, but do not make it.
    at_the_end: Vec<Kept>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    auction: u64,
    bidder: u64,
    price: u64,
    at: i64,
    extra: String,
}

/// The windows of an epoch.
#[derive(Default)]
pub(super) struct Highest(HashMap<i64, Window>);

/// The open windows.
#[derive(Default)]
pub(super) struct Windows(BTreeMap<i64, Window>);

impl Kept {
    fn of(bid: &Bid<'_>, price: u64) -> Self {
        Kept {
            auction: bid.auction(),
            bidder: bid.bidder(),
            price,
            at: bid.at,
            extra: bid.extra().to_owned(),
        }
    }
}

impl Window {
    fn merge(&mut self, other: Window) {
        self.at_the_end.extend(other.at_the_end);
        if other.price > self.price {
            (self.price, self.bids) = (other.price, other.bids);
        } else if other.price == self.price {
            self.bids.extend(other.bids);
        }
    }
}

impl Part for Window {
    fn hash(&self) -> u64 {
        hash_of(self.end as u64)
    }
}

impl Reader for Highest {
    type Part = Window;

    fn add(&mut self, bid: &Bid<'_>) {
        let (price, into) = (bid.price(), bid.at.rem_euclid(SIZE_MS));
        let end = bid.at - into + SIZE_MS;
        let window = self.0.entry(end).or_insert_with(|| Window { end, ..Window::default() });
        if price > window.price {
            window.price = price;
            window.bids.clear();
        }
        if price >= window.price {
            window.bids.push(Kept::of(bid, price));
        }
        if into == 0 {
            let before = self.0.entry(bid.at).or_insert_with(|| Window { end: bid.at, ..Window::default() });
            before.at_the_end.push(Kept::of(bid, price));
        }
    }

    fn drain(&mut self, give: impl FnMut(Window)) {
        self.0.drain().map(|(_, window)| window).for_each(give);
    }
}

impl Owner<Window> for Windows {
    type Row = Row;

    fn merge(&mut self, part: Window) {
        let end = part.end;
        self.0.entry(end).or_insert_with(|| Window { end, ..Window::default() }).merge(part);
    }

    fn advance(&mut self, watermark: i64, mut emit: impl FnMut(Row)) {
        // What comes in the millisecond of the end counts, too.
        while let Some(first) = self.0.first_entry().filter(|first| *first.key() <= watermark) {
            let Window { end, price, bids, at_the_end } = first.remove();
            for bid in bids.into_iter().chain(at_the_end.into_iter().filter(|bid| bid.price == price)) {
                emit(Row {
                    auction: bid.auction,
                    bidder: bid.bidder,
                    price: bid.price,
                    date_time: Timestamp::from_millis(bid.at),
                    extra: bid.extra,
                    wend: Timestamp::from_millis(end),
                });
            }
        }
    }
}
