//! What a client asks the owner for, and what it is answered.

use crate::codec::{Malformed, Put, Reader, decode_all};
use crate::config::TopicConfig;
use crate::error::Result;
use crate::group::{Beat, GroupOffsets};
use crate::ids::{Offset, PartitionId, ProducerEpoch, ProducerId, TopicId};
use crate::journal::{Pin, Sequenced, decode_config, decode_pins, encode_config, encode_pins};
use crate::record::RecordsBuilder;

/// A request that must not be done twice. A client numbers its lanes, and the requests of each, of which one is under way at a
/// time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RequestId {
    pub(crate) client: u64,
    pub(crate) lane: u32,
    pub(crate) sequence: u64,
}

/// A producer as its handle knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OfProducer {
    pub(crate) name: String,
    pub(crate) id: ProducerId,
    pub(crate) epoch: ProducerEpoch,
}

/// Records for one partition.
#[derive(Clone, Debug)]
pub(crate) struct Share {
    pub(crate) topic: TopicId,
    pub(crate) partition: PartitionId,
    pub(crate) records: RecordsBuilder,
}

/// What must hold of a property for its change to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Nothing,
    /// It has this value, or none.
    Is(Option<Vec<u8>>),
}

/// A property that changes with a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PropertyOf {
    pub(crate) topic: TopicId,
    pub(crate) name: String,
    pub(crate) value: Vec<u8>,
    pub(crate) condition: Condition,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    Append {
        id: RequestId,
        share: Share,
    },
    /// Ends a transaction; `spilled` is the number of the one that records were written for before.
    Commit {
        id: RequestId,
        producer: OfProducer,
        spilled: Option<u64>,
        shares: Vec<Share>,
        properties: Vec<PropertyOf>,
        offsets: Vec<GroupOffsets>,
    },
    /// Writes records of a transaction that has not ended.
    Spill {
        producer: OfProducer,
        spilled: Option<u64>,
        shares: Vec<Share>,
    },
    Abort {
        spilled: u64,
    },
    CreateTopic {
        name: String,
        config: TopicConfig,
    },
    DeleteTopic {
        name: String,
    },
    /// Gives up what retention says.
    Retain,
    /// Settings by their names; none is what it is by default.
    AlterTopic {
        topic: TopicId,
        changes: Vec<(String, Option<String>)>,
    },
    /// Has the topic have so many partitions in all.
    AddPartitions {
        topic: TopicId,
        total: u32,
    },
    SetProperty {
        topic: TopicId,
        name: String,
        value: Vec<u8>,
    },
    OpenProducer {
        name: String,
    },
    SetPins {
        owner: String,
        pins: Vec<Pin>,
    },
    LossesSeen,
    /// `again` if a former owner had given it the name, and it has not let it go.
    Claim {
        name: String,
        again: bool,
    },
    Release {
        name: String,
    },
    DeleteRecordsBefore {
        topic: TopicId,
        partition: PartitionId,
        offset: Offset,
    },
    /// What became of a request that was not answered. All answers with smaller numbers than `since` were given before it.
    Ask {
        id: RequestId,
        since: u64,
    },
    Processes,
    /// Appends to several partitions of a topic.
    AppendAll {
        id: RequestId,
        shares: Vec<Share>,
    },
    /// Appends a writer's batch, unless it is there.
    AppendBatch {
        batch: Sequenced,
        shares: Vec<Share>,
    },
    OpenWriter {
        topic: TopicId,
        name: String,
    },
    /// The state of the log as of one step.
    Image,
    /// A member of a consumer group says that it is there.
    Beat(Beat),
    /// It leaves.
    LeaveGroup {
        group: String,
        member: String,
    },
    CommitOffsets(GroupOffsets),
    /// The consumer groups that have members.
    Groups,
}

