//! What the journal knows of writers: which incarnation of each counts, and how far it has come.
//!
//! ```text
//! writer "sensor-7" of a topic   | id, epoch | next 12 | the last batches: 5..9 at .., 9..12 at .. | last used |
//! ```

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Place;

use crate::codec::{Malformed, Put, Reader};
use crate::ids::{Offset, PartitionId, ProducerEpoch, ProducerId, TopicId};

/// So many of a writer's last batches are remembered with their places, as in Kafka.
const REMEMBERED: usize = 5;

/// Where records came to lie that were appended to a partition together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The partition.
    pub partition: PartitionId,
    /// The offset of the first of them.
    pub first: Offset,
    /// The offset after the last of them.
    pub end: Offset,
}

/// Whose records a batch has, and which of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sequenced {
    pub(crate) topic: TopicId,
    pub(crate) name: String,
    pub(crate) id: ProducerId,
    pub(crate) epoch: ProducerEpoch,
    /// The first sequence of the batch, and the one after its last.
    pub(crate) first: u64,
    pub(crate) end: u64,
}

/// A writer was opened; those that nobody used since `forget_before_ms` are forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WriterOpened {
    pub(crate) topic: TopicId,
    pub(crate) name: String,
    pub(crate) id: ProducerId,
    pub(crate) epoch: ProducerEpoch,
    pub(crate) now_ms: i64,
    pub(crate) forget_before_ms: i64,
}

/// A batch of a writer's is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WriterMoved {
    pub(crate) batch: Sequenced,
    pub(crate) now_ms: i64,
    pub(crate) places: Vec<Appended>,
}

/// All writers of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WriterTable {
    writers: BTreeMap<(TopicId, String), WriterState>,
}

/// A writer of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WriterState {
    pub(crate) id: ProducerId,
    pub(crate) epoch: ProducerEpoch,
    /// All sequences before it are in the log.
    pub(crate) next: u64,
    used_ms: i64,
    recent: Vec<RecentBatch>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct RecentBatch {
    first: u64,
    end: u64,
    places: Vec<Appended>,
}

