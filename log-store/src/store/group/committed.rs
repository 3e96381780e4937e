//! What groups have committed: records of the topic `__consumer_offsets`, of which the last for each partition counts.
//!
//! Every process reads them from the log, its own view going on where it stands. So they are as durable as other records, visible in the
//! same instant as whatever was committed with them, and there after a crash without a word in the journal.
//!
//! ```text
//! | 0 g/t0 7 | 1 g/t0 9 | 2 h/t0 4 | 3 g/t0 12 | 4 g/t0 12, at 3 | 5 h/t0 4, at 2 | 6 g/t0 15 |
//!                                       ▲         └─ copies of what counted at 3 ─┘
//!                     log start, once they are durable: nothing that counts lies before
//! ```
//!
//! When there are many more records than offsets, the owner writes copies of those that count, and gives up what was there before. Others
//! may commit meanwhile: a copy has the offset of its original, and the greater one counts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::config::TopicConfig;
use crate::error::{Error, Result};
use crate::group::{Committed, OffsetEntry, OffsetKey, OffsetRecord, Place};
use crate::ids::{Offset, TopicId};
use crate::record::RecordsBuilder;

use super::super::{Partition, StoreInner, Topic};

/// The topic of the committed offsets.
pub(in crate::store) const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// Its segments are small, so that what is given up gives its space back.
const SEGMENT_BYTES: u64 = 4 << 20;

/// The topic may have this many records for each offset that counts, and a number besides: the second constant, or as many as go into a
/// segment, if that is fewer. Beyond that, copies are written of what counts, and what was there before is given up.
const RECORDS_AN_OFFSET: u64 = 4;
const RECORDS_BESIDES: u64 = 4096;

/// About what a record of an offset takes, in bytes.
const RECORD_BYTES: u64 = 128;

/// About so much is copied in one append.
const COPIED_BYTES: usize = 256 << 10;

/// What a store has read of the committed offsets.
#[derive(Default)]
pub(in crate::store) struct CommittedOffsets {
    view: Mutex<View>,
    /// Held while copies are written.
    thinning: Mutex<()>,
}

#[derive(Default)]
struct View {
    /// Of which topic it is.
    topic: Option<TopicId>,
    /// Records before it are in.
    next: Offset,
    /// By group and partition. An offset that was taken away is kept, since a copy of it may follow.
    entries: BTreeMap<String, BTreeMap<Place, Entry>>,
}

struct Entry {
    at: Offset,
    topic_name: String,
    committed: Option<Committed>,
}

impl StoreInner {
    /// What a group has committed, of topics that there are.
    pub(in crate::store) fn committed(self: &Arc<Self>, group: &str) -> Result<BTreeMap<Place, Committed>> {
        let view = self.view()?;
        let of_group = view.entries.get(group).into_iter().flatten();
        let live = of_group.filter_map(|(place, entry)| Some((*place, entry.committed.clone()?)));
        let live: BTreeMap<_, _> = live.collect();
        drop(view);
        let catalog = self.catalog();
        Ok(live.into_iter().filter(|((topic, _), _)| catalog.topics.contains_key(topic)).collect())
    }

    /// The groups that have committed offsets.
    pub(in crate::store) fn groups_with_offsets(self: &Arc<Self>) -> Result<Vec<String>> {
        let view = self.view()?;
        let has = |entries: &BTreeMap<Place, Entry>| entries.values().any(|entry| entry.committed.is_some());
        Ok(view.entries.iter().filter(|(_, entries)| has(entries)).map(|(group, _)| group.clone()).collect())
    }

    /// All offsets of a group, as they are to be taken away: also those of topics that are gone.
    pub(in crate::store) fn all_taken_away(self: &Arc<Self>, group: &str) -> Result<Vec<OffsetEntry>> {
        let view = self.view()?;
        let of_group = view.entries.get(group).into_iter().flatten();
        let live = of_group.filter(|(_, entry)| entry.committed.is_some());
        let taken = live.map(|(place, entry)| OffsetEntry {
            place: *place,
            topic_name: entry.topic_name.clone(),
            committed: None,
        });
        Ok(taken.collect())
    }

