//! The one way into the log: write behind the ends of some partitions, then one entry of the journal.

use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use crate::config::Durability;
use crate::error::Result;
use crate::ids::Offset;
use crate::journal::{Appended, Commit, Entry, Part, Property, Sequenced, Ticket, WriterMoved};
use crate::partition::{PartitionCore, Producing, Staged, Tail, Writer, sync_together};
use crate::record::{Marker, RecordsBuilder};
use crate::remote::{Condition, RequestId, WrittenRange, tell_tail};
use crate::visible::{Publish, Step, Touched};

use super::answers::Kept;
use super::catalog::Catalog;
use super::topic::{PropertySet, TopicCore};
use super::writers::WriterKept;
use super::{Producer, StoreInner};

/// Records for a partition.
pub(super) struct Item {
    pub(super) core: Arc<PartitionCore>,
    pub(super) records: RecordsBuilder,
}

/// A property that changes with the records.
pub(super) struct PropertyChange {
    pub(super) core: Arc<TopicCore>,
    pub(super) name: String,
    pub(super) value: Vec<u8>,
    pub(super) condition: Condition,
}

/// A request of another process that must not be done twice.
pub(super) struct Requested {
    pub(super) id: RequestId,
    /// For each partition, in their order, the first offset of what was written for it before, if any was.
    pub(super) written_from: Vec<Option<Offset>>,
}

impl Requested {
    /// What it is answered.
    fn answer(&self, ranges: &[WrittenRange]) -> Vec<WrittenRange> {
        whole(ranges.to_vec(), &self.written_from)
    }
}

/// Ranges that begin where what was written for them before does: for each, in their order, its first offset, if any was.
pub(super) fn whole(mut ranges: Vec<WrittenRange>, written_from: &[Option<Offset>]) -> Vec<WrittenRange> {
    for (range, from) in ranges.iter_mut().zip(written_from) {
        range.base = from.unwrap_or(range.base);
    }
    ranges
}

/// On whose behalf something is written, and what must come of it.
#[derive(Clone, Copy)]
pub(super) struct How<'a> {
    pub(super) producing: Producing,
    /// Ends the transaction.
    pub(super) marker: Option<Marker>,
    /// Done once for another process.
    pub(super) requested: Option<&'a Requested>,
    /// Done once for a writer.
    pub(super) batch: Option<&'a Sequenced>,
    /// Whose transaction is committed, unless the producer was opened again.
    pub(super) producer: Option<&'a Producer>,
}

impl<'a> How<'a> {
    /// Outside of a transaction.
    pub(super) fn plain(requested: Option<&'a Requested>) -> How<'a> {
        How { producing: Producing::Plain, marker: None, requested, batch: None, producer: None }
    }

    /// As a batch of a writer's.
    pub(super) fn batch(batch: &'a Sequenced) -> How<'a> {
        let producing = Producing::Writer(batch.id, batch.epoch);
        How { producing, marker: None, requested: None, batch: Some(batch), producer: None }
    }

    /// At the end of a transaction.
    pub(super) fn ending(producing: Producing, marker: Marker) -> How<'static> {
        How { producing, marker: Some(marker), requested: None, batch: None, producer: None }
    }

    /// Whether the catalog takes note of it.
    pub(super) fn is_noted(&self) -> bool {
        self.requested.is_some() || self.batch.is_some() || self.producer.is_some()
    }
}

/// What is waited for before something written is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Promise {
    /// That it is on disk, and then seen.
    #[default]
    Durable,
    /// That it is written; it is on disk, and seen, within this time.
    Written(Duration),
    /// That it is written and seen.
    Seen,
}

impl Promise {
    /// The strongest of those that the topics of these partitions make; properties are durable.
    pub(super) fn of(cores: &[Arc<PartitionCore>], changes: &[PropertyChange]) -> Promise {
        let settings = || cores.iter().map(|core| core.settings());
        // Properties are durable when they are acknowledged, whatever their topic says of records.
        if cores.is_empty()
            || !changes.is_empty()
            || settings().any(|settings| settings.durability == Durability::Fsync)
        {
            return Promise::Durable;
        }
        let interval = settings().filter(|settings| settings.durability == Durability::Interval);
        interval.map(|settings| settings.flush).min().map_or(Promise::Seen, Promise::Written)
    }
}

