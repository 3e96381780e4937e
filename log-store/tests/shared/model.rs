//! What a log should hold, in plain maps, and whether a store has just that.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::time::Duration;

use log_store::{Appended, Durability, Offset, Partition, Store, TopicConfig, TopicId};

/// How long is waited for what must be seen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Everything that was acknowledged.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) topics: BTreeMap<&'static str, TopicModel>,
    pub(crate) pins: BTreeMap<&'static str, (TopicId, u32, Offset)>,
    /// How often each producer was opened.
    pub(crate) producers: BTreeMap<&'static str, u32>,
}

pub(crate) struct TopicModel {
    pub(crate) id: TopicId,
    pub(crate) config: TopicConfig,
    pub(crate) partitions: Vec<PartitionModel>,
    pub(crate) writers: BTreeMap<&'static str, WriterModel>,
}

#[derive(Default)]
pub(crate) struct WriterModel {
    /// How often it was opened.
    pub(crate) openings: u32,
    pub(crate) next: u64,
    /// The last five batches, and where they lie.
    pub(crate) recent: VecDeque<(Range<u64>, Vec<Appended>)>,
}

#[derive(Default)]
pub(crate) struct PartitionModel {
    /// Time and value of each record by its offset.
    records: BTreeMap<Offset, Record>,
    /// What transactions have committed, as long as it was not read: between which offsets, and in which order.
    committed: Vec<(Range<Offset>, VecDeque<Record>)>,
    pub(crate) start: Offset,
    /// How far the store that was asked last has seen it: it may see more at any time, what waits for an interval's sync.
    pub(crate) seen: Offset,
}

pub(crate) type Record = (i64, String);

impl Model {
    /// Whether a store has just what it should have. `is_open` tells which partitions have something of a transaction that is under way.
    pub(crate) fn check(
        &mut self,
        store: &Store,
        is_open: &dyn Fn(TopicId, u32) -> bool,
    ) -> Result<(), String> {
        let topics = store.topics();
        let names: Vec<_> =
            topics.iter().map(|topic| topic.name()).filter(|name| !name.starts_with("__")).collect();
        let mut expected: Vec<_> = self.topics.iter().map(|(name, topic)| (topic.id, *name)).collect();
        expected.sort_unstable();
        if names.iter().ne(expected.iter().map(|(_, name)| name)) {
            return Err(format!("the topics are {names:?} for {expected:?}"));
        }
        for (name, model) in &mut self.topics {
            let topic = store.topic(name).map_err(|error| error.to_string())?;
            if topic.id() != model.id || topic.config() != model.config {
                let (found, expected) = (topic.config(), &model.config);
                return Err(format!("`{name}` is {} {found:?} for {} {expected:?}", topic.id(), model.id));
            }
            let pins = self.pins.iter().filter(|(_, pin)| pin.0 == model.id).map(|(owner, _)| *owner);
            if store.pins_on(model.id) != pins.collect::<Vec<_>>() {
                return Err(format!(
                    "pins on `{name}` are of {:?} for {:?}",
                    store.pins_on(model.id),
                    self.pins
                ));
            }
            model.check(&topic, is_open)?;
        }
        Ok(())
    }

    pub(crate) fn of_id(&mut self, id: TopicId) -> Option<&mut TopicModel> {
        self.topics.values_mut().find(|topic| topic.id == id)
    }

    /// The lowest offset that a partition must keep.
    pub(crate) fn lowest_pin(&self, id: TopicId, number: u32) -> Option<Offset> {
        let pins = self.pins.values().filter(|pin| (pin.0, pin.1) == (id, number));
        pins.map(|pin| pin.2).min()
    }
}

impl TopicModel {
    pub(crate) fn new(id: TopicId, config: TopicConfig) -> TopicModel {
        let partitions = (0..config.partitions).map(|_| PartitionModel::default()).collect();
        TopicModel { id, config, partitions, writers: BTreeMap::new() }
    }

    fn check(
        &mut self,
        topic: &log_store::Topic,
        is_open: &dyn Fn(TopicId, u32) -> bool,
    ) -> Result<(), String> {
        if topic.partitions() as usize != self.partitions.len() {
            return Err(format!(
                "`{}` has {} partitions for {}",
                topic.name(),
                topic.partitions(),
                self.partitions.len()
            ));
        }
        for (number, model) in (0..).zip(&mut self.partitions) {
            let partition = topic.partition(number).map_err(|error| error.to_string())?;
            let is_open = is_open(self.id, number);
            let checked = model.check(&partition, is_open, self.config.durability);
            checked.map_err(|wrong| format!("`{}` {number}: {wrong}", topic.name()))?;
        }
        // One question for all of them tells the same.
        let snapshot = topic.snapshot();
        for (range, model) in snapshot.iter().zip(&self.partitions) {
            let is_there =
                range.start == model.start && model.records.keys().all(|offset| *offset >= range.start);
            if !is_there {
                return Err(format!("the snapshot of `{}` is {snapshot:?}", topic.name()));
            }
        }
        Ok(())
    }
}

