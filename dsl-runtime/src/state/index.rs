//! How the entries of a key group are found.

use std::collections::VecDeque;
use std::hash::BuildHasher;
use std::ops::{Bound, RangeBounds};

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::key::Key;

/// Key and sub-key of the entry in a slot: an index itself holds the slots' numbers alone.
pub(crate) trait Names<K, S> {
    /// # Panics
    /// If the slot is free.
    fn names(&self, slot: u32) -> (&K, &S);
}

/// Finds the slots of one key group.
///
/// # Contract
/// The slot of each entry is in it from `insert` to `remove`, and meanwhile the entry is in its slot.
pub(crate) trait Index<K, S>: Default {
    /// The slot of an entry.
    fn find(&self, key: &K, sub_key: &S, names: &impl Names<K, S>) -> Option<u32>;
    /// The slot of an entry, or of another one that looks like it as far as the index itself knows; `None` if there is surely
    /// no such entry.
    fn guess(&self, key: &K, sub_key: &S) -> Option<u32>;
    /// Adds the slot of a new entry.
    fn insert(&mut self, slot: u32, names: &impl Names<K, S>);
    /// Removes the slot of an entry, before that is gone.
    fn remove(&mut self, slot: u32, names: &impl Names<K, S>);
}

/// Finds entries by key and sub-key together, and takes the least memory.
#[derive(Debug)]
pub(crate) struct ByEntry {
    slots: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Default for ByEntry {
    fn default() -> Self {
        ByEntry { slots: HashTable::new(), hasher: DefaultHashBuilder::default() }
    }
}

impl<K: Key, S: Key> Index<K, S> for ByEntry {
    #[inline]
    fn find(&self, key: &K, sub_key: &S, names: &impl Names<K, S>) -> Option<u32> {
        let hash = self.hasher.hash_one((key, sub_key));
        self.slots.find(hash, |slot| names.names(*slot) == (key, sub_key)).copied()
    }

    #[inline]
    fn guess(&self, key: &K, sub_key: &S) -> Option<u32> {
        self.slots.find(self.hasher.hash_one((key, sub_key)), |_| true).copied()
    }

    fn insert(&mut self, slot: u32, names: &impl Names<K, S>) {
        let hash = |slot: &u32| self.hasher.hash_one(names.names(*slot));
        self.slots.insert_unique(hash(&slot), slot, hash);
    }

    fn remove(&mut self, slot: u32, names: &impl Names<K, S>) {
        let hash = self.hasher.hash_one(names.names(slot));
        if let Ok(found) = self.slots.find_entry(hash, |other| *other == slot) {
            found.remove();
        }
        give_back(&mut self.slots);
    }
}

/// An empty table holds no memory: what was large once, and is empty, may be so for long.
fn give_back<T>(table: &mut HashTable<T>) {
    if table.is_empty() {
        *table = HashTable::new();
    }
}

/// Finds all entries of a key, in the order of their sub-keys.
#[derive(Debug)]
pub(crate) struct ByKey {
    runs: HashTable<Run>,
    hasher: DefaultHashBuilder,
}

/// The slots of one key, in the order of their sub-keys; never empty.
#[derive(Debug)]
enum Run {
    One(u32),
    /// Rows come and go about in order, so that few have to move. One that is left stays here: others may follow.
    #[expect(
        clippy::box_collection,
        reason = "nearly all keys have one slot, and their runs should be small"
    )]
    Several(Box<VecDeque<u32>>),
}

impl Default for ByKey {
    fn default() -> Self {
        ByKey { runs: HashTable::new(), hasher: DefaultHashBuilder::default() }
    }
}

impl ByKey {
    fn run<K: Key, S>(&self, key: &K, names: &impl Names<K, S>) -> Option<&Run> {
        self.runs.find(self.hasher.hash_one(key), |run| names.names(run.first()).0 == key)
    }

