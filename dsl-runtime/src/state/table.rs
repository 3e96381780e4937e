//! One table of state: (key group, key, sub-key) → value.

use std::mem;
use std::ops::RangeBounds;

use serde::{Serialize, de::DeserializeOwned};

use super::StateTable;
use super::index::{ByKey, Index, Names};
use super::instants::{Instants, SlotOfGroup};
use super::piece::{Entries, Piece, PieceBuilder};
use super::shape::TableShape;
use super::slots::{Cut, Kept, Slots};
use crate::key::{KEY_GROUPS, Key, KeyGroup};
use crate::time::Timestamp;

/// What an entry takes beside its slot, about: in the index, in the list of what is due when, and in bits.
const AROUND_BYTES: usize = 16;

/// How many entries are looked up together.
const TOGETHER: usize = 32;

/// What an operator keeps in a table, and how.
pub(crate) trait Keeps {
    /// What entries belong to.
    type Key: Key;
    /// What tells the entries of a key apart; their order is that of the type. `()` if there is one to a key.
    type SubKey: Key;
    /// What is kept.
    type Value: Serialize + DeserializeOwned;
    /// How entries are found.
    type Index: Index<Self::Key, Self::SubKey>;

    /// When an entry falls due, if ever: it follows from the entry alone.
    fn due(&self, sub_key: &Self::SubKey, value: &Self::Value) -> Option<Timestamp>;
}

/// The entries of an operator, by key group, key and sub-key.
///
/// # Contract
/// The key group given is the key's. What a checkpoint needs of an entry is known by whatever changes it, and so every change
/// goes through the table's own methods.
pub(crate) struct Table<T: Keeps> {
    keeps: T,
    groups: Vec<Option<Box<Group<T>>>>,
    instants: Instants,
    entries: usize,
    /// How many checkpoints have begun.
    begun: u64,
    /// The one under way holds everything.
    full: bool,
    /// The key group that it has come to.
    cursor: usize,
    builder: PieceBuilder,
}

struct Group<T: Keeps> {
    index: T::Index,
    slots: Slots<T::Key, T::SubKey, T::Value>,
}

impl<T: Keeps> Default for Group<T> {
    fn default() -> Self {
        Group { index: T::Index::default(), slots: Slots::default() }
    }
}

type SlotsOf<T> = Slots<<T as Keeps>::Key, <T as Keeps>::SubKey, <T as Keeps>::Value>;
type KeptBy<T> = Kept<<T as Keeps>::Key, <T as Keeps>::SubKey, <T as Keeps>::Value>;
type TakenFrom<T> = Taken<<T as Keeps>::Key, <T as Keeps>::SubKey, <T as Keeps>::Value>;

/// An entry in no table: it was taken out of one, or is to be added to what one holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken<K, S, V> {
    pub(crate) group: KeyGroup,
    pub(crate) key: K,
    pub(crate) sub_key: S,
    pub(crate) value: V,
}

impl<T: Keeps> Table<T> {
    pub(crate) fn new(keeps: T) -> Self {
        Table {
            keeps,
            groups: (0..KEY_GROUPS).map(|_| None).collect(),
            instants: Instants::default(),
            entries: 0,
            begun: 0,
            full: false,
            cursor: KEY_GROUPS as usize,
            builder: PieceBuilder::default(),
        }
    }

    /// Adds a value to the entry's by `merge`, or makes the entry.
    #[inline]
    pub(crate) fn merge(
        &mut self,
        group: KeyGroup,
        key: &T::Key,
        sub_key: &T::SubKey,
        value: T::Value,
        merge: impl FnOnce(&mut T::Value, T::Value),
    ) {
        match self.find(group, key, sub_key) {
            Some(slot) => self.change(group, slot, |kept| merge(kept, value)),
            None => {
                self.add(group, Kept { key: key.clone(), sub_key: sub_key.clone(), value }, Slots::insert)
            }
        }
    }

