//! The state of a store at one point of its journal: what a head holds, and what the entries behind it change.

use std::collections::BTreeMap;

use crate::codec::{Malformed, Put, Reader};
use crate::ids::{PartitionId, ProducerEpoch, ProducerId, TopicId};
use crate::loss::PossibleLoss;
use crate::partition::PartitionState;

use super::entry::{Entry, decode_config, decode_pins, encode_config, encode_pins};
use super::registry::{RegisteredTopic, Registry};
use super::writers::WriterTable;

/// What later versions have added to the head stands behind the losses, in sections: a number, and bytes.
const WRITERS_SECTION: u8 = 1;

/// The whole durable state, but for the segments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Image {
    /// The store was closed in order, and everything is in the segments.
    pub(crate) clean: bool,
    pub(crate) registry: Registry,
    /// Of the topics that the registry has, and of no others.
    pub(crate) partitions: BTreeMap<TopicId, Vec<PartitionState>>,
}

impl Image {
    /// Does what the entry says. Of a partition only the place of its end changes: which transactions lie
    /// before it is learned from the segments.
    pub(crate) fn apply(&mut self, entry: &Entry) {
        self.registry.apply(entry);
        match entry {
            Entry::Commit(commit) => {
                for part in &commit.parts {
                    // A deleted topic may have been appended to by somebody who did not know yet.
                    let Some(state) = self.partition_mut(part.topic, part.partition) else { continue };
                    let position = part.position + part.bytes.len() as u64;
                    state.tail.advance(part.end, part.segment, position);
                }
            }
            Entry::CreateTopic { id, config, .. } => {
                // The head may have it already, with its partitions.
                let none = || vec![PartitionState::default(); config.partitions as usize];
                self.partitions.entry(*id).or_insert_with(none);
            }
            Entry::DeleteTopic { id } => drop(self.partitions.remove(id)),
            Entry::LogStart { topic, partition, offset } => {
                if let Some(state) = self.partition_mut(*topic, *partition) {
                    state.move_log_start(*offset);
                }
            }
            Entry::PartitionsAdded { topic, total } => {
                if let Some(states) = self.partitions.get_mut(topic) {
                    states.resize(states.len().max(*total as usize), PartitionState::default());
                }
            }
            Entry::Property(_)
            | Entry::Producer { .. }
            | Entry::Pins { .. }
            | Entry::LossesSeen { .. }
            | Entry::WriterOpened(_) => {}
        }
    }

    /// The state of a partition, if its topic exists.
    pub(crate) fn partition(&self, topic: TopicId, partition: PartitionId) -> Option<&PartitionState> {
        self.partitions.get(&topic)?.get(partition.0 as usize)
    }

    fn partition_mut(&mut self, topic: TopicId, partition: PartitionId) -> Option<&mut PartitionState> {
        self.partitions.get_mut(&topic)?.get_mut(partition.0 as usize)
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.put_u8(self.clean.into());
        let registry = &self.registry;
        out.put_u64(registry.next_topic);
        out.put_i64(registry.next_producer);
        out.put_count(registry.topics.len());
        for (id, topic) in &registry.topics {
            out.put_u64(id.0);
            out.put_bytes(topic.name.as_bytes());
            encode_config(&topic.config, out);
            self.partitions[id].iter().for_each(|partition| partition.encode(out));
        }
        out.put_count(registry.producers.len());
        for (name, (id, epoch)) in &registry.producers {
            out.put_bytes(name.as_bytes());
            out.put_i64(id.0);
            out.put_i16(epoch.0);
        }
        out.put_count(registry.pins.len());
        registry.pins.iter().for_each(|(owner, pins)| encode_pins(owner, pins, out));
        // Left out where there is nothing, as there was nothing before losses were kept, and then sections.
        if !registry.losses.is_empty() || !registry.writers.is_empty() {
            out.put_count(registry.losses.len());
            registry.losses.iter().for_each(|loss| loss.encode(out));
        }
        if !registry.writers.is_empty() {
            put_section(out, WRITERS_SECTION, |out| registry.writers.encode(out));
        }
    }

    pub(crate) fn decode(from: &mut Reader<'_>) -> Result<Image, Malformed> {
        let clean = from.u8()? != 0;
        let (next_topic, next_producer) = (from.u64()?, from.i64()?);
        let mut registry = Registry { next_topic, next_producer, ..Registry::default() };
        let mut all_partitions = BTreeMap::new();
        for _ in 0..from.u32()? {
            let id = TopicId(from.u64()?);
            let (name, config) = (from.string()?, decode_config(from)?);
            let partitions = (0..config.partitions).map(|_| PartitionState::decode(from));
            all_partitions.insert(id, partitions.collect::<Result<_, _>>()?);
            registry.topics.insert(id, RegisteredTopic { name, config });
        }
        for _ in 0..from.u32()? {
            let name = from.string()?;
            registry.producers.insert(name, (ProducerId(from.i64()?), ProducerEpoch(from.i16()?)));
        }
        for _ in 0..from.u32()? {
            let (owner, pins) = decode_pins(from)?;
            registry.pins.insert(owner, pins);
        }
        if !from.rest().is_empty() {
            let losses = (0..from.u32()?).map(|_| PossibleLoss::decode(from));
            registry.losses = losses.collect::<Result<_, _>>()?;
        }
        while !from.rest().is_empty() {
            let (section, mut content) = (from.u8()?, Reader::new(from.bytes()?));
            match section {
                WRITERS_SECTION => registry.writers = WriterTable::decode(&mut content)?,
                _ => return Err(Malformed),
            }
            content.end()?;
        }
        from.end()?;
        Ok(Image { clean, registry, partitions: all_partitions })
    }
}

/// Adds a section to a head.
fn put_section(out: &mut Vec<u8>, section: u8, content: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = Vec::new();
    content(&mut bytes);
    out.put_u8(section);
    out.put_bytes(&bytes);
}
