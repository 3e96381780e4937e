//! q11: sessions of each bidder.

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use waterwheel::Timestamp;

use super::bids::Bid;
use super::{Owner, Part, Reader, hash_of};
use crate::queries::q11::Session;

const GAP_MS: i64 = 10_000;

/// Bids of a bidder none of which lies further than the gap from the next.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Fragment {
    bidder: u64,
    from: i64,
    last: i64,
    bids: u64,
}

/// The fragments of an epoch, by bidder; those of one are apart from each other.
#[derive(Default)]
pub(super) struct Fragments(HashMap<u64, Vec<Fragment>>);

/// The sessions that are open, by bidder.
#[derive(Default)]
pub(super) struct Sessions(HashMap<u64, Vec<Fragment>>);

/// Adds a fragment to those of its bidder.
fn join(fragments: &mut Vec<Fragment>, mut new: Fragment) {
    let near =
        |one: &Fragment, other: &Fragment| one.from <= other.last + GAP_MS && other.from <= one.last + GAP_MS;
    fragments.retain(|old| {
        let joins = near(old, &new);
        if joins {
            new.from = new.from.min(old.from);
            new.last = new.last.max(old.last);
            new.bids += old.bids;
        }
        !joins
    });
    fragments.push(new);
}

impl Part for Fragment {
    fn hash(&self) -> u64 {
        hash_of(self.bidder)
    }
}

impl Reader for Fragments {
    type Part = Fragment;

    fn add(&mut self, bid: &Bid<'_>) {
        let bidder = bid.bidder();
        join(self.0.entry(bidder).or_default(), Fragment { bidder, from: bid.at, last: bid.at, bids: 1 });
    }

    fn drain(&mut self, give: impl FnMut(Fragment)) {
        self.0.values_mut().flat_map(|fragments| fragments.drain(..)).for_each(give);
        self.0.clear();
    }
}

impl Owner<Fragment> for Sessions {
    type Row = Session;

    fn merge(&mut self, part: Fragment) {
        join(self.0.entry(part.bidder).or_default(), part);
    }

    fn advance(&mut self, watermark: i64, mut emit: impl FnMut(Session)) {
        self.0.retain(|_, sessions| {
            sessions.retain(|session| {
                let open = session.last + GAP_MS - 1 > watermark;
                if !open {
                    emit(Session {
                        bidder: session.bidder,
                        bid_count: session.bids,
                        starttime: Timestamp::from_millis(session.from),
                        endtime: Timestamp::from_millis(session.last + GAP_MS),
                    });
                }
                open
            });
            !sessions.is_empty()
        });
    }
}
