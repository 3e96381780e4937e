//! The half of windows before the exchange: finds the pane of each row, drops what is late, and adds rows up per key and pane.

use std::rc::Rc;

use hashbrown::HashMap;

use super::Windows;
use super::panes::WindowSpec;
use crate::aggregates::Aggregates;
use crate::flow::{
    Batch, KeyOf, LateRows, OpenEpoch, OpenEpochs, Packet, Router, RouterSetup, Row, RowsDigest, group_of,
    in_hand, owner, send,
};
use crate::key::Key;
use crate::state::Taken;
use crate::time::Timestamp;

/// Windows that say of each row by itself which pane takes it.
pub(crate) trait TakesRows: Windows {
    /// What a pane is named by.
    type Pane: Key;
    /// The pane that takes a row of this time; `None` for a row that is late, as its partition's watermark before it says.
    fn pane_of(self, time: Timestamp, watermark_before: Timestamp) -> Option<Self::Pane>;
}

/// What rows of one epoch have come to for one key and pane.
pub(crate) type Partial<K, P, S> = Taken<K, P, S>;

type PartialOf<K, T, A, W> = Partial<K, <W as TakesRows>::Pane, <A as Aggregates<T>>::State>;

/// The half before the exchange: assigns panes, drops what is late, and adds rows up per key and pane.
pub(crate) struct PaneRouter<K, T, A: Aggregates<T>, W: TakesRows> {
    key: KeyOf<T, K>,
    windows: W,
    aggregates: Rc<A>,
    workers: usize,
    epochs: OpenEpochs<OfEpoch<K, W::Pane, A::State>>,
}

/// What an epoch has come to. The digest of it is of what is ready.
struct OfEpoch<K, P, S> {
    /// The panes that rows are added up for: they come about in order, so a few of them at a time, and tables of one pane each stay in the cache.
    panes: Vec<(P, Sums<K, S>)>,
    /// Which of them the last row was for.
    at_hand: usize,
    /// Which of them gives its room to the next one.
    oldest: usize,
    /// What leaves with the flush: of panes that gave their room away, and of single rows, where adding up has turned out to be of no use.
    ready: Vec<Partial<K, P, S>>,
    /// How many rows were added up, and to how many keys and panes.
    added_up: usize,
    came_to: usize,
}

/// What rows of a pane come to, each with the digest of its rows.
type Sums<K, S> = HashMap<K, (S, RowsDigest)>;

/// After so many rows of an epoch it is seen whether adding up is of use.
const TRIED_ROWS: usize = 2048;

/// Rows are added up for so many panes at a time; partial states are merged, in whatever parts they come.
const PANES_AT_A_TIME: usize = 8;

/// The room for so many keys is used again for the next pane.
const ROOM_KEPT: usize = 1024;

impl<K: Key, P: Key, S> OfEpoch<K, P, S> {
    fn new() -> Self {
        OfEpoch { panes: Vec::new(), at_hand: 0, oldest: 0, ready: Vec::new(), added_up: 0, came_to: 0 }
    }

    /// Whether nearly each row has had a key and pane of its own so far. Whatever is said here changes how much is sent, and no
    /// result.
    fn hardly_adds_up(&self) -> bool {
        self.added_up >= TRIED_ROWS && self.came_to > self.added_up / 8 * 7
    }

    /// Where a pane's sums are.
    #[inline]
    fn pane(&mut self, pane: P, of_ready: &mut RowsDigest) -> usize {
        if self.panes.get(self.at_hand).is_none_or(|(at_hand, _)| *at_hand != pane) {
            self.at_hand = self.other_pane(pane, of_ready);
        }
        self.at_hand
    }

    fn other_pane(&mut self, pane: P, of_ready: &mut RowsDigest) -> usize {
        if let Some(at) = self.panes.iter().position(|(other, _)| *other == pane) {
            return at;
        }
        if self.panes.len() < PANES_AT_A_TIME {
            self.panes.push((pane, HashMap::new()));
            return self.panes.len() - 1;
        }
        let at = self.oldest;
        self.oldest = (at + 1) % PANES_AT_A_TIME;
        self.leave(at, of_ready);
        self.panes[at].0 = pane;
        at
    }