impl WriterTable {
    pub(crate) fn get(&self, topic: TopicId, name: &str) -> Option<&WriterState> {
        self.writers.get(&(topic, name.to_owned()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.writers.is_empty()
    }

    /// Doing it again changes nothing.
    pub(crate) fn open(&mut self, opened: &WriterOpened) {
        let WriterOpened { id, epoch, now_ms, .. } = *opened;
        match self.writers.entry((opened.topic, opened.name.clone())) {
            Place::Occupied(mut known) => {
                let known = known.get_mut();
                (known.id, known.epoch) = (id, epoch);
                known.used_ms = known.used_ms.max(now_ms);
            }
            Place::Vacant(place) => {
                place.insert(WriterState { id, epoch, next: 0, used_ms: now_ms, recent: Vec::new() });
            }
        }
        self.writers.retain(|(topic, name), state| {
            state.used_ms >= opened.forget_before_ms || (*topic == opened.topic && *name == opened.name)
        });
    }

    /// Doing it again changes nothing.
    pub(crate) fn advance(&mut self, moved: &WriterMoved) {
        let Sequenced { first, end, .. } = moved.batch;
        let key = (moved.batch.topic, moved.batch.name.clone());
        let Some(state) = self.writers.get_mut(&key).filter(|state| state.next == first) else { return };
        (state.next, state.used_ms) = (end, state.used_ms.max(moved.now_ms));
        if state.recent.len() == REMEMBERED {
            state.recent.remove(0);
        }
        state.recent.push(RecentBatch { first, end, places: moved.places.clone() });
    }

    pub(crate) fn forget_topic(&mut self, topic: TopicId) {
        self.writers.retain(|(of, _), _| *of != topic);
    }

    /// Those of the topics that there are.
    pub(crate) fn of_topics(&self, exists: impl Fn(TopicId) -> bool) -> WriterTable {
        let mut table = self.clone();
        table.writers.retain(|(topic, _), _| exists(*topic));
        table
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.put_count(self.writers.len());
        for ((topic, name), state) in &self.writers {
            out.put_u64(topic.0);
            out.put_bytes(name.as_bytes());
            out.put_i64(state.id.0);
            out.put_i16(state.epoch.0);
            out.put_u64(state.next);
            out.put_i64(state.used_ms);
            out.put_count(state.recent.len());
            for batch in &state.recent {
                out.put_u64(batch.first);
                out.put_u64(batch.end);
                encode_places(&batch.places, out);
            }
        }
    }

    pub(super) fn decode(from: &mut Reader<'_>) -> Result<WriterTable, Malformed> {
        let mut table = WriterTable::default();
        for _ in 0..from.u32()? {
            let key = (TopicId(from.u64()?), from.string()?);
            let (id, epoch) = (ProducerId(from.i64()?), ProducerEpoch(from.i16()?));
            let (next, used_ms) = (from.u64()?, from.i64()?);
            let recent = (0..from.u32()?).map(|_| {
                Ok(RecentBatch { first: from.u64()?, end: from.u64()?, places: decode_places(from)? })
            });
            let recent = recent.collect::<Result<_, Malformed>>()?;
            table.writers.insert(key, WriterState { id, epoch, next, used_ms, recent });
        }
        Ok(table)
    }
}

impl WriterState {
    /// Where a batch with just these sequences lies, if it is one of the last.
    pub(crate) fn places_of(&self, first: u64, end: u64) -> Option<&[Appended]> {
        let batch = self.recent.iter().find(|batch| (batch.first, batch.end) == (first, end))?;
        Some(&batch.places)
    }
}

impl Sequenced {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.put_u64(self.topic.0);
        out.put_bytes(self.name.as_bytes());
        out.put_i64(self.id.0);
        out.put_i16(self.epoch.0);
        out.put_u64(self.first);
        out.put_u64(self.end);
    }

    pub(crate) fn decode(from: &mut Reader<'_>) -> Result<Sequenced, Malformed> {
        Ok(Sequenced {
            topic: TopicId(from.u64()?),
            name: from.string()?,
            id: ProducerId(from.i64()?),
            epoch: ProducerEpoch(from.i16()?),
            first: from.u64()?,
            end: from.u64()?,
        })
    }
}

impl WriterOpened {
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.put_u64(self.topic.0);
        out.put_bytes(self.name.as_bytes());
        out.put_i64(self.id.0);
        out.put_i16(self.epoch.0);
        out.put_i64(self.now_ms);
        out.put_i64(self.forget_before_ms);
    }

    pub(super) fn decode(from: &mut Reader<'_>) -> Result<WriterOpened, Malformed> {
        Ok(WriterOpened {
            topic: TopicId(from.u64()?),
            name: from.string()?,
            id: ProducerId(from.i64()?),
            epoch: ProducerEpoch(from.i16()?),
            now_ms: from.i64()?,
            forget_before_ms: from.i64()?,
        })
    }
}

impl WriterMoved {
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        self.batch.encode(out);
        out.put_i64(self.now_ms);
        encode_places(&self.places, out);
    }

    pub(super) fn decode(from: &mut Reader<'_>) -> Result<WriterMoved, Malformed> {
        let batch = Sequenced::decode(from)?;
        Ok(WriterMoved { batch, now_ms: from.i64()?, places: decode_places(from)? })
    }
}

fn encode_places(places: &[Appended], out: &mut Vec<u8>) {
    out.put_count(places.len());
    for place in places {
        out.put_u32(place.partition.0);
        out.put_u64(place.first.0);
        out.put_u64(place.end.0);
    }
}

fn decode_places(from: &mut Reader<'_>) -> Result<Vec<Appended>, Malformed> {
    let place = |from: &mut Reader<'_>| {
        Ok(Appended {
            partition: PartitionId(from.u32()?),
            first: Offset(from.u64()?),
            end: Offset(from.u64()?),
        })
    };
    (0..from.u32()?).map(|_| place(from)).collect()
}
