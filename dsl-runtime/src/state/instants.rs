//! Which entries are due at which instant: an index of the whole table, derived from its entries.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::time::Timestamp;

/// A slot of some key group; five bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SlotOfGroup {
    pub(super) group: u8,
    slot: [u8; 4],
}

impl SlotOfGroup {
    pub(super) fn new(group: u8, slot: u32) -> Self {
        SlotOfGroup { group, slot: slot.to_be_bytes() }
    }

    pub(super) fn slot(self) -> u32 {
        u32::from_be_bytes(self.slot)
    }
}

/// The entries that are due at an instant.
#[derive(Debug)]
enum Due {
    /// Rows mostly have a millisecond of their own.
    One(SlotOfGroup),
    Several {
        /// Some of them may be gone, and some may stand here twice.
        slots: Vec<SlotOfGroup>,
        /// How many entries there really are.
        entries: usize,
    },
}

/// Slots by the instant at which their entries are due.
///
/// Removing an entry only counts it off: whoever takes an instant's slots asks each entry for its instant. Once most slots of
/// an instant are of no use they are dropped.
#[derive(Debug, Default)]
pub(super) struct Instants {
    due: BTreeMap<Timestamp, Due>,
}

/// Below that many slots of an instant nothing is tidied up.
const TIDY_FROM: usize = 64;

impl Instants {
    pub(super) fn insert(&mut self, at: Timestamp, slot: SlotOfGroup) {
        match self.due.entry(at) {
            Entry::Vacant(none) => {
                none.insert(Due::One(slot));
            }
            Entry::Occupied(due) => match due.into_mut() {
                Due::Several { slots, entries } => {
                    slots.push(slot);
                    *entries += 1;
                }
                due @ &mut Due::One(other) => *due = Due::Several { slots: vec![other, slot], entries: 2 },
            },
        }
    }

    /// An entry is not due at that instant any more; `is_due` tells of the others whether they are.
    pub(super) fn remove(&mut self, at: Timestamp, is_due: impl Fn(SlotOfGroup) -> bool) {
        match self.due.get_mut(&at) {
            None => {}
            Some(Due::One(_) | Due::Several { entries: 1, .. }) => {
                self.due.remove(&at);
            }
            Some(Due::Several { slots, entries }) => {
                *entries -= 1;
                if slots.len() > TIDY_FROM.max(2 * *entries) {
                    slots.sort_unstable();
                    slots.dedup();
                    slots.retain(|slot| is_due(*slot));
                }
            }
        }
    }

    /// The earliest instant at which something is due.
    pub(super) fn first(&self) -> Option<Timestamp> {
        self.due.keys().next().copied()
    }

    /// Takes an instant's slots, group after group and slot after slot. Some may not be due then, or stand there twice.
    pub(super) fn take(&mut self, at: Timestamp) -> impl Iterator<Item = SlotOfGroup> + use<> {
        let (one, mut several) = match self.due.remove(&at) {
            None => (None, Vec::new()),
            Some(Due::One(slot)) => (Some(slot), Vec::new()),
            Some(Due::Several { slots, .. }) => (None, slots),
        };
        several.sort_unstable();
        one.into_iter().chain(several)
    }
}
