//! Which entries are due at which instant: an index of the whole table, derived from its entries.

use std::collections::BTreeMap;

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
#[derive(Debug, Default)]
struct Due {
    /// Some of them may be gone, and some may stand here twice.
    slots: Vec<SlotOfGroup>,
    /// How many entries there really are.
    entries: usize,
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
        let due = self.due.entry(at).or_default();
        due.slots.push(slot);
        due.entries += 1;
    }

    /// An entry is not due at that instant any more; `is_due` tells of the others whether they are.
    pub(super) fn remove(&mut self, at: Timestamp, is_due: impl Fn(SlotOfGroup) -> bool) {
        let Some(due) = self.due.get_mut(&at) else { return };
        due.entries -= 1;
        if due.entries == 0 {
            self.due.remove(&at);
        } else if due.slots.len() > TIDY_FROM.max(2 * due.entries) {
            due.slots.sort_unstable();
            due.slots.dedup();
            due.slots.retain(|slot| is_due(*slot));
        }
    }

    /// The earliest instant at which something is due.
    pub(super) fn first(&self) -> Option<Timestamp> {
        self.due.keys().next().copied()
    }

    /// Takes an instant's slots, some of which may not be due then, or stand there twice.
    pub(super) fn take(&mut self, at: Timestamp) -> Vec<SlotOfGroup> {
        self.due.remove(&at).map_or_else(Vec::new, |due| due.slots)
    }
}
