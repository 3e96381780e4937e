//! `tumbling`: windows of one length, side by side.
//!
//! ```text
//! event time  0h         1h         2h
//! window      [0h,1h)    [1h,2h)
//!             emits when the watermark reaches 1h - 1 ms
//! ```
//!
//! # Contract
//! - A window emits once, when the least watermark of all partitions has reached its end - 1 ms, with event time end - 1 ms.
//!   Windows leave in the order of (end, key).
//! - A row goes to its window unless its own partition's watermark before it had reached the window's end - 1 ms: then it is
//!   late, dropped and counted. This depends on the row alone, so it is decided before the exchange.
//! - Kept in state: the aggregates' states for each key and open window, until the window has emitted.

use std::marker::PhantomData;
use std::mem;
use std::rc::Rc;

use hashbrown::HashMap;

use super::Window;
use crate::aggregates::Aggregates;
use crate::flow::{
    AnyRows, Blame, KeyOf, Meta, Owner, Packet, Router, Row, StateSize, batch_of, batches, catch, group_of,
    in_hand, owner, position_of,
};
use crate::key::Key;
use crate::place::Place;
use crate::state::{Piece, TimedState};
use crate::time::{Duration, Timestamp};

/// Windows of one length, side by side: `tumbling(1m)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tumbling {
    size: Duration,
}

impl Tumbling {
    pub(crate) fn size(self) -> Duration {
        self.size
    }
}

/// Windows of the given length, side by side, aligned to the Unix epoch: `[start, start + size)`. Each row lies in
/// exactly one.
///
/// The length is at least 1 ms; less is refused before anything is read, and a zero in the source text does not build.
/// As days are counted from the Unix epoch, `tumbling(1d)` is a day in UTC.
///
/// ```
/// # extern crate dsl_runtime as waterwheel;
/// # use dsl_macros::{Record, pipeline, topics};
/// # use dsl_runtime::{Timestamp, aggregates::*, dsl::*};
/// # #[derive(Debug, Clone, PartialEq, Record)]
/// # struct Payment { card: u64, cents: i64, at: Timestamp }
/// # fn payment(card: u64, cents: i64, second: i64) -> Payment {
/// #     Payment { card, cents, at: Timestamp::from_millis(second * 1000) }
/// # }
/// # #[derive(Debug, Clone, PartialEq, Record)]
/// # struct CardMinute { card: u64, from: Timestamp, total: i64, n: u64 }
/// # fn minute(card: u64, second: i64, total: i64, n: u64) -> CardMinute {
/// #     CardMinute { card, from: Timestamp::from_millis(second * 1000), total, n }
/// # }
/// # topics! {
/// #     Payments("payments"): Payment { key: card, time: at }
/// #     CardMinutes("card-minutes"): CardMinute { key: card, time: from }
/// # }
/// #[pipeline]
/// fn card_minutes() {
///     let payments = source(Payments).lateness(0s).late_drop();
///     let per_minute = payments
///         .group_by(|p| p.card)
///         .window(tumbling(1m))
///         .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.cents), n: count() });
///     per_minute.sink(CardMinutes);
/// }
///
/// let mut t = card_minutes().test();
/// t.push_all(Payments, [payment(1, 250, 0), payment(1, 100, 59), payment(1, 50, 60)]);
/// t.close();
/// assert_eq!(t.rows(CardMinutes), [minute(1, 0, 350, 2), minute(1, 60, 50, 1)]);
/// ```
pub fn tumbling(size: Duration) -> Tumbling {
    Tumbling { size }
}

/// A tumbling window: its size, its aggregates, and the row they are put into.
pub(crate) struct WindowSpec<K, T, A, G> {
    pub(crate) size: Duration,
    pub(crate) aggregates: Rc<A>,
    pub(crate) row: Rc<G>,
    pub(crate) marker: PhantomData<fn(&T) -> K>,
}

impl<K, T, A, G> Clone for WindowSpec<K, T, A, G> {
    fn clone(&self) -> Self {
        WindowSpec {
            size: self.size,
            aggregates: self.aggregates.clone(),
            row: self.row.clone(),
            marker: PhantomData,
        }
    }
}

/// What rows of one epoch have come to for one key and window.
struct Partial<K, S> {
    start: Timestamp,
    key: K,
    state: S,
}

/// The half before the exchange: assigns windows, drops what is late, and adds rows up per key and window.
pub(crate) struct TumblingRouter<K, T, A: Aggregates<T>> {
    key: KeyOf<T, K>,
    size: i64,
    aggregates: Rc<A>,
    workers: usize,
    epochs: Vec<OpenEpoch<K, A::State>>,
    /// Of the epochs that were flushed.
    late: u64,
}

