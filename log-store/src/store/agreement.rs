//! Whether an open store and what recovery makes of its journal are the same, after random changes.

use std::sync::Arc;

use crate::error::Result;
use crate::ids::Offset;
use crate::journal::{self, Image};
use crate::partition::Tail;
use crate::random::Random;
use crate::record::RecordsBuilder;
use crate::{FaultyDisk, Partition, Store, StoreConfig, TopicConfig};

const NAMES: [&str; 4] = ["alpha", "beta", "gamma", "delta"];

impl Random {
    fn name(&mut self) -> &'static str {
        NAMES[self.below(NAMES.len() as u64) as usize]
    }

    fn records(&mut self) -> RecordsBuilder {
        let mut records = RecordsBuilder::new();
        for number in 0..1 + self.below(20) {
            records.push(number as i64, None, Some(b"some value"));
        }
        records
    }

    fn partition(&mut self, store: &Store) -> Option<Partition> {
        let topic = store.find_topic(self.name())?;
        topic.partition(self.below(topic.partitions().into()) as u32).ok()
    }
}

/// Small enough that files roll and transactions are written before they end.
fn config() -> StoreConfig {
    StoreConfig { segment_bytes: 2000, journal_bytes: 8000, inline_bytes: 700, ..StoreConfig::default() }
}

fn open(disk: &FaultyDisk) -> Store {
    Store::open_on(Arc::new(disk.clone()), config()).unwrap()
}

/// Does something; refusals are as good as anything else.
fn change(random: &mut Random, store: &Store) -> Result<()> {
    match random.below(15) {
        0 => {
            let (name, partitions) = (random.name(), 1 + random.below(3) as u32);
            store.create_topic(name, TopicConfig::with_partitions(partitions)).map(drop)
        }
        1 if random.below(3) == 0 => store.delete_topic(random.name()),
        2 => match store.find_topic(random.name()) {
            Some(topic) => topic.set_property(random.name(), random.name().as_bytes()),
            None => Ok(()),
        },
        3 => {
            let pin = random.partition(store).map(|partition| {
                let offset = Offset(random.below(partition.log_end_offset().0 + 1));
                (partition.topic_id(), partition.id(), offset)
            });
            store.set_pins(random.name(), pin.as_slice())
        }
        4 => match random.partition(store) {
            Some(partition) => {
                let offset = Offset(random.below(partition.last_stable_offset().0 + 1));
                partition.delete_records_before(offset).map(drop)
            }
            None => Ok(()),
        },
        12 => match random.partition(store) {
            Some(partition) => {
                let batch = [(partition.id().0, random.records()), (0, random.records())];
                store.topic(partition.topic_name())?.append_together(batch).map(drop)
            }
            None => Ok(()),
        },
        13 => match random.partition(store) {
            Some(partition) => {
                let writer = store.topic(partition.topic_name())?.writer(random.name())?;
                let first = writer.next_sequence() + random.below(4) / 3;
                let batch = [(partition.id().0, random.records()), (0, random.records())];
                writer.append(first..first + random.below(5), batch).map(drop)
            }
            None => Ok(()),
        },
        14 => match store.find_topic(random.name()) {
            Some(topic) => topic.add_partitions(1 + random.below(6) as u32),
            None => Ok(()),
        },
        5..8 => match random.partition(store) {
            Some(partition) => partition.append(random.records()).map(drop),
            None => Ok(()),
        },
        _ => transact(random, store),
    }
}

fn transact(random: &mut Random, store: &Store) -> Result<()> {
    let mut transaction = store.begin(&store.producer(random.name())?)?;
    for _ in 0..random.below(5) {
        if let Some(partition) = random.partition(store) {
            transaction.append(&partition, random.records())?;
        }
    }
    if let Some(topic) = store.find_topic(random.name()).filter(|_| random.below(3) == 0) {
        let (name, value) = (random.name(), random.name());
        let expected = [None, topic.property(name)][random.below(2) as usize].clone();
        transaction.replace_property(&topic, name, expected.as_deref(), value.as_bytes());
    }
    if random.below(3) == 0 { transaction.abort() } else { transaction.commit().map(drop) }
}

/// What the journal alone tells, by its head and its entries.
fn told_by_journal(disk: &FaultyDisk) -> Image {
    let loaded = journal::load(Arc::new(disk.copy()), config().journal_bytes).unwrap();
    let mut image = loaded.head;
    loaded.entries.iter().for_each(|entry| image.apply(entry));
    Image { clean: false, ..image }
}

/// Of transactions the entries tell nothing: recovery learns of them from the segments.
fn without_transactions(mut image: Image) -> Image {
    for state in image.partitions.values_mut().flatten() {
        let Tail { end, segment, position, .. } = state.tail;
        state.tail = Tail { end, segment, position, ..Tail::default() };
    }
    image
}

#[test]
fn an_open_store_and_the_recovered_one_are_the_same_after_any_changes() {
    let (mut done, mut refused, mut partitions) = (0, 0, 0);
    for seed in 0..60 {
        let (mut random, mut disk) = (Random(seed), FaultyDisk::new());
        for _ in 0..4 {
            let store = open(&disk);
            for _ in 0..random.below(60) {
                match change(&mut random, &store) {
                    Ok(()) => done += 1,
                    Err(_) => refused += 1,
                }
            }
            let live = store.inner.catalog().image();
            partitions +=
                live.partitions.values().flatten().filter(|state| state.tail.end > Offset(0)).count();
            let told = told_by_journal(&disk);
            assert_eq!(without_transactions(told), without_transactions(live.clone()), "seed {seed}");
            let killed = disk.copy();
            let recovered = open(&killed).inner.catalog().image();
            assert_eq!(recovered, live, "seed {seed}");
            disk = if random.below(2) == 0 {
                disk.copy()
            } else {
                drop(store);
                disk
            };
        }
    }
    assert!(done > 3000 && refused > 300 && partitions > 300, "{done} {refused} {partitions}");
}

#[test]
fn each_entry_done_again_changes_nothing() {
    for seed in 0..30 {
        let (mut random, disk) = (Random(seed), FaultyDisk::new());
        let store = open(&disk);
        for _ in 0..40 {
            let _ = change(&mut random, &store);
        }
        let loaded = journal::load(Arc::new(disk.copy()), config().journal_bytes).unwrap();
        let (mut once, mut twice) = (loaded.head.clone(), loaded.head);
        for entry in &loaded.entries {
            once.apply(entry);
            twice.apply(entry);
            twice.apply(entry);
            assert_eq!(once, twice, "seed {seed}: {entry:?}");
        }
    }
}
