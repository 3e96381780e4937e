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
    /// How many entries are written at a time at least, so that a checkpoint of any size is complete after some
    /// [`PIECES_EPOCHS`] epochs.
    at_least: usize,
}

/// About how many epochs the pieces of a checkpoint are spread over, at most.
const PIECES_EPOCHS: usize = 16;

impl<K: Key, V: Serialize + DeserializeOwned> TimedState<K, V> {
    pub(crate) fn new() -> Self {
        TimedState {
            instants: BTreeMap::new(),
            entries: 0,
            changed: Vec::new(),
            removed: Vec::new(),
            checkpoint: Checkpoint {
                tombstones: Vec::new(),
                due: Vec::new(),
                aside: Vec::new(),
                at_least: 0,
            },
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
        let mut checkpoint =
            Checkpoint { tombstones, due: Vec::with_capacity(due.len()), aside: Vec::new(), at_least: 0 };
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
        checkpoint.at_least = (checkpoint.tombstones.len() + checkpoint.due.len()).div_ceil(PIECES_EPOCHS);
        self.checkpoint = checkpoint;
    }

    /// Writes up to about `budget` bytes of the checkpoint under way, or its share of a large one; `true` when none of it is left.
    pub(crate) fn pieces(&mut self, budget: usize, out: &mut Vec<Piece>) -> bool {
        let enough = out.len() + self.checkpoint.at_least;
        let mut bytes: usize = self.checkpoint.aside.iter().map(Piece::len).sum();
        out.append(&mut self.checkpoint.aside);
        while bytes < budget || out.len() < enough {
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
        let value =
            postcard::from_bytes(value).map_err(|error| format!("its value cannot be decoded: {error}"))?;
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
            postcard::to_allocvec(value)
                .expect("an aggregate's state is plain data, and writing it to memory cannot fail")
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Entries by their encoded key and instant.
    type Entries = BTreeMap<(Vec<u8>, Vec<u8>), Vec<u8>>;

    #[derive(Debug, Clone)]
    enum Step {
        Merge {
            at: i64,
            key: String,
            value: u64,
        },
        /// Removes the earliest instant.
        Remove,
        Begin {
            full: bool,
        },
        Pieces {
            budget: usize,
        },
        /// Only what is in the log is left: the complete checkpoints.
        Crash,
    }

    fn step() -> impl Strategy<Value = Step> {
        let merge =
            (0..6_i64, "[ab]{0,2}", 1..100_u64).prop_map(|(at, key, value)| Step::Merge { at, key, value });
        prop_oneof![
            6 => merge,
            2 => Just(Step::Remove),
            2 => prop::bool::weighted(0.3).prop_map(|full| Step::Begin { full }),
            4 => (1..60_usize).prop_map(|budget| Step::Pieces { budget }),
            1 => Just(Step::Crash),
        ]
    }

    /// The state as a plain map, and the log that checkpoints are read back from.
    #[derive(Default)]
    struct Model {
        state: BTreeMap<(i64, String), u64>,
        /// What the checkpoint under way must hold in the end.
        wanted: Option<(bool, Entries)>,
        /// Its pieces so far.
        written: Vec<Piece>,
        /// The last complete checkpoint with those it builds on, as recovery would read it.
        durable: Option<Entries>,
    }

    fn entries(state: &BTreeMap<(i64, String), u64>) -> Entries {
        let entry = |((at, key), value): (&(i64, String), &u64)| {
            ((key.as_bytes().to_vec(), at.to_be_bytes().to_vec()), postcard::to_allocvec(value).unwrap())
        };
        state.iter().map(entry).collect()
    }

    impl Model {
        fn begin(&mut self, real: &mut TimedState<String, u64>, full: bool) {
            // As the coordinator does: one at a time, and the first holds everything.
            if self.wanted.is_none() {
                let full = full || self.durable.is_none();
                real.begin_checkpoint(full);
                self.wanted = Some((full, entries(&self.state)));
            }
        }

        fn pieces(&mut self, real: &mut TimedState<String, u64>, budget: usize) -> Result<(), TestCaseError> {
            let mut pieces = Vec::new();
            let done = real.pieces(budget, &mut pieces);
            prop_assert!(
                self.wanted.is_some() || (done && pieces.is_empty()),
                "pieces of no checkpoint: {pieces:?}"
            );
            self.written.append(&mut pieces);
            let Some((full, wanted)) = self.wanted.take_if(|_| done) else { return Ok(()) };
            let mut durable = self.durable.take().filter(|_| !full).unwrap_or_default();
            for Piece { group, key, sub_key, value } in self.written.drain(..) {
                prop_assert_eq!(group, key_group(&key).0);
                match value {
                    Some(value) => durable.insert((key, sub_key), value),
                    None => durable.remove(&(key, sub_key)),
                };
            }
            prop_assert_eq!(&durable, &wanted);
            self.durable = Some(durable);
            Ok(())
        }

        fn crash(&mut self) -> TimedState<String, u64> {
            let mut real = TimedState::new();
            (self.wanted, self.state) = (None, BTreeMap::new());
            self.written.clear();
            for ((key, at), value) in self.durable.iter().flatten() {
                real.load(key, at, value).unwrap();
                let at = i64::from_be_bytes(at.as_slice().try_into().unwrap());
                let key = String::from_utf8(key.clone()).unwrap();
                self.state.insert((at, key), postcard::from_bytes(value).unwrap());
            }
            real
        }

        fn remove(&mut self, real: &mut TimedState<String, u64>) -> Result<(), TestCaseError> {
            let first = real.first();
            prop_assert_eq!(first, self.state.keys().next().map(|(at, _)| Timestamp::from_millis(*at)));
            let Some(first) = first else { return Ok(()) };
            let mut removed = real.remove(first);
            removed.sort();
            let later = self.state.split_off(&(first.millis() + 1, String::new()));
            let expected = std::mem::replace(&mut self.state, later);
            prop_assert_eq!(
                removed,
                expected.into_iter().map(|((_, key), value)| (key, value)).collect::<Vec<_>>()
            );
            Ok(())
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn a_complete_checkpoint_holds_the_state_as_of_its_beginning(steps in prop::collection::vec(step(), 1..80)) {
            let (mut real, mut model) = (TimedState::<String, u64>::new(), Model::default());
            for step in steps {
                match step {
                    Step::Merge { at, key, value } => {
                        real.merge(Timestamp::from_millis(at), &key, value, |kept, value| *kept += value);
                        *model.state.entry((at, key)).or_insert(0) += value;
                    }
                    Step::Remove => model.remove(&mut real)?,
                    Step::Begin { full } => model.begin(&mut real, full),
                    Step::Pieces { budget } => model.pieces(&mut real, budget)?,
                    Step::Crash => real = model.crash(),
                }
                prop_assert_eq!(real.len(), model.state.len());
            }
            model.pieces(&mut real, usize::MAX)?;
            model.begin(&mut real, false);
            model.pieces(&mut real, usize::MAX)?;
            prop_assert_eq!(model.durable, Some(entries(&model.state)));
        }
    }

    #[test]
    fn a_changes_checkpoint_costs_what_changed() {
        let mut state = TimedState::<u64, u64>::new();
        let at = Timestamp::from_millis(0);
        (0..1000).for_each(|key| state.merge(at, &key, 1, |_, _| ()));
        let mut pieces = Vec::new();
        state.begin_checkpoint(true);
        assert!(!state.pieces(1, &mut pieces), "a small budget is no more than begun");
        assert_eq!(pieces.len(), 1000_usize.div_ceil(PIECES_EPOCHS), "and no less than its share");
        assert!(state.pieces(usize::MAX, &mut pieces));
        assert_eq!(pieces.len(), 1000);
        pieces.clear();
        state.merge(at, &7, 1, |kept, value| *kept += value);
        state.begin_checkpoint(false);
        assert!(state.pieces(usize::MAX, &mut pieces));
        assert_eq!(pieces.len(), 1);
    }

    #[test]
    fn an_entry_that_cannot_be_read_back_says_why() {
        let mut state = TimedState::<u64, u64>::new();
        let (key, at) = (7_u64.to_be_bytes(), 0_i64.to_be_bytes());
        let reason = |loaded: Result<(), String>| loaded.unwrap_err();
        assert!(reason(state.load(&key[1..], &at, &[1])).starts_with("its key cannot be decoded: "));
        assert_eq!(reason(state.load(&key, &at[1..], &[1])), "its sub-key is not eight bytes long");
        assert!(reason(state.load(&key, &at, &[])).starts_with("its value cannot be decoded: "));
        assert_eq!(state.len(), 0);
    }
}
