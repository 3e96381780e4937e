//! What the journal records, and its bytes.

use crate::codec::{Malformed, Put, Reader};
use crate::config::{Durability, PARTITIONS_MAX, SETTINGS_PROPERTY, TopicConfig};
use crate::ids::{Offset, PartitionId, ProducerEpoch, ProducerId, TopicId};

use super::writers::{WriterMoved, WriterOpened};

/// The kind of the frame that every file begins with; its payload is an [`super::Image`].
pub(super) const HEAD_KIND: u8 = 0;
pub(super) const COMMIT_KIND: u8 = 1;
const CREATE_TOPIC_KIND: u8 = 2;
const DELETE_TOPIC_KIND: u8 = 3;
const PROPERTY_KIND: u8 = 4;
const PRODUCER_KIND: u8 = 5;
const PINS_KIND: u8 = 6;
const LOG_START_KIND: u8 = 7;
/// A commit that sets properties, too.
pub(super) const COMMIT_WITH_PROPERTIES_KIND: u8 = 8;
/// 9 is the kind of the frame in `journal/synced`.
const LOSSES_SEEN_KIND: u8 = 10;
const WRITER_OPENED_KIND: u8 = 40;
const PARTITIONS_ADDED_KIND: u8 = 70;
/// A commit with a writer's batch, which may set properties, too.
pub(super) const COMMIT_OF_WRITER_KIND: u8 = 41;

/// A change of the store, atomic and durable with its frame. Every one can be done again without harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Commit(Commit),
    CreateTopic {
        id: TopicId,
        name: String,
        config: TopicConfig,
    },
    DeleteTopic {
        id: TopicId,
    },
    Property(Property),
    Producer {
        name: String,
        id: ProducerId,
        epoch: ProducerEpoch,
    },
    Pins {
        owner: String,
        pins: Vec<Pin>,
    },
    LogStart {
        topic: TopicId,
        partition: PartitionId,
        offset: Offset,
    },
    /// Somebody has seen the possible losses that were found until then.
    LossesSeen {
        until_ms: i64,
    },
    WriterOpened(WriterOpened),
    /// A topic has so many partitions in all, unless it has more.
    PartitionsAdded {
        topic: TopicId,
        total: u32,
    },
}

/// Partitions end further on, and properties change and a writer moves with them: an append, or all of a transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Commit {
    pub(crate) parts: Vec<Part>,
    pub(crate) properties: Vec<Property>,
    pub(crate) writer: Option<WriterMoved>,
}

/// A topic keeps `value` under `name` from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Property {
    pub(crate) topic: TopicId,
    pub(crate) name: String,
    pub(crate) value: Vec<u8>,
}

/// What a commit adds to one partition. Everything before `position` is durable or in earlier entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) topic: TopicId,
    pub(crate) partition: PartitionId,
    /// The base offset of the segment.
    pub(crate) segment: Offset,
    /// Where the bytes go in the segment's file.
    pub(crate) position: u64,
    /// The offset of the first batch in `bytes`.
    pub(crate) base: Offset,
    /// The log end offset after them.
    pub(crate) end: Offset,
    pub(crate) bytes: Vec<u8>,
}

/// The lowest offset of a partition that somebody still needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pin {
    pub(crate) topic: TopicId,
    pub(crate) partition: PartitionId,
    pub(crate) offset: Offset,
}

