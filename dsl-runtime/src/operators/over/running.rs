//! Rows that look back: what is kept of the rows before, and what each frame comes to.
//!
//! ```text
//! each row            adds a part to those at hand, which are the new ones of its key in the epoch; what has left its frame goes
//! end of the epoch    what is at hand and still of use goes into the table
//! ```

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

impl<At, S> Default for Running<At, S> {
    fn default() -> Self {
        Running { front: Vec::new(), back: None }
    }
}

/// A key that has rows in the epoch at hand.
struct AtHand<K, At, S> {
    group: KeyGroup,
    key: K,
    /// Of its parts in the table the first one and the last one.
    oldest: Option<At>,
    newest: Option<At>,
    /// Its parts behind those in the table, in order.
    new: VecDeque<(At, S)>,
    running: Running<At, S>,
}

/// A row that has been added to its key's parts, and whose own row is still to be made.
struct Peer<T, At> {
    /// Its key's number among those at hand.
    key: usize,
    at: At,
    row: Row<T>,
}

/// Makes a row of each row, with what it looks back over.
pub(super) struct LookingBack<K: Key, T, A: Aggregates<T>, G, F: Frame> {
    frame: F,
    aggregates: Rc<A>,
    row: Rc<G>,
    parts: Table<Parts<K, F, A::State>>,
    /// Of the keys that are not at hand.
    running: HashMap<K, Running<F::At, A::State>>,
    at_hand: Vec<AtHand<K, F::At, A::State>>,
    /// The numbers of the keys at hand.
    numbers: HashMap<K, usize>,
    /// The rows of one instant, in order: whole frames are known only behind the last of them.
    peers: Vec<Peer<T, F::At>>,
}

impl<K: Key, T, A: Aggregates<T>, G, F: Frame> LookingBack<K, T, A, G, F> {
    pub(super) fn new(frame: F, aggregates: Rc<A>, row: Rc<G>) -> Self {
        let parts = Table::new(Parts { frame, marker: PhantomData });
        let (running, numbers) = (HashMap::new(), HashMap::new());
        LookingBack {
            frame,
            aggregates,
            row,
            parts,
            running,
            at_hand: Vec::new(),
            numbers,
            peers: Vec::new(),
        }
    }

    /// The number of a key, which is at hand from here on.
    fn number_of(&mut self, group: KeyGroup, key: &K) -> usize {
        if let Some(number) = self.numbers.get(key) {
            return *number;
        }
        let mut kept = self.parts.range(group, key, ..).map(|(at, _)| at);
        let oldest = kept.next().cloned();
        let newest = kept.next_back().cloned().or(oldest.clone());
        let running = self.running.remove(key).unwrap_or_default();
        self.at_hand.push(AtHand { group, key: key.clone(), oldest, newest, new: VecDeque::new(), running });
        self.numbers.insert(key.clone(), self.at_hand.len() - 1);
        self.at_hand.len() - 1
    }

    /// Adds a row to its part: of one instant all rows come in one epoch, but if not, to what is kept of it.
    fn add(&mut self, key: usize, at: &F::At, row: &Row<T>) {
        let LookingBack { aggregates, at_hand, parts, .. } = self;
        let AtHand { group, key, newest, new, running, .. } = &mut at_hand[key];
        let mut state = aggregates.init();
        aggregates.add(&mut state, &row.value, row.meta.place);
        match &mut running.back {
            Some(back) => aggregates.merge(back, state.clone()),
            None => running.back = Some(state.clone()),
        }
        match new.back_mut() {
            Some((last, kept)) if last == at => aggregates.merge(kept, state),
            None if newest.as_ref() == Some(at) => {
                parts.merge(*group, key, at, state, |kept, state| aggregates.merge(kept, state));
            }
            _ => new.push_back((at.clone(), state)),
        }
    }

    /// What the frame of the row that stands there comes to.
    fn frame_of(&mut self, key: usize, at: &F::At) -> A::State {
        let LookingBack { frame, aggregates, at_hand, parts, .. } = self;
        let AtHand { group, key, new, running, .. } = &mut at_hand[key];
        while running.front.last().is_some_and(|(first, _)| !frame.holds(first, at)) {
            running.front.pop();
        }
        if running.front.is_empty() {
            running.back = None;
            let kept = parts.range(*group, key, ..).rev();
            let newest_first = new.iter().rev().map(|(other, part)| (other, part)).chain(kept);
            for (other, part) in newest_first.take_while(|(other, _)| frame.holds(other, at)) {
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

    /// Removes what no row of the key looks back to any more.
    fn forget(&mut self, key: usize, at: &F::At) {
        let LookingBack { frame, at_hand, parts, .. } = self;
        let AtHand { group, key, oldest, new, .. } = &mut at_hand[key];
        while oldest.as_ref().is_some_and(|oldest| !frame.holds(oldest, at)) {
            oldest.take().and_then(|gone| parts.remove(*group, key, &gone));
            *oldest = parts.range(*group, key, ..).next().map(|(next, _)| next.clone());
        }
        while new.front().is_some_and(|(first, _)| !frame.holds(first, at)) {
            new.pop_front();
        }
    }

    /// Makes the rows of the peers, for whose frames all is there.
    fn make_rows<R>(&mut self, made: &mut VecDeque<Row<R>>) -> Result<(), Blame>
    where
        G: Fn(&T, A::Output) -> R,
    {
        let mut peers = mem::take(&mut self.peers);
        for Peer { key, at, row } in peers.drain(..) {
            in_hand(row.meta.position());
            let value = catch(|| {
                let whole = self.frame_of(key, &at);
                (self.row)(&row.value, self.aggregates.finish(whole))
            });
            let value = value.map_err(|blame| blamed(blame, &self.at_hand[key].key, &row))?;
            self.forget(key, &at);
            made.push_back(Row { meta: row.meta, value });
        }
        self.peers = peers;
        Ok(())
    }

    /// Puts into the table what is new of the keys at hand, unless no row behind this watermark looks back to it.
    fn put_back(&mut self, watermark: Timestamp) {
        self.numbers = HashMap::new();
        for AtHand { group, key, oldest, new, running, .. } in mem::take(&mut self.at_hand) {
            let mut has_parts = oldest.is_some();
            for (at, state) in new {
                if self.frame.due(&at).is_none_or(|due| due > watermark) {
                    self.parts.insert(group, &key, &at, state);
                    has_parts = true;
                }
            }
            if has_parts {
                self.running.insert(key, running);
            }
        }
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
        let is_peer = |peer: &Peer<T, _>| F::PEERS && peer.row.meta.place.time == row.meta.place.time;
        if !self.peers.last().is_none_or(is_peer) {
            self.make_rows(made)?;
        }
        let number = self.number_of(group, key);
        let AtHand { newest, new, .. } = &self.at_hand[number];
        let last = new.back().map(|(at, _)| at).or(newest.as_ref());
        let at = self.frame.next(row.meta.place.time, last);
        in_hand(row.meta.position());
        catch(|| self.add(number, &at, &row)).map_err(|blame| blamed(blame, key, &row))?;
        self.peers.push(Peer { key: number, at, row });
        Ok(())
    }

    fn passed(&mut self, watermark: Timestamp, made: &mut VecDeque<Row<R>>) -> Result<(), Blame> {
        self.make_rows(made)?;
        self.put_back(watermark);
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