    /// As [`Table::merge`], for many entries: these are looked up some at a time, so that where the state is larger than the
    /// cache the waits for memory overlap. Stops at the first error of `merge`.
    pub(crate) fn merge_all<E>(
        &mut self,
        entries: Vec<TakenFrom<T>>,
        mut merge: impl FnMut(&T::Key, &T::SubKey, &mut T::Value, T::Value) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut slots = [None; TOGETHER];
        let mut entries = entries.into_iter();
        while !entries.as_slice().is_empty() {
            let together = &entries.as_slice()[..entries.len().min(TOGETHER)];
            let slots = &mut slots[..together.len()];
            self.find_all(together, slots);
            for (slot, entry) in slots.iter().zip(&mut entries) {
                let Taken { group, key, sub_key, value } = entry;
                let mut merged = Ok(());
                let mut with = |kept: &mut T::Value, value| merged = merge(&key, &sub_key, kept, value);
                match slot {
                    Some(slot) => self.change(group, *slot, |kept| with(kept, value)),
                    // It may have been made just now.
                    None => self.merge(group, &key, &sub_key, value, with),
                }
                merged?;
            }
        }
        Ok(())
    }

    /// The slots of some entries. Each step is done for all of them before the next one, as none waits for another's.
    fn find_all(&self, entries: &[TakenFrom<T>], slots: &mut [Option<u32>]) {
        for (slot, Taken { group, key, sub_key, .. }) in slots.iter_mut().zip(entries) {
            let group = self.groups[usize::from(group.0)].as_ref();
            *slot = group.and_then(|group| group.index.guess(key, sub_key));
        }
        for (slot, Taken { group, key, sub_key, .. }) in slots.iter_mut().zip(entries) {
            let Some(guess) = *slot else { continue };
            let of_group = self.groups[usize::from(group.0)].as_ref();
            if of_group.is_some_and(|of_group| of_group.slots.names(guess) != (key, sub_key)) {
                *slot = self.find(*group, key, sub_key);
            }
        }
    }

    /// The value of an entry.
    pub(crate) fn get(&self, group: KeyGroup, key: &T::Key, sub_key: &T::SubKey) -> Option<&T::Value> {
        let group = self.groups[usize::from(group.0)].as_ref()?;
        let slot = group.index.find(key, sub_key, &group.slots)?;
        group.slots.get(slot).map(|entry| &entry.value)
    }

