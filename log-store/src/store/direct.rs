//! Appending more than the journal should carry: to the segments, synced, then an entry that says so.

use std::sync::{Arc, MutexGuard};

use crate::error::Result;
use crate::journal::{Commit, Part};
use crate::partition::{PartitionCore, Tail, Writer};
use crate::remote::WrittenRange;

use super::StoreInner;
use super::commit::{Advance, How, Item, Promise};

impl StoreInner {
    /// Appends to partitions, each at most once, in one atomic and durable step. On an error nothing was appended, unless the store
    /// has failed. There is no marker.
    pub(super) fn append_direct(
        self: &Arc<Self>,
        mut items: Vec<Item>,
        how: How<'_>,
    ) -> Result<Vec<WrittenRange>> {
        // In one order, so that two that write to the same partitions do not wait for each other.
        items.sort_by_key(|item| item.core.key());
        let cores: Vec<_> = items.iter().map(|item| item.core.clone()).collect();
        let mut writers: Vec<_> = cores.iter().map(|core| core.lock_writer()).collect();
        let before: Vec<Tail> = writers.iter().map(|writer| writer.tail.clone()).collect();
        if let Some((ranges, ticket)) = self.written_before(how)? {
            drop(writers);
            self.own().journal.wait(ticket, &**self)?;
            return Ok(ranges);
        }
        let undo = |writers: &mut [MutexGuard<'_, Writer>]| {
            for ((core, writer), before) in cores.iter().zip(writers).zip(&before) {
                core.undo_direct(writer, before.clone());
            }
        };
        if let Err(error) = self.write_all_direct(items, &mut writers, how) {
            undo(&mut writers);
            return Err(error);
        }
        let (mut ranges, mut commit) = (Vec::with_capacity(cores.len()), Commit::default());
        // What is synced anyway need not be synced a second time to be seen.
        let is_early = Promise::of(&cores, &[]) == Promise::Seen;
        let mut publish = Advance::default();
        publish.promise = if is_early { Promise::Seen } else { Promise::Durable };
        for ((core, writer), before) in cores.iter().zip(&writers).zip(&before) {
            let (tail, (topic, partition)) = (writer.tail.clone(), core.key());
            let (segment, position, end) = (tail.segment, tail.position, tail.end);
            commit.parts.push(Part {
                topic,
                partition,
                segment,
                position,
                base: end,
                end,
                bytes: Vec::new(),
            });
            ranges.push(WrittenRange { topic, partition, base: before.end, end });
            publish.tails.push((core.clone(), tail));
        }
        let mut catalog = how.is_noted().then(|| self.catalog());
        if let (Some(catalog), Some(batch)) = (&catalog, how.batch) {
            // Another may have been faster with the same, who had no lock in common.
            match catalog.check_sequence(batch) {
                Ok(None) => {}
                other => {
                    undo(&mut writers);
                    let (ranges, ticket) = other?.expect("the other case was just above");
                    drop(writers);
                    self.own().journal.wait(ticket, &**self)?;
                    return Ok(ranges);
                }
            }
        }
        let ticket = self.enqueue_commit(catalog.as_mut(), commit, publish, &ranges, how);
        drop((catalog, writers));
        let journal = &self.own().journal;
        if is_early {
            journal.wait_seen(ticket, &**self)?
        } else {
            journal.wait(ticket, &**self)?
        };
        Ok(ranges)
    }

    fn write_all_direct(
        &self,
        items: Vec<Item>,
        writers: &mut [MutexGuard<'_, Writer>],
        how: How<'_>,
    ) -> Result<()> {
        let cores: Vec<Arc<PartitionCore>> = items.iter().map(|item| item.core.clone()).collect();
        cores.iter().try_for_each(|core| core.check_writable())?;
        self.own().journal.check()?;
        for (item, writer) in items.into_iter().zip(writers) {
            item.core.write_direct(writer, item.records, how.producing)?;
        }
        cores.iter().try_for_each(|core| core.sync_uncovered())
    }
}
