//! What the store knows besides records: topics, producers, pins.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::ids::{Offset, PartitionId, ProducerEpoch, ProducerId, TopicId};
use crate::journal::{Image, Pin, TopicImage};
use crate::loss::PossibleLoss;
use crate::partition::PartitionCore;

use super::commit::{Condition, PropertyChange};
use super::producer::Producer;
use super::topic::TopicCore;

/// The catalog. Each change is journalled before the catalog is let go, so that a checkpoint taken later
/// has it, and doing it again changes nothing.
#[derive(Default)]
pub(super) struct Catalog {
    pub(super) next_topic: u64,
    pub(super) topics: BTreeMap<TopicId, Arc<TopicCore>>,
    next_producer: i64,
    producers: BTreeMap<String, (ProducerId, ProducerEpoch)>,
    pins: BTreeMap<String, Vec<Pin>>,
    pub(super) losses: Vec<PossibleLoss>,
    /// Producers with a transaction open.
    pub(super) busy: BTreeSet<ProducerId>,
}

impl Catalog {
    /// Takes over what the journal told, but for the topics.
    pub(super) fn of(image: &Image) -> Catalog {
        Catalog {
            next_topic: image.next_topic,
            topics: BTreeMap::new(),
            next_producer: image.next_producer,
            producers: image.producers.clone(),
            pins: image.pins.clone(),
            losses: image.losses.clone(),
            busy: BTreeSet::new(),
        }
    }

    /// What a journal's head keeps.
    pub(super) fn image(&self) -> Image {
        let topic = |topic: &Arc<TopicCore>| TopicImage {
            name: topic.name.clone(),
            config: topic.config(),
            partitions: topic.partitions.iter().map(|partition| partition.published()).collect(),
        };
        Image {
            clean: false,
            next_topic: self.next_topic,
            next_producer: self.next_producer,
            topics: self.topics.iter().map(|(id, core)| (*id, topic(core))).collect(),
            producers: self.producers.clone(),
            pins: self.pins.clone(),
            losses: self.losses.clone(),
        }
    }

    /// The partitions with something in their segments that may not be durable.
    pub(super) fn unsynced_partitions(&self) -> Vec<Arc<PartitionCore>> {
        self.partitions().filter(|partition| partition.is_unsynced()).cloned().collect()
    }

    pub(super) fn partitions(&self) -> impl Iterator<Item = &Arc<PartitionCore>> {
        self.topics.values().flat_map(|topic| &topic.partitions)
    }

    pub(super) fn named(&self, name: &str) -> Option<Arc<TopicCore>> {
        self.topics.values().find(|topic| topic.name == name).cloned()
    }

    pub(super) fn expect_named(&self, name: &str) -> Result<Arc<TopicCore>> {
        self.named(name).ok_or_else(|| Error::UnknownTopic { name: name.to_owned(), hint: self.hint(name) })
    }

    /// The next epoch of a producer, new or known.
    pub(super) fn raise_epoch(&mut self, name: &str) -> (ProducerId, ProducerEpoch) {
        let raised = match self.producers.get(name) {
            Some((id, epoch)) if epoch.0 < i16::MAX => (*id, ProducerEpoch(epoch.0 + 1)),
            // Epochs are used up after 32,768 openings; as in Kafka, a new id begins with epoch 0.
            _ => {
                self.next_producer += 1;
                (ProducerId(self.next_producer - 1), ProducerEpoch(0))
            }
        };
        self.producers.insert(name.to_owned(), raised);
        raised
    }

    /// Fails if the producer was opened again since.
    pub(super) fn check_epoch(&self, producer: &Producer) -> Result<()> {
        match self.producers.get(&producer.name) {
            Some(current) if *current == (producer.id, producer.epoch) => Ok(()),
            other => Err(Error::Fenced {
                producer: producer.name.clone(),
                epoch: producer.epoch.0,
                current: other.map_or(0, |(_, epoch)| epoch.0),
            }),
        }
    }

    /// Fails if the topic is gone, or its property not what it must be.
    pub(super) fn check_property(&self, change: &PropertyChange) -> Result<()> {
        self.check_exists(&change.core)?;
        match &change.condition {
            Condition::Is(value) if *value != change.core.latest_property(&change.name) => {
                let (topic, name) = (change.core.name.clone(), change.name.clone());
                Err(Error::PropertyChanged { topic, name })
            }
            _ => Ok(()),
        }
    }

    /// Fails if the topic was deleted.
    pub(super) fn check_exists(&self, topic: &TopicCore) -> Result<()> {
        if self.topics.contains_key(&topic.id) { Ok(()) } else { Err(Error::deleted(&topic.name)) }
    }

    pub(super) fn check_pins(&self, pins: &[Pin]) -> Result<()> {
        for pin in pins {
            let topic = self.topics.get(&pin.topic).ok_or_else(|| {
                let name = format!("with id {}", pin.topic);
                Error::UnknownTopic { name, hint: "it may have been deleted".to_owned() }
            })?;
            let partition = topic.partition(pin.partition.0)?;
            let (start, end) = (partition.log_start_offset(), partition.log_end());
            if pin.offset < start {
                let (topic, partition) = (topic.name.clone(), pin.partition);
                return Err(Error::OffsetOutOfRange { topic, partition, from: pin.offset, start, end });
            }
        }
        Ok(())
    }

    pub(super) fn replace_pins(&mut self, owner: &str, pins: Vec<Pin>) {
        self.pins.insert(owner.to_owned(), pins);
        self.pins.retain(|_, pins| !pins.is_empty());
    }

    pub(super) fn forget_pins_of(&mut self, topic: TopicId) {
        self.pins.values_mut().for_each(|pins| pins.retain(|pin| pin.topic != topic));
        self.pins.retain(|_, pins| !pins.is_empty());
    }

    /// Sorted, since the owners are.
    pub(super) fn owners_of_pins_on(&self, topic: TopicId) -> Vec<String> {
        let owners = self.pins.iter().filter(|(_, pins)| pins.iter().any(|pin| pin.topic == topic));
        owners.map(|(owner, _)| owner.clone()).collect()
    }

    /// The lowest offset of a partition that anybody needs.
    pub(super) fn lowest_pin(&self, topic: TopicId, partition: PartitionId) -> Option<Offset> {
        let pins = self.pins.values().flatten();
        pins.filter(|pin| (pin.topic, pin.partition) == (topic, partition)).map(|pin| pin.offset).min()
    }

    /// The topic whose name is closest, if one is close, else all names.
    fn hint(&self, name: &str) -> String {
        let names = || self.topics.values().filter(|topic| !topic.is_internal()).map(|topic| &*topic.name);
        let closest = names().map(|known| (distance(name, known), known)).min();
        match closest {
            Some((distance, known)) if distance <= 1 + name.len() / 4 => format!("did you mean `{known}`?"),
            Some(_) => format!("the store has: {}", names().collect::<Vec<_>>().join(", ")),
            None => "the store has no topics yet".to_owned(),
        }
    }
}

/// How many characters must be changed, added or left out to make one of the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, character) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for column in 0..to.len() {
            let replaced = diagonal + usize::from(character != to[column]);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}
