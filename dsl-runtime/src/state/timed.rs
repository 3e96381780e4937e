//! State by key and instant: open windows, and whatever else is kept for a key until a certain time.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use serde::{Serialize, de::DeserializeOwned};

use super::Piece;
use crate::key::{Key, key_group};
use crate::time::Timestamp;

/// Values by (instant, key), found by the earliest instant.
///
/// # Contract
/// `begin_checkpoint` marks what the checkpoint has to write; until `pieces` has written an entry, a change to it first
/// puts its value as of `begin_checkpoint` aside. So the pieces hold the state as of `begin_checkpoint`, whatever happens
/// in between.
#[derive(Debug)]
pub(crate) struct TimedState<K, V> {
    instants: BTreeMap<Timestamp, HashMap<K, Slot<V>>>,
    entries: usize,
    /// Entries that changed since the last checkpoint began; some may be gone again.
    changed: Vec<(Timestamp, K)>,
    /// Entries that an earlier checkpoint holds and that are gone.
    removed: Vec<(Timestamp, K)>,
    checkpoint: Checkpoint<K>,
}

#[derive(Debug)]
struct Slot<V> {
    value: V,
    /// Stands in `changed`.
    dirty: bool,
    /// The checkpoint under way has yet to write it.
    due: bool,
    /// Some checkpoint, complete or not, has written it: its end needs a tombstone.
    written: bool,
}

/// The checkpoint under way.
#[derive(Debug)]
struct Checkpoint<K> {
    tombstones: Vec<(Timestamp, K)>,
    due: Vec<(Timestamp, K)>,
    /// Put aside by a change.
    aside: Vec<Piece>,
}

impl<K: Key, V: Serialize + DeserializeOwned> TimedState<K, V> {
    pub(crate) fn new() -> Self {
        TimedState {
            instants: BTreeMap::new(),
            entries: 0,
            changed: Vec::new(),
            removed: Vec::new(),
            checkpoint: Checkpoint { tombstones: Vec::new(), due: Vec::new(), aside: Vec::new() },
        }
    }

    /// Adds a value to the entry's by `merge`, or makes the entry.
    pub(crate) fn merge(&mut self, at: Timestamp, key: &K, value: V, merge: impl FnOnce(&mut V, V)) {
        let slots = self.instants.entry(at).or_default();
        let Some(slot) = slots.get_mut(key) else {
            self.changed.push((at, key.clone()));
            slots.insert(key.clone(), Slot { value, dirty: true, due: false, written: false });
            self.entries += 1;
            return;
        };
        if !slot.dirty {
            self.changed.push((at, key.clone()));
            slot.dirty = true;
        }
        if slot.due {
            self.checkpoint.aside.push(piece(at, key, Some(&slot.value)));
            slot.due = false;
            slot.written = true;
        }
        merge(&mut slot.value, value);
    }

    /// The earliest instant that has entries.
    pub(crate) fn first(&self) -> Option<Timestamp> {
        self.instants.keys().next().copied()
    }

    /// Takes all entries of an instant, in no particular order.
    pub(crate) fn remove(&mut self, at: Timestamp) -> Vec<(K, V)> {
        let Some(slots) = self.instants.remove(&at) else { return Vec::new() };
        self.entries -= slots.len();
        let mut values = Vec::with_capacity(slots.len());
        for (key, slot) in slots {
            if slot.due {
                self.checkpoint.aside.push(piece(at, &key, Some(&slot.value)));
            }
            if slot.due || slot.written {
                self.removed.push((at, key.clone()));
            }
            values.push((key, slot.value));
        }
        values
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.entries
    }

    /// Marks what a checkpoint of the state as of now has to write: everything, or what changed since the last one began.
    pub(crate) fn begin_checkpoint(&mut self, full: bool) {
        let changed = std::mem::take(&mut self.changed);
        let removed = std::mem::take(&mut self.removed);
        let due = if full { self.all_keys() } else { changed };
        // An entry that is there again needs no tombstone: its value follows.
        let tombstones = if full { Vec::new() } else { removed };
        let tombstones = tombstones.into_iter().filter(|(at, key)| self.slot(*at, key).is_none()).collect();
        let mut checkpoint = Checkpoint { tombstones, due: Vec::with_capacity(due.len()), aside: Vec::new() };
        for (at, key) in due {
            if let Some(slot) = self.slot(at, &key) {
                slot.dirty = false;
                slot.due = true;
                checkpoint.due.push((at, key));
            }
        }
        if full {
            self.instants.values_mut().flat_map(HashMap::values_mut).for_each(|slot| slot.dirty = false);
        }
        self.checkpoint = checkpoint;
    }

    /// Writes up to about `budget` bytes of the checkpoint under way; `true` when none of it is left.
    pub(crate) fn pieces(&mut self, budget: usize, out: &mut Vec<Piece>) -> bool {
        let mut bytes: usize = self.checkpoint.aside.iter().map(Piece::len).sum();
        out.append(&mut self.checkpoint.aside);
        while bytes < budget {
            let next = match self.checkpoint.tombstones.pop() {
                Some((at, key)) => piece::<K, V>(at, &key, None),
                None => match self.next_due() {
                    Some(piece) => piece,
                    None => return true,
                },
            };
            bytes += next.len();
            out.push(next);
        }
        self.checkpoint.tombstones.is_empty() && self.checkpoint.due.is_empty()
    }

    /// Loads one entry of a checkpoint.
    pub(crate) fn load(&mut self, key: &[u8], sub_key: &[u8], value: &[u8]) -> Result<(), String> {
        let key = K::decode_key(key).map_err(|error| format!("its key cannot be decoded: {error}"))?;
        let at: [u8; 8] = sub_key.try_into().map_err(|_| "its sub-key is not eight bytes long".to_owned())?;
        let at = Timestamp::from_millis(i64::from_be_bytes(at));
        let value = postcard::from_bytes(value).map_err(|error| format!("its value cannot be decoded: {error}"))?;
        let slot = Slot { value, dirty: false, due: false, written: true };
        if self.instants.entry(at).or_default().insert(key, slot).is_none() {
            self.entries += 1;
        }
        Ok(())
    }

    fn next_due(&mut self) -> Option<Piece> {
        while let Some((at, key)) = self.checkpoint.due.pop() {
            if let Some(slot) = self.slot(at, &key).filter(|slot| slot.due) {
                slot.due = false;
                slot.written = true;
                let piece = piece(at, &key, Some(&slot.value));
                return Some(piece);
            }
        }
        None
    }

    fn slot(&mut self, at: Timestamp, key: &K) -> Option<&mut Slot<V>> {
        self.instants.get_mut(&at)?.get_mut(key)
    }

    fn all_keys(&self) -> Vec<(Timestamp, K)> {
        let instants = self.instants.iter();
        instants.flat_map(|(at, slots)| slots.keys().map(|key| (*at, key.clone()))).collect()
    }
}

fn piece<K: Key, V: Serialize>(at: Timestamp, key: &K, value: Option<&V>) -> Piece {
    let mut bytes = Vec::new();
    key.encode_key(&mut bytes);
    Piece {
        group: key_group(&bytes).0,
        key: bytes,
        sub_key: at.millis().to_be_bytes().to_vec(),
        value: value.map(|value| {
            postcard::to_allocvec(value).expect("an aggregate's state is plain data, and writing it to memory cannot fail")
        }),
    }
}