/// What an epoch that is not flushed yet has come to. Two sources can be an epoch apart, so its late rows are counted apart,
/// too: they are committed with it, and counted again when it is replayed.
struct OpenEpoch<K, S> {
    epoch: u64,
    partials: HashMap<(Timestamp, K), S>,
    late: u64,
}

impl<K: Key, T: Clone + Send + 'static, A: Aggregates<T>> TumblingRouter<K, T, A> {
    pub(crate) fn new<G>(key: KeyOf<T, K>, spec: &WindowSpec<K, T, A, G>, workers: usize) -> Self {
        let size = spec.size.millis();
        TumblingRouter {
            key,
            size,
            aggregates: spec.aggregates.clone(),
            workers,
            epochs: Vec::new(),
            late: 0,
        }
    }

    fn open(&mut self, epoch: u64) -> &mut OpenEpoch<K, A::State> {
        // Few epochs are in flight, and mostly one has rows here.
        let at = match self.epochs.iter().position(|open| open.epoch == epoch) {
            Some(at) => at,
            None => {
                self.epochs.push(OpenEpoch { epoch, partials: HashMap::new(), late: 0 });
                self.epochs.len() - 1
            }
        };
        &mut self.epochs[at]
    }
}

impl<K: Key, T: Clone + Send + 'static, A: Aggregates<T>> Router for TumblingRouter<K, T, A> {
    fn rows(&mut self, epoch: u64, rows: Box<dyn AnyRows>) {
        let rows = batch_of::<T>(rows);
        let (key, size, aggregates) = (self.key.clone(), self.size, self.aggregates.clone());
        let open = self.open(epoch);
        for Row { meta, value } in &rows {
            let start = window_start(meta.place.time, size);
            if last_instant(start, size) <= meta.watermark_before {
                open.late += 1;
                continue;
            }
            in_hand(meta.position());
            let state = open.partials.entry((start, key(value))).or_insert_with(|| aggregates.init());
            aggregates.add(state, value, meta.place);
        }
    }

    fn flush(&mut self, epoch: u64, out: &mut Vec<(usize, Packet)>) {
        let Some(at) = self.epochs.iter().position(|open| open.epoch == epoch) else { return };
        let OpenEpoch { partials, late, .. } = self.epochs.swap_remove(at);
        self.late += late;
        let mut packets: Vec<Vec<Partial<K, A::State>>> = (0..self.workers).map(|_| Vec::new()).collect();
        let mut bytes = Vec::new();
        for ((start, key), state) in partials {
            let worker = if self.workers == 1 { 0 } else { owner(group_of(&key, &mut bytes), self.workers) };
            packets[worker].push(Partial { start, key, state });
        }
        for (worker, packet) in packets.into_iter().enumerate() {
            if !packet.is_empty() {
                out.push((worker, Box::new(packet)));
            }
        }
    }

    fn take_late(&mut self) -> u64 {
        mem::take(&mut self.late)
    }
}

/// The half after the exchange: owns the open windows of its key groups, and emits them.
pub(crate) struct TumblingOwner<K, T, A: Aggregates<T>, G> {
    spec: WindowSpec<K, T, A, G>,
    /// The operator's number, which stands as the source in the positions of the rows it makes.
    number: u16,
    state: TimedState<K, A::State>,
}

impl<K: Key, T: 'static, A: Aggregates<T>, G> TumblingOwner<K, T, A, G> {
    pub(crate) fn new(spec: WindowSpec<K, T, A, G>, number: u16) -> Self {
        TumblingOwner { spec, number, state: TimedState::new() }
    }
}

impl<K, T, A, R, G> Owner for TumblingOwner<K, T, A, G>
where
    K: Key,
    T: Clone + Send + 'static,
    A: Aggregates<T>,
    R: Clone + Send + 'static,
    G: Fn(Window<K>, A::Output) -> R + 'static,
{
    fn packet(&mut self, packet: Packet) -> Result<(), Blame> {
        let Ok(partials) = packet.downcast::<Vec<Partial<K, A::State>>>() else {
            unreachable!("a window's two halves come from one node of the plan")
        };
        let WindowSpec { aggregates, size, .. } = &self.spec;
        for Partial { start, key, state } in *partials {
            let mut merged = Ok(());
            self.state
                .merge(start, &key, state, |kept, other| merged = catch(|| aggregates.merge(kept, other)));
            merged.map_err(|blame| blame_window(blame, &key, start, *size))?;
        }
        Ok(())
    }

    fn end_epoch(&mut self, watermark: Timestamp, out: &mut Vec<Box<dyn AnyRows>>) -> Result<(), Blame> {
        let size = self.spec.size.millis();
        let mut made: Vec<Row<R>> = Vec::new();
        while let Some(start) = self.state.first().filter(|start| last_instant(*start, size) <= watermark) {
            let mut closed = self.state.remove(start);
            closed.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
            emit(&self.spec, self.number, start, closed, &mut made)?;
        }
        batches(made, out);
        Ok(())
    }

    fn begin_checkpoint(&mut self, full: bool) {
        self.state.begin_checkpoint(full);
    }

    fn pieces(&mut self, budget: usize, out: &mut Vec<Piece>) -> bool {
        self.state.pieces(budget, out)
    }

    fn load(&mut self, key: &[u8], sub_key: &[u8], value: &[u8]) -> Result<(), String> {
        self.state.load(key, sub_key, value)
    }

    fn size(&self) -> StateSize {
        StateSize { entries: self.state.len() as u64 }
    }
}

