//! Sessions before the exchange: what rows of a key and partition, one behind the other, come to.
//!
//! # Contract
//! - Rows are added up as they come, and go on a part where that loses nothing, whatever else comes of their partition: the same
//!   rows in other batches make other parts, which come to the same behind the exchange.
//! - The parts of a key and partition may be in another order than that of its log, where its rows come by several ways.

use std::rc::Rc;

use hashbrown::HashMap;

use super::reach::{Origin, Reach};
use crate::aggregates::Aggregates;
use crate::flow::{
    Batch, KeyOf, LateRows, Meta, OpenEpoch, OpenEpochs, Packet, Router, RouterSetup, Row, RowsDigest,
    group_of, in_hand, owner, send,
};
use crate::key::{Key, KeyGroup};
use crate::place::{Place, Position};
use crate::time::{Duration, Timestamp};

/// What rows of a key and partition, one behind the other in its log, have come to.
pub(super) struct Part<S> {
    pub(super) origin: Origin,
    /// The position of its first row.
    position: Position,
    pub(super) reach: Reach,
    pub(super) state: S,
}

impl<S> Part<S> {
    /// A part of one row.
    pub(super) fn new(origin: Origin, position: Position, reach: Reach, state: S) -> Self {
        Part { origin, position, reach, state }
    }

    /// What the parts of a partition are sorted by. A partition's watermark never goes back, so for records this is the order of its log.
    /// Rows of no partition have no such order; sorted so, most of them go into the part before them.
    pub(super) fn in_log(&self) -> (Timestamp, Position) {
        (self.reach.watermark_before, self.position)
    }

    /// Adds a row that stands in the log behind the part's first one; says whether it could be added.
    fn take_in(&mut self, position: Position, reach: Reach) -> bool {
        self.in_log() <= (reach.watermark_before, position) && self.reach.take_in_ahead(reach)
    }

    /// The row's place and watermark, for a part of one row.
    pub(super) fn meta(&self) -> Meta {
        let place = Place { time: self.reach.start, position: self.position };
        Meta { place, watermark_before: self.reach.watermark_before }
    }
}

/// Parts of a key, all there are of a partition in a packet.
pub(super) struct OfKey<K, S> {
    pub(super) group: KeyGroup,
    pub(super) key: K,
    pub(super) parts: Vec<Part<S>>,
}

/// The half before the exchange.
pub(super) struct SessionRouter<K, T, A: Aggregates<T>> {
    key: KeyOf<T, K>,
    gap: Duration,
    aggregates: Rc<A>,
    workers: usize,
    /// Of the rows that may be late those are told of that are not.
    epochs: OpenEpochs<OfEpoch<K, A::State>>,
}

/// What an epoch has come to.
struct OfEpoch<K, S> {
    /// Rows come some of one partition, then some of another.
    origins: Vec<(Origin, HashMap<K, Parts<S>>)>,
    /// Which of them the last row was of.
    at_hand: usize,
}

/// The parts of a key and partition, and the digest of their rows.
struct Parts<S> {
    parts: Vec<Part<S>>,
    digest: RowsDigest,
}

impl<S> Default for Parts<S> {
    fn default() -> Self {
        Parts { parts: Vec::new(), digest: RowsDigest::default() }
    }
}

impl<K: Key, S> OfEpoch<K, S> {
    fn new() -> Self {
        OfEpoch { origins: Vec::new(), at_hand: 0 }
    }

    fn parts_of(&mut self, origin: Origin, key: K) -> &mut Parts<S> {
        if self.origins.get(self.at_hand).is_none_or(|(at_hand, _)| *at_hand != origin) {
            let at = self.origins.iter().position(|(other, _)| *other == origin);
            self.at_hand = at.unwrap_or_else(|| {
                self.origins.push((origin, HashMap::new()));
                self.origins.len() - 1
            });
        }
        self.origins[self.at_hand].1.entry(key).or_default()
    }
}

impl<K: Key, T: Clone + Send + 'static, A: Aggregates<T>> SessionRouter<K, T, A> {
    pub(super) fn new(key: KeyOf<T, K>, gap: Duration, aggregates: Rc<A>, setup: RouterSetup) -> Self {
        SessionRouter { key, gap, aggregates, workers: setup.workers, epochs: OpenEpochs::new(setup) }
    }
}

impl<K: Key, T: Clone + Send + 'static, A: Aggregates<T>> Router for SessionRouter<K, T, A> {
    fn rows(&mut self, epoch: u64, rows: Batch) {
        let SessionRouter { key, gap, aggregates, epochs, .. } = self;
        let OpenEpoch { made: of_epoch, late, .. } = epochs.of(epoch, OfEpoch::new);
        let of_logs = rows.is_of_logs();
        for Row { meta, value } in rows.rows::<T>() {
            let Place { time, position } = meta.place;
            let reach = Reach::of(time, *gap, meta.watermark_before);
            in_hand(position);
            let origin = if of_logs { Origin::of(position) } else { Origin::NONE };
            let Parts { parts, digest } = of_epoch.parts_of(origin, key(value));
            digest.add(meta.place);
            // A late row of no partition joins nothing.
            let is_taken_alone = reach.is_doubtful() && origin.is_none();
            if let Some(last) = parts.last_mut().filter(|_| !is_taken_alone)
                && last.take_in(position, reach)
            {
                aggregates.add(&mut last.state, value, meta.place);
                if reach.is_doubtful() {
                    late.keep_row(*meta);
                }
                continue;
            }
            let mut state = aggregates.init();
            aggregates.add(&mut state, value, meta.place);
            parts.push(Part::new(origin, position, reach, state));
        }
    }

    fn flush(&mut self, epoch: u64, out: &mut Vec<(usize, Packet)>) {
        let packets = self.epochs.flush(epoch, |OfEpoch { origins, .. }, of_epoch| {
            let mut packets: Vec<Vec<OfKey<K, A::State>>> = (0..self.workers).map(|_| Vec::new()).collect();
            let mut bytes = Vec::new();
            for (key, Parts { parts, digest }) in origins.into_iter().flat_map(|(_, keys)| keys) {
                let group = group_of(&key, &mut bytes);
                of_epoch.add_key(&bytes, digest);
                packets[owner(group, self.workers)].push(OfKey { group, key, parts });
            }
            packets
        });
        send(packets.unwrap_or_default(), out);
    }

    /// Which rows are late is found out behind the exchange: here none is dropped.
    fn take_late(&mut self) -> LateRows {
        self.epochs.take_late()
    }

    /// The digest of all rows. The half behind the exchange subtracts that of the late ones.
    fn take_digest(&mut self) -> u64 {
        self.epochs.take_digest()
    }
}