impl Entry {
    pub(crate) fn kind(&self) -> u8 {
        match self {
            Entry::Commit(commit) if commit.writer.is_some() => COMMIT_OF_WRITER_KIND,
            Entry::Commit(commit) if commit.properties.is_empty() => COMMIT_KIND,
            Entry::Commit(_) => COMMIT_WITH_PROPERTIES_KIND,
            Entry::CreateTopic { .. } => CREATE_TOPIC_KIND,
            Entry::DeleteTopic { .. } => DELETE_TOPIC_KIND,
            Entry::Property(_) => PROPERTY_KIND,
            Entry::Producer { .. } => PRODUCER_KIND,
            Entry::Pins { .. } => PINS_KIND,
            Entry::LogStart { .. } => LOG_START_KIND,
            Entry::LossesSeen { .. } => LOSSES_SEEN_KIND,
            Entry::WriterOpened(_) => WRITER_OPENED_KIND,
            Entry::PartitionsAdded { .. } => PARTITIONS_ADDED_KIND,
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Entry::Commit(commit) => commit.encode(&mut out),
            Entry::CreateTopic { id, name, config } => {
                out.put_u64(id.0);
                out.put_bytes(name.as_bytes());
                encode_config(config, &mut out);
            }
            Entry::DeleteTopic { id } => out.put_u64(id.0),
            Entry::Property(property) => property.encode(&mut out),
            Entry::Producer { name, id, epoch } => {
                out.put_bytes(name.as_bytes());
                out.put_i64(id.0);
                out.put_i16(epoch.0);
            }
            Entry::Pins { owner, pins } => encode_pins(owner, pins, &mut out),
            Entry::LogStart { topic, partition, offset } => {
                out.put_u64(topic.0);
                out.put_u32(partition.0);
                out.put_u64(offset.0);
            }
            Entry::LossesSeen { until_ms } => out.put_i64(*until_ms),
            Entry::WriterOpened(opened) => opened.encode(&mut out),
            Entry::PartitionsAdded { topic, total } => {
                out.put_u64(topic.0);
                out.put_u32(*total);
            }
        }
        out
    }

    pub(crate) fn decode(kind: u8, payload: &[u8]) -> Result<Entry, Malformed> {
        let from = &mut Reader::new(payload);
        let entry = match kind {
            COMMIT_KIND => Entry::Commit(Commit { parts: decode_parts(from)?, ..Commit::default() }),
            COMMIT_WITH_PROPERTIES_KIND => {
                let properties = decode_properties(from)?;
                Entry::Commit(Commit { parts: decode_parts(from)?, properties, writer: None })
            }
            COMMIT_OF_WRITER_KIND => {
                let (writer, properties) = (WriterMoved::decode(from)?, decode_properties(from)?);
                Entry::Commit(Commit { parts: decode_parts(from)?, properties, writer: Some(writer) })
            }
            CREATE_TOPIC_KIND => Entry::CreateTopic {
                id: TopicId(from.u64()?),
                name: from.string()?,
                config: decode_config(from)?,
            },
            DELETE_TOPIC_KIND => Entry::DeleteTopic { id: TopicId(from.u64()?) },
            PROPERTY_KIND => Entry::Property(Property::decode(from)?),
            PRODUCER_KIND => Entry::Producer {
                name: from.string()?,
                id: ProducerId(from.i64()?),
                epoch: ProducerEpoch(from.i16()?),
            },
            PINS_KIND => {
                let (owner, pins) = decode_pins(from)?;
                Entry::Pins { owner, pins }
            }
            LOG_START_KIND => Entry::LogStart {
                topic: TopicId(from.u64()?),
                partition: PartitionId(from.u32()?),
                offset: Offset(from.u64()?),
            },
            LOSSES_SEEN_KIND => Entry::LossesSeen { until_ms: from.i64()? },
            WRITER_OPENED_KIND => Entry::WriterOpened(WriterOpened::decode(from)?),
            PARTITIONS_ADDED_KIND => {
                let (topic, total) = (TopicId(from.u64()?), from.u32()?);
                // Whoever reads it makes that many.
                if total > PARTITIONS_MAX {
                    return Err(Malformed);
                }
                Entry::PartitionsAdded { topic, total }
            }
            _ => return Err(Malformed),
        };
        from.end()?;
        Ok(entry)
    }
}

impl Commit {
    fn encode(&self, out: &mut Vec<u8>) {
        let bytes: usize = self.parts.iter().map(|part| part.bytes.len() + 48).sum();
        out.reserve(bytes + 4);
        self.writer.iter().for_each(|writer| writer.encode(out));
        if !self.properties.is_empty() || self.writer.is_some() {
            out.put_count(self.properties.len());
            self.properties.iter().for_each(|property| property.encode(out));
        }
        out.put_count(self.parts.len());
        self.parts.iter().for_each(|part| part.encode(out));
    }
}

