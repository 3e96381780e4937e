//! A course of random steps of three stores on one directory: what becomes of the stores, and of topics. What they write is `writing`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use log_store::{
    Clock, Compression, Durability, Error, Offset, Store, StoreConfig, Topic, TopicConfig, TopicId,
};
use tempfile::TempDir;

use crate::model::{Model, Record, TopicModel};
use crate::support::between::Between;
use crate::support::{Random, tiny};
use crate::writing::{Open, OpenWriter};

pub(crate) const TOPICS: [&str; 3] = ["orders", "payments", "bills"];
const STEPS: u64 = 80;

/// What a step that went as it should is called by.
pub(crate) type Done = Result<String, String>;

pub(crate) struct Course {
    pub(crate) dir: TempDir,
    pub(crate) random: Random,
    pub(crate) clock: Arc<Steady>,
    pub(crate) stores: [Option<Store>; 3],
    pub(crate) model: Model,
    pub(crate) transactions: Vec<Open>,
    pub(crate) writers: Vec<OpenWriter>,
    /// Handles of topics that are kept, perhaps for longer than the topics.
    pub(crate) old: Vec<(usize, Topic)>,
    pub(crate) next_value: u64,
    /// How often what was done.
    pub(crate) seen: BTreeMap<String, u64>,
    steps: Vec<String>,
    socket: u64,
    /// Cuts what is said between owners and clients, in every other course.
    between: Option<Arc<Mutex<Between>>>,
}

/// A clock that goes as the course has it.
pub(crate) struct Steady(pub(crate) AtomicI64);

impl Clock for Steady {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Course {
    pub(crate) fn new(seed: u64) -> Course {
        let mut course = Course {
            dir: new_dir(),
            random: Random(seed),
            clock: Arc::new(Steady(AtomicI64::new(1_000_000))),
            stores: [None, None, None],
            model: Model::default(),
            transactions: Vec::new(),
            writers: Vec::new(),
            old: Vec::new(),
            next_value: 0,
            seen: BTreeMap::new(),
            steps: Vec::new(),
            socket: 0,
            between: (seed % 2 == 1).then(|| Between::at_random(seed)),
        };
        (0..3).for_each(|who| course.open(who));
        course
    }

    pub(crate) fn run(&mut self) -> Result<(), String> {
        for _ in 0..4 {
            self.create(0)?;
        }
        self.check_all()?;
        for step in 0..STEPS {
            self.clock.0.fetch_add(self.random.below(40) as i64, Ordering::Relaxed);
            let who = self.random.below(3) as usize;
            let done = if self.stores[who].is_none() {
                self.open(who);
                Ok("open".to_owned())
            } else {
                self.step(who)
            };
            let said = done.as_ref().map_or_else(|wrong| format!("WRONG: {wrong}"), String::clone);
            self.steps.push(format!("{step}: {who}: {said}"));
            self.count(&done?);
            self.note_owner();
            self.check_all()?;
        }
        let cut =
            self.between.as_ref().map_or(0, |between| between.lock().expect("nobody panics with it").cut);
        *self.seen.entry("cut".to_owned()).or_default() += cut;
        self.settle()?;
        self.close_all()?;
        (0..3).for_each(|who| self.open(who));
        self.check_all()
    }

    pub(crate) fn last_steps(&self) -> String {
        self.steps[self.steps.len().saturating_sub(25)..].join("\n")
    }

    fn step(&mut self, who: usize) -> Done {
        match self.random.below(40) {
            0..2 => self.create(who),
            2 => self.delete(who),
            3 => self.alter(who),
            4 => self.add_partitions(who),
            5 => self.set_pins(who),
            6..8 => self.delete_records(who),
            8..10 => self.retain(who),
            10 => self.set_property(who),
            11 => self.use_old_handle(),
            12 => self.close(who),
            13 if self.random.below(2) == 0 => {
                self.settle()?;
                self.close_all()
            }
            13 => self.copy(),
            14 => self.use_old_handle(),
            15..18 => self.write_by_writer(who),
            18..20 => self.open_writer(who),
            20..24 => self.begin(who),
            24..34 => self.go_on_with_transaction(who),
            34..36 => self.append_together(who),
            _ => self.append(who),
        }
    }

    fn count(&mut self, what: &str) {
        // What comes behind a bracket is for who reads the steps.
        let what = what.split(" (").next().unwrap_or(what);
        *self.seen.entry(what.to_owned()).or_default() += 1;
    }