impl StoreInner {
    /// Appends to partitions, each at most once, in one atomic and durable step; with a marker, the
    /// transaction ends in all of them. Properties change in the same step. On an error nothing was appended,
    /// unless the store has failed.
    pub(super) fn write(
        self: &Arc<Self>,
        mut items: Vec<Item>,
        changes: Vec<PropertyChange>,
        how: How<'_>,
    ) -> Result<Vec<WrittenRange>> {
        if how.marker.is_none() {
            items.retain(|item| !item.records.is_empty());
        }
        if items.is_empty() && changes.is_empty() && how.batch.is_none() {
            return Ok(Vec::new());
        }
        // In one order, so that two that write to the same partitions do not wait for each other.
        items.sort_by_key(|item| item.core.key());
        let cores: Vec<_> = items.iter().map(|item| item.core.clone()).collect();
        // Before the lock: what a large transaction wrote may take long to sync.
        let uncovered: Vec<_> = cores.iter().filter(|core| core.is_uncovered()).cloned().collect();
        sync_together(&uncovered, self.config.sync_threads, PartitionCore::sync_uncovered)?;
        let mut writers: Vec<_> = cores.iter().map(|core| core.lock_writer()).collect();
        if how.marker == Some(Marker::Abort) && !writers.iter().all(|writer| writer.has_open(how.producing)) {
            // Somebody else has aborted it in some of them: what is open there now, if anything, is another transaction.
            let open = writers.iter().map(|writer| writer.has_open(how.producing));
            let open: Vec<_> =
                items.into_iter().zip(open).filter_map(|(item, is_open)| is_open.then_some(item)).collect();
            drop(writers);
            return self.write(open, changes, how);
        }
        let own = self.own();
        own.journal.check()?;
        if let Some((ranges, ticket)) = self.written_before(how)? {
            drop(writers);
            own.journal.wait(ticket, &**self)?;
            return Ok(ranges);
        }
        let promise = Promise::of(&cores, &changes);
        let staged = self.stage_all(items, &mut writers, how)?;
        let (ranges, ticket) = self.enqueue_all(&cores, staged, writers, changes, (how, promise))?;
        match promise {
            Promise::Durable => own.journal.wait(ticket, &**self)?,
            Promise::Written(delay) => {
                own.journal.wait_written(ticket, &**self)?;
                own.flusher.flush_within(self, delay);
            }
            Promise::Seen => own.journal.wait_seen(ticket, &**self)?,
        }
        own.syncer.look_at(&cores);
        Ok(ranges)
    }

    /// Where a writer's batch lies that was written before, and the place in the journal with which it is durable.
    pub(super) fn written_before(&self, how: How<'_>) -> Result<Option<(Vec<WrittenRange>, Ticket)>> {
        how.batch.map_or(Ok(None), |batch| self.catalog().check_sequence(batch))
    }

