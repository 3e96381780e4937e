//! What the stores of a course write: appends, transactions that go on over several steps, batches of writers.

use std::collections::BTreeMap;
use std::ops::Range;

use log_store::{Appended, Offset, RecordsBuilder, Topic, TopicId, Transaction, Writer};

use crate::course::{Course, Done, kind_of, refused};
use crate::model::Record;

const PRODUCERS: [&str; 3] = ["importer", "billing", "shop"];
const WRITERS: [&str; 2] = ["sensor", "meter"];

/// A transaction that is under way.
pub(crate) struct Open {
    pub(crate) who: usize,
    producer: &'static str,
    opening: u32,
    pub(crate) transaction: Transaction,
    pub(crate) added: BTreeMap<(TopicId, u32), Vec<Record>>,
    property: Option<Change>,
    failed: bool,
}

/// A property that a transaction changes, and what it must be until then.
struct Change {
    topic: TopicId,
    expected: Option<Option<Vec<u8>>>,
    value: Vec<u8>,
}

pub(crate) struct OpenWriter {
    pub(crate) who: usize,
    topic: TopicId,
    name: &'static str,
    opening: u32,
    writer: Writer,
}

pub(crate) fn builder(records: &[Record]) -> RecordsBuilder {
    let mut builder = RecordsBuilder::new();
    records.iter().for_each(|(time, value)| builder.push(*time, None, Some(value.as_bytes())));
    builder
}

impl Course {
    pub(crate) fn append(&mut self, who: usize) -> Done {
        let Some((name, id, number)) = self.any_partition() else { return Ok("nothing".to_owned()) };
        let topic = self.topic(who, name)?;
        if self.random.below(3) == 0 && self.old.len() < 4 {
            self.old.push((who, topic.clone()));
        }
        self.append_to(&topic, id, number).map(|first| format!("append ({name} {number}: {first})"))
    }

    fn append_to(&mut self, topic: &Topic, id: TopicId, number: u32) -> Result<Offset, String> {
        let records = self.new_records();
        let appended = topic.partition(number).and_then(|partition| partition.append(builder(&records)));
        let first = appended.map_err(|error| format!("appending to `{}` {number}: {error}", topic.name()))?;
        self.model.of_id(id).expect("it is there").partitions[number as usize].append(first, records)?;
        Ok(first)
    }

    pub(crate) fn append_together(&mut self, who: usize) -> Done {
        let Some((name, id)) = self.any_topic() else { return Ok("nothing".to_owned()) };
        let (topic, shares) = (self.topic(who, name)?, self.new_shares(name));
        let batch: Vec<_> = shares.iter().map(|(number, records)| (*number, builder(records))).collect();
        let places = topic.append_together(batch).map_err(|error| format!("appending together: {error}"))?;
        self.keep(id, shares, &places)?;
        Ok(format!("append together ({name})"))
    }

    /// Some records for each of some partitions, perhaps for none.
    fn new_shares(&mut self, name: &str) -> BTreeMap<u32, Vec<Record>> {
        let partitions = self.model.topics[name].partitions.len() as u32;
        let mut shares = BTreeMap::new();
        for number in 0..partitions {
            if self.random.below(2) == 0 {
                shares.insert(number, self.new_records());
            }
        }
        shares
    }

    fn keep(
        &mut self,
        id: TopicId,
        shares: BTreeMap<u32, Vec<Record>>,
        places: &[Appended],
    ) -> Result<(), String> {
        let told = places.iter().map(|place| (place.partition.0, place.end.0 - place.first.0));
        if told.ne(shares.iter().map(|(number, records)| (*number, records.len() as u64))) {
            return Err(format!("places {places:?} for {shares:?}"));
        }
        let model = self.model.of_id(id).expect("it is there");
        for (place, records) in places.iter().zip(shares.into_values()) {
            model.partitions[place.partition.0 as usize].append(place.first, records)?;
        }
        Ok(())
    }

    /// With a handle that is kept, of a topic that may be gone.
    pub(crate) fn use_old_handle(&mut self) -> Done {
        if self.old.is_empty() {
            return Ok("nothing".to_owned());
        }
        let at = self.random.below(self.old.len() as u64) as usize;
        let (_, topic) = self.old.swap_remove(at);
        if self.model.of_id(topic.id()).is_some() {
            let number = topic.partitions() - 1;
            self.append_to(&topic, topic.id(), number)?;
            return Ok("old handle: Ok".to_owned());
        }
        let partition = topic.partition(0).map_err(|error| error.to_string())?;
        let records = || builder(&[(0, "too late".to_owned())]);
        refused(&partition.append(records()), "UnknownTopic")?;
        refused(&partition.read(Offset(0), 700).map(drop), "UnknownTopic")?;
        refused(&partition.delete_records_before(Offset(0)), "UnknownTopic")?;
        refused(&topic.check(), "UnknownTopic")?;
        refused(&topic.append_together([(0, records())]), "UnknownTopic")?;
        refused(&topic.set_property("p", b"too late"), "UnknownTopic")?;
        refused(&topic.add_partitions(9), "UnknownTopic")?;
        refused(&topic.writer("sensor").map(drop), "UnknownTopic")?;
        Ok("old handle: UnknownTopic".to_owned())
    }