impl Request {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Request::Append { id, share } => {
                out.put_u8(0);
                id.encode(&mut out);
                share.encode(&mut out);
            }
            Request::Commit { id, producer, spilled, shares, properties, offsets } => {
                out.put_u8(1);
                id.encode(&mut out);
                encode_transaction(&mut out, producer, *spilled, shares);
                encode_changes(properties, offsets, &mut out);
            }
            Request::Spill { producer, spilled, shares } => {
                out.put_u8(2);
                encode_transaction(&mut out, producer, *spilled, shares);
            }
            Request::Abort { spilled } => {
                out.put_u8(3);
                out.put_u64(*spilled);
            }
            Request::CreateTopic { name, config } => {
                put_name(&mut out, 4, name);
                encode_config(config, &mut out);
            }
            Request::DeleteTopic { name } => put_name(&mut out, 5, name),
            Request::SetProperty { topic, name, value } => {
                put_name(&mut out, 6, name);
                out.put_u64(topic.0);
                out.put_bytes(value);
            }
            Request::OpenProducer { name } => put_name(&mut out, 7, name),
            Request::SetPins { owner, pins } => {
                out.put_u8(8);
                encode_pins(owner, pins, &mut out);
            }
            Request::LossesSeen => out.put_u8(9),
            Request::Claim { name, again } => {
                put_name(&mut out, 10, name);
                out.put_u8((*again).into());
            }
            Request::Release { name } => put_name(&mut out, 11, name),
            Request::DeleteRecordsBefore { topic, partition, offset } => {
                out.put_u8(12);
                put_place(&mut out, *topic, *partition);
                out.put_u64(offset.0);
            }
            Request::Ask { id, since } => {
                out.put_u8(13);
                id.encode(&mut out);
                out.put_u64(*since);
            }
            Request::Processes => out.put_u8(14),
            Request::Image => out.put_u8(43),
            Request::Retain => out.put_u8(21),
            Request::AlterTopic { topic, changes } => {
                out.put_u8(20);
                encode_alteration(&mut out, *topic, changes);
            }
            Request::AddPartitions { topic, total } => encode_addition(&mut out, *topic, *total),
            Request::AppendAll { .. } | Request::AppendBatch { .. } | Request::OpenWriter { .. } => {
                self.encode_of_writers(&mut out);
            }
            Request::Beat(_) | Request::LeaveGroup { .. } | Request::CommitOffsets(_) | Request::Groups => {
                self.encode_of_groups(&mut out);
            }
        }
        out
    }

    /// What is asked for on behalf of writers.
    fn encode_of_groups(&self, out: &mut Vec<u8>) {
        match self {
            Request::Beat(beat) => {
                out.put_u8(60);
                beat.encode(out);
            }
            Request::LeaveGroup { group, member } => {
                put_name(out, 61, group);
                out.put_bytes(member.as_bytes());
            }
            Request::CommitOffsets(offsets) => {
                out.put_u8(62);
                offsets.encode(out);
            }
            Request::Groups => out.put_u8(63),
            _ => unreachable!("the others are encoded above"),
        }
    }

    fn encode_of_writers(&self, out: &mut Vec<u8>) {
        match self {
            Request::AppendAll { id, shares } => {
                out.put_u8(40);
                id.encode(out);
                encode_shares(out, shares);
            }
            Request::AppendBatch { batch, shares } => {
                out.put_u8(41);
                batch.encode(out);
                encode_shares(out, shares);
            }
            Request::OpenWriter { topic, name } => {
                put_name(out, 42, name);
                out.put_u64(topic.0);
            }
            _ => unreachable!("the others are encoded above"),
        }
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Request, Malformed> {
        let from = &mut Reader::new(bytes);
        let request = match from.u8()? {
            0 => Request::Append { id: RequestId::decode(from)?, share: Share::decode(from)? },
            1 => {
                let id = RequestId::decode(from)?;
                let (producer, spilled, shares) = decode_transaction(from)?;
                let properties = decode_all(from, PropertyOf::decode)?;
                let offsets = decode_all(from, GroupOffsets::decode)?;
                Request::Commit { id, producer, spilled, shares, properties, offsets }
            }
            2 => {
                let (producer, spilled, shares) = decode_transaction(from)?;
                Request::Spill { producer, spilled, shares }
            }
            3 => Request::Abort { spilled: from.u64()? },
            4 => Request::CreateTopic { name: from.string()?, config: decode_config(from)? },
            5 => Request::DeleteTopic { name: from.string()? },
            6 => Request::SetProperty {
                name: from.string()?,
                topic: TopicId(from.u64()?),
                value: from.bytes()?.to_vec(),
            },
            7 => Request::OpenProducer { name: from.string()? },
            8 => {
                let (owner, pins) = decode_pins(from)?;
                Request::SetPins { owner, pins }
            }
            9 => Request::LossesSeen,
            10 => Request::Claim { name: from.string()?, again: from.u8()? != 0 },
            11 => Request::Release { name: from.string()? },
            12 => Request::DeleteRecordsBefore {
                topic: TopicId(from.u64()?),
                partition: PartitionId(from.u32()?),
                offset: Offset(from.u64()?),
            },
            13 => Request::Ask { id: RequestId::decode(from)?, since: from.u64()? },
            14 => Request::Processes,
            21 => Request::Retain,
            20 => Request::AlterTopic {
                topic: TopicId(from.u64()?),
                changes: decode_all(from, |from| {
                    let (name, is_some, value) = (from.string()?, from.u8()? != 0, from.string()?);
                    Ok((name, is_some.then_some(value)))
                })?,
            },
            40 => {
                Request::AppendAll { id: RequestId::decode(from)?, shares: decode_all(from, Share::decode)? }
            }
            41 => {
                let (batch, shares) = (Sequenced::decode(from)?, decode_all(from, Share::decode)?);
                Request::AppendBatch { batch, shares }
            }
            43 => Request::Image,
            70 => Request::AddPartitions { topic: TopicId(from.u64()?), total: from.u32()? },
            42 => Request::OpenWriter { name: from.string()?, topic: TopicId(from.u64()?) },
            60 => Request::Beat(Beat::decode(from)?),
            61 => Request::LeaveGroup { group: from.string()?, member: from.string()? },
            62 => Request::CommitOffsets(GroupOffsets::decode(from)?),
            63 => Request::Groups,
            _ => return Err(Malformed),
        };
        from.end()?;
        Ok(request)
    }
}

