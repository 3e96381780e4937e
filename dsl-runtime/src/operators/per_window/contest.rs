//! What picks rows of each window: the half before the exchange picks among what comes to its worker, the one behind it among what all
//! have picked.
//!
//! # Contract
//! - All rows of windows of one end come in one epoch: so at its end what is picked is final, and nothing is kept for another.
//! - What is picked is a function of the rows alone. Rows that are alike to a [`Pick`] go by their places, of which no two are the same.

use std::cmp::Ordering;
use std::collections::{BTreeMap, VecDeque};
use std::marker::PhantomData;
use std::mem;
use std::rc::Rc;

use super::Ranks;
use crate::aggregates::{Input, Order, Value};
use crate::flow::{
    Batch, Blame, DUE_ROWS, KeyOf, LateRows, Now, OpenEpoch, OpenEpochs, Owner, Packet, Ports, Router,
    RouterSetup, Row, RowsDigest, catch, emit, group_of, in_hand, owner, send,
};
use crate::key::{Key, KeyGroup};
use crate::state::StateTable;
use crate::time::{Duration, Timestamp};

/// Which rows of a window stay.
pub(super) trait Pick<T>: 'static {
    /// What decides about a row.
    type Rank: Send + 'static;
    /// What decides about this one; `None` for one that never stays.
    fn rank(&self, row: &T) -> Option<Self::Rank>;
    /// Adds a row to those that stay so far, unless it does not stay, and drops what stays no more.
    fn add(&self, picked: &mut Vec<Picked<Self::Rank, T>>, rank: Self::Rank, row: impl FnOnce() -> Row<T>);
    /// Puts those that stay in order.
    fn finish(&self, picked: &mut Vec<Picked<Self::Rank, T>>);
}

/// A row that stays so far.
pub(super) struct Picked<R, T> {
    pub(super) rank: R,
    pub(super) row: Row<T>,
}

/// What one worker has picked of the rows of one key and window.
struct OfWindow<K, R, T> {
    /// The rows' event time, which is that of the window.
    time: Timestamp,
    key: K,
    picked: Vec<Picked<R, T>>,
}

/// The rows that stay so far, with what decided about each.
type Rows<P, T> = Vec<Picked<<P as Pick<T>>::Rank, T>>;

/// By the time of the window, and key.
type ByWindow<K, V> = BTreeMap<(Timestamp, K), V>;

/// What has been picked of an epoch, with the group of each key.
type PickedSoFar<K, P, T> = ByWindow<K, (KeyGroup, Rows<P, T>)>;

/// The half before the exchange.
pub(super) struct PickRouter<K, T, P: Pick<T>> {
    key: KeyOf<T, K>,
    pick: Rc<P>,
    workers: usize,
    epochs: OpenEpochs<PickedSoFar<K, P, T>>,
}

impl<K, T, P: Pick<T>> PickRouter<K, T, P> {
    pub(super) fn new(key: KeyOf<T, K>, pick: Rc<P>, setup: RouterSetup) -> Self {
        PickRouter { key, pick, workers: setup.workers, epochs: OpenEpochs::new(setup) }
    }
}

impl<K: Key, T: Clone + Send + 'static, P: Pick<T>> Router for PickRouter<K, T, P> {
    fn rows(&mut self, epoch: u64, rows: Batch) {
        let OpenEpoch { made: windows, digest, .. } = self.epochs.of(epoch, BTreeMap::new);
        let mut bytes = Vec::new();
        let with_key = |row| {
            let Row { meta, value }: &Row<T> = row;
            in_hand(meta.position());
            (meta.place.time, (self.key)(value), row)
        };
        let mut rows = rows.rows::<T>().map(with_key).peekable();
        // The rows of a window and key mostly come one after the other.
        while let Some(first) = rows.next() {
            let (time, key) = (first.0, first.1.clone());
            let group = group_of(&key, &mut bytes);
            let (_, picked) = windows.entry((time, key.clone())).or_insert((group, Vec::new()));
            let mut of_key = RowsDigest::default();
            let mut next = Some(first);
            while let Some((_, _, row)) = next {
                of_key.add(row.meta.place);
                in_hand(row.meta.position());
                if let Some(rank) = self.pick.rank(&row.value) {
                    self.pick.add(picked, rank, || row.clone());
                }
                next = rows.next_if(|(other, of, _)| *other == time && *of == key);
            }
            digest.add_key(&bytes, of_key);
        }
    }

    fn flush(&mut self, epoch: u64, out: &mut Vec<(usize, Packet)>) {
        let windows = self.epochs.flush(epoch, |windows, _| windows).unwrap_or_default();
        let mut packets: Vec<Vec<OfWindow<K, P::Rank, T>>> = (0..self.workers).map(|_| Vec::new()).collect();
        for ((time, key), (group, picked)) in windows {
            packets[owner(group, self.workers)].push(OfWindow { time, key, picked });
        }
        send(packets, out);
    }

    /// The rows of windows are never late.
    fn take_late(&mut self) -> LateRows {
        self.epochs.take_late()
    }

    fn take_digest(&mut self) -> u64 {
        self.epochs.take_digest()
    }
}

/// The half behind the exchange. It keeps nothing from one epoch to the next.
pub(super) struct PickOwner<K, T, P: Pick<T>, G, R> {
    pick: Rc<P>,
    /// What is made of each row that stays, given its number in the order, which begins with 1.
    make: Rc<G>,
    /// Of the epoch at hand.
    windows: ByWindow<K, Rows<P, T>>,
    /// What is still to be emitted.
    made: VecDeque<Row<R>>,
}

