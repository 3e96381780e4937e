//! A client's store follows what it is told: each step of the owner's is a step of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ids::{Offset, TopicId};
use crate::journal::{Entry, Image};
use crate::partition::{PartitionCore, PartitionState, Tail};
use crate::remote::Told;
use crate::visible::{Publish, Step};

use super::super::StoreInner;
use super::super::added::PartitionsAdded;
use super::super::catalog::Catalog;
use super::super::topic::{PropertySet, TopicCore};

impl StoreInner {
    /// Shows where everything stands, in one step. What topics it has is taken over; handles of those that are gone say so.
    pub(super) fn show_image(&self, image: Image) {
        let mut changes: Vec<Box<dyn Publish>> = Vec::new();
        let mut gone = Vec::new();
        {
            let mut catalog = self.catalog();
            let mut before = std::mem::take(&mut catalog.topics);
            for (id, topic) in &image.registry.topics {
                let states = image.partitions.get(id).cloned().unwrap_or_default();
                // An owner that was cut off may have made another topic with this id, which never was durable.
                let known = before.remove(id).filter(|core| {
                    let is_same = core.name == topic.name && core.partitions().len() <= states.len();
                    if !is_same {
                        gone.push(core.clone());
                    }
                    is_same
                });
                let core = match known {
                    Some(core) => {
                        let config = topic.config.clone();
                        let added =
                            self.more_partitions(&core, core.partitions().len() as u32, config.partitions);
                        changes.push(Box::new(ImageShown { core: core.clone(), config, added, states }));
                        core
                    }
                    None => self.topic_with(*id, &topic.name, &topic.config, states),
                };
                catalog.topics.insert(*id, core);
            }
            gone.extend(before.into_values());
            catalog.replace_registry(image.registry);
        }
        gone.iter().for_each(|core| core.delete());
        self.visible.publish(changes);
    }

    /// Shows a step of the owner's.
    pub(super) fn show_step(&self, told: Vec<Told>) {
        let mut changes: Vec<Box<dyn Publish>> = Vec::new();
        let mut gone = Vec::new();
        {
            let mut catalog = self.catalog();
            for one in told {
                match one {
                    Told::Tail { topic, partition, tail, same_aborted } => {
                        let core =
                            catalog.topics.get(&topic).and_then(|core| core.partition(partition.0).ok());
                        // Of a topic that was deleted meanwhile nothing is shown.
                        changes.extend(core.map(|core| {
                            Box::new(TailShown { core, tail, same_aborted }) as Box<dyn Publish>
                        }));
                    }
                    Told::Entry(entry) => self.show_entry(&mut catalog, entry, &mut changes, &mut gone),
                }
            }
        }
        gone.iter().for_each(|core| core.delete());
        self.visible.publish(changes);
    }

    fn show_entry(
        &self,
        catalog: &mut Catalog,
        entry: Entry,
        changes: &mut Vec<Box<dyn Publish>>,
        gone: &mut Vec<Arc<TopicCore>>,
    ) {
        catalog.apply(&entry);
        match entry {
            Entry::CreateTopic { id, name, config } => {
                catalog.topics.entry(id).or_insert_with(|| self.new_topic(id, &name, &config));
            }
            Entry::DeleteTopic { id } => gone.extend(catalog.topics.remove(&id)),
            Entry::Property(property) => {
                let core = of(&catalog.topics, property.topic);
                changes.extend(core.map(|core| {
                    Box::new(PropertySet::new(core, &property.name, &property.value)) as Box<dyn Publish>
                }));
            }
            Entry::PartitionsAdded { topic, total } => {
                let core = of(&catalog.topics, topic);
                changes.extend(core.map(|core| {
                    let added = self.more_partitions(&core, core.partitions().len() as u32, total);
                    Box::new(PartitionsAdded::new(core, added)) as Box<dyn Publish>
                }));
            }
            Entry::LogStart { topic, partition, offset } => {
                let core = of(&catalog.topics, topic);
                let core = core.and_then(|core| core.partition(partition.0).ok());
                changes.extend(
                    core.map(|core| Box::new(LogStartShown { core, to: offset }) as Box<dyn Publish>),
                );
            }
            // These are in the registry alone.
            Entry::Producer { .. }
            | Entry::Pins { .. }
            | Entry::LossesSeen { .. }
            | Entry::WriterOpened(_)
            | Entry::Commit(_) => {}
        }
    }
}

fn of(topics: &BTreeMap<TopicId, Arc<TopicCore>>, id: TopicId) -> Option<Arc<TopicCore>> {
    topics.get(&id).cloned()
}

/// Lets readers see all of a topic as it is.
struct ImageShown {
    core: Arc<TopicCore>,
    config: crate::config::TopicConfig,
    /// The partitions that it had not before.
    added: Vec<Arc<PartitionCore>>,
    states: Vec<PartitionState>,
}

impl Publish for ImageShown {
    fn prepare(&mut self, from: Step) {
        let partitions = [self.core.partitions().to_vec(), std::mem::take(&mut self.added)].concat();
        self.core.replace_config(from, &self.config);
        for (core, state) in partitions.iter().zip(std::mem::take(&mut self.states)) {
            core.mirror(from, |own| *own = state);
        }
        self.core.replace_partitions(from, partitions);
    }

    fn wake(&mut self) {
        self.core.partitions().iter().for_each(|core| core.wake());
    }
}

/// Lets readers see where a partition ends.
struct TailShown {
    core: Arc<PartitionCore>,
    tail: Tail,
    same_aborted: bool,
}

impl Publish for TailShown {
    fn prepare(&mut self, from: Step) {
        let (mut tail, same_aborted) = (std::mem::take(&mut self.tail), self.same_aborted);
        self.core.mirror(from, |own| {
            if same_aborted {
                tail.aborted = own.tail.aborted.clone();
            }
            own.tail = tail;
        });
    }

    fn wake(&mut self) {
        self.core.wake();
    }
}

/// Lets readers see where a partition begins.
struct LogStartShown {
    core: Arc<PartitionCore>,
    to: Offset,
}

impl Publish for LogStartShown {
    fn prepare(&mut self, from: Step) {
        self.core.mirror(from, |own| own.move_log_start(self.to));
    }

    fn wake(&mut self) {
        self.core.wake();
    }
}