    /// Counts the owners, each of which has a socket of its own.
    fn note_owner(&mut self) {
        let socket = self.socket_file();
        if socket != 0 && socket != self.socket {
            self.socket = socket;
            self.count("owners");
            if let Some(between) = &self.between {
                Between::stand(between, self.dir.path());
                self.socket = self.socket_file();
            }
        }
    }

    fn socket_file(&self) -> u64 {
        fs::metadata(self.dir.path().join("socket")).map_or(0, |file| file.ino())
    }

    fn open(&mut self, who: usize) {
        let opened = Store::open_with(self.dir.path(), self.config());
        self.stores[who] =
            Some(opened.unwrap_or_else(|error| panic!("the directory is there to be opened: {error}")));
    }

    fn config(&self) -> StoreConfig {
        StoreConfig {
            clock: self.clock.clone(),
            patience: Duration::from_secs(60),
            retention_interval: Duration::ZERO,
            ..tiny()
        }
    }

    pub(crate) fn store(&self, who: usize) -> Store {
        self.stores[who].clone().expect("it is open")
    }

    /// A topic that there is, and its name.
    pub(crate) fn any_topic(&mut self) -> Option<(&'static str, TopicId)> {
        let count = self.model.topics.len() as u64;
        let chosen = self.random.below(count.max(1)) as usize;
        self.model.topics.iter().nth(chosen).map(|(name, topic)| (*name, topic.id))
    }

    pub(crate) fn any_partition(&mut self) -> Option<(&'static str, TopicId, u32)> {
        let (name, id) = self.any_topic()?;
        let number = self.random.below(self.model.topics[name].partitions.len() as u64) as u32;
        Some((name, id, number))
    }

    pub(crate) fn new_records(&mut self) -> Vec<Record> {
        let count = match self.random.below(12) {
            0 => 30 + self.random.below(60),
            _ => 1 + self.random.below(8),
        };
        let now = self.clock.now_ms();
        let record = |_| {
            self.next_value += 1;
            (now - self.random.below(50) as i64, format!("value {}", self.next_value))
        };
        (0..count).map(record).collect()
    }

    /// Whether each store has what it should have, once it has heard of what was done.
    fn check_all(&mut self) -> Result<(), String> {
        let open: Vec<_> = self.transactions.iter().flat_map(|one| one.added.keys().copied()).collect();
        let is_open = |id, number| open.contains(&(id, number));
        for who in 0..3 {
            let Some(store) = self.stores[who].clone() else { continue };
            // What it asks is answered when it sees what the owner sees.
            store.processes().map_err(|error| error.to_string())?;
            self.model.check(&store, &is_open).map_err(|wrong| format!("store {who}: {wrong}"))?;
            let Some((name, _, number)) = self.any_partition() else { continue };
            let partition = store
                .topic(name)
                .and_then(|topic| topic.partition(number))
                .map_err(|error| error.to_string())?;
            let model = &self.model.topics[name].partitions[number as usize];
            let from = model.start.plus(self.random.below(model.seen.0 - model.start.0 + 1));
            let time = self.clock.now_ms() - self.random.below(400) as i64;
            let checked = model.check_ways(&partition, from, time);
            checked.map_err(|wrong| format!("store {who}, `{name}` {number}: {wrong}"))?;
        }
        Ok(())
    }

    /// Ends all transactions.
    fn settle(&mut self) -> Result<(), String> {
        while !self.transactions.is_empty() {
            let ended = self.end_transaction(0)?;
            self.count(&ended);
        }
        self.check_all()
    }

    fn close(&mut self, who: usize) -> Done {
        let closed = self.store(who).close();
        closed.map_err(|error| format!("closing: {error}"))?;
        // Whatever is tried with what it gave is refused.
        for one in self.transactions.extract_if(.., |one| one.who == who) {
            let refused = one.transaction.commit();
            if !matches!(refused, Err(Error::Closed)) {
                return Err(format!("a transaction of a closed store: {refused:?}"));
            }
        }
        self.writers.retain(|writer| writer.who != who);
        self.old.retain(|(whose, _)| *whose != who);
        self.stores[who] = None;
        Ok("close".to_owned())
    }

    fn close_all(&mut self) -> Done {
        for who in 0..3 {
            if self.stores[who].is_some() {
                self.close(who)?;
            }
        }
        Ok("all closed".to_owned())
    }