    /// All entries, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&T::Key, &T::SubKey, &T::Value)> {
        let entries = self.groups.iter().flatten().flat_map(|group| group.slots.iter());
        entries.map(|entry| (&entry.key, &entry.sub_key, &entry.value))
    }

    /// Changes the value of an entry, if there is one.
    pub(crate) fn update<R>(
        &mut self,
        group: KeyGroup,
        key: &T::Key,
        sub_key: &T::SubKey,
        change: impl FnOnce(&mut T::Value) -> R,
    ) -> Option<R> {
        let slot = self.find(group, key, sub_key)?;
        Some(self.change(group, slot, change))
    }

    /// Makes an entry, and gives the value that it had before, if there was one.
    pub(crate) fn insert(
        &mut self,
        group: KeyGroup,
        key: &T::Key,
        sub_key: &T::SubKey,
        value: T::Value,
    ) -> Option<T::Value> {
        match self.find(group, key, sub_key) {
            Some(slot) => Some(self.change(group, slot, |kept| mem::replace(kept, value))),
            None => {
                self.add(group, Kept { key: key.clone(), sub_key: sub_key.clone(), value }, Slots::insert);
                None
            }
        }
    }

    /// Removes an entry, and gives its value.
    pub(crate) fn remove(&mut self, group: KeyGroup, key: &T::Key, sub_key: &T::SubKey) -> Option<T::Value> {
        let slot = self.find(group, key, sub_key)?;
        let entry = self.take(SlotOfGroup::new(group.0, slot))?;
        if let Some(at) = self.keeps.due(&entry.sub_key, &entry.value) {
            self.leave(at);
        }
        Some(entry.value)
    }

    /// The earliest instant at which an entry is due.
    pub(crate) fn first_due(&self) -> Option<Timestamp> {
        self.instants.first()
    }

    /// Takes all entries that are due at an instant, in no particular order.
    pub(crate) fn take_due(&mut self, at: Timestamp) -> Vec<TakenFrom<T>> {
        let mut taken = Vec::new();
        self.drain_due(at, |entry| taken.push(entry));
        taken
    }

    /// As [`Table::take_due`], one entry after the other: their memory is given back as they are handed over.
    pub(crate) fn drain_due(&mut self, at: Timestamp, mut each: impl FnMut(TakenFrom<T>)) {
        // Group after group, slot after slot: what one group's entries need is in the cache, and chunks become empty one after
        // the other.
        for slot in self.instants.take(at) {
            if self.is_due(slot, at) {
                let entry = self.take(slot).expect("an entry that is due is there");
                let Kept { key, sub_key, value } = entry;
                each(Taken { group: KeyGroup(slot.group), key, sub_key, value });
            }
        }
    }

    /// Drops all entries that are due by an instant.
    pub(crate) fn drop_due(&mut self, by: Timestamp) {
        while let Some(at) = self.first_due().filter(|at| *at <= by) {
            self.drain_due(at, drop);
        }
    }

    /// Goes through all entries that are due at an instant, in no particular order: each is changed so that it is due later, or goes if
    /// `stays` says no.
    pub(crate) fn visit_due(
        &mut self,
        at: Timestamp,
        mut stays: impl FnMut(&T::Key, &T::SubKey, &mut T::Value) -> bool,
    ) {
        for slot in self.instants.take(at) {
            if !self.is_due(slot, at) {
                continue;
            }
            let Table { keeps, groups, instants, begun, full, .. } = &mut *self;
            let group = groups[usize::from(slot.group)].as_mut().expect("an entry that is due is there");
            group.slots.catch_up(*begun, *full);
            let entry = group.slots.change(slot.group, slot.slot());
            let (key, sub_key, value) = entry.expect("an entry that is due is there");
            if stays(key, sub_key, value) {
                keeps.due(sub_key, value).into_iter().for_each(|at| instants.insert(at, slot));
            } else {
                self.take(slot);
            }
        }
    }

    #[inline]
    fn find(&self, group: KeyGroup, key: &T::Key, sub_key: &T::SubKey) -> Option<u32> {
        let group = self.groups[usize::from(group.0)].as_ref()?;
        group.index.find(key, sub_key, &group.slots)
    }

    /// A key group to be changed: what the last checkpoint has to write of it is known.
    #[inline]
    fn group(&mut self, group: u8) -> &mut Group<T> {
        let group = self.groups[usize::from(group)].get_or_insert_with(Box::default);
        group.slots.catch_up(self.begun, self.full);
        group
    }

    #[inline]
    fn change<R>(&mut self, group: KeyGroup, slot: u32, change: impl FnOnce(&mut T::Value) -> R) -> R {
        let kept = self.groups[usize::from(group.0)].as_mut().expect("the entry was found in it");
        kept.slots.catch_up(self.begun, self.full);
        let (_, sub_key, value) = kept.slots.change(group.0, slot).expect("the entry was found in the slot");
        let before = self.keeps.due(sub_key, value);
        let result = change(value);
        let after = self.keeps.due(sub_key, value);
        if before != after {
            let slot = SlotOfGroup::new(group.0, slot);
            before.into_iter().for_each(|at| self.leave(at));
            after.into_iter().for_each(|at| self.instants.insert(at, slot));
        }
        result
    }

    fn add(&mut self, group: KeyGroup, entry: KeptBy<T>, put: fn(&mut SlotsOf<T>, KeptBy<T>) -> u32) {
        let due = self.keeps.due(&entry.sub_key, &entry.value);
        let Group { index, slots } = self.group(group.0);
        let slot = put(slots, entry);
        index.insert(slot, slots);
        due.into_iter().for_each(|at| self.instants.insert(at, SlotOfGroup::new(group.0, slot)));
        self.entries += 1;
    }

    fn take(&mut self, at: SlotOfGroup) -> Option<KeptBy<T>> {
        let Group { index, slots } = self.group(at.group);
        slots.get(at.slot())?;
        index.remove(at.slot(), slots);
        self.entries -= 1;
        let Group { slots, .. } = self.group(at.group);
        slots.remove(at.group, at.slot())
    }

    /// Some entry is not due at that instant any more.
    fn leave(&mut self, at: Timestamp) {
        let (keeps, groups) = (&self.keeps, &self.groups);
        self.instants.remove(at, |slot| is_due(keeps, groups, slot, at));
    }

    fn is_due(&self, slot: SlotOfGroup, at: Timestamp) -> bool {
        is_due(&self.keeps, &self.groups, slot, at)
    }
}