impl PartitionModel {
    pub(crate) fn append(&mut self, first: Offset, records: Vec<Record>) -> Result<(), String> {
        for (offset, record) in (first.0..).zip(records) {
            if let Some(there) = self.records.insert(Offset(offset), record) {
                return Err(format!("offset {offset} was given to {there:?} before"));
            }
        }
        Ok(())
    }

    pub(crate) fn commit(&mut self, within: Range<Offset>, records: Vec<Record>) {
        self.committed.push((within, records.into()));
    }

    pub(crate) fn delete_before(&mut self, start: Offset) {
        self.start = start;
        self.records = self.records.split_off(&start);
    }

    /// The times of the records before an offset.
    pub(crate) fn times_before(&self, offset: Offset) -> impl Iterator<Item = i64> {
        self.records.range(..offset).map(|(_, (time, _))| *time)
    }

    /// The offset behind all that was acknowledged.
    fn end(&self) -> Offset {
        let appended = self.records.keys().next_back().map_or(self.start, |last| last.plus(1));
        self.committed.iter().map(|(within, _)| within.end).fold(appended, Offset::max)
    }

    fn check(&mut self, partition: &Partition, is_open: bool, durability: Durability) -> Result<(), String> {
        let end = self.end();
        // What is left to the system may stand behind what waits for an interval's sync, or be in a transaction with it.
        if !is_open
            && durability != Durability::Fsync
            && end > self.start
            && !partition.wait_beyond(Offset(end.0 - 1), PATIENCE)
        {
            return Err(format!("what was acknowledged up to {end} is not seen in a minute"));
        }
        let (start, stable) = (partition.log_start_offset(), partition.last_stable_offset());
        if start != self.start {
            return Err(format!("it begins with {start} for {}", self.start));
        }
        if !is_open && stable < end {
            return Err(format!("seen up to {stable}, acknowledged up to {end}"));
        }
        if !is_open && durability == Durability::Fsync && stable != partition.log_end_offset() {
            return Err(format!("seen up to {stable}, and it ends with {}", partition.log_end_offset()));
        }
        let mut scan = partition.scan(start, stable).reading(700);
        let mut found = Vec::new();
        while let Some(record) = scan.next().map_err(|error| error.to_string())? {
            let value = String::from_utf8_lossy(record.value.unwrap_or_default()).into_owned();
            found.push((record.offset, (record.timestamp, value)));
        }
        for (offset, record) in &found {
            self.locate(*offset, record);
        }
        let expected: Vec<_> =
            self.records.range(..stable).map(|(offset, record)| (*offset, record.clone())).collect();
        if found != expected {
            let differs = found.iter().zip(&expected).find(|(found, expected)| found != expected);
            let (has, should) = (found.len(), expected.len());
            return Err(format!("{has} records for {should}: {differs:?}, or else at the end"));
        }
        match self.committed.iter().find(|(within, records)| within.end <= stable && !records.is_empty()) {
            Some(lost) => Err(format!("what was committed is not there: {lost:?}")),
            None => {
                self.committed.retain(|(_, records)| !records.is_empty());
                self.seen = stable;
                Ok(())
            }
        }
    }

    /// Takes what was read as the next that a transaction has committed, if it is.
    fn locate(&mut self, offset: Offset, record: &Record) {
        if self.records.contains_key(&offset) {
            return;
        }
        let next = |(within, records): &&mut (Range<Offset>, VecDeque<Record>)| {
            within.contains(&offset) && records.front() == Some(record)
        };
        if let Some((_, records)) = self.committed.iter_mut().find(next) {
            records.pop_front();
            self.records.insert(offset, record.clone());
        }
    }

    /// What is read from an offset, and found by a time, is what the model has.
    pub(crate) fn check_ways(&self, partition: &Partition, from: Offset, time: i64) -> Result<(), String> {
        let known = |offset: &Offset| *offset < self.seen;
        let fetched = partition.read(from, 700).map_err(|error| error.to_string())?;
        let first = fetched.records().next().map(|record| record.offset).filter(known);
        let expected = self.records.range(from..).next().map(|(offset, _)| *offset).filter(known);
        if first != expected {
            return Err(format!("read from {from}: {first:?} for {expected:?}"));
        }
        let found = partition.offset_for_time(time).map_err(|error| error.to_string())?.filter(known);
        let visible = self.records.range(..self.seen);
        let expected = visible.into_iter().find(|(_, record)| record.0 >= time).map(|(offset, _)| *offset);
        if found != expected {
            return Err(format!("{found:?} for {expected:?} is the first of time {time}"));
        }
        Ok(())
    }
}