    /// What would be there if all processes were killed now: a copy of the directory as it is.
    fn copy(&mut self) -> Done {
        self.settle()?;
        let copy = new_dir();
        copy_dir(self.dir.path(), copy.path());
        let store =
            Store::open_with(copy.path(), self.config()).map_err(|error| format!("a copy: {error}"))?;
        if !store.recovery().damaged.is_empty() {
            return Err(format!("a copy is damaged: {:?}", store.recovery()));
        }
        self.model.check(&store, &|_, _| false).map_err(|wrong| format!("a copy: {wrong}"))?;
        Ok("copy".to_owned())
    }

    fn create(&mut self, who: usize) -> Done {
        let name = TOPICS[self.random.below(3) as usize];
        let mut config = TopicConfig::with_partitions(1 + self.random.below(3) as u32);
        if self.random.below(3) == 0 {
            config.properties.insert("made".to_owned(), b"with it".to_vec());
        }
        let created = self.store(who).create_topic(name, config.clone());
        if self.model.topics.contains_key(name) {
            return refused(&created.map(drop), "TopicExists").map(|()| "create: TopicExists".to_owned());
        }
        let topic = created.map_err(|error| format!("creating `{name}`: {error}"))?;
        self.model.topics.insert(name, TopicModel::new(topic.id(), config));
        Ok(format!("create ({name})"))
    }

    fn delete(&mut self, who: usize) -> Done {
        let name = TOPICS[self.random.below(3) as usize];
        let handles: Vec<_> = self.stores.iter().flatten().flat_map(|store| store.find_topic(name)).collect();
        let whose = (0..3).filter(|who| self.stores[*who].is_some());
        if self.old.len() < 4 {
            self.old.extend(whose.zip(handles));
        }
        let deleted = self.store(who).delete_topic(name);
        let Some(topic) = self.model.topics.remove(name) else {
            return refused(&deleted, "UnknownTopic").map(|()| "delete: UnknownTopic".to_owned());
        };
        deleted.map_err(|error| format!("deleting `{name}`: {error}"))?;
        self.model.pins.retain(|_, pin| pin.0 != topic.id);
        Ok(format!("delete ({name})"))
    }

    fn alter(&mut self, who: usize) -> Done {
        let Some((name, _)) = self.any_topic() else { return Ok("nothing".to_owned()) };
        let codec = Compression::ALL[self.random.below(5) as usize];
        let segment_bytes = (self.random.below(3) > 0).then(|| 300 + self.random.below(1200));
        let retention_bytes = (self.random.below(2) > 0).then(|| self.random.below(1500));
        let retention =
            (self.random.below(2) > 0).then(|| Duration::from_millis(100 + self.random.below(400)));
        let durability = match self.random.below(6) {
            0 => Durability::Interval,
            1 => Durability::Os,
            _ => Durability::Fsync,
        };
        let change = |config: &mut TopicConfig| {
            config.compression = codec;
            config.segment_bytes = segment_bytes;
            config.retention_bytes = retention_bytes;
            config.retention = retention;
            config.durability = durability;
        };
        let altered = self.topic(who, name)?.alter(change);
        altered.map_err(|error| format!("altering `{name}`: {error}"))?;
        change(&mut self.model.topics.get_mut(name).expect("it is there").config);
        Ok(format!("alter ({name}, {durability:?}, {segment_bytes:?}, {retention_bytes:?}, {retention:?})"))
    }

    fn add_partitions(&mut self, who: usize) -> Done {
        let Some((name, _)) = self.any_topic() else { return Ok("nothing".to_owned()) };
        let topic = self.topic(who, name)?;
        let total = 1 + self.random.below(5) as u32;
        let added = topic.add_partitions(total);
        let model = self.model.topics.get_mut(name).expect("it is there");
        if (total as usize) < model.partitions.len() {
            return refused(&added, "InvalidTopic").map(|()| "add partitions: InvalidTopic".to_owned());
        }
        added.map_err(|error| format!("adding partitions to `{name}`: {error}"))?;
        model.partitions.resize_with(total as usize, Default::default);
        model.config.partitions = total;
        if topic.partitions() != total {
            return Err(format!("the handle has {} partitions for {total}", topic.partitions()));
        }
        Ok(format!("add partitions ({name}: {total})"))
    }

