//! Windows by panes: what runs for every kind of windows whose rows each belong to one pane.
//!
//! ```text
//! event time  0h         1h         2h         3h
//! panes       [0h,1h)    [1h,2h)    [2h,3h)
//!             emits, and may go on in the next pane, when the watermark reaches 1h - 1 ms
//! ```
//!
//! A pane is named by its first instant. With `tumbling` a pane is a window; with `cumulate` it is a step of one.
//!
//! # Contract
//! - A pane closes once, when the least watermark of all partitions has reached its last instant. It then emits a row for
//!   each key that has a state in it, with that instant as event time. Rows leave pane after pane, so many at a time; of one pane
//!   in order of the key as far as few are due, else in several stretches that are in order. Where the window goes on, the state
//!   is added to the next pane.
//! - A row's pane depends on its time and on its own partition's watermark before it, so it is chosen before the exchange,
//!   and a row that no pane takes is late: dropped and counted.
//! - What an operator in front made of rows that were idle, and thus not waited for, may come for a pane that has emitted. It is
//!   late, too: counted once for each key, or added to the next pane where the window goes on.
//! - Kept in state: the aggregates' states for each key and open pane.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::rc::Rc;

use hashbrown::HashMap;
use serde::{Serialize, de::DeserializeOwned};

use super::{Halves, Runs, Window, Windows};
use crate::aggregates::Aggregates;
use crate::flow::{
    Batch, Blame, DUE_ROWS, KeyOf, LateRows, Meta, Now, Owner, Packet, Ports, Router, RouterSetup, Row,
    RowsDigest, catch, emit, group_of, in_hand, owner, send,
};
use crate::key::{Key, KeyGroup};
use crate::place::{Place, Position};
use crate::plan::EntryWords;
use crate::state::{ByEntry, Keeps, StateTable, Table, Taken};
use crate::time::{Duration, Timestamp};

/// A kind of windows that consist of panes.
pub(crate) trait Panes: Windows {
    /// The pane that takes a row of this time, by its first instant; `None` for a row that is late, as its partition's
    /// watermark before it says.
    fn pane_of(self, time: Timestamp, watermark_before: Timestamp) -> Option<Timestamp>;
    /// The last instant of a pane: when the watermark has reached it, the pane emits.
    fn last_instant(self, pane: Timestamp) -> Timestamp;
    /// First instant and end of the window that emits when the pane closes.
    fn bounds(self, pane: Timestamp) -> (Timestamp, Timestamp);
    /// The pane in which a window goes on when this pane has closed.
    fn next(self, pane: Timestamp) -> Option<Timestamp>;
}

/// Windows that consist of panes.
pub struct ByPanes;

impl<W: Panes> Runs<W> for ByPanes {
    fn halves<K, T, A, R, G>(key: KeyOf<T, K>, spec: WindowSpec<K, T, A, G, W>) -> Halves
    where
        K: Key,
        T: Clone + Send + 'static,
        A: Aggregates<T>,
        R: Clone + Send + 'static,
        G: Fn(Window<K>, A::Output) -> R + 'static,
    {
        let for_owner = spec.clone();
        Halves {
            entries: EntryWords {
                one: "window",
                many: "windows",
                emits: "a window emits when the watermark of every partition has passed its end",
            },
            before: "before the exchange: drops and counts late rows, adds rows up per key and window",
            router: Box::new(move |setup| Box::new(PaneRouter::new(key.clone(), &spec, setup))),
            owner: Box::new(move |setup| Box::new(PaneOwner::new(for_owner.clone(), setup.maker))),
        }
    }
}

/// A window operator: the kind of its windows, its aggregates, and the row they are put into.
pub struct WindowSpec<K, T, A, G, W> {
    pub(crate) windows: W,
    pub(crate) aggregates: Rc<A>,
    pub(crate) row: Rc<G>,
    pub(crate) marker: PhantomData<fn(&T) -> K>,
}

impl<K, T, A, G, W: Copy> Clone for WindowSpec<K, T, A, G, W> {
    fn clone(&self) -> Self {
        WindowSpec {
            windows: self.windows,
            aggregates: self.aggregates.clone(),
            row: self.row.clone(),
            marker: PhantomData,
        }
    }
}

/// What rows of one epoch have come to for one key and pane.
type Partial<K, S> = Taken<K, Timestamp, S>;

/// The half before the exchange: assigns panes, drops what is late, and adds rows up per key and pane.
pub(crate) struct PaneRouter<K, T, A: Aggregates<T>, W> {
    key: KeyOf<T, K>,
    windows: W,
    aggregates: Rc<A>,
    workers: usize,
    epochs: Vec<OpenEpoch<K, A::State>>,
    /// Of the epochs that are flushed.
    late: LateRows,
    digest: RowsDigest,
}

