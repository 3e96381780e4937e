//! Losing power at any moment: what was acknowledged is there, what was not is there whole or not at all. That holds, too, if
//! a bit of the journal is damaged at the same time. Of a topic that is left to the system the last steps may be gone, and then all
//! behind them are, of whatever topic; none of these was acknowledged as durable.
//!
//! `LOG_STORE_CRASHES=10000` sets the number of crashes, `LOG_STORE_SEED=7` the first seed.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use log_store::{
    Compression, ConsumerConfig, Durability, Error, FaultyDisk, Offset, OffsetSpec, Partition, Store,
    TopicConfig,
};
use support::{Random, open, read_from, records, rounds, values};

const PARTITIONS: u32 = 3;
const TOPICS: [&str; 2] = ["alpha", "beta"];

/// What must be in the log.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
struct Model {
    /// The values of each partition from its first record on, those below the log start too.
    values: BTreeMap<(&'static str, u32), Vec<String>>,
    log_starts: BTreeMap<(&'static str, u32), Offset>,
    properties: BTreeMap<&'static str, String>,
    /// The settings that were altered.
    altered: BTreeMap<&'static str, TopicConfig>,
    /// What somebody needs; there is one such offset at a time.
    pin: Option<((&'static str, u32), Offset)>,
    /// Retention was under way: a partition may begin further on, but not behind what is needed.
    retaining: bool,
    /// How many partitions a topic has, where some were added.
    partitions: BTreeMap<&'static str, u32>,
    /// Where the writer of each topic is.
    sequences: BTreeMap<&'static str, u64>,
    /// What a consumer group has committed.
    committed: BTreeMap<(&'static str, u32), Offset>,
}

/// What a step would change.
type Effect = Box<dyn FnOnce(&mut Model)>;

struct Driver {
    random: Random,
    disk: FaultyDisk,
    model: Model,
    /// As the model was since the last step that is durable for certain, the latest last; after a crash it may be as any of them.
    earlier: Vec<Model>,
    /// What is acknowledged next was so as durable.
    is_durable: bool,
    /// One of the topics is left to the system.
    is_loose: bool,
    next_value: u64,
    /// Numbers of crashes by what was going on, to see that the test meets them all.
    seen: BTreeMap<&'static str, u64>,
}

/// As a topic is made.
fn config_of(name: &str, is_loose: bool) -> TopicConfig {
    let durability = if is_loose && name == TOPICS[1] { Durability::Os } else { Durability::Fsync };
    TopicConfig { durability, ..TopicConfig::with_partitions(PARTITIONS) }
}

#[test]
fn after_any_crash_exactly_the_acknowledged_is_there() {
    let crashes = rounds("LOG_STORE_CRASHES", 600);
    let first_seed = rounds("LOG_STORE_SEED", 1);
    let (mut done, mut seed) = (0, first_seed);
    let mut seen = BTreeMap::new();
    while done < crashes {
        let mut driver = Driver {
            random: Random(seed),
            disk: FaultyDisk::new(),
            model: Model::default(),
            earlier: Vec::new(),
            is_durable: false,
            is_loose: seed % 2 == 0,
            next_value: 0,
            seen: BTreeMap::new(),
        };
        // A store lives through a few crashes, so that they meet what earlier ones left.
        for _ in 0..5 {
            if let Err(problem) = driver.live_and_crash() {
                panic!("LOG_STORE_SEED={seed} LOG_STORE_CRASHES=1: {problem}");
            }
            done += 1;
        }
        for (situation, count) in driver.seen {
            *seen.entry(situation).or_insert(0) += count;
        }
        seed += 1;
    }
    println!("{done} crashes: {seen:?}");
    if crashes >= 500 {
        for situation in [
            "opening",
            "damaged journal",
            "append",
            "batch",
            "writer",
            "transaction",
            "interleaved transaction",
            "log start",
            "alter",
            "pin",
            "retention",
            "add partitions",
            "offsets",
            "outcome: whole",
            "outcome: nothing",
            "outcome: the last steps are gone",
        ] {
            assert!(seen.contains_key(situation), "no crash met: {situation}; {seen:?}");
        }
    }
}

impl Driver {
    /// Works until the power goes off, restarts, and compares.
    fn live_and_crash(&mut self) -> Result<(), String> {
        let work = 1 + self.random.below(150);
        self.disk.power_off_at(self.disk.changes() + work);
        let (situation, unsure) = self.live();
        *self.seen.entry(situation).or_insert(0) += 1;
        let mut damages = self.random.below(3) == 0;
        loop {
            self.disk = self.disk.crash(self.random.below(u64::MAX));
            if std::mem::take(&mut damages) && self.flip_bit_of_journal() {
                *self.seen.entry("damaged journal").or_insert(0) += 1;
            }
            if self.random.below(3) == 0 {
                // Crash while recovering, too.
                self.disk.power_off_at(self.random.below(30));
            }
            match open(&self.disk) {
                Ok(store) => {
                    self.disk.power_off_at(u64::MAX);
                    let compared = self.compare(&store, unsure);
                    self.pin_again(&store);
                    return compared.map_err(|problem| format!("{situation}: {problem}"));
                }
                Err(Error::Io { .. }) if self.disk.changes() > 0 => {
                    *self.seen.entry("recovery").or_insert(0) += 1
                }
                Err(error) => return Err(format!("{situation}: the store does not open: {error}")),
            }
        }
    }

    /// Inverts some bit of the journal, if there is one yet.
    fn flip_bit_of_journal(&mut self) -> bool {
        let path = ["journal/0", "journal/1", "journal/synced"][self.random.below(3) as usize];
        let content = self.disk.content(Path::new(path)).unwrap_or_default();
        let used = content.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1);
        if used > 0 {
            self.disk.flip_bit(Path::new(path), self.random.below(used * 8));
        }
        used > 0
    }

    /// Does random things until the power is off. Gives what was going on, and what it would have changed.
    fn live(&mut self) -> (&'static str, Option<Effect>) {
        let Ok(store) = open(&self.disk) else { return ("opening", None) };
        for name in TOPICS {
            let config = config_of(name, self.is_loose);
            match store.topic(name).or_else(|_| store.create_topic(name, config)) {
                Ok(_) => {}
                Err(_) => return ("create topic", None),
            }
        }
        self.earlier.clear();
        for _ in 0..200 {
            let (situation, acknowledged, effect) = match self.random.below(26) {
                24.. => self.commit_offsets(&store),
                0..8 => self.append(&store),
                8..17 => self.transact(&store),
                17 => self.move_log_start(&store),
                18 => self.set_property(&store),
                20 => self.alter(&store),
                21 => self.pin(&store),
                22 => self.retain(&store),
                23 => self.add_partitions(&store),
                _ if self.random.below(8) > 0 => self.interleave(&store),
                _ => match store.close() {
                    Ok(()) => return ("closed", None),
                    Err(_) => return ("closing", None),
                },
            };
            if !acknowledged {
                return (situation, Some(effect));
            }
            self.note(effect);
        }
        ("nothing", None)
    }

    /// Something was acknowledged, as durable or not.
    fn note(&mut self, effect: impl FnOnce(&mut Model)) {
        if std::mem::take(&mut self.is_durable) {
            self.earlier.clear();
        } else if self.is_loose {
            self.earlier.push(self.model.clone());
        }
        effect(&mut self.model);
    }

    /// All that was acknowledged so far is durable, since something behind it is.
    fn all_is_durable(&mut self) {
        self.earlier.clear();
    }

    fn is_left_to_the_system(&self, name: &str) -> bool {
        config_of(name, self.is_loose).durability == Durability::Os
    }

    fn append(&mut self, store: &Store) -> (&'static str, bool, Effect) {
        match self.random.below(4) {
            0 => return self.append_batch(store),
            1 => return self.append_as_writer(store),
            _ => {}
        }
        let (key, partition) = self.any_partition(store);
        let new = self.new_values();
        let acknowledged = partition.append(records(&new)).is_ok();
        self.is_durable = acknowledged && !self.is_left_to_the_system(key.0);
        ("append", acknowledged, Box::new(move |model| model.values.entry(key).or_default().extend(new)))
    }

    /// To two partitions of a topic in one step.
    fn append_batch(&mut self, store: &Store) -> (&'static str, bool, Effect) {
        let ((name, number), partition) = self.any_partition(store);
        let topic = store.topic(partition.topic_name()).expect("it was made");
        let (other, new, more) = ((number + 1) % PARTITIONS, self.new_values(), self.new_values());
        let acknowledged = topic.append_together([(number, records(&new)), (other, records(&more))]).is_ok();
        let effect = move |model: &mut Model| {
            model.values.entry((name, number)).or_default().extend(new);
            model.values.entry((name, other)).or_default().extend(more);
        };
        ("batch", acknowledged, Box::new(effect))
    }

    /// As a writer that was opened before, or is opened again, and perhaps twice the same.
    fn append_as_writer(&mut self, store: &Store) -> (&'static str, bool, Effect) {
        let ((name, number), partition) = self.any_partition(store);
        let topic = store.topic(partition.topic_name()).expect("it was made");
        let Ok(writer) = topic.writer("writer") else { return ("writer", false, Box::new(|_| ())) };
        self.all_is_durable();
        let told = self.model.sequences.get(name).copied().unwrap_or(0);
        assert_eq!(writer.next_sequence(), told, "a writer is where its last batch ends");
        let (new, end) = (self.new_values(), told + 1 + self.random.below(3));
        let write = || writer.append(told..end, [(number, records(&new))]).is_ok();
        let (acknowledged, again) = (write(), self.random.below(3) == 0);
        let retried = acknowledged && again && write();
        let effect = move |model: &mut Model| {
            model.values.entry((name, number)).or_default().extend(new);
            model.sequences.insert(name, end);
        };
        if acknowledged && again && !retried {
            self.note(effect);
            return ("writer", false, Box::new(|_| ()));
        }
        ("writer", acknowledged, Box::new(effect))
    }

    fn transact(&mut self, store: &Store) -> (&'static str, bool, Effect) {
        let nothing = || Box::new(|_: &mut Model| ()) as Effect;
        let Ok(producer) = store.producer("writer") else { return ("producer", false, nothing()) };
        self.all_is_durable();
        let mut transaction = store.begin(&producer).expect("a new producer has no transaction");
        let mut added = Vec::new();
        for _ in 0..1 + self.random.below(5) {
            let (key, partition) = self.any_partition(store);
            let new = self.new_values();
            if transaction.append(&partition, records(&new)).is_err() {
                return ("transaction", false, nothing());
            }
            added.push((key, new));
            if self.random.below(6) == 0 {
                // Somebody else writes between.
                let (key, partition) = self.any_partition(store);
                let new = self.new_values();
                let acknowledged = partition.append(records(&new)).is_ok();
                let effect: Effect = Box::new(move |model| model.values.entry(key).or_default().extend(new));
                if !acknowledged {
                    return ("append beside a transaction", false, effect);
                }
                self.note(effect);
                // What the transaction wrote may now lie before it or behind it; keep to one order.
                let _ = transaction.abort();
                return ("abort", true, nothing());
            }
        }
        if self.random.below(4) == 0 {
            return ("abort", transaction.abort().is_ok(), nothing());
        }
        let property = (self.random.below(4) == 0).then(|| {
            let name = TOPICS[self.random.below(2) as usize];
            let value = format!("property {}", self.random.below(1000));
            transaction.set_property(&store.topic(name).expect("it was made"), "p", value.as_bytes());
            (name, value)
        });
        let acknowledged = transaction.commit().is_ok();
        let is_durable =
            property.is_some() || added.iter().any(|((name, _), _)| !self.is_left_to_the_system(name));
        self.is_durable = acknowledged && is_durable;
        let effect = move |model: &mut Model| {
            for (key, new) in added {
                model.values.entry(key).or_default().extend(new);
            }
            model.properties.extend(property);
        };
        ("transaction", acknowledged, Box::new(effect))
    }

    /// A transaction that is large enough to be in the log before it ends, with somebody else's records amid.
    fn interleave(&mut self, store: &Store) -> (&'static str, bool, Effect) {
        let nothing = || Box::new(|_: &mut Model| ()) as Effect;
        let (key, partition) = self.any_partition(store);
        let large: Vec<_> = (0..150).map(|number| format!("large {} {number}", self.next_value)).collect();
        let (between, last) = (self.new_values(), self.new_values());
        let Ok(producer) = store.producer("writer") else { return ("producer", false, nothing()) };
        self.all_is_durable();
        let mut transaction = store.begin(&producer).expect("a new producer has no transaction");
        if transaction.append(&partition, records(&large)).is_err() {
            return ("interleaved transaction", false, nothing());
        }
        let acknowledged = partition.append(records(&between)).is_ok();
        let place = self.model.values.entry(key).or_default().len();
        let effect = move |model: &mut Model| model.values.entry(key).or_default().extend(between);
        if !acknowledged {
            return ("append beside a transaction", false, Box::new(effect));
        }
        self.note(effect);
        let split = last.len() / 2;
        let added = transaction.append(&partition, records(&last[..split]));
        let added = added.and_then(|()| transaction.append(&partition, records(&last[split..])));
        // The last records are in memory until the commit, unless they are many.
        if added.is_err() || last.len() > 8 {
            return ("interleaved transaction", transaction.abort().is_ok() && added.is_ok(), nothing());
        }
        let acknowledged = transaction.commit().is_ok();
        let effect = move |model: &mut Model| {
            let values = model.values.entry(key).or_default();
            values.splice(place..place, large);
            values.extend(last);
        };
        ("interleaved transaction", acknowledged, Box::new(effect))
    }

    fn move_log_start(&mut self, store: &Store) -> (&'static str, bool, Effect) {
        let (key, partition) = self.any_partition(store);
        let end = partition.last_stable_offset();
        let target = Offset(self.random.below(end.0 + 1));
        let moved = partition.delete_records_before(target);
        let effect = move |model: &mut Model| {
            let allowed = model.pin.filter(|(pinned, _)| *pinned == key).map_or(target, |(_, pin)| pin);
            let start = model.log_starts.entry(key).or_default();
            *start = (*start).max(target.min(allowed));
        };
        ("log start", moved.is_ok(), Box::new(effect))
    }

    fn set_property(&mut self, store: &Store) -> (&'static str, bool, Effect) {
        let name = TOPICS[self.random.below(2) as usize];
        let value = format!("property {}", self.random.below(1000));
        let set = store.topic(name).expect("it was made").set_property("p", value.as_bytes());
        self.is_durable = set.is_ok();
        ("property", set.is_ok(), Box::new(move |model| drop(model.properties.insert(name, value))))
    }

    /// Of a consumer group: alone, or with records in a transaction.
    fn commit_offsets(&mut self, store: &Store) -> (&'static str, bool, Effect) {
        let (key, partition) = self.any_partition(store);
        let (start, end) = (partition.log_start_offset(), partition.last_stable_offset());
        let offset = start.plus(self.random.below(end.0 - start.0 + 1));
        let new = if self.random.below(2) == 0 { Vec::new() } else { self.new_values() };
        let commit = || {
            let mut group = store.assign(Some("readers"), [partition.clone()], ConsumerConfig::default())?;
            if new.is_empty() {
                return group.commit_offset(&partition, offset);
            }
            group.seek(&partition, OffsetSpec::Offset(offset))?;
            let mut transaction = store.begin(&store.producer("writer")?)?;
            transaction.append(&partition, records(&new))?;
            transaction.commit_offsets(group.offsets());
            transaction.commit().map(drop)
        };
        self.is_durable = commit().is_ok();
        let effect = move |model: &mut Model| {
            model.committed.insert(key, offset);
            model.values.entry(key).or_default().extend(new);
        };
        ("offsets", self.is_durable, Box::new(effect))
    }

    /// One or two, up to so many that each is still met.
    fn add_partitions(&mut self, store: &Store) -> (&'static str, bool, Effect) {
        let name = TOPICS[self.random.below(2) as usize];
        let topic = store.topic(name).expect("it was made");
        let total = (topic.partitions() + 1 + self.random.below(2) as u32).min(2 * PARTITIONS);
        let added = topic.add_partitions(total).is_ok();
        if added {
            assert_eq!(topic.partitions(), total, "the handle that was there has them");
        }
        ("add partitions", added, Box::new(move |model| _ = model.partitions.insert(name, total)))
    }

    fn alter(&mut self, store: &Store) -> (&'static str, bool, Effect) {
        let name = TOPICS[self.random.below(2) as usize];
        let codec = Compression::ALL[self.random.below(5) as usize];
        let segment_bytes = (self.random.below(3) > 0).then(|| 500 + self.random.below(4000));
        let retention_bytes = (self.random.below(2) > 0).then(|| self.random.below(6000));
        let change = move |config: &mut TopicConfig| {
            config.compression = codec;
            config.segment_bytes = segment_bytes;
            config.retention_bytes = retention_bytes;
        };
        let altered = store.topic(name).expect("it was made").alter(change);
        let unaltered = config_of(name, self.is_loose);
        let effect = move |model: &mut Model| {
            change(model.altered.entry(name).or_insert(unaltered));
        };
        ("alter", altered.is_ok(), Box::new(effect))
    }

    fn pin(&mut self, store: &Store) -> (&'static str, bool, Effect) {
        let (key, partition) = self.any_partition(store);
        let (start, end) = (partition.log_start_offset(), partition.last_stable_offset());
        let offset = start.plus(self.random.below(end.0 - start.0 + 1));
        let pinned = store.set_pins("reader", &[(partition.topic_id(), partition.id(), offset)]);
        self.is_durable = pinned.is_ok();
        ("pin", pinned.is_ok(), Box::new(move |model| model.pin = Some((key, offset))))
    }

    /// Whether a pin was kept that was on its way cannot be seen: from now on it is as the model says.
    fn pin_again(&self, store: &Store) {
        let pin = self.model.pin.map(|((name, number), offset)| {
            let topic = store.topic(name).expect("it was made");
            (topic.id(), topic.partition(number).expect("it has three").id(), offset)
        });
        store
            .set_pins("reader", pin.as_slice())
            .expect("nothing behind it was given up, and the power is on");
    }

    fn retain(&mut self, store: &Store) -> (&'static str, bool, Effect) {
        let acknowledged = store.retain().is_ok();
        let starts = Self::log_starts(store);
        let effect = move |model: &mut Model| {
            if acknowledged {
                assert!(model.pin.is_none_or(|(key, pin)| starts[&key] <= pin), "{:?} {starts:?}", model.pin);
                assert!(model.log_starts.iter().all(|(key, start)| starts[key] >= *start));
                model.log_starts = starts;
            } else {
                model.retaining = true;
            }
        };
        ("retention", acknowledged, Box::new(effect))
    }

    fn log_starts(store: &Store) -> BTreeMap<(&'static str, u32), Offset> {
        let mut starts = BTreeMap::new();
        for name in TOPICS {
            let topic = store.topic(name).expect("it was made");
            for number in 0..topic.partitions() {
                let partition = topic.partition(number).expect("it has so many");
                starts.insert((name, number), partition.log_start_offset());
            }
        }
        starts
    }

    /// The store must hold what the model says, with the unsure step or without.
    fn compare(&mut self, store: &Store, unsure: Option<Effect>) -> Result<(), String> {
        if !store.recovery().damaged.is_empty() {
            return Err(format!("damaged: {:?}", store.recovery().damaged));
        }
        let without = self.model.clone();
        let nothing = self.holds(store, &without);
        let mut with = without;
        if let Some(effect) = unsure {
            effect(&mut with);
        }
        let whole = self.holds(store, &with);
        if nothing.is_err()
            && whole.is_err()
            && let Some(place) = self.earlier.iter().rposition(|earlier| self.holds(store, earlier).is_ok())
        {
            self.model = self.earlier.swap_remove(place);
            *self.seen.entry("outcome: the last steps are gone").or_insert(0) += 1;
            return Ok(());
        }
        match (nothing, whole) {
            (Ok(()), _) => {
                *self.seen.entry("outcome: nothing").or_insert(0) += 1;
                Ok(())
            }
            (Err(_), Ok(())) => {
                self.model = with;
                if std::mem::take(&mut self.model.retaining) {
                    self.model.log_starts = Self::log_starts(store);
                    *self.seen.entry("half retained").or_insert(0) += 1;
                }
                *self.seen.entry("outcome: whole").or_insert(0) += 1;
                Ok(())
            }
            (Err(without), Err(with)) => Err(format!("neither without: {without}, nor with: {with}")),
        }
    }

    fn holds(&self, store: &Store, model: &Model) -> Result<(), String> {
        for name in TOPICS {
            let Ok(topic) = store.topic(name) else {
                let empty = model.values.keys().all(|(topic, _)| *topic != name);
                if empty {
                    continue;
                }
                return Err(format!("topic {name} is missing"));
            };
            let property = topic.property("p").map(|bytes| String::from_utf8(bytes).expect("it was text"));
            if property.as_ref() != model.properties.get(name) {
                return Err(format!("property of {name}: {property:?}"));
            }
            let expected = model.altered.get(name).cloned();
            let expected = expected.unwrap_or_else(|| config_of(name, self.is_loose));
            if topic.config().settings() != expected.settings() {
                return Err(format!("settings of {name}: {:?}", topic.config()));
            }
            let writer = topic.writer("writer").map_err(|error| error.to_string())?;
            let (next, expected) = (writer.next_sequence(), model.sequences.get(name).copied().unwrap_or(0));
            if next != expected {
                return Err(format!("the writer of {name} is at {next} for {expected}"));
            }
            let partitions = model.partitions.get(name).copied().unwrap_or(PARTITIONS);
            if (topic.partitions(), topic.config().partitions) != (partitions, partitions) {
                return Err(format!("{name} has {} partitions for {partitions}", topic.partitions()));
            }
            for number in 0..partitions {
                let partition = topic.partition(number).expect("it has so many");
                Self::holds_partition(&partition, model, (name, number))?;
                let found = store.assign(Some("readers"), [partition.clone()], ConsumerConfig::default());
                let found =
                    found.and_then(|group| group.committed(&partition)).map_err(|error| error.to_string())?;
                let expected = model.committed.get(&(name, number));
                if found.as_ref().map(|committed| &committed.offset) != expected {
                    return Err(format!("{name} {number}: {found:?} is committed for {expected:?}"));
                }
            }
        }
        Ok(())
    }

    fn holds_partition(partition: &Partition, model: &Model, key: (&'static str, u32)) -> Result<(), String> {
        let start = model.log_starts.get(&key).copied().unwrap_or_default();
        let found_start = partition.log_start_offset();
        let is_retained = model.retaining
            && found_start > start
            && model.pin.is_none_or(|(pinned, pin)| pinned != key || found_start <= pin);
        if found_start != start && !is_retained {
            return Err(format!("{key:?}: log start {found_start} for {start}"));
        }
        if partition.last_stable_offset() != partition.log_end_offset() {
            return Err(format!("{key:?}: a transaction is still open"));
        }
        let found = values(partition).map_err(|error| format!("{key:?}: {error}"))?;
        let none = Vec::new();
        let all = model.values.get(&key).unwrap_or(&none);
        // Offsets count markers too, so the values above the log start are some last ones.
        let expected = all.get(all.len().saturating_sub(found.len())..).unwrap_or(&[]);
        if found != expected || (found_start == Offset(0) && found.len() != all.len()) {
            return Err(format!("{key:?}: found {} values of {}, {found:?}", found.len(), all.len()));
        }
        // What is read from the middle agrees.
        let middle = Offset((found_start.0 + partition.log_end_offset().0) / 2);
        let later = read_from(partition, middle).map_err(|error| format!("{key:?}: {error}"))?;
        if later.iter().map(|(_, value)| value).ne(found[found.len() - later.len()..].iter()) {
            return Err(format!("{key:?}: reading from {middle} differs"));
        }
        Ok(())
    }

    fn any_partition(&mut self, store: &Store) -> ((&'static str, u32), Partition) {
        let name = TOPICS[self.random.below(2) as usize];
        let topic = store.topic(name).expect("it was made");
        let number = self.random.below(topic.partitions().into()) as u32;
        ((name, number), topic.partition(number).expect("it has so many"))
    }

    fn new_values(&mut self) -> Vec<String> {
        let count = match self.random.below(10) {
            0 => 60 + self.random.below(200),
            _ => 1 + self.random.below(8),
        };
        let first = self.next_value;
        self.next_value += count;
        (first..first + count).map(|number| format!("value {number}")).collect()
    }
}