    /// Writes all of it behind the partitions' ends, or nothing.
    fn stage_all(
        &self,
        items: Vec<Item>,
        writers: &mut [MutexGuard<'_, Writer>],
        how: How<'_>,
    ) -> Result<Vec<Staged>> {
        let marker = how.marker.map(|marker| (marker, self.config.clock.now_ms()));
        let mut staged: Vec<(Arc<PartitionCore>, Staged)> = Vec::with_capacity(items.len());
        for (item, writer) in items.into_iter().zip(writers) {
            let one = item.core.check_writable().and_then(|()| {
                // Recovery takes staged bytes only if all that lies before them is there. So what a large transaction
                // left unsynced goes first.
                item.core.sync_uncovered()?;
                item.core.stage(writer, item.records, how.producing, marker)
            });
            match one {
                Ok(one) => staged.push((item.core, one)),
                Err(error) => {
                    staged.iter().for_each(|(core, one)| core.unstage(one));
                    return Err(error);
                }
            }
        }
        Ok(staged.into_iter().map(|(_, one)| one).collect())
    }

    /// Gives staged bytes and properties their place in the journal, unless a property is not what it must be, or a writer not where.
    fn enqueue_all(
        &self,
        cores: &[Arc<PartitionCore>],
        staged: Vec<Staged>,
        mut writers: Vec<MutexGuard<'_, Writer>>,
        changes: Vec<PropertyChange>,
        (how, promise): (How<'_>, Promise),
    ) -> Result<(Vec<WrittenRange>, Ticket)> {
        // From the check of the properties to their place in the journal nobody else may change them. The
        // catalog comes after the writers, as everywhere.
        let mut catalog = (!changes.is_empty() || how.is_noted()).then(|| self.catalog());
        if let Some(catalog) = &catalog {
            let checked = changes.iter().try_for_each(|change| catalog.check_property(change));
            let checked = checked.and_then(|()| how.producer.map_or(Ok(()), |one| catalog.check_epoch(one)));
            let checked =
                checked.and_then(|()| how.batch.map_or(Ok(None), |batch| catalog.check_sequence(batch)));
            match checked {
                Ok(None) => {}
                other => {
                    cores.iter().zip(&staged).for_each(|(core, one)| core.unstage(one));
                    return other.map(|before| before.expect("the other case was just above"));
                }
            }
        }
        let (ranges, parts, tails) = accept_all(cores, staged, &mut writers, how);
        let mut sets = Vec::with_capacity(changes.len());
        let mut properties = Vec::with_capacity(changes.len());
        for PropertyChange { core, name, value, .. } in changes {
            sets.push(PropertySet::new(core.clone(), &name, &value));
            properties.push(Property { topic: core.id, name, value });
        }
        let commit = Commit { parts, properties, writer: None };
        let publish = Advance { tails, promise, properties: sets, ..Advance::default() };
        let ticket = self.enqueue_commit(catalog.as_mut(), commit, publish, &ranges, how);
        // The writers are let go only now: a partition's entries are in the order of its offsets.
        Ok((ranges, ticket))
    }

    /// Gives a commit its place in the journal, with what the catalog notes of it; it is there if it is to.
    pub(super) fn enqueue_commit(
        &self,
        catalog: Option<&mut MutexGuard<'_, Catalog>>,
        mut commit: Commit,
        mut publish: Advance,
        ranges: &[WrittenRange],
        how: How<'_>,
    ) -> Ticket {
        let Some(catalog) = catalog else {
            return self.own().journal.enqueue(Entry::Commit(commit), Box::new(publish));
        };
        if let Some(requested) = how.requested {
            publish.answer = catalog.keep_answer(requested.id, requested.answer(ranges), &mut commit);
        }
        if let Some(producer) = how.producer {
            catalog.note_ended(producer);
        }
        if let Some(batch) = how.batch {
            let place = |range: &WrittenRange| Appended {
                partition: range.partition,
                first: range.base,
                end: range.end,
            };
            let (now_ms, places) = (self.config.clock.now_ms(), ranges.iter().map(place).collect());
            let moved = WriterMoved { batch: batch.clone(), now_ms, places };
            publish.writer = Some(catalog.writers.moved(&moved));
            commit.writer = Some(moved);
        }
        let ticket = self.enqueue(catalog, Entry::Commit(commit), Box::new(publish));
        if let Some(batch) = how.batch {
            catalog.writers.note(batch.topic, &batch.name, ticket);
        }
        ticket
    }
}

/// Lets everybody see a commit.
#[derive(Default)]
pub(super) struct Advance {
    pub(super) tails: Vec<(Arc<PartitionCore>, Tail)>,
    pub(super) promise: Promise,
    properties: Vec<PropertySet>,
    answer: Option<Kept>,
    writer: Option<WriterKept>,
}

impl Publish for Advance {
    fn tell(&self, out: &mut Vec<u8>) {
        for (core, tail) in &self.tails {
            tell_tail(out, core.key(), tail, core.has_told_aborted(&tail.aborted));
        }
        self.properties.iter().for_each(|property| property.tell(out));
    }

    fn prepare(&mut self, from: Step) {
        for (core, tail) in &mut self.tails {
            core.publish(from, std::mem::take(tail));
        }
        self.properties.iter_mut().for_each(|property| property.prepare(from));
        self.answer.iter_mut().for_each(|answer| answer.prepare(from));
        self.writer.iter_mut().for_each(|writer| writer.prepare(from));
    }

    fn wake(&mut self) {
        self.tails.iter().for_each(|(core, _)| core.wake());
    }

    fn is_early(&self) -> bool {
        self.promise == Promise::Seen
    }

    fn is_loose(&self) -> bool {
        self.promise != Promise::Durable
    }

    /// Answers are no matter of readers, and those in one slot come in any order.
    fn touch(&self, out: &mut Vec<Touched>) {
        out.extend(self.tails.iter().map(|(core, _)| {
            let (topic, partition) = core.key();
            Touched { topic, partition: Some(partition) }
        }));
        self.properties.iter().for_each(|property| property.touch(out));
        self.writer.iter().for_each(|writer| writer.touch(out));
    }
}

type Accepted = (Vec<WrittenRange>, Vec<Part>, Vec<(Arc<PartitionCore>, Tail)>);

/// Makes staged bytes the ends of their logs. Cannot fail.
fn accept_all(
    cores: &[Arc<PartitionCore>],
    staged: Vec<Staged>,
    writers: &mut [MutexGuard<'_, Writer>],
    how: How<'_>,
) -> Accepted {
    let mut ranges = Vec::with_capacity(cores.len());
    let mut parts = Vec::with_capacity(cores.len());
    let mut tails = Vec::with_capacity(cores.len());
    for ((core, one), writer) in cores.iter().zip(staged).zip(writers) {
        core.accept(writer, &one, how.producing, how.marker);
        let (topic, partition) = core.key();
        ranges.push(WrittenRange { topic, partition, base: one.base, end: one.data_end });
        parts.push(Part {
            topic,
            partition,
            segment: one.segment_base,
            position: one.position,
            base: one.base,
            end: one.end,
            bytes: one.bytes,
        });
        tails.push((core.clone(), writer.tail.clone()));
    }
    (ranges, parts, tails)
}
