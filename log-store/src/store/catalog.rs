//! What the store knows besides records: topics, producers, pins.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::ids::{Offset, PartitionId, ProducerId, TopicId};
use crate::journal::{
    Appended, Commit, Entry, Image, Pin, RegisteredTopic, Registry, Sequenced, Ticket, WriterTable,
};
use crate::partition::PartitionCore;

use crate::remote::{Condition, RequestId, WrittenRange};

use super::answers::{ANSWERS_TOPIC, Answers, Kept};
use super::commit::PropertyChange;
use super::producer::Producer;
use super::topic::{TopicCore, check_property_name};
use super::underway::Underway;
use super::writers::Writers;

/// The catalog. Each change is journalled before the catalog is let go, so that a checkpoint taken later
/// has it, and doing it again changes nothing.
#[derive(Default)]
pub(super) struct Catalog {
    /// As it will be when all entries of the journal are durable.
    registry: Registry,
    /// The topics that the registry has, opened.
    pub(super) topics: BTreeMap<TopicId, Arc<TopicCore>>,
    /// The transactions of producers.
    pub(super) underway: BTreeMap<ProducerId, Underway>,
    /// To other processes. Readers do not see them: they are properties that change with each request.
    pub(super) answers: Arc<Answers>,
    /// As they are durable, for a journal's head.
    pub(super) writers: Arc<Writers>,
}

impl Catalog {
    pub(super) fn new(
        registry: Registry,
        topics: BTreeMap<TopicId, Arc<TopicCore>>,
        answers: Arc<Answers>,
    ) -> Catalog {
        let writers = Writers::of(registry.writers.clone());
        Catalog { registry, topics, underway: BTreeMap::new(), answers, writers }
    }

    /// What it knows; it changes by [`Catalog::apply`] alone.
    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Does what an entry says that gets its place in the journal before the catalog is let go.
    pub(super) fn apply(&mut self, entry: &Entry) {
        self.registry.apply(entry);
    }

    /// What a journal's head keeps: of topics what readers see, so that a commit is in it with its records and its
    /// properties or not at all; of all else also what is on its way into the journal.
    pub(super) fn image(&self) -> Image {
        let registered = |core: &Arc<TopicCore>| {
            let mut config = core.config();
            if core.name == ANSWERS_TOPIC {
                config.properties = self.answers.durable();
            }
            RegisteredTopic { name: core.name.clone(), config }
        };
        let topics = self.topics.iter().map(|(id, core)| (*id, registered(core))).collect();
        let writers = self.writers.durable().of_topics(|id| self.topics.contains_key(&id));
        let states = |core: &Arc<TopicCore>| core.partitions().iter().map(|one| one.published()).collect();
        Image {
            clean: false,
            registry: Registry { topics, writers, ..self.registry.clone() },
            partitions: self.topics.iter().map(|(id, core)| (*id, states(core))).collect(),
        }
    }

    /// Has a commit keep what its request is answered. Where the topic for that is missing, the answer is not kept, and a client
    /// that loses it is told that the outcome is unknown.
    pub(super) fn keep_answer(
        &self,
        id: RequestId,
        ranges: Vec<WrittenRange>,
        commit: &mut Commit,
    ) -> Option<Kept> {
        let topic = self.named(ANSWERS_TOPIC)?;
        let (property, kept) = self.answers.keep(topic.id, id, ranges);
        commit.properties.push(property);
        Some(kept)
    }

    /// Leaves out answers and writers, which are of no use to clients.
    pub(super) fn strip(&self, image: &mut Image) {
        image.registry.writers = WriterTable::default();
        self.strip_answers(image);
    }

    /// Leaves out answers, which are of use to the clients of this directory alone.
    pub(super) fn strip_answers(&self, image: &mut Image) {
        let topic = image.registry.topics.values_mut().find(|topic| topic.name == ANSWERS_TOPIC);
        topic.into_iter().for_each(|topic| topic.config.properties.clear());
    }

    /// Takes over what another process says of it. The topics that it has are seen to apart.
    pub(super) fn replace_registry(&mut self, registry: Registry) {
        self.registry = registry;
    }

    /// The partitions with something in their segments that may not be durable.
    pub(super) fn unsynced_partitions(&self) -> Vec<Arc<PartitionCore>> {
        self.partitions().filter(|partition| partition.is_unsynced()).collect()
    }