    pub(crate) fn begin(&mut self, who: usize) -> Done {
        let name = PRODUCERS[self.random.below(3) as usize];
        let store = self.store(who);
        let producer = store.producer(name).map_err(|error| format!("opening a producer: {error}"))?;
        let openings = self.model.producers.entry(name).or_default();
        *openings += 1;
        let opening = *openings;
        let transaction = store.begin(&producer).map_err(|error| format!("beginning: {error}"))?;
        refused(&store.begin(&producer).map(drop), "TransactionOpen")?;
        let mut open = Open {
            who,
            producer: name,
            opening,
            transaction,
            added: BTreeMap::new(),
            property: None,
            failed: false,
        };
        self.add_records(&mut open)?;
        self.transactions.push(open);
        Ok(format!("begin ({name} {opening})"))
    }

    fn add_records(&mut self, open: &mut Open) -> Result<(), String> {
        let Some((name, id, number)) = self.any_partition() else { return Ok(()) };
        let partition = self.topic(open.who, name)?.partition(number).map_err(|error| error.to_string())?;
        let records = self.new_records();
        match open.transaction.append(&partition, builder(&records)) {
            Ok(()) => {
                open.added.entry((id, number)).or_default().extend(records);
                Ok(())
            }
            // What it is refused for may be noticed at once if it is large, or else at its end.
            Err(error) if self.due(open) == Some(kind_of(&error).as_str()) => {
                open.failed = true;
                // A part of it may have been written before it was refused.
                open.added.entry((id, number)).or_default();
                Ok(())
            }
            Err(error) => Err(format!("appending in a transaction: {error}")),
        }
    }

