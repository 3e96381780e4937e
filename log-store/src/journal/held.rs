//! Entries that are written, and that readers do not see yet.
//!
//! ```text
//! journal    | a: fsync, topic 1 | b: os, topic 2 | c: os, topic 1 |
//! seen                             at once          after a, whose partition it shares
//! ```
//!
//! An early entry is seen as soon as it is written, unless an entry before it touches the same partition or topic and is not synced yet: then
//! it waits for that one. All other entries are seen when they are synced. So readers see what touches one partition in the order of the
//! journal. Entries of different partitions they may see in another order; the next head of the journal, which has all of them, is
//! therefore written only when none is held.

use std::collections::HashSet;

use crate::ids::{PartitionId, TopicId};
use crate::visible::{Publish, Touched};

/// What is written and not seen, in the order of the journal.
#[derive(Default)]
pub(super) struct Held {
    entries: Vec<One>,
    /// How many entries have been written in all.
    written: u64,
    /// What the entries touch, once it is asked for: a journal without early entries never does.
    touched: Option<AllTouched>,
}

struct One {
    number: u64,
    publish: Box<dyn Publish>,
}

/// What becomes of early entries.
#[derive(Default)]
pub(super) struct Early {
    /// To be seen now.
    pub(super) seen: Vec<Box<dyn Publish>>,
    /// The numbers of those that must wait for others.
    pub(super) behind: Vec<u64>,
}

impl Held {
    /// How many entries have been written in all: the number of the last one.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Takes entries that were written.
    pub(super) fn add(&mut self, written: impl IntoIterator<Item = Box<dyn Publish>>) -> Early {
        let mut early = Early::default();
        for publish in written {
            self.written += 1;
            self.add_one(One { number: self.written, publish }, &mut early);
        }
        early
    }

    fn add_one(&mut self, one: One, early: &mut Early) {
        if one.publish.is_early() {
            let held = &self.entries;
            let touched = self.touched.get_or_insert_with(|| AllTouched::of(held));
            if !touched.meets(&*one.publish) {
                early.seen.push(one.publish);
                return;
            }
            early.behind.push(one.number);
        }
        self.touched.iter_mut().for_each(|touched| touched.add(&*one.publish));
        self.entries.push(one);
    }

    /// All entries up to this number are durable: gives those that are to be seen now, early ones that waited for them among them.
    pub(super) fn synced(&mut self, upto: u64) -> Vec<Box<dyn Publish>> {
        let mut seen = Vec::with_capacity(self.entries.len());
        self.touched = None;
        for one in std::mem::take(&mut self.entries) {
            if one.number <= upto {
                seen.push(one.publish);
            } else {
                let mut early = Early::default();
                self.add_one(one, &mut early);
                seen.append(&mut early.seen);
            }
        }
        if self.entries.is_empty() {
            self.touched = None;
        }
        seen
    }

    /// The numbers of early entries that still wait for others.
    pub(super) fn behind(&self) -> impl Iterator<Item = u64> {
        self.entries.iter().filter(|one| one.publish.is_early()).map(|one| one.number)
    }
}

/// What entries touch, to ask of another whether it touches any of it.
#[derive(Default)]
struct AllTouched {
    whole: HashSet<TopicId>,
    any: HashSet<TopicId>,
    partitions: HashSet<(TopicId, PartitionId)>,
    buffer: Vec<Touched>,
}

impl AllTouched {
    fn of(entries: &[One]) -> AllTouched {
        let mut all = AllTouched::default();
        entries.iter().for_each(|one| all.add(&*one.publish));
        all
    }

    fn add(&mut self, publish: &dyn Publish) {
        publish.touch(&mut self.buffer);
        for Touched { topic, partition } in self.buffer.drain(..) {
            self.any.insert(topic);
            match partition {
                Some(partition) => self.partitions.insert((topic, partition)),
                None => self.whole.insert(topic),
            };
        }
    }

    fn meets(&mut self, publish: &dyn Publish) -> bool {
        if self.any.is_empty() {
            return false;
        }
        publish.touch(&mut self.buffer);
        let (whole, any, partitions) = (&self.whole, &self.any, &self.partitions);
        self.buffer.drain(..).fold(false, |meets, Touched { topic, partition }| {
            meets
                || whole.contains(&topic)
                || match partition {
                    Some(partition) => partitions.contains(&(topic, partition)),
                    None => any.contains(&topic),
                }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::visible::Step;

    /// Of a topic: a partition, or all of it.
    struct Entry {
        early: bool,
        touched: Vec<Touched>,
    }

    impl Publish for Entry {
        fn prepare(&mut self, _: Step) {}
        fn wake(&mut self) {}

        fn is_early(&self) -> bool {
            self.early
        }

        fn touch(&self, out: &mut Vec<Touched>) {
            out.extend_from_slice(&self.touched);
        }
    }

    fn entry(early: bool, touched: &[(u64, Option<u32>)]) -> Box<dyn Publish> {
        let touched = touched.iter().map(|(topic, partition)| Touched {
            topic: TopicId(*topic),
            partition: partition.map(PartitionId),
        });
        Box::new(Entry { early, touched: touched.collect() })
    }

    #[test]
    fn early_entries_are_seen_at_once_unless_they_touch_what_is_waited_for() {
        let mut held = Held::default();
        let first = held.add([
            entry(true, &[(1, Some(0))]),
            entry(false, &[(1, Some(0))]),
            entry(true, &[(1, Some(1))]),
            entry(true, &[(1, Some(0)), (2, Some(0))]),
            // Behind the one before it.
            entry(true, &[(2, Some(0))]),
        ]);
        assert_eq!((first.seen.len(), first.behind), (2, vec![4, 5]));
        let second =
            held.add([entry(false, &[(3, None)]), entry(true, &[(3, Some(7))]), entry(true, &[(4, None)])]);
        assert_eq!((second.seen.len(), second.behind), (1, vec![7]));
        let third = held.add([entry(true, &[(1, None)])]);
        assert_eq!((third.seen.len(), third.behind), (0, vec![9]));
        // Entry 2 is durable, and those behind it are seen with it, but for the one that waits for another.
        assert_eq!(held.synced(2).len(), 4);
        assert_eq!(held.behind().collect::<Vec<_>>(), [7]);
        assert_eq!(held.synced(6).len(), 2);
        assert_eq!(held.written(), 9);
        assert!(held.touched.is_none() && held.entries.is_empty());
        assert_eq!(held.add([entry(true, &[(3, Some(7))])]).seen.len(), 1);
    }
}
