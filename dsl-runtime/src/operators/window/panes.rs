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

use std::marker::PhantomData;
use std::mem;
use std::rc::Rc;

use serde::{Serialize, de::DeserializeOwned};

use super::clock::{Clocked, ClockedOwner, OfEpoch, RowPlaces, before};
use super::closed::{Arrived, Blocks, ByPane, Closed, merged};
use super::router::{PaneRouter, Partial, TakesRows};
use super::{Halves, Runs, Window};
use crate::aggregates::Aggregates;
use crate::flow::{Blame, DUE_ROWS, KeyOf, Now, Owner, Packet, Ports, Row, catch, emit};
use crate::key::{Key, KeyGroup};
use crate::plan::EntryWords;
use crate::state::{ByEntry, Keeps, StateTable, Table, Taken};
use crate::time::Timestamp;

/// A kind of windows that consist of panes.
pub(crate) trait Panes: TakesRows<Pane = Timestamp> {
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
    /// Where the rows stand that it makes.
    places: RowPlaces,
    state: Table<OpenPanes<K, A::State>>,
    /// Of the epoch at hand.
    packets: Vec<Vec<Partial<K, Timestamp, A::State>>>,
    /// What has closed and is still to be emitted.
    closed: Closed<K, A::State>,
}

impl<K: Key, T: 'static, A: Aggregates<T>, G, W> PaneOwner<K, T, A, G, W> {
    pub(crate) fn new(spec: WindowSpec<K, T, A, G, W>, maker: u32) -> Self {
        let (places, state) = (RowPlaces::of(maker), Table::new(OpenPanes(PhantomData)));
        PaneOwner { spec, places, state, packets: Vec::new(), closed: Closed::default() }
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

    /// Adds what has come in the epoch to the state, but for panes that end with it, and go on in no other: what has come for these is given, pane
    /// after pane.
    fn take_packets(&mut self, combined: Timestamp) -> Result<ByPane<K, A::State>, Blame> {
        let (windows, mut arrived) = (self.spec.windows, Arrived::new());
        let closes = |pane| windows.last_instant(pane) <= combined && windows.next(pane).is_none();
        mem::take(&mut self.packets).into_iter().for_each(|packet| arrived.add(packet, closes));
        let (staying, closing) = arrived.into_parts();
        staying.into_iter().try_for_each(|packet| self.merge_all(packet))?;
        Ok(closing)
    }

    /// Takes what a pane has in the state, and what has come for it.
    fn take_pane(
        &mut self,
        pane: Timestamp,
        arrived: Vec<Partial<K, Timestamp, A::State>>,
    ) -> Result<Blocks<K, A::State>, Blame> {
        let (aggregates, windows) = (self.spec.aggregates.clone(), self.spec.windows);
        if self.state.first_due() != Some(pane) {
            let merge = |key: &K, kept: &mut A::State, state| {
                catch(|| aggregates.merge(kept, state)).map_err(|blame| blamed(blame, windows, pane, key))
            };
            return merged(arrived, merge).map(Blocks::of);
        }
        self.merge_all(arrived)?;
        let mut taken = Blocks::new();
        self.state.drain_due(pane, |entry| taken.push(entry));
        Ok(taken)
    }

    fn merge_all(&mut self, entries: Vec<Partial<K, Timestamp, A::State>>) -> Result<(), Blame> {
        let (aggregates, windows) = (&self.spec.aggregates, self.spec.windows);
        self.state.merge_all(entries, |key, pane, kept, state| {
            catch(|| aggregates.merge(kept, state)).map_err(|blame| blamed(blame, windows, *pane, key))
        })
    }

    /// The row that the window ending with the pane makes for a key; `bytes` is room to encode the key in.
    fn row<R>(&self, pane: Timestamp, key: &K, state: A::State, bytes: &mut Vec<u8>) -> Result<Row<R>, Blame>
    where
        G: Fn(Window<K>, A::Output) -> R,
    {
        let meta = self.places.place(self.spec.windows.last_instant(pane), key, bytes);
        let (start, end) = self.spec.windows.bounds(pane);
        let window = Window { key: key.clone(), start, end };
        let value = catch(|| (self.spec.row)(window, self.spec.aggregates.finish(state)))
            .map_err(|blame| blamed(blame, self.spec.windows, pane, key))?;
        Ok(Row { meta, value })
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
        let Ok(partials) = packet.downcast::<Vec<Partial<K, Timestamp, A::State>>>() else {
            unreachable!("a window's two halves come from one node of the plan")
        };
        self.packets.push(*partials);
        Ok(())
    }

    fn end_epoch(&mut self, now: &Now<'_>, out: &mut Ports) -> Result<(), Blame> {
        let windows = self.spec.windows;
        let mut closing = self.take_packets(now.combined)?;
        loop {
            let waiting = self.state.first_due();
            let arrived = closing.front().map(|(pane, _)| *pane);
            let first = [waiting, arrived].into_iter().flatten().min();
            let Some(pane) = first.filter(|pane| windows.last_instant(*pane) <= now.combined) else { break };
            let arrived = if arrived == Some(pane) { closing.pop_front() } else { None };
            let taken = self.take_pane(pane, arrived.map(|(_, entries)| entries).unwrap_or_default())?;
            let has_emitted = windows.last_instant(pane) <= now.combined_before;
            match windows.next(pane) {
                Some(next) => {
                    for Taken { group, key, value, .. } in taken.iter() {
                        self.merge(next, *group, key, value.clone())?;
                    }
                }
                None if has_emitted => (0..taken.len()).for_each(|_| out.late().drop_unwaited()),
                None => {}
            }
            if !has_emitted {
                self.closed.push(pane, taken);
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

impl<K, T, A, R, G, W> ClockedOwner<K, A::State> for PaneOwner<K, T, A, G, W>
where
    K: Key,
    T: Clone + Send + 'static,
    A: Aggregates<T>,
    R: Clone + Send + 'static,
    G: Fn(Window<K>, A::Output) -> R + 'static,
    W: Panes,
{
    fn take_at(&mut self, at: Timestamp, rows: Vec<OfEpoch<K, A::State>>) -> Result<(), Blame> {
        let Some(pane) = self.spec.windows.pane_of(at, before(at)) else { return Ok(()) };
        rows.into_iter().try_for_each(|Taken { group, key, value, .. }| self.merge(pane, group, &key, value))
    }

    fn stand_at(&mut self, time: Timestamp) {
        self.places.stand_at(time);
    }

    fn next_close(&self) -> Option<Timestamp> {
        self.state.first_due().map(|pane| self.spec.windows.last_instant(pane))
    }
}

impl<W: Panes> Clocked for W {
    fn owner<K, T, A, R, G>(spec: WindowSpec<K, T, A, G, W>, maker: u32) -> Box<dyn ClockedOwner<K, A::State>>
    where
        K: Key,
        T: Clone + Send + 'static,
        A: Aggregates<T>,
        R: Clone + Send + 'static,
        G: Fn(Window<K>, A::Output) -> R + 'static,
    {
        Box::new(PaneOwner::new(spec, maker))
    }
}