    /// Writes what counts anew if it is little of what there is. What fails here is tried again after a later commit.
    pub(in crate::store) fn thin_offsets(self: &Arc<Self>, partition: &Partition) {
        let Ok(_thinning) = self.offsets.thinning.try_lock() else { return };
        let records = partition.last_stable_offset().0 - partition.log_start_offset().0;
        let besides = RECORDS_BESIDES.min(self.config.segment_bytes / RECORD_BYTES);
        if records <= besides {
            return;
        }
        let Ok(view) = self.view() else { return };
        let count: usize = view.entries.values().map(BTreeMap::len).sum();
        if records <= besides + RECORDS_AN_OFFSET * count as u64 {
            return;
        }
        let (copies, up_to) = (self.copies(&view), view.next);
        drop(view);
        let appended =
            copies.into_iter().try_for_each(|records| partition.append_own(records, None).map(drop));
        if appended.is_ok() && partition.delete_records_before(up_to).is_ok() {
            // Of what was taken away before, no copy is left.
            let mut view = self.offsets.view.lock().unwrap_or_else(PoisonError::into_inner);
            for entries in view.entries.values_mut() {
                entries.retain(|_, entry| entry.committed.is_some() || entry.at >= up_to);
            }
            view.entries.retain(|_, entries| !entries.is_empty());
        }
    }

    /// Copies of what counts, of topics that there are.
    fn copies(&self, view: &View) -> Vec<RecordsBuilder> {
        let (mut copies, mut records) = (Vec::new(), RecordsBuilder::new());
        let now_ms = self.config.clock.now_ms();
        let catalog = self.catalog();
        for (group, entries) in &view.entries {
            for (place, entry) in entries {
                let Some(committed) = &entry.committed else { continue };
                if !catalog.topics.contains_key(&place.0) {
                    continue;
                }
                let (place, topic_name) = (*place, entry.topic_name.clone());
                let copied = OffsetEntry { place, topic_name, committed: Some(committed.clone()) };
                OffsetRecord::push(&mut records, now_ms, group, &copied, Some(entry.at));
                if records.bytes() > COPIED_BYTES {
                    copies.push(std::mem::take(&mut records));
                }
            }
        }
        copies.push(records);
        copies
    }

    /// What is committed by now.
    fn view(self: &Arc<Self>) -> Result<MutexGuard<'_, View>> {
        let mut view = self.offsets.view.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match self.read_on(&mut view) {
                // What lay there was given up meanwhile: copies of what counted follow.
                Err(Error::OffsetOutOfRange { .. }) => *view = View::default(),
                read => return read.map(|()| view),
            }
        }
    }

    fn read_on(self: &Arc<Self>, view: &mut View) -> Result<()> {
        let Some(topic) = self.catalog().named(OFFSETS_TOPIC) else {
            *view = View::default();
            return Ok(());
        };
        let partition = Topic::new(self.clone(), topic.clone()).partition(0)?;
        if view.topic != Some(topic.id) {
            *view = View { topic: Some(topic.id), next: partition.log_start_offset(), ..View::default() };
        }
        let until = partition.last_stable_offset();
        if view.next >= until {
            return Ok(());
        }
        let mut scan = partition.scan(view.next, until);
        while let Some(record) = scan.next()? {
            // Nobody else writes there; what is none was not written by this log.
            if let Ok(record) = OffsetRecord::decode(&record) {
                view.apply(record);
            }
        }
        view.next = scan.next_offset();
        Ok(())
    }
}

impl View {
    fn apply(&mut self, record: OffsetRecord) {
        let OffsetRecord { key: OffsetKey { group, place }, topic_name, at, committed } = record;
        let of_group = self.entries.entry(group).or_default();
        if of_group.get(&place).is_none_or(|entry| entry.at <= at) {
            of_group.insert(place, Entry { at, topic_name, committed });
        }
    }
}

/// The partition that has the committed offsets, made if need be.
pub(super) fn partition_to_be(store: &Arc<StoreInner>) -> Result<Partition> {
    let known = store.catalog().named(OFFSETS_TOPIC);
    let topic = match known {
        Some(topic) => topic,
        None => {
            let segment_bytes = Some(SEGMENT_BYTES).filter(|bytes| *bytes < store.config.segment_bytes);
            let config = TopicConfig { internal: true, segment_bytes, ..TopicConfig::default() };
            match store.create_topic(OFFSETS_TOPIC, config) {
                Err(Error::TopicExists { .. }) => store.catalog().expect_named(OFFSETS_TOPIC)?,
                made => made?,
            }
        }
    };
    if !topic.is_internal() {
        let reason =
            "the log keeps the offsets of consumer groups in a topic of that name, and this one was made by \
                      somebody else; delete it, or do without groups in this directory"
                .to_owned();
        return Err(Error::InvalidTopic { name: OFFSETS_TOPIC.to_owned(), reason });
    }
    Topic::new(store.clone(), topic).partition(0)
}