fn decode_properties(from: &mut Reader<'_>) -> Result<Vec<Property>, Malformed> {
    (0..from.u32()?).map(|_| Property::decode(from)).collect()
}

fn decode_parts(from: &mut Reader<'_>) -> Result<Vec<Part>, Malformed> {
    (0..from.u32()?).map(|_| Part::decode(from)).collect()
}

impl Property {
    fn encode(&self, out: &mut Vec<u8>) {
        out.put_u64(self.topic.0);
        out.put_bytes(self.name.as_bytes());
        out.put_bytes(&self.value);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Property, Malformed> {
        Ok(Property { topic: TopicId(from.u64()?), name: from.string()?, value: from.bytes()?.to_vec() })
    }
}

impl Part {
    fn encode(&self, out: &mut Vec<u8>) {
        out.put_u64(self.topic.0);
        out.put_u32(self.partition.0);
        out.put_u64(self.segment.0);
        out.put_u64(self.position);
        out.put_u64(self.base.0);
        out.put_u64(self.end.0);
        out.put_bytes(&self.bytes);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Part, Malformed> {
        Ok(Part {
            topic: TopicId(from.u64()?),
            partition: PartitionId(from.u32()?),
            segment: Offset(from.u64()?),
            position: from.u64()?,
            base: Offset(from.u64()?),
            end: Offset(from.u64()?),
            bytes: from.bytes()?.to_vec(),
        })
    }
}

pub(crate) fn encode_config(config: &TopicConfig, out: &mut Vec<u8>) {
    out.put_u32(config.partitions);
    out.put_u8(match config.durability {
        Durability::Fsync => 0,
        // Told apart by the settings, which earlier versions keep as they find them.
        Durability::Interval | Durability::Os => 1,
    });
    out.put_u8(config.internal.into());
    out.put_u64(config.segment_bytes.unwrap_or(0));
    // What earlier versions had no place for is among the properties, which they keep as they find them.
    let settings = (!config.is_kept_of_old()).then(|| config.settings_text());
    out.put_count(config.properties.len() + usize::from(settings.is_some()));
    let settings = settings.iter().map(|text| (SETTINGS_PROPERTY, text.as_bytes()));
    let properties = config.properties.iter().map(|(name, value)| (&**name, &**value));
    for (name, value) in properties.chain(settings) {
        out.put_bytes(name.as_bytes());
        out.put_bytes(value);
    }
}

pub(crate) fn decode_config(from: &mut Reader<'_>) -> Result<TopicConfig, Malformed> {
    let partitions = from.u32()?;
    let durability = match from.u8()? {
        0 => Durability::Fsync,
        1 => Durability::Interval,
        _ => return Err(Malformed),
    };
    let internal = from.u8()? != 0;
    let segment_bytes = Some(from.u64()?).filter(|bytes| *bytes != 0);
    let mut config =
        TopicConfig { partitions, durability, segment_bytes, internal, ..TopicConfig::default() };
    for _ in 0..from.u32()? {
        let name = from.string()?;
        config.put_property(&name, from.bytes()?);
    }
    Ok(config)
}

pub(crate) fn encode_pins(owner: &str, pins: &[Pin], out: &mut Vec<u8>) {
    out.put_bytes(owner.as_bytes());
    out.put_count(pins.len());
    for pin in pins {
        out.put_u64(pin.topic.0);
        out.put_u32(pin.partition.0);
        out.put_u64(pin.offset.0);
    }
}

pub(crate) fn decode_pins(from: &mut Reader<'_>) -> Result<(String, Vec<Pin>), Malformed> {
    let owner = from.string()?;
    let count = from.u32()?;
    let pin = |from: &mut Reader<'_>| {
        Ok(Pin {
            topic: TopicId(from.u64()?),
            partition: PartitionId(from.u32()?),
            offset: Offset(from.u64()?),
        })
    };
    Ok((owner, (0..count).map(|_| pin(from)).collect::<Result<_, _>>()?))
}