impl RequestId {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.put_u64(self.client);
        out.put_u32(self.lane);
        out.put_u64(self.sequence);
    }

    pub(crate) fn decode(from: &mut Reader<'_>) -> Result<RequestId, Malformed> {
        Ok(RequestId { client: from.u64()?, lane: from.u32()?, sequence: from.u64()? })
    }
}

impl Share {
    fn encode(&self, out: &mut Vec<u8>) {
        out.put_u64(self.topic.0);
        out.put_u32(self.partition.0);
        self.records.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Share, Malformed> {
        let (topic, partition) = (TopicId(from.u64()?), PartitionId(from.u32()?));
        Ok(Share { topic, partition, records: RecordsBuilder::decode(from)? })
    }
}

impl PropertyOf {
    fn encode(&self, out: &mut Vec<u8>) {
        out.put_u64(self.topic.0);
        out.put_bytes(self.name.as_bytes());
        out.put_bytes(&self.value);
        match &self.condition {
            Condition::Nothing => out.put_u8(0),
            Condition::Is(None) => out.put_u8(1),
            Condition::Is(Some(value)) => {
                out.put_u8(2);
                out.put_bytes(value);
            }
        }
    }

    fn decode(from: &mut Reader<'_>) -> Result<PropertyOf, Malformed> {
        let (topic, name, value) = (TopicId(from.u64()?), from.string()?, from.bytes()?.to_vec());
        let condition = match from.u8()? {
            0 => Condition::Nothing,
            1 => Condition::Is(None),
            2 => Condition::Is(Some(from.bytes()?.to_vec())),
            _ => return Err(Malformed),
        };
        Ok(PropertyOf { topic, name, value, condition })
    }
}

fn encode_transaction(out: &mut Vec<u8>, producer: &OfProducer, spilled: Option<u64>, shares: &[Share]) {
    out.put_bytes(producer.name.as_bytes());
    out.put_i64(producer.id.0);
    out.put_i16(producer.epoch.0);
    // Numbers begin with 1.
    out.put_u64(spilled.unwrap_or(0));
    encode_shares(out, shares);
}

fn encode_addition(out: &mut Vec<u8>, topic: TopicId, total: u32) {
    out.put_u8(70);
    out.put_u64(topic.0);
    out.put_u32(total);
}

fn encode_alteration(out: &mut Vec<u8>, topic: TopicId, changes: &[(String, Option<String>)]) {
    out.put_u64(topic.0);
    out.put_count(changes.len());
    for (name, value) in changes {
        out.put_bytes(name.as_bytes());
        out.put_u8(value.is_some().into());
        out.put_bytes(value.as_deref().unwrap_or_default().as_bytes());
    }
}

fn encode_shares(out: &mut Vec<u8>, shares: &[Share]) {
    out.put_count(shares.len());
    shares.iter().for_each(|share| share.encode(out));
}

fn decode_transaction(from: &mut Reader<'_>) -> Result<(OfProducer, Option<u64>, Vec<Share>), Malformed> {
    let (name, id) = (from.string()?, ProducerId(from.i64()?));
    let producer = OfProducer { name, id, epoch: ProducerEpoch(from.i16()?) };
    let spilled = Some(from.u64()?).filter(|number| *number != 0);
    Ok((producer, spilled, decode_all(from, Share::decode)?))
}

fn encode_changes(properties: &[PropertyOf], offsets: &[GroupOffsets], out: &mut Vec<u8>) {
    out.put_count(properties.len());
    properties.iter().for_each(|property| property.encode(out));
    out.put_count(offsets.len());
    offsets.iter().for_each(|offsets| offsets.encode(out));
}

fn put_place(out: &mut Vec<u8>, topic: TopicId, partition: PartitionId) {
    out.put_u64(topic.0);
    out.put_u32(partition.0);
}

fn put_name(out: &mut Vec<u8>, kind: u8, name: &str) {
    out.put_u8(kind);
    out.put_bytes(name.as_bytes());
}