impl<K, T, P: Pick<T>, G, R> PickOwner<K, T, P, G, R> {
    pub(super) fn new(pick: Rc<P>, make: Rc<G>) -> Self {
        PickOwner { pick, make, windows: BTreeMap::new(), made: VecDeque::new() }
    }
}

impl<K, T, P, G, R> Owner for PickOwner<K, T, P, G, R>
where
    K: Key,
    T: Clone + Send + 'static,
    P: Pick<T>,
    G: Fn(u64, &T) -> R + 'static,
    R: Clone + Send + 'static,
{
    fn packet(&mut self, _input: usize, packet: Packet) -> Result<(), Blame> {
        let Ok(windows) = packet.downcast::<Vec<OfWindow<K, P::Rank, T>>>() else {
            unreachable!("an operator's two halves come from one node of the plan")
        };
        for OfWindow { time, key, picked: others } in *windows {
            let picked = self.windows.entry((time, key)).or_default();
            others.into_iter().for_each(|Picked { rank, row }| self.pick.add(picked, rank, || row));
        }
        Ok(())
    }

    fn end_epoch(&mut self, _: &Now<'_>, _: &mut Ports) -> Result<(), Blame> {
        for ((time, key), mut picked) in mem::take(&mut self.windows) {
            self.pick.finish(&mut picked);
            for (rank, Picked { row, .. }) in (1..).zip(picked) {
                in_hand(row.meta.position());
                let value =
                    catch(|| (self.make)(rank, &row.value)).map_err(|blame| blamed(blame, &key, time))?;
                self.made.push_back(Row { meta: row.meta, value });
            }
        }
        Ok(())
    }

    fn emit(&mut self, out: &mut Ports) -> Result<bool, Blame> {
        let made = self.made.drain(..self.made.len().min(DUE_ROWS)).collect();
        emit(made, Ports::MAIN, out);
        Ok(!self.made.is_empty())
    }

    fn tables(&mut self) -> Vec<&mut dyn StateTable> {
        Vec::new()
    }
}

/// Names the key and the window of the row that user code had in hand.
fn blamed(blame: Blame, key: &impl Key, time: Timestamp) -> Blame {
    let end = time + Duration::from_millis(1);
    Blame { at: Some(format!("key {key:?}, a row of the window that ends at {end}")), ..blame }
}

/// The rows with the greatest or the least value of all. Those without a value never stay.
pub(super) struct Best<F, I> {
    value: F,
    /// How the best stands to every other.
    wanted: Ordering,
    marker: PhantomData<fn() -> I>,
}

impl<F, I> Best<F, I> {
    pub(super) fn new(value: F, wanted: Ordering) -> Self {
        Best { value, wanted, marker: PhantomData }
    }
}

impl<T, I: Input, F: Fn(&T) -> I + 'static> Pick<T> for Best<F, I>
where
    <I::Value as Value>::Order: Order<I::Value>,
{
    type Rank = I::Value;

    fn rank(&self, row: &T) -> Option<I::Value> {
        (self.value)(row).present()
    }

    fn add(&self, picked: &mut Vec<Picked<I::Value, T>>, rank: I::Value, row: impl FnOnce() -> Row<T>) {
        let compare = <<I::Value as Value>::Order as Order<I::Value>>::compare;
        let stands = picked.first().map_or(Ordering::Equal, |best| compare(&rank, &best.rank));
        if stands == self.wanted {
            picked.clear();
        }
        if stands == self.wanted || stands.is_eq() {
            picked.push(Picked { rank, row: row() });
        }
    }

    fn finish(&self, picked: &mut Vec<Picked<I::Value, T>>) {
        picked.sort_by_key(|picked| picked.row.meta.place);
    }
}

/// The first so many rows by an order.
pub struct First<F, R> {
    rank: F,
    compare: fn(&R, &R) -> Ordering,
    pub(super) count: u64,
}

impl<F, R: Ranks> First<F, R> {
    pub(super) fn new(count: u64, rank: F) -> Self {
        First { rank, compare: R::compare, count }
    }
}

impl<F, R> First<F, R> {
    fn cut<T>(&self, picked: &mut Vec<Picked<R, T>>) {
        picked.sort_unstable_by(|left, right| {
            let by_place = || left.row.meta.place.cmp(&right.row.meta.place);
            (self.compare)(&left.rank, &right.rank).then_with(by_place)
        });
        picked.truncate(usize::try_from(self.count).unwrap_or(usize::MAX));
    }
}

impl<T, R: Send + 'static, F: Fn(&T) -> R + 'static> Pick<T> for First<F, R> {
    type Rank = R;

    fn rank(&self, row: &T) -> Option<R> {
        Some((self.rank)(row))
    }

    fn add(&self, picked: &mut Vec<Picked<R, T>>, rank: R, row: impl FnOnce() -> Row<T>) {
        picked.push(Picked { rank, row: row() });
        // Twice as many as stay, so that a row costs about the same however many that are.
        if picked.len() as u64 >= self.count.saturating_mul(2).max(16) {
            self.cut(picked);
        }
    }

    fn finish(&self, picked: &mut Vec<Picked<R, T>>) {
        self.cut(picked);
    }
}