    /// A pane's sums are ready to leave.
    fn leave(&mut self, at: usize, of_ready: &mut RowsDigest) {
        let (pane, sums) = &mut self.panes[at];
        let mut bytes = Vec::new();
        self.ready.extend(sums.drain().map(|(key, (value, digest))| {
            let group = group_of(&key, &mut bytes);
            of_ready.add_key(&bytes, digest);
            Taken { group, key, sub_key: pane.clone(), value }
        }));
        if sums.capacity() > ROOM_KEPT {
            *sums = HashMap::new();
        }
    }
}

impl<K: Key, T: Clone + Send + 'static, A: Aggregates<T>, W: TakesRows> PaneRouter<K, T, A, W> {
    pub(crate) fn new<G>(key: KeyOf<T, K>, spec: &WindowSpec<K, T, A, G, W>, setup: RouterSetup) -> Self {
        let (windows, aggregates) = (spec.windows, spec.aggregates.clone());
        PaneRouter { key, windows, aggregates, workers: setup.workers, epochs: OpenEpochs::new(setup) }
    }
}

impl<K: Key, T: Clone + Send + 'static, A: Aggregates<T>, W: TakesRows> Router for PaneRouter<K, T, A, W> {
    fn rows(&mut self, epoch: u64, rows: Batch) {
        let PaneRouter { key, windows, aggregates, epochs, .. } = self;
        let OpenEpoch { made: open, late, digest: of_ready, .. } = epochs.of(epoch, OfEpoch::new);
        let (hardly_adds_up, mut bytes) = (open.hardly_adds_up(), Vec::new());
        for Row { meta, value } in rows.rows::<T>() {
            let Some(pane) = windows.pane_of(meta.place.time, meta.watermark_before) else {
                late.drop_row(*meta);
                continue;
            };
            in_hand(meta.position());
            if hardly_adds_up {
                let (key, mut state, mut digest) = (key(value), aggregates.init(), RowsDigest::default());
                aggregates.add(&mut state, value, meta.place);
                digest.add(meta.place);
                let group = group_of(&key, &mut bytes);
                of_ready.add_key(&bytes, digest);
                open.ready.push(Taken { group, key, sub_key: pane, value: state });
                continue;
            }
            open.added_up += 1;
            let at = open.pane(pane, of_ready);
            let (state, digest) = open.panes[at].1.entry(key(value)).or_insert_with(|| {
                open.came_to += 1;
                (aggregates.init(), RowsDigest::default())
            });
            aggregates.add(state, value, meta.place);
            digest.add(meta.place);
        }
    }

    fn flush(&mut self, epoch: u64, out: &mut Vec<(usize, Packet)>) {
        let ready = self.epochs.flush(epoch, |mut open, of_ready| {
            (0..open.panes.len()).for_each(|at| open.leave(at, of_ready));
            open.ready
        });
        let mut packets: Vec<Vec<PartialOf<K, T, A, W>>> = (0..self.workers).map(|_| Vec::new()).collect();
        let ready = ready.unwrap_or_default();
        match &mut packets[..] {
            [packet] => *packet = ready,
            packets => ready.into_iter().for_each(|one| packets[owner(one.group, self.workers)].push(one)),
        }
        send(packets, out);
    }

    fn take_late(&mut self) -> LateRows {
        self.epochs.take_late()
    }

    fn take_digest(&mut self) -> u64 {
        self.epochs.take_digest()
    }
}

#[cfg(test)]
mod tests {
    use std::marker::PhantomData;

    use super::super::{Window, tumbling};
    use super::*;
    use crate::aggregates::Sample;
    use crate::flow::Meta;
    use crate::place::{Place, Position};
    use crate::time::Duration;

