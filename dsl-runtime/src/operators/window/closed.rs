//! Panes that close: what has come for them in the epoch with which they close, and what is still to be emitted of them.

use std::collections::VecDeque;

use hashbrown::HashMap;

use super::router::Partial;
use crate::key::Key;
use crate::time::Timestamp;

/// The entries of an epoch, by pane where that closes with the epoch.
///
/// An epoch of a log that is read from its beginning is as long as many panes, of which most begin and end in it: what has come for them need
/// be found by no key later, and so it is put into no table.
pub(super) struct Arrived<K, S> {
    /// Of each pane where its entries are; `None` of one that stays open.
    places: HashMap<Timestamp, Option<usize>>,
    /// The pane that the last entry was of: mostly the next one is of the same.
    last: Option<(Timestamp, Option<usize>)>,
    closing: Vec<(Timestamp, Entries<K, S>)>,
    staying: Vec<Entries<K, S>>,
}

/// Of panes: what a key has come to in each.
pub(super) type Entries<K, S> = Vec<Partial<K, Timestamp, S>>;

/// Entries by their pane, the earliest first.
pub(super) type ByPane<K, S> = VecDeque<(Timestamp, Entries<K, S>)>;

impl<K: Key, S> Arrived<K, S> {
    pub(super) fn new() -> Self {
        Arrived { places: HashMap::new(), last: None, closing: Vec::new(), staying: Vec::new() }
    }

    /// Takes some entries; `closes` says of a pane whether it closes with the epoch.
    pub(super) fn add(&mut self, entries: Entries<K, S>, closes: impl Fn(Timestamp) -> bool) {
        // Where epochs are short, or windows long, all stay where they are.
        if !entries.iter().any(|entry| self.place_of(entry.sub_key, &closes).is_some()) {
            return self.staying.push(entries);
        }
        let mut staying = Vec::new();
        for entry in entries {
            match self.place_of(entry.sub_key, &closes) {
                Some(at) => self.closing[at].1.push(entry),
                None => staying.push(entry),
            }
        }
        self.staying.push(staying);
    }

    #[inline]
    fn place_of(&mut self, pane: Timestamp, closes: impl Fn(Timestamp) -> bool) -> Option<usize> {
        if let Some((last, place)) = self.last
            && last == pane
        {
            return place;
        }
        let closing = &mut self.closing;
        let place = *self.places.entry(pane).or_insert_with(|| {
            closes(pane).then(|| {
                closing.push((pane, Vec::new()));
                closing.len() - 1
            })
        });
        self.last = Some((pane, place));
        place
    }

    /// The entries of panes that stay open, and those of the others, pane after pane.
    pub(super) fn into_parts(mut self) -> (Vec<Entries<K, S>>, ByPane<K, S>) {
        self.closing.sort_unstable_by_key(|(pane, _)| *pane);
        (self.staying, self.closing.into())
    }
}

/// Puts the entries of a pane in the order in which [`Closed`] has them, and those of one key into one by `merge`. Stops at its first error.
pub(super) fn merged<K: Key, S: Clone, E>(
    mut entries: Entries<K, S>,
    mut merge: impl FnMut(&K, &mut S, S) -> Result<(), E>,
) -> Result<Entries<K, S>, E> {
    entries.sort_unstable_by(last_first);
    let mut merged = Ok(());
    entries.dedup_by(|next, kept| {
        let is_same = next.key == kept.key;
        if is_same && merged.is_ok() {
            merged = merge(&kept.key, &mut kept.value, next.value.clone());
        }
        is_same
    });
    merged.map(|()| entries)
}

/// What has closed and is still to be emitted, of one pane after the other.
///
/// It may be as much as the state was, and takes its place: it lies in blocks as small as the state's chunks, which are filled as those are
/// given back, and are given back as rows are made of them. So many are put in order at a time.
pub(super) struct Closed<K, S> {
    panes: VecDeque<(Timestamp, Blocks<K, S>)>,
    /// Of the first pane: what leaves next, the last entry first.
    leaving: Entries<K, S>,
}

/// Blocks of entries, of [`BLOCK`] each but for the last.
pub(super) struct Blocks<K, S>(VecDeque<Entries<K, S>>);

const BLOCK: usize = 256;

/// So many entries are put in order at a time, about: few enough that they are little beside a large state, and many enough that what
/// merges the runs of rows has few of them.
const IN_ORDER: usize = 1 << 15;

impl<K, S> Default for Closed<K, S> {
    fn default() -> Self {
        Closed { panes: VecDeque::new(), leaving: Vec::new() }
    }
}