    fn set_pins(&mut self, who: usize) -> Done {
        let owner = ["a reader", "another"][self.random.below(2) as usize];
        let Some((name, id, number)) = self.any_partition() else { return Ok("nothing".to_owned()) };
        if self.random.below(4) == 0 {
            let set = self.store(who).set_pins(owner, &[]);
            self.model.pins.remove(owner);
            return set.map(|()| "no pins".to_owned()).map_err(|error| error.to_string());
        }
        let partition = self.topic(who, name)?.partition(number).map_err(|error| error.to_string())?;
        let offset = Offset(self.random.below(partition.last_stable_offset().0 + 1));
        let set = self.store(who).set_pins(owner, &[(id, partition.id(), offset)]);
        if offset < self.model.topics[name].partitions[number as usize].start {
            return refused(&set, "OffsetOutOfRange").map(|()| "pins: OffsetOutOfRange".to_owned());
        }
        set.map_err(|error| format!("pinning {offset} of `{name}` {number}: {error}"))?;
        self.model.pins.insert(owner, (id, number, offset));
        Ok(format!("pins ({owner}: {offset} of {name} {number})"))
    }

    fn delete_records(&mut self, who: usize) -> Done {
        let Some((name, id, number)) = self.any_partition() else { return Ok("nothing".to_owned()) };
        let partition = self.topic(who, name)?.partition(number).map_err(|error| error.to_string())?;
        let stable = partition.last_stable_offset();
        let offset = Offset(self.random.below(stable.0 + 3));
        let deleted = partition.delete_records_before(offset);
        let start = deleted.map_err(|error| format!("deleting before {offset}: {error}"))?;
        let allowed = self.model.lowest_pin(id, number).unwrap_or(offset).min(offset).min(stable);
        let model = &mut self.model.topics.get_mut(name).expect("it is there").partitions[number as usize];
        let expected = allowed.max(model.start);
        // With durability `interval`, more may have become stable meanwhile.
        if start < expected || (start > expected && start > offset) {
            return Err(format!("deleting before {offset} of {stable} came to {start} for {expected}"));
        }
        model.delete_before(start);
        Ok(format!("delete records ({name} {number}: {start})"))
    }

    fn retain(&mut self, who: usize) -> Done {
        let store = self.store(who);
        store.retain().map_err(|error| format!("retaining: {error}"))?;
        let (now, mut gave_up) = (self.clock.now_ms(), false);
        let pins: Vec<_> = self.model.pins.values().copied().collect();
        for (name, model) in &mut self.model.topics {
            let topic = store.topic(name).map_err(|error| error.to_string())?;
            for (number, partition) in (0..).zip(&mut model.partitions) {
                let start = topic.partition(number).map_err(|error| error.to_string())?.log_start_offset();
                if start == partition.start {
                    continue;
                }
                let what = format!("retaining `{name}` {number} from {} to {start}", partition.start);
                let pin = pins.iter().find(|pin| (pin.0, pin.1) == (model.id, number) && pin.2 < start);
                if start < partition.start || pin.is_some() {
                    return Err(format!("{what}, pinned at {pin:?}"));
                }
                let (bytes, age) = (model.config.retention_bytes, model.config.retention);
                let is_old = |time| age.is_some_and(|age| time + (age.as_millis() as i64) < now);
                if bytes.is_none() && !partition.times_before(start).all(is_old) {
                    return Err(format!("{what}, though some of it is younger than {age:?} at {now}"));
                }
                partition.delete_before(start);
                gave_up = true;
            }
        }
        Ok(if gave_up { "retain: gave up" } else { "retain" }.to_owned())
    }

    fn set_property(&mut self, who: usize) -> Done {
        let Some((name, _)) = self.any_topic() else { return Ok("nothing".to_owned()) };
        let value = format!("property {}", self.random.below(1000));
        let set = self.topic(who, name)?.set_property("p", value.as_bytes());
        set.map_err(|error| format!("setting a property: {error}"))?;
        let properties = &mut self.model.topics.get_mut(name).expect("it is there").config.properties;
        properties.insert("p".to_owned(), value.into_bytes());
        Ok("property".to_owned())
    }

    pub(crate) fn topic(&self, who: usize, name: &str) -> Result<Topic, String> {
        self.store(who).topic(name).map_err(|error| error.to_string())
    }
}

/// An error must be of its kind.
pub(crate) fn refused<T: std::fmt::Debug>(outcome: &log_store::Result<T>, kind: &str) -> Result<(), String> {
    match outcome {
        Err(error) if kind_of(error) == kind => Ok(()),
        other => Err(format!("{other:?}, where {kind} was due")),
    }
}

pub(crate) fn kind_of(error: &Error) -> String {
    let shown = format!("{error:#?}");
    shown.split(|sign: char| !sign.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

/// In memory, where there is such a place: how the log syncs is for others to look at.
fn new_dir() -> TempDir {
    let memory = Path::new("/dev/shm");
    let root = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    TempDir::new_in(root).unwrap()
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy_dir(&entry.path(), &to.join(entry.file_name()));
        } else if kind.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}
