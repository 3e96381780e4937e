//! Tumbling windows over a grouped stream.
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

use super::blame::{Blame, catch, in_hand};
use super::rows::{AnyRows, Meta, Row, batch_of};
use super::{Op, Packet, Sender, StateSize};
use crate::aggregates::{Place, Position};
use crate::dsl::{Aggregates, Window};
use crate::key::{Key, KeyGroup, key_group};
use crate::state::{Piece, TimedState};
use crate::time::{Duration, Timestamp};

/// The key of a row, as the user's closure gives it.
pub(crate) type KeyOf<T, K> = Rc<dyn Fn(&T) -> K>;

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
pub(crate) struct WindowSender<K, T, A: Aggregates<T>> {
    key: KeyOf<T, K>,
    size: i64,
    aggregates: Rc<A>,
    workers: usize,
    epochs: Vec<(u64, HashMap<(Timestamp, K), A::State>)>,
    late: u64,
}

impl<K: Key, T: Clone + Send + 'static, A: Aggregates<T>> WindowSender<K, T, A> {
    pub(crate) fn new<G>(key: KeyOf<T, K>, spec: &WindowSpec<K, T, A, G>, workers: usize) -> Self {
        let size = spec.size.millis();
        WindowSender { key, size, aggregates: spec.aggregates.clone(), workers, epochs: Vec::new(), late: 0 }
    }

    fn partials(&mut self, epoch: u64) -> &mut HashMap<(Timestamp, K), A::State> {
        // Few epochs are in flight, and mostly one has rows here.
        let at = match self.epochs.iter().position(|(each, _)| *each == epoch) {
            Some(at) => at,
            None => {
                self.epochs.push((epoch, HashMap::new()));
                self.epochs.len() - 1
            }
        };
        &mut self.epochs[at].1
    }
}

impl<K: Key, T: Clone + Send + 'static, A: Aggregates<T>> Sender for WindowSender<K, T, A> {
    fn rows(&mut self, epoch: u64, rows: Box<dyn AnyRows>) {
        let rows = batch_of::<T>(rows);
        let (key, size, aggregates) = (self.key.clone(), self.size, self.aggregates.clone());
        let mut late = 0;
        let partials = self.partials(epoch);
        for Row { meta, value } in &rows {
            let start = window_start(meta.place.time, size);
            if last_instant(start, size) <= meta.watermark_before {
                late += 1;
                continue;
            }
            in_hand(meta.position());
            let state = partials.entry((start, key(value))).or_insert_with(|| aggregates.init());
            aggregates.add(state, value, meta.place);
        }
        self.late += late;
    }

    fn flush(&mut self, epoch: u64, out: &mut Vec<(usize, Packet)>) {
        let Some(at) = self.epochs.iter().position(|(each, _)| *each == epoch) else { return };
        let (_, partials) = self.epochs.swap_remove(at);
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
pub(crate) struct WindowOp<K, T, A: Aggregates<T>, G> {
    spec: WindowSpec<K, T, A, G>,
    /// The operator's number, which stands as the source in the positions of the rows it makes.
    number: u16,
    state: TimedState<K, A::State>,
}

impl<K: Key, T: 'static, A: Aggregates<T>, G> WindowOp<K, T, A, G> {
    pub(crate) fn new(spec: WindowSpec<K, T, A, G>, number: u16) -> Self {
        WindowOp { spec, number, state: TimedState::new() }
    }
}

impl<K, T, A, R, G> Op for WindowOp<K, T, A, G>
where
    K: Key,
    T: Clone + Send + 'static,
    A: Aggregates<T>,
    R: Clone + Send + 'static,
    G: Fn(Window<K>, A::Output) -> R + 'static,
{
    fn packet(&mut self, packet: Packet) {
        let Ok(partials) = packet.downcast::<Vec<Partial<K, A::State>>>() else {
            unreachable!("a window's sender and operator come from one node of the plan")
        };
        let aggregates = &self.spec.aggregates;
        for Partial { start, key, state } in *partials {
            self.state.merge(start, key, state, |kept, other| aggregates.merge(kept, other));
        }
    }

    fn end_epoch(&mut self, watermark: Timestamp, out: &mut Vec<Box<dyn AnyRows>>) -> Result<(), Blame> {
        let size = self.spec.size.millis();
        let mut made: Vec<Row<R>> = Vec::new();
        while let Some(start) = self.state.first().filter(|start| last_instant(*start, size) <= watermark) {
            let mut closed = self.state.remove(start);
            closed.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
            emit(&self.spec, self.number, start, closed, &mut made)?;
        }
        if !made.is_empty() {
            out.push(Box::new(made));
        }
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
            .map_err(|blame| Blame { at: Some(format!("key {key:?}, window {start} to {end}")), ..blame })?;
        made.push(Row { meta: Meta { place: Place { time, position }, watermark_before: Timestamp::MIN }, value });
    }
    Ok(())
}

/// The position of a row made for a key: ordered as the first twelve bytes of the encoded key.
fn position_of(operator: u16, key: &[u8]) -> Position {
    let mut prefix = [0; 12];
    let taken = key.len().min(prefix.len());
    prefix[..taken].copy_from_slice(&key[..taken]);
    let (high, low) = prefix.split_at(8);
    Position {
        source: operator,
        partition: 0,
        offset: u64::from_be_bytes(high.try_into().expect("eight bytes were split off")),
        sub_index: u32::from_be_bytes(low.try_into().expect("four bytes are left")),
    }
}

fn window_start(time: Timestamp, size: i64) -> Timestamp {
    let time = time.millis();
    Timestamp::from_millis(time.saturating_sub(time.rem_euclid(size)))
}

/// The last instant of the window that starts here: its end - 1 ms.
fn last_instant(start: Timestamp, size: i64) -> Timestamp {
    Timestamp::from_millis(start.millis().saturating_add(size - 1))
}

fn group_of<K: Key>(key: &K, bytes: &mut Vec<u8>) -> KeyGroup {
    bytes.clear();
    key.encode_key(bytes);
    key_group(bytes)
}

/// The worker that owns a key group. Contiguous ranges, so that a changed number of workers moves whole ranges.
pub(crate) fn owner(group: KeyGroup, workers: usize) -> usize {
    usize::from(group.0) * workers / 256
}
