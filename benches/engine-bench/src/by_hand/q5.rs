//! q5: of every ten seconds, each two seconds, the auctions with the most bids.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use waterwheel::Timestamp;

use super::bids::Bid;
use super::{Owner, Part, Reader, hash_of};
use crate::queries::q5::Hottest;

const SIZE_MS: i64 = 10_000;
const SLIDE_MS: i64 = 2_000;

/// The bids for an auction in two seconds, or in a window, by where that begins or ends.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Count {
    at: i64,
    auction: u64,
    bids: u64,
}

/// The counts of an epoch, by pane and auction.
#[derive(Default)]
pub(super) struct Counts(HashMap<(i64, u64), u64>);

/// The panes that open windows need, with their counts by auction.
#[derive(Default)]
pub(super) struct Auctions {
    panes: BTreeMap<i64, HashMap<u64, u64>>,
    /// The end of the last window that was emitted.
    emitted: Option<i64>,
}

/// For each window the auctions that may have the most bids.
#[derive(Default)]
pub(super) struct Greatest(BTreeMap<i64, Vec<Count>>);

impl Part for Count {
    fn hash(&self) -> u64 {
        hash_of(self.auction)
    }
}

impl Reader for Counts {
    type Part = Count;

    fn add(&mut self, bid: &Bid<'_>) {
        *self.0.entry((bid.at - bid.at.rem_euclid(SLIDE_MS), bid.auction())).or_default() += 1;
    }

    fn drain(&mut self, mut give: impl FnMut(Count)) {
        self.0.drain().for_each(|((at, auction), bids)| give(Count { at, auction, bids }));
    }
}

/// A window's part, which goes to the worker of the window.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Candidate(Count);

impl Part for Candidate {
    fn hash(&self) -> u64 {
        hash_of(self.0.at as u64)
    }
}

impl Owner<Count> for Auctions {
    type Row = Candidate;

    fn merge(&mut self, Count { at, auction, bids }: Count) {
        *self.panes.entry(at).or_default().entry(auction).or_default() += bids;
    }

    fn advance(&mut self, watermark: i64, mut emit: impl FnMut(Candidate)) {
        let mut counts: HashMap<u64, u64> = HashMap::new();
        while let Some((&first, _)) = self.panes.first_key_value() {
            // The first window that is not emitted and has a pane.
            let end = self.emitted.map_or(first, |end| end.max(first)) + SLIDE_MS;
            if end - 1 > watermark {
                return;
            }
            counts.clear();
            for (auction, bids) in self.panes.range(end - SIZE_MS..end).flat_map(|(_, pane)| pane) {
                *counts.entry(*auction).or_default() += bids;
            }
            let most = counts.values().copied().max().unwrap_or(0);
            let most = counts.iter().filter(|(_, bids)| **bids == most);
            most.for_each(|(&auction, &bids)| emit(Candidate(Count { at: end, auction, bids })));
            self.emitted = Some(end);
            self.panes = self.panes.split_off(&(end + SLIDE_MS - SIZE_MS));
        }
    }
}

impl Owner<Candidate> for Greatest {
    type Row = Hottest;

    fn merge(&mut self, Candidate(count): Candidate) {
        let candidates = self.0.entry(count.at).or_default();
        let most = candidates.first().map_or(0, |candidate| candidate.bids);
        if count.bids > most {
            candidates.clear();
        }
        if count.bids >= most {
            candidates.push(count);
        }
    }

    fn advance(&mut self, watermark: i64, mut emit: impl FnMut(Hottest)) {
        while let Some(first) = self.0.first_entry().filter(|first| first.key() - 1 <= watermark) {
            for Count { at, auction, bids } in first.remove() {
                emit(Hottest {
                    auction,
                    num: bids,
                    wstart: Timestamp::from_millis(at - SIZE_MS),
                    wend: Timestamp::from_millis(at),
                });
            }
        }
    }
}