/// What an epoch that is not flushed yet has come to. Two sources can be an epoch apart, so its late rows are counted apart,
/// too: they are committed with it, and counted again when it is replayed.
struct OpenEpoch<K, S> {
    epoch: u64,
    /// Each with the digest of its rows.
    partials: HashMap<(Timestamp, K), (S, RowsDigest)>,
    /// How many rows these are of.
    added_up: usize,
    /// What single rows come to, where adding up has turned out to be of no use, and the digest of all of them.
    single: Vec<Partial<K, S>>,
    single_digest: RowsDigest,
    late: LateRows,
}

/// After so many rows of an epoch it is seen whether adding up is of use.
const TRIED_ROWS: usize = 2048;

impl<K: Key, S> OpenEpoch<K, S> {
    fn new(epoch: u64, late: LateRows) -> Self {
        let (partials, single, single_digest) = (HashMap::new(), Vec::new(), RowsDigest::default());
        OpenEpoch { epoch, partials, added_up: 0, single, single_digest, late }
    }

    /// Whether nearly each row has had a key and pane of its own so far. Whatever is said here changes how much is sent, and no
    /// result: partial states are merged, in whatever parts they come.
    fn hardly_adds_up(&self) -> bool {
        self.added_up >= TRIED_ROWS && self.partials.len() > self.added_up / 8 * 7
    }
}

impl<K: Key, T: Clone + Send + 'static, A: Aggregates<T>, W: Panes> PaneRouter<K, T, A, W> {
    pub(crate) fn new<G>(key: KeyOf<T, K>, spec: &WindowSpec<K, T, A, G, W>, setup: RouterSetup) -> Self {
        let (windows, aggregates) = (spec.windows, spec.aggregates.clone());
        let (epochs, digest) = (Vec::new(), RowsDigest::default());
        let late = LateRows::new(setup.late_wanted);
        PaneRouter { key, windows, aggregates, workers: setup.workers, epochs, late, digest }
    }

    fn open(&mut self, epoch: u64) -> &mut OpenEpoch<K, A::State> {
        // Few epochs are in flight, and mostly one has rows here.
        let at = match self.epochs.iter().position(|open| open.epoch == epoch) {
            Some(at) => at,
            None => {
                let late = LateRows::new(self.late.wanted());
                self.epochs.push(OpenEpoch::new(epoch, late));
                self.epochs.len() - 1
            }
        };
        &mut self.epochs[at]
    }
}

impl<K: Key, T: Clone + Send + 'static, A: Aggregates<T>, W: Panes> Router for PaneRouter<K, T, A, W> {
    fn rows(&mut self, epoch: u64, rows: Batch) {
        let (key, windows, aggregates) = (self.key.clone(), self.windows, self.aggregates.clone());
        let open = self.open(epoch);
        let (hardly_adds_up, mut bytes) = (open.hardly_adds_up(), Vec::new());
        for Row { meta, value } in rows.rows::<T>() {
            let Some(pane) = windows.pane_of(meta.place.time, meta.watermark_before) else {
                open.late.drop_row(*meta);
                continue;
            };
            in_hand(meta.position());
            if hardly_adds_up {
                let (key, mut state, mut digest) = (key(value), aggregates.init(), RowsDigest::default());
                aggregates.add(&mut state, value, meta.place);
                digest.add(meta.place);
                let group = group_of(&key, &mut bytes);
                open.single_digest.add_key(&bytes, digest);
                open.single.push(Taken { group, key, sub_key: pane, value: state });
                continue;
            }
            open.added_up += 1;
            let new = || (aggregates.init(), RowsDigest::default());
            let (state, digest) = open.partials.entry((pane, key(value))).or_insert_with(new);
            aggregates.add(state, value, meta.place);
            digest.add(meta.place);
        }
    }

    fn flush(&mut self, epoch: u64, out: &mut Vec<(usize, Packet)>) {
        let Some(at) = self.epochs.iter().position(|open| open.epoch == epoch) else { return };
        let OpenEpoch { partials, single, single_digest, late, .. } = self.epochs.swap_remove(at);
        self.late.append(late);
        self.digest.add_rows(single_digest);
        let mut packets: Vec<Vec<Partial<K, A::State>>> = (0..self.workers).map(|_| Vec::new()).collect();
        let mut bytes = Vec::new();
        for ((pane, key), (state, digest)) in partials {
            let group = group_of(&key, &mut bytes);
            self.digest.add_key(&bytes, digest);
            packets[owner(group, self.workers)].push(Taken { group, key, sub_key: pane, value: state });
        }
        for one in single {
            packets[owner(one.group, self.workers)].push(one);
        }
        send(packets, out);
    }

    fn take_late(&mut self) -> LateRows {
        self.late.take()
    }

    fn take_digest(&mut self) -> u64 {
        self.digest.take()
    }
}