impl<T: Keeps> Table<T> {
    /// Takes over an entry of a checkpoint, or that it is gone.
    fn load_entry(&mut self, group: KeyGroup, key: T::Key, sub_key: T::SubKey, value: Option<T::Value>) {
        let slot = self.find(group, &key, &sub_key);
        match (slot, value) {
            (Some(slot), Some(value)) => {
                self.change(group, slot, |kept| *kept = value);
                self.group(group.0).slots.loaded(slot);
            }
            (None, Some(value)) => self.add(group, Kept { key, sub_key, value }, Slots::load),
            (Some(slot), None) => {
                self.group(group.0).slots.unloaded(slot);
                self.remove(group, &key, &sub_key);
            }
            (None, None) => {}
        }
    }
}

impl<T: Keeps<Index = ByKey>> Table<T> {
    /// The entries of a key whose sub-keys are in the range, in their order.
    pub(crate) fn range(
        &self,
        group: KeyGroup,
        key: &T::Key,
        range: impl RangeBounds<T::SubKey>,
    ) -> impl DoubleEndedIterator<Item = (&T::SubKey, &T::Value)> {
        let group = self.groups[usize::from(group.0)].as_ref();
        let slots = group.map(|group| group.index.range(key, range, &group.slots)).into_iter().flatten();
        let entry = move |slot| group.and_then(|group| group.slots.get(slot));
        slots.filter_map(entry).map(|entry| (&entry.sub_key, &entry.value))
    }
}

impl<T: Keeps> StateTable for Table<T> {
    fn begin_checkpoint(&mut self, full: bool) {
        debug_assert!(self.cursor == self.groups.len(), "one checkpoint at a time is under way");
        self.begun += 1;
        (self.full, self.cursor) = (full, 0);
    }

    fn pieces(&mut self, budget: usize, out: &mut Vec<Piece>) -> bool {
        let mut cut = Cut { pieces: out, left: budget };
        while self.cursor < self.groups.len() {
            if let Some(group) = &mut self.groups[self.cursor] {
                group.slots.catch_up(self.begun, self.full);
                if !group.slots.pieces(self.cursor as u8, &mut self.builder, &mut cut) {
                    return false;
                }
            }
            self.cursor += 1;
        }
        true
    }

    fn load(&mut self, group: u8, entries: &[u8]) -> Result<(), String> {
        let mut entries = Entries::of(entries);
        while let Some((key, sub_key, value)) = entries.next::<T::Key, T::SubKey, T::Value>()? {
            self.load_entry(KeyGroup(group), key, sub_key, value);
        }
        Ok(())
    }

    fn entries(&self) -> u64 {
        self.entries as u64
    }

    fn bytes(&self) -> u64 {
        let slot = size_of::<Option<KeptBy<T>>>() + AROUND_BYTES;
        self.entries as u64 * slot as u64
    }

    fn shape(&self) -> TableShape {
        TableShape::of::<T::Key, T::SubKey, T::Value>()
    }
}

/// Whether there is an entry in the slot that is due then.
fn is_due<T: Keeps>(keeps: &T, groups: &[Option<Box<Group<T>>>], slot: SlotOfGroup, at: Timestamp) -> bool {
    let group = groups[usize::from(slot.group)].as_ref();
    let entry = group.and_then(|group| group.slots.get(slot.slot()));
    entry.is_some_and(|entry| keeps.due(&entry.sub_key, &entry.value) == Some(at))
}