    /// The slots of a key whose sub-keys are in the range, in order.
    pub(super) fn range<K: Key, S: Key>(
        &self,
        key: &K,
        range: impl RangeBounds<S>,
        names: &impl Names<K, S>,
    ) -> impl DoubleEndedIterator<Item = u32> {
        let run = self.run(key, names);
        let from = run.map_or(0, |run| match range.start_bound() {
            Bound::Included(start) => run.before(|slot| names.names(slot).1 < start),
            Bound::Excluded(start) => run.before(|slot| names.names(slot).1 <= start),
            Bound::Unbounded => 0,
        });
        let until = run.map_or(0, |run| match range.end_bound() {
            Bound::Included(end) => run.before(|slot| names.names(slot).1 <= end),
            Bound::Excluded(end) => run.before(|slot| names.names(slot).1 < end),
            Bound::Unbounded => run.len(),
        });
        // A range whose end lies before its start is empty.
        (from..until.max(from)).filter_map(move |at| run.map(|run| run.at(at)))
    }
}

impl<K: Key, S: Key> Index<K, S> for ByKey {
    fn find(&self, key: &K, sub_key: &S, names: &impl Names<K, S>) -> Option<u32> {
        let run = self.run(key, names)?;
        let at = run.before(|slot| names.names(slot).1 < sub_key);
        (at < run.len()).then(|| run.at(at)).filter(|slot| names.names(*slot).1 == sub_key)
    }

    fn guess(&self, key: &K, _: &S) -> Option<u32> {
        self.runs.find(self.hasher.hash_one(key), |_| true).map(Run::first)
    }

    fn insert(&mut self, slot: u32, names: &impl Names<K, S>) {
        let (key, sub_key) = names.names(slot);
        let hash = self.hasher.hash_one(key);
        match self.runs.find_mut(hash, |run| names.names(run.first()).0 == key) {
            Some(run) => {
                let at = run.before(|other| names.names(other).1 < sub_key);
                run.insert(at, slot);
            }
            None => {
                let hash_of = |run: &Run| self.hasher.hash_one(names.names(run.first()).0);
                self.runs.insert_unique(hash, Run::One(slot), hash_of);
            }
        }
    }

    fn remove(&mut self, slot: u32, names: &impl Names<K, S>) {
        let (key, sub_key) = names.names(slot);
        let hash = self.hasher.hash_one(key);
        let found = self.runs.find_entry(hash, |run| names.names(run.first()).0 == key);
        if let Ok(mut found) = found {
            let run = found.get();
            // Mostly what goes is the first one.
            let is_first = run.first() == slot;
            let at = if is_first { 0 } else { run.before(|other| names.names(other).1 < sub_key) };
            if found.get_mut().remove(at) {
                found.remove();
            }
        }
        give_back(&mut self.runs);
    }
}

impl Run {
    fn len(&self) -> usize {
        match self {
            Run::One(_) => 1,
            Run::Several(slots) => slots.len(),
        }
    }

    fn at(&self, at: usize) -> u32 {
        match self {
            Run::One(slot) => *slot,
            Run::Several(slots) => slots[at],
        }
    }

    fn first(&self) -> u32 {
        self.at(0)
    }

    /// How many slots, from the first on, fit.
    fn before(&self, fits: impl Fn(u32) -> bool) -> usize {
        match self {
            Run::One(slot) => usize::from(fits(*slot)),
            // Mostly what comes stands behind all that is there.
            Run::Several(slots) if slots.back().is_some_and(|last| fits(*last)) => slots.len(),
            Run::Several(slots) => slots.partition_point(|slot| fits(*slot)),
        }
    }

    fn insert(&mut self, at: usize, slot: u32) {
        match self {
            Run::One(other) => {
                let both = if at == 0 { [slot, *other] } else { [*other, slot] };
                *self = Run::Several(Box::new(both.into()));
            }
            Run::Several(slots) => slots.insert(at, slot),
        }
    }

    /// Removes a slot, and says whether it was the last one.
    fn remove(&mut self, at: usize) -> bool {
        let Run::Several(slots) = self else { return true };
        slots.remove(at);
        slots.is_empty()
    }
}
