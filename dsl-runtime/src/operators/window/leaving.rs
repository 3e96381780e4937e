//! The [`sliding`](super::sliding()) windows that have closed and are still to be emitted: window after window, a row of each key.
//!
//! # Contract
//! It touches no state, so it can go on while a checkpoint is written. What keys come to is made of the state again after a restart.

use std::collections::{BTreeMap, VecDeque};

use super::Window;
use super::clock::RowPlaces;
use super::panes::WindowSpec;
use super::running::{Keys, TakenIn, take_in};
use super::sliding::Sliding;
use crate::aggregates::Aggregates;
use crate::flow::{Blame, DUE_ROWS, Ports, Row, catch, emit};
use crate::key::Key;
use crate::time::Timestamp;

/// What begins to count with which window.
pub(super) type Coming<K, S> = BTreeMap<Timestamp, TakenIn<K, S>>;

/// What is still to be emitted.
pub(super) struct Leaving<K, S> {
    /// What keys come to in the window at hand, or else in the last one; `None` until that is made of the state.
    keys: Option<Keys<K, S>>,
    /// What is taken in with which window, in their order.
    coming: VecDeque<(Timestamp, TakenIn<K, S>)>,
    /// The window at hand, and how many keys have emitted.
    at_hand: Option<(Timestamp, usize)>,
    /// The window behind the one that was emitted last.
    next: Option<Timestamp>,
    /// The watermark that they end by.
    until: Timestamp,
}

impl<K: Key, S: Clone> Leaving<K, S> {
    pub(super) fn new() -> Self {
        Leaving { keys: None, coming: VecDeque::new(), at_hand: None, next: None, until: Timestamp::MIN }
    }

    pub(super) fn has_keys(&self) -> bool {
        self.keys.is_some()
    }

    /// Begins with what the state says.
    pub(super) fn keys_are(&mut self, keys: Keys<K, S>) {
        self.keys = Some(keys);
    }

    /// Adds the windows from `first` on that end by a watermark, with what is taken in with them.
    pub(super) fn add(&mut self, first: Option<Timestamp>, coming: Coming<K, S>, until: Timestamp) {
        (self.next, self.until) = (first, until);
        self.coming.extend(coming);
    }

    /// The watermark that the windows end by.
    pub(super) fn until(&self) -> Timestamp {
        self.until
    }

    /// Emits rows, as [`Owner::emit`](crate::flow::Owner::emit) does.
    pub(super) fn emit<T, A, G, R>(
        &mut self,
        spec: &WindowSpec<K, T, A, G, Sliding>,
        places: &RowPlaces,
        out: &mut Ports,
    ) -> Result<bool, Blame>
    where
        A: Aggregates<T, State = S>,
        G: Fn(Window<K>, A::Output) -> R,
        R: Clone + Send + 'static,
    {
        let mut made = Vec::new();
        while made.len() < DUE_ROWS {
            let (window, from) = match self.at_hand.take() {
                Some((window, from)) => (window, from),
                None => {
                    let Some(window) = self.next_window(spec.windows) else { break };
                    self.begin(window, spec)?;
                    (window, 0)
                }
            };
            self.rows(window, from, spec, places, &mut made)?;
        }
        emit(made, Ports::MAIN, out);
        Ok(self.at_hand.is_some() || self.next_window(spec.windows).is_some())
    }

    /// The next window that is to be emitted, if one has closed.
    fn next_window(&self, windows: Sliding) -> Option<Timestamp> {
        let next = self.next.filter(|_| self.keys.as_ref().is_some_and(|keys| !keys.is_empty()));
        let taken_in_next = self.coming.front().map(|(window, _)| *window);
        let next = [next, taken_in_next].into_iter().flatten().min();
        next.filter(|window| windows.last_instant(*window) <= self.until)
    }

    /// Takes in what comes with a window.
    fn begin<T, A: Aggregates<T, State = S>, G>(
        &mut self,
        window: Timestamp,
        spec: &WindowSpec<K, T, A, G, Sliding>,
    ) -> Result<(), Blame> {
        self.next = spec.windows.next(window);
        let keys = self.keys.get_or_insert_default();
        if self.coming.front().is_some_and(|(first, _)| *first == window)
            && let Some((_, taken_in)) = self.coming.pop_front()
        {
            let merge = |kept: &mut S, other| spec.aggregates.merge(kept, other);
            take_in(keys, taken_in, merge)
                .map_err(|(blame, key)| blamed(blame, spec.windows, window, &key))?;
        }
        Ok(())
    }

    /// Makes the rows of a window from the key of this number on, as long as there is room.
    fn rows<T, A, G, R>(
        &mut self,
        window: Timestamp,
        from: usize,
        spec: &WindowSpec<K, T, A, G, Sliding>,
        places: &RowPlaces,
        made: &mut Vec<Row<R>>,
    ) -> Result<(), Blame>
    where
        A: Aggregates<T, State = S>,
        G: Fn(Window<K>, A::Output) -> R,
    {
        let windows = spec.windows;
        let next_begins_with = windows.next(window).map_or(Timestamp::MAX, |next| windows.first_pane(next));
        let merge = |kept: &mut S, other| spec.aggregates.merge(kept, other);
        let (last, (start, end)) = (windows.last_instant(window), windows.bounds(window));
        let (mut at, mut bytes) = (from, Vec::new());
        let keys = self.keys.get_or_insert_default();
        let told = catch(|| {
            while let Some((key, running)) = keys.get_mut(at).filter(|_| made.len() < DUE_ROWS) {
                let together = running.together(merge);
                running.begin_with(next_begins_with, merge);
                if let Some(state) = together {
                    let meta = places.place(last, key, &mut bytes);
                    let window = Window { key: key.clone(), start, end };
                    made.push(Row { meta, value: (spec.row)(window, spec.aggregates.finish(state)) });
                }
                at += 1;
            }
        });
        told.map_err(|blame| blamed(blame, windows, window, &keys[at].0))?;
        if at < keys.len() {
            self.at_hand = Some((window, at));
        } else {
            keys.retain(|(_, running)| !running.is_empty());
        }
        Ok(())
    }
}

/// Names the key and the window that user code had in hand.
pub(super) fn blamed<K: Key>(blame: Blame, windows: Sliding, window: Timestamp, key: &K) -> Blame {
    let (start, end) = windows.bounds(window);
    Blame { at: Some(format!("key {key:?}, window {start} to {end}")), ..blame }
}