    /// What the commit of a transaction is to be refused with.
    fn due(&mut self, open: &Open) -> Option<&'static str> {
        let is_gone = |model: &mut crate::model::Model, id| model.of_id(id).is_none();
        if open.failed {
            return Some("TransactionFailed");
        }
        if self.model.producers[open.producer] != open.opening {
            return Some("Fenced");
        }
        if open.added.keys().any(|(id, _)| is_gone(&mut self.model, *id)) {
            return Some("UnknownTopic");
        }
        let change = open.property.as_ref()?;
        match self.model.of_id(change.topic) {
            None => Some("UnknownTopic"),
            Some(topic) => {
                let is = topic.config.properties.get("p");
                let differs = change.expected.as_ref().is_some_and(|expected| expected.as_ref() != is);
                differs.then_some("PropertyChanged")
            }
        }
    }

    pub(crate) fn go_on_with_transaction(&mut self, who: usize) -> Done {
        if self.transactions.is_empty() {
            return self.begin(who);
        }
        let at = self.random.below(self.transactions.len() as u64) as usize;
        match self.random.below(6) {
            0..3 => {
                let mut open = self.transactions.swap_remove(at);
                let added = if open.failed { Ok(()) } else { self.add_records(&mut open) };
                self.transactions.push(open);
                added.map(|()| "more of a transaction".to_owned())
            }
            3 => self.change_property(at),
            _ => self.end_transaction(at),
        }
    }

    fn change_property(&mut self, at: usize) -> Done {
        let Some((name, topic)) = self.any_topic() else { return Ok("nothing".to_owned()) };
        let is = self.model.topics[name].config.properties.get("p").cloned();
        let expected = match self.random.below(6) {
            0..2 => None,
            2 => Some(Some(b"what it was once".to_vec())),
            _ => Some(is),
        };
        let value = format!("property {}", self.random.below(1000)).into_bytes();
        let handle = self.topic(self.transactions[at].who, name)?;
        let open = &mut self.transactions[at];
        if open.property.is_some() {
            return Ok("nothing".to_owned());
        }
        match &expected {
            Some(expected) => open.transaction.replace_property(&handle, "p", expected.as_deref(), &value),
            None => open.transaction.set_property(&handle, "p", &value),
        }
        open.property = Some(Change { topic, expected, value });
        Ok("property of a transaction".to_owned())
    }

    /// Commits a transaction, aborts it, or lets it fall.
    pub(crate) fn end_transaction(&mut self, at: usize) -> Done {
        let open = self.transactions.swap_remove(at);
        let due = self.due(&open);
        match self.random.below(8) {
            0 => {
                drop(open.transaction);
                return Ok("transaction dropped".to_owned());
            }
            1 => {
                let aborted = open.transaction.abort();
                if let (Err(error), None | Some("PropertyChanged")) = (&aborted, due) {
                    return Err(format!("aborting: {error}"));
                }
                return Ok("abort".to_owned());
            }
            _ => {}
        }
        let is_empty = open.added.is_empty() && open.property.is_none();
        let committed = open.transaction.commit();
        let what = format!("({} {} of {})", open.producer, open.opening, open.who);
        if let Some(due) = due.filter(|_| !is_empty) {
            return refused(&committed, due).map(|()| format!("transaction: {due} {what}"));
        }
        if is_empty {
            return Ok("empty transaction".to_owned());
        }
        let ranges = committed.map_err(|error| format!("committing {what}: {error}"))?;
        let told = ranges.iter().map(|range| (range.0, range.1.0));
        if told.ne(open.added.keys().copied()) {
            return Err(format!("ranges {ranges:?} for {:?}", open.added.keys()));
        }
        for (range, records) in ranges.iter().zip(open.added.into_values()) {
            let model = self.model.of_id(range.0).expect("it is there");
            model.partitions[range.1.0 as usize].commit(range.2..range.3, records);
        }
        if let Some(change) = open.property {
            let topic = self.model.of_id(change.topic).expect("it is there");
            topic.config.properties.insert("p".to_owned(), change.value);
        }
        Ok(format!("transaction: Ok {what}"))
    }

    pub(crate) fn open_writer(&mut self, who: usize) -> Done {
        let Some((topic_name, topic)) = self.any_topic() else { return Ok("nothing".to_owned()) };
        let name = WRITERS[self.random.below(2) as usize];
        let opened = self.topic(who, topic_name)?.writer(name);
        let writer = opened.map_err(|error| format!("opening a writer: {error}"))?;
        let model =
            self.model.topics.get_mut(topic_name).expect("it is there").writers.entry(name).or_default();
        model.openings += 1;
        if writer.next_sequence() != model.next {
            return Err(format!("writer `{name}` begins with {} for {}", writer.next_sequence(), model.next));
        }
        self.writers.push(OpenWriter { who, topic, name, opening: model.openings, writer });
        if self.writers.len() > 6 {
            self.writers.remove(0);
        }
        Ok(format!("open writer ({name} of {topic_name})"))
    }

    /// The next batch of a writer, one that was there, or one that does not follow.
    pub(crate) fn write_by_writer(&mut self, who: usize) -> Done {
        if self.writers.is_empty() {
            return self.open_writer(who);
        }
        let at = self.random.below(self.writers.len() as u64) as usize;
        let OpenWriter { topic, name, opening, ref writer, .. } = self.writers[at];
        let (writer, topic_name) = (writer.clone(), self.writers[at].writer.topic().name().to_owned());
        let Some(model) = self.model.of_id(topic) else {
            refused(&writer.append(0..1, []), "UnknownTopic")?;
            return Ok("writer: UnknownTopic".to_owned());
        };
        let (next, openings) = (model.writers[name].next, model.writers[name].openings);
        let recent = model.writers[name].recent.clone();
        let sequences = match self.random.below(5) {
            0 if !recent.is_empty() => recent[self.random.below(recent.len() as u64) as usize].0.clone(),
            1 => {
                let first = next.saturating_sub(self.random.below(3)) + self.random.below(2);
                first..first + self.random.below(3)
            }
            _ => next..next + 1 + self.random.below(4),
        };
        let shares = self.new_shares(&topic_name);
        let batch: Vec<_> = shares.iter().map(|(number, records)| (*number, builder(records))).collect();
        let appended = writer.append(sequences.clone(), batch);
        if opening != openings {
            return refused(&appended, "Fenced").map(|()| "writer: Fenced".to_owned());
        }
        if let Some((_, places)) = recent.iter().find(|(range, _)| *range == sequences) {
            return match appended {
                Ok(found) if found == *places => Ok("writer: again".to_owned()),
                other => Err(format!("{sequences:?} tried again: {other:?} for {places:?}")),
            };
        }
        if sequences.start != next || sequences.is_empty() {
            return refused(&appended, "OutOfOrderSequence")
                .map(|()| "writer: OutOfOrderSequence".to_owned());
        }
        let places = appended.map_err(|error| format!("writing {sequences:?}: {error}"))?;
        self.keep(topic, shares, &places)?;
        self.note_batch(topic, name, sequences, places);
        Ok(format!("writer: Ok ({name} of {topic_name})"))
    }

    fn note_batch(
        &mut self,
        topic: TopicId,
        name: &'static str,
        sequences: Range<u64>,
        places: Vec<Appended>,
    ) {
        let model =
            self.model.of_id(topic).expect("it is there").writers.get_mut(name).expect("it was opened");
        model.next = sequences.end;
        model.recent.push_back((sequences, places));
        if model.recent.len() > 5 {
            model.recent.pop_front();
        }
    }
}
