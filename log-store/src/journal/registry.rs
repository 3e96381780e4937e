//! What a store knows besides records, and what each entry of the journal does to it.

use std::collections::BTreeMap;

use crate::config::TopicConfig;
use crate::ids::{ProducerEpoch, ProducerId, TopicId};
use crate::loss::PossibleLoss;

use super::entry::{Entry, Pin, Property};
use super::writers::WriterTable;

/// Topics, producers, pins, possible losses and writers: all that the journal records but for where the partitions end.
///
/// An open store has one, and changes it by [`Registry::apply`] alone, when an entry gets its place in the journal;
/// recovery applies the same entries to the one of the journal's head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Registry {
    pub(crate) next_topic: u64,
    pub(crate) next_producer: i64,
    pub(crate) topics: BTreeMap<TopicId, RegisteredTopic>,
    pub(crate) producers: BTreeMap<String, (ProducerId, ProducerEpoch)>,
    /// By owner; none has an empty list.
    pub(crate) pins: BTreeMap<String, Vec<Pin>>,
    /// What nobody has said to have seen.
    pub(crate) losses: Vec<PossibleLoss>,
    pub(crate) writers: WriterTable,
}

/// A topic's name and settings, its properties among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RegisteredTopic {
    pub(crate) name: String,
    pub(crate) config: TopicConfig,
}

impl Registry {
    /// Does what the entry says. Doing it again changes nothing.
    pub(crate) fn apply(&mut self, entry: &Entry) {
        match entry {
            Entry::Commit(commit) => {
                commit.properties.iter().for_each(|property| self.set_property(property));
                commit.writer.iter().for_each(|moved| self.writers.advance(moved));
            }
            Entry::CreateTopic { id, name, config } => {
                self.next_topic = self.next_topic.max(id.0 + 1);
                let topic = RegisteredTopic { name: name.clone(), config: config.clone() };
                self.topics.entry(*id).or_insert(topic);
            }
            Entry::DeleteTopic { id } => {
                self.topics.remove(id);
                self.pins.values_mut().for_each(|pins| pins.retain(|pin| pin.topic != *id));
                self.pins.retain(|_, pins| !pins.is_empty());
                self.writers.forget_topic(*id);
            }
            Entry::Property(property) => self.set_property(property),
            Entry::Producer { name, id, epoch } => {
                self.next_producer = self.next_producer.max(id.0 + 1);
                self.producers.insert(name.clone(), (*id, *epoch));
            }
            Entry::Pins { owner, pins } if pins.is_empty() => drop(self.pins.remove(owner)),
            Entry::Pins { owner, pins } => drop(self.pins.insert(owner.clone(), pins.clone())),
            Entry::LogStart { .. } => {}
            Entry::WriterOpened(opened) => {
                self.next_producer = self.next_producer.max(opened.id.0 + 1);
                // The topic may have been deleted by somebody who was faster.
                if self.topics.contains_key(&opened.topic) {
                    self.writers.open(opened);
                }
            }
            Entry::PartitionsAdded { topic, total } => {
                if let Some(topic) = self.topics.get_mut(topic) {
                    topic.config.partitions = topic.config.partitions.max(*total);
                }
            }
            Entry::LossesSeen { until_ms } => self.losses.retain(|loss| loss.found_ms > *until_ms),
        }
    }

    /// What a topic keeps under a name.
    pub(crate) fn property(&self, topic: TopicId, name: &str) -> Option<&Vec<u8>> {
        self.topics.get(&topic)?.config.properties.get(name)
    }

    /// What opening a producer, new or known, makes of it.
    pub(crate) fn next_epoch(&self, name: &str) -> (ProducerId, ProducerEpoch) {
        self.epoch_after(self.producers.get(name).copied())
    }

    /// What opening a writer, new or known, makes of it.
    pub(crate) fn next_writer_epoch(&self, topic: TopicId, name: &str) -> (ProducerId, ProducerEpoch) {
        self.epoch_after(self.writers.get(topic, name).map(|state| (state.id, state.epoch)))
    }

    fn epoch_after(&self, known: Option<(ProducerId, ProducerEpoch)>) -> (ProducerId, ProducerEpoch) {
        match known {
            Some((id, epoch)) if epoch.0 < i16::MAX => (id, ProducerEpoch(epoch.0 + 1)),
            // Epochs are used up after 32,768 openings; as in Kafka, a new id begins with epoch 0.
            _ => (ProducerId(self.next_producer), ProducerEpoch(0)),
        }
    }

    fn set_property(&mut self, property: &Property) {
        if let Some(topic) = self.topics.get_mut(&property.topic) {
            topic.config.put_property(&property.name, &property.value);
        }
    }
}
