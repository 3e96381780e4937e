//! What the panes of a sliding window come to: kept while the window moves on, so that each step is a few merges, however many panes
//! there are.
//!
//! ```text
//! panes     1    2    3    4  │  5    6    7
//! older   1..4 2..4 3..4   4  │                 each with what it and those behind it among the older ones come to
//! newer                       │  5    6    7    each by itself, and 5..7 together
//! window  ├───────────────────┴──────────────┤  3..4 and 5..7 when it begins with pane 3
//! ```
//!
//! When no older pane is left, the newer ones become the older ones. So a pane is merged twice on its way, and a window is two merges.
//! The panes that are there decide what they come to, not the way they came: merging is commutative and associative.

use std::mem;

use crate::flow::{Blame, catch};
use crate::key::Key;
use crate::time::Timestamp;

/// The panes of a key from the first one that the window holds on.
#[derive(Debug)]
pub(super) struct Running<S> {
    /// The newest first.
    older: Vec<(Timestamp, S)>,
    /// The oldest first, and all of them behind the older ones.
    newer: Vec<(Timestamp, S)>,
    newer_together: Option<S>,
}

/// What the panes that count come to, of each key that has any, in the order of the keys.
pub(super) type Keys<K, S> = Vec<(K, Running<S>)>;

/// Panes, each with its key, that begin to count.
pub(super) type TakenIn<K, S> = Vec<(K, Timestamp, S)>;

impl<S> Default for Running<S> {
    fn default() -> Self {
        Running { older: Vec::new(), newer: Vec::new(), newer_together: None }
    }
}

impl<S: Clone> Running<S> {
    /// Adds a pane, or to a pane.
    pub(super) fn add(&mut self, pane: Timestamp, state: S, merge: impl Fn(&mut S, S)) {
        if self.older.first().is_some_and(|(newest, _)| pane <= *newest) {
            return self.add_to_older(pane, &state, merge);
        }
        match &mut self.newer_together {
            Some(together) => merge(together, state.clone()),
            none => *none = Some(state.clone()),
        }
        let at = self.newer.partition_point(|(other, _)| *other < pane);
        match self.newer.get_mut(at) {
            Some((other, kept)) if *other == pane => merge(kept, state),
            _ => self.newer.insert(at, (pane, state)),
        }
    }

    /// Adds to one of the older panes, or between two: to all that begin with it or before it.
    fn add_to_older(&mut self, pane: Timestamp, state: &S, merge: impl Fn(&mut S, S)) {
        let at = self.older.partition_point(|(other, _)| *other > pane);
        self.older[at..].iter_mut().for_each(|(_, kept)| merge(kept, state.clone()));
        if self.older.get(at).is_none_or(|(other, _)| *other != pane) {
            let mut from_here_on = state.clone();
            if let Some((_, newer)) = at.checked_sub(1).map(|newer| &self.older[newer]) {
                merge(&mut from_here_on, newer.clone());
            }
            self.older.insert(at, (pane, from_here_on));
        }
    }

    /// Drops the panes before this one.
    pub(super) fn begin_with(&mut self, first: Timestamp, merge: impl Fn(&mut S, S)) {
        while self.older.pop_if(|(pane, _)| *pane < first).is_some() {}
        if self.older.is_empty() && self.newer.first().is_some_and(|(pane, _)| *pane < first) {
            self.newer_together = None;
            for (pane, mut state) in mem::take(&mut self.newer).into_iter().rev() {
                if pane < first {
                    break;
                }
                if let Some((_, newer)) = self.older.last() {
                    merge(&mut state, newer.clone());
                }
                self.older.push((pane, state));
            }
        }
    }

    /// What all panes come to; `None` if there are none.
    pub(super) fn together(&self, merge: impl Fn(&mut S, S)) -> Option<S> {
        let older = self.older.last().map(|(_, together)| together.clone());
        match (older, &self.newer_together) {
            (Some(mut older), Some(newer)) => {
                merge(&mut older, newer.clone());
                Some(older)
            }
            (older, newer) => older.or_else(|| newer.clone()),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.older.is_empty() && self.newer.is_empty()
    }
}

/// Takes panes in. If user code fails, the key that it had in hand comes with what it says.
pub(super) fn take_in<K: Key, S: Clone>(
    keys: &mut Keys<K, S>,
    mut taken_in: TakenIn<K, S>,
    merge: impl Fn(&mut S, S),
) -> Result<(), (Blame, K)> {
    taken_in.sort_unstable_by(|left, right| left.0.cmp(&right.0));
    let (mut new, mut at, mut is_new): (Keys<K, S>, _, _) = (Vec::new(), 0, false);
    let taken = catch(|| {
        for (key, pane, state) in taken_in {
            while keys.get(at).is_some_and(|(known, _)| *known < key) {
                at += 1;
            }
            is_new = keys.get(at).is_none_or(|(known, _)| *known != key);
            let running = match is_new {
                false => &mut keys[at].1,
                true => {
                    if new.last().is_none_or(|(last, _)| *last != key) {
                        new.push((key, Running::default()));
                    }
                    &mut new.last_mut().expect("it was pushed if it was not there").1
                }
            };
            running.add(pane, state, &merge);
        }
    });
    taken.map_err(|blame| {
        let in_hand = if is_new { new.last() } else { keys.get(at) };
        (blame, in_hand.expect("a key was in hand").0.clone())
    })?;
    if !new.is_empty() {
        // Two stretches that are in order are merged.
        keys.append(&mut new);
        keys.sort_by(|left, right| left.0.cmp(&right.0));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn panes_come_to_what_a_plain_loop_over_them_gives(
            steps in prop::collection::vec((0..6_i64, prop::collection::vec((0..12_i64, any::<u8>()), 0..5)), 1..60),
        ) {
            let (mut running, mut plain) = (Running::default(), BTreeMap::<i64, Vec<u8>>::new());
            let merge = |kept: &mut Vec<u8>, more: Vec<u8>| {
                kept.extend(more);
                kept.sort_unstable();
            };
            let mut first = 0;
            for (on, rows) in steps {
                for (ahead, value) in rows {
                    running.add(Timestamp::from_millis(first + ahead), vec![value], merge);
                    plain.entry(first + ahead).or_default().push(value);
                }
                let mut expected = plain.values().flatten().copied().collect::<Vec<_>>();
                expected.sort_unstable();
                let found = running.together(merge);
                prop_assert_eq!(found.is_none(), plain.is_empty());
                prop_assert_eq!(found.unwrap_or_default(), expected);
                first += on;
                running.begin_with(Timestamp::from_millis(first), merge);
                plain.retain(|pane, _| *pane >= first);
                prop_assert_eq!(running.is_empty(), plain.is_empty());
            }
        }
    }

    #[test]
    fn a_window_of_many_panes_is_a_few_merges() {
        let (merges, mut running) = (Cell::new(0), Running::default());
        let merge = |kept: &mut i64, more: i64| {
            merges.set(merges.get() + 1);
            *kept += more;
        };
        const PANES: i64 = 1000;
        for pane in 0..5 * PANES {
            running.add(Timestamp::from_millis(pane), 1, merge);
            running.begin_with(Timestamp::from_millis(pane + 1 - PANES), merge);
            assert_eq!(running.together(merge), Some(PANES.min(pane + 1)));
        }
        assert!(merges.get() <= 3 * 5 * PANES, "{} merges", merges.get());
    }
}
