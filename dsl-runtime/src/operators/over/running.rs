//! Rows that look back: what is kept of the rows before, and what each frame comes to.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::mem;
use std::rc::Rc;

use hashbrown::HashMap;
use serde::{Serialize, de::DeserializeOwned};

use super::Frame;
use crate::aggregates::Aggregates;
use crate::flow::{Blame, InOrder, Row, catch, in_hand};
use crate::key::{Key, KeyGroup};
use crate::state::{ByKey, Keeps, StateTable, Table};
use crate::time::Timestamp;

/// What rows have come to in the aggregates, by key and by where they stand.
struct Parts<K, F, S> {
    frame: F,
    marker: PhantomData<fn() -> (K, S)>,
}

impl<K: Key, F: Frame, S: Serialize + DeserializeOwned> Keeps for Parts<K, F, S> {
    type Key = K;
    type SubKey = F::At;
    type Value = S;
    type Index = ByKey;

    fn due(&self, at: &F::At, _: &S) -> Option<Timestamp> {
        self.frame.due(at)
    }
}

/// What the frames of one key come to, made of the parts in the table. A part is merged into another about once before it leaves, however
/// long frames are:
///
/// ```text
/// parts     a    b    c  │  d    e            a row of the frame a..e
/// front     abc  bc   c  │                    each part with those behind it up to the bar, the oldest taken off first
/// back                   │  de                all that came behind the bar: abc + de is the frame
///                                             once c has left, the bar is moved to the end
/// ```
///
/// It is no state: where it is missing, the parts are all there is to know.
pub(super) struct Running<At, S> {
    /// The oldest last. It has the frame's first part as long as it is of use.
    front: Vec<(At, S)>,
    back: Option<S>,
}

/// A row that has been added to its key's parts, and whose own row is still to be made.
struct Peer<K, T, At> {
    group: KeyGroup,
    key: K,
    at: At,
    row: Row<T>,
}

/// Makes a row of each row, with what it looks back over.
pub(super) struct LookingBack<K: Key, T, A: Aggregates<T>, G, F: Frame> {
    frame: F,
    aggregates: Rc<A>,
    row: Rc<G>,
    parts: Table<Parts<K, F, A::State>>,
    running: HashMap<K, Running<F::At, A::State>>,
    /// The rows of one instant, in order: whole frames are known only behind the last of them.
    peers: Vec<Peer<K, T, F::At>>,
}

impl<K: Key, T, A: Aggregates<T>, G, F: Frame> LookingBack<K, T, A, G, F> {
    pub(super) fn new(frame: F, aggregates: Rc<A>, row: Rc<G>) -> Self {
        let parts = Table::new(Parts { frame, marker: PhantomData });
        LookingBack { frame, aggregates, row, parts, running: HashMap::new(), peers: Vec::new() }
    }

    /// Adds a row to the parts of its key.
    fn add(&mut self, group: KeyGroup, key: &K, at: &F::At, row: &Row<T>) {
        let mut part = self.aggregates.init();
        self.aggregates.add(&mut part, &row.value, row.meta.place);
        if let Some(running) = self.running.get_mut(key) {
            match &mut running.back {
                Some(back) => self.aggregates.merge(back, part.clone()),
                None => running.back = Some(part.clone()),
            }
        }
        self.parts.merge(group, key, at, part, |kept, part| self.aggregates.merge(kept, part));
    }

    /// What the frame that ends there comes to.
    fn frame_of(&mut self, group: KeyGroup, key: &K, at: &F::At) -> A::State {
        let LookingBack { frame, aggregates, parts, .. } = self;
        if !self.running.contains_key(key) {
            self.running.insert(key.clone(), Running { front: Vec::new(), back: None });
        }
        let running = self.running.get_mut(key).expect("it was put there if it was missing");
        while running.front.last().is_some_and(|(first, _)| !frame.holds(first, at)) {
            running.front.pop();
        }
        if running.front.is_empty() {
            running.back = None;
            let in_frame = parts.range(group, key, ..).rev().take_while(|(other, _)| frame.holds(other, at));
            for (other, part) in in_frame {
                let mut whole = part.clone();
                if let Some((_, behind)) = running.front.last() {
                    aggregates.merge(&mut whole, behind.clone());
                }
                running.front.push((other.clone(), whole));
            }
        }
        let (_, front) = running.front.last().expect("a row's own part is in its frame");
        let mut whole = front.clone();
        if let Some(back) = &running.back {
            aggregates.merge(&mut whole, back.clone());
        }
        whole
    }

    /// Removes the parts of a key that have left the frame that ends there.
    fn forget(&mut self, group: KeyGroup, key: &K, at: &F::At) {
        let left = self.parts.range(group, key, ..).map(|(other, _)| other);
        let left: Vec<F::At> = left.take_while(|other| !self.frame.holds(other, at)).cloned().collect();
        for other in left {
            self.parts.remove(group, key, &other);
        }
    }

    /// Makes the rows of those that have been added.
    fn make_rows<R>(&mut self, made: &mut VecDeque<Row<R>>) -> Result<(), Blame>
    where
        G: Fn(&T, A::Output) -> R,
    {
        for Peer { group, key, at, row } in mem::take(&mut self.peers) {
            in_hand(row.meta.position());
            let value = catch(|| {
                let whole = self.frame_of(group, &key, &at);
                (self.row)(&row.value, self.aggregates.finish(whole))
            });
            let value = value.map_err(|blame| blamed(blame, &key, &row))?;
            self.forget(group, &key, &at);
            made.push_back(Row { meta: row.meta, value });
        }
        Ok(())
    }
}

/// Names the key and the time of the row that user code had in hand.
fn blamed<T>(blame: Blame, key: &impl Key, row: &Row<T>) -> Blame {
    Blame { at: Some(format!("key {key:?}, row of {}", row.meta.place.time)), ..blame }
}

impl<K, T, A, R, G, F> InOrder<K, T> for LookingBack<K, T, A, G, F>
where
    K: Key,
    T: 'static,
    A: Aggregates<T>,
    R: 'static,
    G: Fn(&T, A::Output) -> R,
    F: Frame,
{
    type Made = R;

    fn row(
        &mut self,
        group: KeyGroup,
        key: &K,
        row: Row<T>,
        made: &mut VecDeque<Row<R>>,
    ) -> Result<(), Blame> {
        let is_peer = |peer: &Peer<_, T, _>| F::PEERS && peer.row.meta.place.time == row.meta.place.time;
        if !self.peers.last().is_none_or(is_peer) {
            self.make_rows(made)?;
        }
        let last = self.parts.range(group, key, ..).next_back().map(|(at, _)| at);
        let at = self.frame.next(row.meta.place.time, last);
        in_hand(row.meta.position());
        catch(|| self.add(group, key, &at, &row)).map_err(|blame| blamed(blame, key, &row))?;
        self.peers.push(Peer { group, key: key.clone(), at, row });
        Ok(())
    }

    fn passed(&mut self, watermark: Timestamp, made: &mut VecDeque<Row<R>>) -> Result<(), Blame> {
        self.make_rows(made)?;
        while let Some(at) = self.parts.first_due().filter(|at| *at <= watermark) {
            for gone in self.parts.take_due(at) {
                if self.parts.range(gone.group, &gone.key, ..).next().is_none() {
                    self.running.remove(&gone.key);
                }
            }
        }
        Ok(())
    }

    fn tables(&mut self) -> Vec<&mut dyn StateTable> {
        vec![&mut self.parts]
    }
}