/// Makes the rows of the windows that closed at one instant, in the order of their keys.
fn emit<K, T, A, R, G>(
    spec: &WindowSpec<K, T, A, G>,
    number: u16,
    start: Timestamp,
    closed: Vec<(K, A::State)>,
    made: &mut Vec<Row<R>>,
) -> Result<(), Blame>
where
    K: Key,
    A: Aggregates<T>,
    G: Fn(Window<K>, A::Output) -> R,
{
    let end = start + spec.size;
    let time = Timestamp::from_millis(last_instant(start, spec.size.millis()).millis());
    let mut bytes = Vec::new();
    for (key, state) in closed {
        bytes.clear();
        key.encode_key(&mut bytes);
        let position = position_of(number, &bytes);
        let window = Window { key: key.clone(), start, end };
        let value = catch(|| (spec.row)(window, spec.aggregates.finish(state)))
            .map_err(|blame| blame_window(blame, &key, start, spec.size))?;
        made.push(Row {
            meta: Meta { place: Place { time, position }, watermark_before: Timestamp::MIN },
            value,
        });
    }
    Ok(())
}

/// Names the key and the window that user code had in hand.
fn blame_window<K: Key>(blame: Blame, key: &K, start: Timestamp, size: Duration) -> Blame {
    Blame { at: Some(format!("key {key:?}, window {start} to {}", start + size)), ..blame }
}

fn window_start(time: Timestamp, size: i64) -> Timestamp {
    let time = time.millis();
    Timestamp::from_millis(time.saturating_sub(time.rem_euclid(size)))
}

/// The last instant of the window that starts here: its end - 1 ms.
fn last_instant(start: Timestamp, size: i64) -> Timestamp {
    Timestamp::from_millis(start.millis().saturating_add(size - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregates::Sample;
    use crate::place::Position;

    fn row(key: u64, at: i64, watermark_before: i64) -> Row<u64> {
        let position = Position { source: 0, partition: 0, offset: 0, sub_index: 0 };
        let place = Place { time: Timestamp::from_millis(at), position };
        Row { meta: Meta { place, watermark_before: Timestamp::from_millis(watermark_before) }, value: key }
    }

    #[test]
    fn late_rows_are_counted_with_their_own_epoch() {
        let spec = WindowSpec {
            size: Duration::from_millis(10),
            aggregates: Rc::new((Sample::<u64>::new().agg(crate::aggregates::count(), |_| ()), ())),
            row: Rc::new(|_: Window<u64>, _: (u64, ())| ()),
            marker: PhantomData,
        };
        let mut router = TumblingRouter::new(Rc::new(|key: &u64| *key), &spec, 1);
        // Of two sources one is an epoch ahead.
        router.rows(1, Box::new(vec![row(1, 5, 8), row(1, 5, 9)]));
        router.rows(2, Box::new(vec![row(1, 5, 9), row(1, 5, 10), row(2, 15, 10)]));
        let mut packets = Vec::new();
        router.flush(1, &mut packets);
        assert_eq!((router.take_late(), packets.len()), (1, 1));
        router.flush(1, &mut packets);
        assert_eq!((router.take_late(), packets.len()), (0, 1));
        router.flush(2, &mut packets);
        assert_eq!((router.take_late(), packets.len()), (2, 2));
    }

    #[test]
    fn windows_are_aligned_to_the_unix_epoch_before_it_too() {
        let start = |time| window_start(Timestamp::from_millis(time), 10).millis();
        assert_eq!(
            [start(-11), start(-10), start(-1), start(0), start(9), start(10)],
            [-20, -10, -10, 0, 0, 10]
        );
        assert_eq!(start(i64::MIN), i64::MIN);
        assert_eq!(last_instant(Timestamp::from_millis(i64::MAX - 3), 10), Timestamp::MAX);
    }
}