/// The states of open windows: by key, and by the first instant of the pane.
struct OpenPanes<K, S>(PhantomData<fn() -> (K, S)>);

impl<K: Key, S: Serialize + DeserializeOwned> Keeps for OpenPanes<K, S> {
    type Key = K;
    type SubKey = Timestamp;
    type Value = S;
    type Index = ByEntry;

    /// The pane's first instant: panes close in that order.
    fn due(&self, pane: &Timestamp, _: &S) -> Option<Timestamp> {
        Some(*pane)
    }
}

/// The half after the exchange: owns the open windows of its key groups, and emits them.
pub(crate) struct PaneOwner<K: Key, T, A: Aggregates<T>, G, W> {
    spec: WindowSpec<K, T, A, G, W>,
    /// The operator's number, which stands as the source in the positions of the rows it makes.
    maker: u32,
    state: Table<OpenPanes<K, A::State>>,
    /// What has closed and is still to be emitted.
    closed: Closed<K, A::State>,
}

/// What has closed and is still to be emitted, of one pane after the other.
///
/// It may be as much as the state was, and takes its place: it lies in blocks as small as the state's chunks, which are filled as those are
/// given back, and are given back as rows are made of them. So many are put in order at a time.
struct Closed<K, S> {
    panes: VecDeque<(Timestamp, Blocks<K, S>)>,
    /// Of the first pane: what leaves next, the last entry first.
    leaving: Vec<Partial<K, S>>,
}

/// Blocks of entries, of [`BLOCK`] each but for the last.
struct Blocks<K, S>(VecDeque<Vec<Partial<K, S>>>);

const BLOCK: usize = 256;

/// So many entries are put in order at a time, about: few enough that they are little beside a large state, and many enough that what
/// merges the runs of rows has few of them.
const IN_ORDER: usize = 1 << 15;

impl<K, S> Default for Closed<K, S> {
    fn default() -> Self {
        Closed { panes: VecDeque::new(), leaving: Vec::new() }
    }
}

impl<K: Key, S> Closed<K, S> {
    /// The next entry to be emitted, with its pane.
    fn next(&mut self) -> Option<Partial<K, S>> {
        while self.leaving.is_empty() {
            let (_, blocks) = self.panes.front_mut()?;
            // In the room of those that have left.
            self.leaving.reserve_exact(blocks.len().min(IN_ORDER));
            while self.leaving.len() + BLOCK <= IN_ORDER
                && let Some(block) = blocks.0.pop_front()
            {
                self.leaving.extend(block);
            }
            if blocks.0.is_empty() {
                self.panes.pop_front();
            }
            self.leaving.sort_unstable_by(|left, right| right.key.cmp(&left.key));
        }
        let next = self.leaving.pop();
        if self.is_empty() {
            self.leaving = Vec::new();
        }
        next
    }

    fn is_empty(&self) -> bool {
        self.leaving.is_empty() && self.panes.is_empty()
    }

    fn len(&self) -> usize {
        self.leaving.len() + self.panes.iter().map(|(_, blocks)| blocks.len()).sum::<usize>()
    }
}

impl<K, S> Blocks<K, S> {
    fn push(&mut self, entry: Partial<K, S>) {
        if self.0.back().is_none_or(|last| last.len() == BLOCK) {
            let room = if self.0.is_empty() { 0 } else { BLOCK };
            self.0.push_back(Vec::with_capacity(room));
        }
        self.0.back_mut().expect("one was pushed if there was none").push(entry);
    }

    fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }
}

impl<K: Key, T: 'static, A: Aggregates<T>, G, W> PaneOwner<K, T, A, G, W> {
    pub(crate) fn new(spec: WindowSpec<K, T, A, G, W>, maker: u32) -> Self {
        PaneOwner { spec, maker, state: Table::new(OpenPanes(PhantomData)), closed: Closed::default() }
    }
}

impl<K: Key, T: 'static, A: Aggregates<T>, G, W: Panes> PaneOwner<K, T, A, G, W> {
    /// Adds a state to what the key has in the pane.
    fn merge(&mut self, pane: Timestamp, group: KeyGroup, key: &K, state: A::State) -> Result<(), Blame> {
        let (aggregates, mut merged) = (&self.spec.aggregates, Ok(()));
        let merge = |kept: &mut A::State, other| merged = catch(|| aggregates.merge(kept, other));
        self.state.merge(group, key, &pane, state, merge);
        merged.map_err(|blame| blamed(blame, self.spec.windows, pane, key))
    }

    /// The row that the window ending with the pane makes for a key; `bytes` is room to encode the key in.
    fn row<R>(&self, pane: Timestamp, key: &K, state: A::State, bytes: &mut Vec<u8>) -> Result<Row<R>, Blame>
    where
        G: Fn(Window<K>, A::Output) -> R,
    {
        bytes.clear();
        key.encode_key(bytes);
        let place = Place {
            time: self.spec.windows.last_instant(pane),
            position: Position::of_key(self.maker, bytes),
        };
        let (start, end) = self.spec.windows.bounds(pane);
        let window = Window { key: key.clone(), start, end };
        let value = catch(|| (self.spec.row)(window, self.spec.aggregates.finish(state)))
            .map_err(|blame| blamed(blame, self.spec.windows, pane, key))?;
        Ok(Row { meta: Meta::when_reached(place), value })
    }
}