    pub(super) fn partitions(&self) -> impl Iterator<Item = Arc<PartitionCore>> {
        self.topics.values().flat_map(|topic| topic.partitions().to_vec())
    }

    pub(super) fn named(&self, name: &str) -> Option<Arc<TopicCore>> {
        self.topics.values().find(|topic| topic.name == name).cloned()
    }

    pub(super) fn expect_named(&self, name: &str) -> Result<Arc<TopicCore>> {
        self.named(name).ok_or_else(|| Error::UnknownTopic { name: name.to_owned(), hint: self.hint(name) })
    }

    /// Fails if the producer was opened again since.
    pub(super) fn check_epoch(&self, producer: &Producer) -> Result<()> {
        match self.registry.producers.get(&producer.name) {
            Some(current) if *current == (producer.id, producer.epoch) => Ok(()),
            other => Err(Error::Fenced {
                producer: producer.name.clone(),
                epoch: producer.epoch.0,
                current: other.map_or(0, |(_, epoch)| epoch.0),
            }),
        }
    }

    /// Where a writer's batch lies if it was written before, and the place in the journal with which it is durable; nothing if it is the
    /// next. Fails if it is neither, or of a writer that was opened again.
    pub(super) fn check_sequence(&self, batch: &Sequenced) -> Result<Option<(Vec<WrittenRange>, Ticket)>> {
        let topic = || self.topics.get(&batch.topic).map_or_else(String::new, |core| core.name.clone());
        let Some(state) = self.registry.writers.get(batch.topic, &batch.name) else {
            return Err(Error::WriterForgotten { topic: topic(), writer: batch.name.clone() });
        };
        if (state.id, state.epoch) != (batch.id, batch.epoch) {
            let (epoch, current) = (batch.epoch.0, state.epoch.0);
            return Err(Error::Fenced { producer: batch.name.clone(), epoch, current });
        }
        if batch.first == state.next && batch.first < batch.end {
            return Ok(None);
        }
        let Some(places) = state.places_of(batch.first, batch.end) else {
            let (writer, expected) = (batch.name.clone(), state.next);
            let (first, end) = (batch.first, batch.end);
            return Err(Error::OutOfOrderSequence { topic: topic(), writer, first, end, expected });
        };
        let range = |place: &Appended| WrittenRange {
            topic: batch.topic,
            partition: place.partition,
            base: place.first,
            end: place.end,
        };
        let ticket = self.writers.last_of(batch.topic, &batch.name);
        Ok(Some((places.iter().map(range).collect(), ticket)))
    }

    /// Lets go of what is remembered of writers that are not known any more.
    pub(super) fn forget_writers(&self, topic: Option<TopicId>) {
        self.writers.forget(|topic, name| self.registry.writers.get(topic, name).is_some(), topic);
    }

    /// Fails if the topic is gone, or its property not what it must be.
    pub(super) fn check_property(&self, change: &PropertyChange) -> Result<()> {
        self.check_exists(&change.core)?;
        check_property_name(&change.core.name, &change.name)?;
        match &change.condition {
            Condition::Is(value)
                if value.as_ref() != self.registry.property(change.core.id, &change.name) =>
            {
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

    /// Sorted, since the owners are.
    pub(super) fn owners_of_pins_on(&self, topic: TopicId) -> Vec<String> {
        let owners = self.registry.pins.iter().filter(|(_, pins)| pins.iter().any(|pin| pin.topic == topic));
        owners.map(|(owner, _)| owner.clone()).collect()
    }

    /// The lowest offset of a partition that anybody needs.
    pub(super) fn lowest_pin(&self, topic: TopicId, partition: PartitionId) -> Option<Offset> {
        let pins = self.registry.pins.values().flatten();
        pins.filter(|pin| (pin.topic, pin.partition) == (topic, partition)).map(|pin| pin.offset).min()
    }

    /// The topic whose name is closest, if one is close, else all names.
    fn hint(&self, name: &str) -> String {
        let names = || self.topics.values().filter(|topic| !topic.is_internal()).map(|topic| &*topic.name);
        let closest = names().map(|known| (strsim::damerau_levenshtein(name, known), known)).min();
        match closest {
            Some((distance, known)) if distance <= 1 + name.len() / 4 => format!("did you mean `{known}`?"),
            Some(_) => format!("the store has: {}", names().collect::<Vec<_>>().join(", ")),
            None => "the store has no topics yet".to_owned(),
        }
    }
}