    fn row(key: u64, at: i64, watermark_before: i64) -> Row<u64> {
        let position = Position::of_record(0, 0, 0);
        let place = Place { time: Timestamp::from_millis(at), position };
        Row { meta: Meta { place, watermark_before: Timestamp::from_millis(watermark_before) }, value: key }
    }

    #[test]
    fn late_rows_are_counted_with_their_own_epoch() {
        let spec = WindowSpec {
            windows: tumbling(Duration::from_millis(10)),
            aggregates: Rc::new((Sample::<u64>::new().aggregate(crate::aggregates::count(), |_| ()), ())),
            row: Rc::new(|_: Window<u64>, _: (u64, ())| ()),
            marker: PhantomData,
        };
        let mut router =
            PaneRouter::new(Rc::new(|key: &u64| *key), &spec, RouterSetup { workers: 1, late_wanted: false });
        // Of two sources one is an epoch ahead.
        router.rows(1, Batch::of(vec![row(1, 5, 8), row(1, 5, 9)]));
        router.rows(2, Batch::of(vec![row(1, 5, 9), row(1, 5, 10), row(2, 15, 10)]));
        let mut packets = Vec::new();
        router.flush(1, &mut packets);
        assert_eq!((router.take_late().counts().sum(), packets.len()), (1, 1));
        router.flush(1, &mut packets);
        assert_eq!((router.take_late().counts().sum(), packets.len()), (0, 1));
        router.flush(2, &mut packets);
        assert_eq!((router.take_late().counts().sum(), packets.len()), (2, 2));
    }

    /// Packets and digest of an epoch that comes in batches of this size.
    fn routed(keys: &[u64], batch: usize) -> (Vec<(u64, i64, u64)>, u64) {
        let spec = WindowSpec {
            windows: tumbling(Duration::from_millis(10)),
            aggregates: Rc::new((Sample::<u64>::new().aggregate(crate::aggregates::count(), |_| ()), ())),
            row: Rc::new(|_: Window<u64>, _: (u64, ())| ()),
            marker: PhantomData,
        };
        let mut router =
            PaneRouter::new(Rc::new(|key: &u64| *key), &spec, RouterSetup { workers: 3, late_wanted: false });
        for keys in keys.chunks(batch) {
            router.rows(1, Batch::of(keys.iter().map(|key| row(*key, *key as i64 % 30, 0)).collect()));
        }
        let mut packets = Vec::new();
        router.flush(1, &mut packets);
        let mut partials = Vec::new();
        for (worker, packet) in packets {
            let packet = packet.downcast::<Vec<Partial<u64, Timestamp, (u64, ())>>>().unwrap();
            for Taken { group, key, sub_key, value } in *packet {
                assert_eq!((group, owner(group, 3)), (group_of(&key, &mut Vec::new()), worker));
                partials.push((key, sub_key.millis(), value.0));
            }
        }
        partials.sort_unstable();
        (partials, router.take_digest())
    }

    #[test]
    fn rows_that_hardly_add_up_are_sent_one_by_one_and_come_to_the_same() {
        let mut keys: Vec<u64> = (0..3 * TRIED_ROWS as u64).collect();
        // Some keys come again, when it is seen already that few do.
        keys.extend(0..500);
        let ((all_at_once, digest), (one_by_one, of_batches)) =
            (routed(&keys, keys.len()), routed(&keys, 256));
        assert_eq!(digest, of_batches);
        assert_eq!((all_at_once.len(), one_by_one.len()), (keys.len() - 500, keys.len()));
        let mut added = one_by_one;
        added.dedup_by(|next, kept| {
            let same = (next.0, next.1) == (kept.0, kept.1);
            kept.2 += if same { next.2 } else { 0 };
            same
        });
        assert_eq!(added, all_at_once);
        let alike: Vec<u64> = (0..3 * TRIED_ROWS as u64).map(|number| number % 1000).collect();
        assert_eq!(routed(&alike, 256), routed(&alike, alike.len()));
        assert_eq!(routed(&alike, 256).0.len(), 1000);
    }
}