/// Names the key and the window that user code had in hand.
fn blamed<K: Key, W: Panes>(blame: Blame, windows: W, pane: Timestamp, key: &K) -> Blame {
    let (start, end) = windows.bounds(pane);
    Blame { at: Some(format!("key {key:?}, window {start} to {end}")), ..blame }
}

impl<K, T, A, R, G, W> Owner for PaneOwner<K, T, A, G, W>
where
    K: Key,
    T: Clone + Send + 'static,
    A: Aggregates<T>,
    R: Clone + Send + 'static,
    G: Fn(Window<K>, A::Output) -> R + 'static,
    W: Panes,
{
    fn packet(&mut self, _input: usize, packet: Packet) -> Result<(), Blame> {
        let Ok(partials) = packet.downcast::<Vec<Partial<K, A::State>>>() else {
            unreachable!("a window's two halves come from one node of the plan")
        };
        let (aggregates, windows) = (&self.spec.aggregates, self.spec.windows);
        self.state.merge_all(*partials, |key, pane, kept, state| {
            catch(|| aggregates.merge(kept, state)).map_err(|blame| blamed(blame, windows, *pane, key))
        })
    }

    fn end_epoch(&mut self, now: &Now<'_>, out: &mut Ports) -> Result<(), Blame> {
        let windows = self.spec.windows;
        while let Some(pane) =
            self.state.first_due().filter(|pane| windows.last_instant(*pane) <= now.combined)
        {
            let has_emitted = windows.last_instant(pane) <= now.combined_before;
            let mut taken = Blocks(VecDeque::new());
            self.state.drain_due(pane, |entry| taken.push(entry));
            match windows.next(pane) {
                Some(next) => {
                    for Taken { group, key, value, .. } in taken.0.iter().flatten() {
                        self.merge(next, *group, key, value.clone())?;
                    }
                }
                None if has_emitted => (0..taken.len()).for_each(|_| out.late().drop_unwaited()),
                None => {}
            }
            if !has_emitted {
                self.closed.panes.push_back((pane, taken));
            }
        }
        Ok(())
    }

    fn emit(&mut self, out: &mut Ports) -> Result<bool, Blame> {
        let due = self.closed.len().min(DUE_ROWS);
        let (mut made, mut bytes): (Vec<Row<R>>, _) = (Vec::with_capacity(due), Vec::new());
        while made.len() < due {
            let Some(Taken { key, sub_key: pane, value, .. }) = self.closed.next() else { break };
            made.push(self.row(pane, &key, value, &mut bytes)?);
        }
        emit(made, Ports::MAIN, out);
        Ok(!self.closed.is_empty())
    }

    fn tables(&mut self) -> Vec<&mut dyn StateTable> {
        vec![&mut self.state]
    }
}

/// The first instant of the stretch of this length that holds the time; stretches are counted from the Unix epoch.
pub(super) fn aligned(time: Timestamp, length: Duration) -> Timestamp {
    let time = time.millis();
    Timestamp::from_millis(time.saturating_sub(time.rem_euclid(length.millis())))
}

/// The last instant of the stretch of this length that starts here: its end - 1 ms.
pub(super) fn last_of(start: Timestamp, length: Duration) -> Timestamp {
    Timestamp::from_millis(start.millis().saturating_add(length.millis() - 1))
}

#[cfg(test)]
mod tests {
    use super::super::tumbling;
    use super::*;
    use crate::aggregates::Sample;

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
            let packet = packet.downcast::<Vec<Partial<u64, (u64, ())>>>().unwrap();
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

    #[test]
    fn panes_are_aligned_to_the_unix_epoch_before_it_too() {
        let ten = Duration::from_millis(10);
        let start = |time| aligned(Timestamp::from_millis(time), ten).millis();
        assert_eq!(
            [start(-11), start(-10), start(-1), start(0), start(9), start(10)],
            [-20, -10, -10, 0, 0, 10]
        );
        assert_eq!(start(i64::MIN), i64::MIN);
        assert_eq!(last_of(Timestamp::from_millis(i64::MAX - 3), ten), Timestamp::MAX);
    }
}