impl<K: Key, S> Closed<K, S> {
    /// The next entry to be emitted, with its pane.
    pub(super) fn next(&mut self) -> Option<Partial<K, Timestamp, S>> {
        while self.leaving.is_empty() {
            let (_, blocks) = self.panes.front_mut()?;
            // In the room of those that have left.
            self.leaving.reserve_exact(blocks.len().min(IN_ORDER));
            while self.leaving.len() + BLOCK <= IN_ORDER
                && let Some(block) = blocks.0.pop_front()
            {
                self.leaving.extend(block);
            }
            if blocks.0.is_empty() {
                self.panes.pop_front();
            }
            self.leaving.sort_unstable_by(last_first);
        }
        let next = self.leaving.pop();
        if self.is_empty() {
            self.leaving = Vec::new();
        }
        next
    }

    /// Adds a pane, which is later than those that are there.
    pub(super) fn push(&mut self, pane: Timestamp, entries: Blocks<K, S>) {
        self.panes.push_back((pane, entries));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.leaving.is_empty() && self.panes.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.leaving.len() + self.panes.iter().map(|(_, blocks)| blocks.len()).sum::<usize>()
    }
}

impl<K, S> Blocks<K, S> {
    pub(super) fn new() -> Self {
        Blocks(VecDeque::new())
    }

    /// All entries, in one block.
    pub(super) fn of(entries: Entries<K, S>) -> Self {
        Blocks([entries].into())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Partial<K, Timestamp, S>> {
        self.0.iter().flatten()
    }

    pub(super) fn push(&mut self, entry: Partial<K, Timestamp, S>) {
        if self.0.back().is_none_or(|last| last.len() == BLOCK) {
            let room = if self.0.is_empty() { 0 } else { BLOCK };
            self.0.push_back(Vec::with_capacity(room));
        }
        self.0.back_mut().expect("one was pushed if there was none").push(entry);
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }
}

/// The order in which what leaves is taken off its end: that of the key, turned around.
fn last_first<K: Key, S>(
    left: &Partial<K, Timestamp, S>,
    right: &Partial<K, Timestamp, S>,
) -> std::cmp::Ordering {
    right.key.cmp(&left.key)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::key::KeyGroup;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// Entries of few panes and keys, so that many are of one.
    fn entries() -> impl Strategy<Value = Vec<Partial<u8, Timestamp, u64>>> {
        let entry = (0..6_i64, 0..5_u8, 0..100_u64);
        let entry = entry.prop_map(|(pane, key, value)| Partial {
            group: KeyGroup(key),
            key,
            sub_key: at(pane),
            value,
        });
        prop::collection::vec(entry, 0..40)
    }

    type Sums = BTreeMap<(Timestamp, u8), u64>;

    fn sums<'e>(entries: impl IntoIterator<Item = &'e Partial<u8, Timestamp, u64>>) -> Sums {
        let mut sums = Sums::new();
        for entry in entries {
            *sums.entry((entry.sub_key, entry.key)).or_default() += entry.value;
        }
        sums
    }

    proptest! {
        #[test]
        fn what_has_come_is_merged_pane_after_pane_or_stays(packets in prop::collection::vec(entries(), 0..4), closing in any::<u8>()) {
            let closes = |pane: Timestamp| closing >> pane.millis() & 1 != 0;
            let (mut arrived, asked) = (Arrived::new(), RefCell::new(Vec::new()));
            for packet in &packets {
                arrived.add(packet.clone(), |pane| {
                    asked.borrow_mut().push(pane);
                    closes(pane)
                });
            }
            let mut asked = asked.into_inner();
            asked.sort_unstable();
            prop_assert!(asked.windows(2).all(|two| two[0] < two[1]), "of each pane once");
            let (staying, closing) = arrived.into_parts();
            prop_assert!(closing.iter().is_sorted_by_key(|(pane, _)| *pane));
            let mut found = sums(staying.iter().flatten());
            prop_assert!(staying.iter().flatten().all(|entry| !closes(entry.sub_key)));
            for (pane, entries) in closing {
                prop_assert!(closes(pane) && entries.iter().all(|entry| entry.sub_key == pane));
                let merged = merged(entries, |_, kept, value| {
                    *kept += value;
                    Ok::<_, ()>(())
                });
                let merged = merged.unwrap();
                prop_assert!(merged.is_sorted_by(|left, right| left.key > right.key), "one of each key, the last first");
                found.extend(sums(&merged));
            }
            prop_assert_eq!(found, sums(packets.iter().flatten()));
        }
    }

    #[test]
    fn the_first_error_of_merging_is_given() {
        let entry = |key| Partial { group: KeyGroup(0), key, sub_key: at(0), value: 0_u64 };
        let refused = merged([3, 7, 3, 5, 7_u8].map(entry).into(), |key, _, _| Err(*key));
        assert_eq!(refused, Err(7));
        let (one_each, mut asked) = ([3, 7, 5_u8].map(entry).into(), 0);
        let merged = merged(one_each, |_, _, _| {
            asked += 1;
            Err(())
        });
        assert_eq!((merged.unwrap().len(), asked), (3, 0));
    }
}
