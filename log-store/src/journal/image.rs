//! The state of a store at one point of its journal: what a head holds, and what the entries behind it change.

use std::collections::BTreeMap;

use crate::codec::{Malformed, Put, Reader};
use crate::config::TopicConfig;
use crate::ids::{ProducerEpoch, ProducerId, TopicId};
use crate::loss::PossibleLoss;
use crate::partition::PartitionState;

use super::entry::{Entry, Pin, Property, decode_config, decode_pins, encode_config, encode_pins};

/// The whole durable state, but for the segments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Image {
    /// The store was closed in order, and everything is in the segments.
    pub(crate) clean: bool,
    pub(crate) next_topic: u64,
    pub(crate) next_producer: i64,
    pub(crate) topics: BTreeMap<TopicId, TopicImage>,
    pub(crate) producers: BTreeMap<String, (ProducerId, ProducerEpoch)>,
    /// By owner.
    pub(crate) pins: BTreeMap<String, Vec<Pin>>,
    /// What nobody has said to have seen.
    pub(crate) losses: Vec<PossibleLoss>,
}

/// A topic of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TopicImage {
    pub(crate) name: String,
    pub(crate) config: TopicConfig,
    pub(crate) partitions: Vec<PartitionState>,
}

impl Image {
    /// Does what the entry says. Of a partition only the place of its end changes: which transactions lie
    /// before it is learned from the segments.
    pub(crate) fn apply(&mut self, entry: &Entry) {
        match entry {
            Entry::Commit(commit) => {
                for part in &commit.parts {
                    // A deleted topic may have been appended to by somebody who did not know yet.
                    let Some(state) = self.partition(part.topic, part.partition.0) else { continue };
                    state.tail.end = part.end;
                    state.tail.segment = part.segment;
                    state.tail.position = part.position + part.bytes.len() as u64;
                }
                commit.properties.iter().for_each(|property| self.set_property(property));
            }
            Entry::CreateTopic { id, name, config } => {
                self.next_topic = self.next_topic.max(id.0 + 1);
                let partitions = vec![PartitionState::default(); config.partitions as usize];
                let topic = TopicImage { name: name.clone(), config: config.clone(), partitions };
                // The head may have it already, with its partitions.
                self.topics.entry(*id).or_insert(topic);
            }
            Entry::DeleteTopic { id } => {
                self.topics.remove(id);
                self.pins.values_mut().for_each(|pins| pins.retain(|pin| pin.topic != *id));
                self.pins.retain(|_, pins| !pins.is_empty());
            }
            Entry::Property(property) => self.set_property(property),
            Entry::Producer { name, id, epoch } => {
                self.next_producer = self.next_producer.max(id.0 + 1);
                self.producers.insert(name.clone(), (*id, *epoch));
            }
            Entry::Pins { owner, pins } => {
                self.pins.insert(owner.clone(), pins.clone());
                self.pins.retain(|_, pins| !pins.is_empty());
            }
            Entry::LogStart { topic, partition, offset } => {
                if let Some(state) = self.partition(*topic, partition.0) {
                    state.log_start = state.log_start.max(*offset);
                }
            }
            Entry::LossesSeen { until_ms } => self.losses.retain(|loss| loss.found_ms > *until_ms),
        }
    }

    fn set_property(&mut self, property: &Property) {
        if let Some(topic) = self.topics.get_mut(&property.topic) {
            topic.config.properties.insert(property.name.clone(), property.value.clone());
        }
    }

    pub(crate) fn partition(&mut self, topic: TopicId, partition: u32) -> Option<&mut PartitionState> {
        self.topics.get_mut(&topic)?.partitions.get_mut(partition as usize)
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.put_u8(self.clean.into());
        out.put_u64(self.next_topic);
        out.put_i64(self.next_producer);
        out.put_count(self.topics.len());
        for (id, topic) in &self.topics {
            out.put_u64(id.0);
            out.put_bytes(topic.name.as_bytes());
            encode_config(&topic.config, out);
            topic.partitions.iter().for_each(|partition| partition.encode(out));
        }
        out.put_count(self.producers.len());
        for (name, (id, epoch)) in &self.producers {
            out.put_bytes(name.as_bytes());
            out.put_i64(id.0);
            out.put_i16(epoch.0);
        }
        out.put_count(self.pins.len());
        self.pins.iter().for_each(|(owner, pins)| encode_pins(owner, pins, out));
        // Left out where there are none, as there were none before losses were kept.
        if !self.losses.is_empty() {
            out.put_count(self.losses.len());
            self.losses.iter().for_each(|loss| loss.encode(out));
        }
    }

    pub(super) fn decode(from: &mut Reader<'_>) -> Result<Image, Malformed> {
        let clean = from.u8()? != 0;
        let (next_topic, next_producer) = (from.u64()?, from.i64()?);
        let mut image = Image { clean, next_topic, next_producer, ..Image::default() };
        for _ in 0..from.u32()? {
            let id = TopicId(from.u64()?);
            let (name, config) = (from.string()?, decode_config(from)?);
            let partitions = (0..config.partitions).map(|_| PartitionState::decode(from));
            let partitions = partitions.collect::<Result<_, _>>()?;
            image.topics.insert(id, TopicImage { name, config, partitions });
        }
        for _ in 0..from.u32()? {
            let name = from.string()?;
            image.producers.insert(name, (ProducerId(from.i64()?), ProducerEpoch(from.i16()?)));
        }
        for _ in 0..from.u32()? {
            let (owner, pins) = decode_pins(from)?;
            image.pins.insert(owner, pins);
        }
        if !from.rest().is_empty() {
            let losses = (0..from.u32()?).map(|_| PossibleLoss::decode(from));
            image.losses = losses.collect::<Result<_, _>>()?;
        }
        from.end()?;
        Ok(image)
    }
}
