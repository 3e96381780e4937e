//! Writers: each batch is in the log once, however often it is tried, whatever becomes of the disk.
//!
//! `LOG_STORE_CRASHES=10000` sets the number of crashes.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use log_store::{
    Clock, Error, Fault, FaultyDisk, MemDisk, Offset, RecordsBuilder, Result, Store, StoreConfig, Topic,
    TopicConfig, Writer,
};
use support::{Random, open, records, rounds, tiny, values};

const PARTITIONS: u32 = 3;

fn topic(store: &Store) -> Result<Topic> {
    store.topic("t").or_else(|_| store.create_topic("t", TopicConfig::with_partitions(PARTITIONS)))
}

fn one(value: &str) -> RecordsBuilder {
    records([value])
}

#[test]
fn a_batch_that_is_tried_again_is_there_once_and_answered_as_before() -> Result<()> {
    let disk = MemDisk::new();
    let store = open(&disk)?;
    let writer = topic(&store)?.writer("w")?;
    let batch = |number: u64| [(0, one(&format!("{number}"))), (2, one(&format!("other {number}")))];
    let places: Vec<_> =
        (0..8).map(|number| writer.append(number..number + 1, batch(number))).collect::<Result<_>>()?;
    for (number, places) in (0..8).zip(&places) {
        let again = writer.append(number..number + 1, batch(number));
        match again {
            Ok(again) => assert_eq!((&again, number > 2), (places, true)),
            Err(Error::OutOfOrderSequence { expected: 8, .. }) => assert!(number < 3, "five are remembered"),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(values(&topic(&store)?.partition(0)?)?.len(), 8);
    // It overlaps, it is late, it is none.
    for sequences in [6..9, 9..10, 8..8, 7..7] {
        let error = writer.append(sequences.clone(), batch(0)).unwrap_err();
        let is_expected = matches!(error, Error::OutOfOrderSequence { expected: 8, .. });
        assert!(is_expected, "{sequences:?}: {error}");
    }
    // It stands for many, and has no records.
    assert_eq!(writer.append(8..100, [])?, []);
    assert_eq!(writer.append(8..100, [])?, []);
    assert_eq!(writer.next_sequence(), 100);
    drop(writer);
    store.close()?;

    let store = open(&disk)?;
    let writer = topic(&store)?.writer("w")?;
    assert_eq!((writer.next_sequence(), writer.epoch().0), (100, 1));
    assert_eq!(writer.append(7..8, batch(7))?, places[7], "also by the next, and after another opening");
    assert_eq!(topic(&store)?.partition(2)?.log_end_offset(), Offset(8));
    assert_eq!(topic(&store)?.writer("another")?.next_sequence(), 0);
    Ok(())
}

#[test]
fn whoever_opens_it_last_writes() -> Result<()> {
    let store = open(&MemDisk::new())?;
    let topic = topic(&store)?;
    let first = topic.writer("w")?;
    first.append(0..1, [(0, one("first"))])?;
    let second = topic.writer("w")?;
    assert_eq!(second.next_sequence(), 1);
    for large in [1, 300] {
        let records = records((0..large).map(|number| format!("too late {number}")));
        let error = first.append(1..2, [(0, records)]).unwrap_err();
        assert!(matches!(error, Error::Fenced { epoch: 0, current: 1, .. }), "{error}");
    }
    second.append(1..2, [(0, one("second"))])?;
    assert_eq!(values(&topic.partition(0)?)?, ["first", "second"]);

    store.delete_topic("t")?;
    assert!(matches!(second.append(2..3, [(0, one("x"))]), Err(Error::UnknownTopic { .. })));
    assert!(matches!(topic.writer("w"), Err(Error::UnknownTopic { .. })));
    let again = self::topic(&store)?;
    assert_eq!(again.writer("w")?.next_sequence(), 0, "another topic of the name has writers of its own");
    assert!(matches!(again.writer(""), Err(Error::InvalidWriter { .. })));
    Ok(())
}

#[derive(Default)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[test]
fn a_writer_that_is_not_used_for_long_is_forgotten() -> Result<()> {
    let (disk, clock) = (MemDisk::new(), Arc::new(Hand::default()));
    let config = StoreConfig { clock: clock.clone(), writers_kept: Duration::from_millis(100), ..tiny() };
    let store = Store::open_on(Arc::new(disk.clone()), config.clone())?;
    let topic = topic(&store)?;
    let (idle, busy) = (topic.writer("idle")?, topic.writer("busy")?);
    for writer in [&idle, &busy] {
        writer.append(0..5, [(0, one("x"))])?;
    }
    clock.0.store(100, Ordering::Relaxed);
    busy.append(5..6, [(0, one("y"))])?;
    topic.writer("somebody")?;
    assert_eq!(topic.writer("idle")?.next_sequence(), 5, "it is not long enough ago");
    clock.0.store(201, Ordering::Relaxed);
    busy.append(6..7, [(0, one("z"))])?;
    topic.writer("somebody")?;
    assert!(matches!(idle.append(5..6, [(0, one("x"))]), Err(Error::WriterForgotten { .. })));
    drop((topic, idle));
    store.close()?;
    let store = Store::open_on(Arc::new(disk), config)?;
    let topic = self::topic(&store)?;
    assert_eq!((topic.writer("idle")?.next_sequence(), topic.writer("busy")?.next_sequence()), (0, 7));
    Ok(())
}

#[test]
fn many_threads_that_try_the_same_batches_have_them_in_the_log_once() -> Result<()> {
    let store = open(&MemDisk::new())?;
    let writer = topic(&store)?.writer("w")?;
    // Some are too large for the journal.
    let batch = |number: u64| {
        let count = if number % 7 == 3 { 200 } else { 2 };
        let of = |part| records((0..count).map(|index| format!("{number} {part} {index}")));
        [(0, of("a")), (1, of("b"))]
    };
    let answers: Vec<Vec<_>> = std::thread::scope(|scope| {
        let work = || {
            let mut answers = Vec::new();
            for number in 0..60 {
                // Whoever is ahead has written it; whoever is far behind is told so.
                match writer.append(number..number + 1, batch(number)) {
                    Ok(places) => answers.push((number, places)),
                    Err(Error::OutOfOrderSequence { expected, .. }) => assert!(expected > number),
                    Err(error) => panic!("{error}"),
                }
            }
            answers
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut first = BTreeMap::new();
    for (number, places) in answers.into_iter().flatten() {
        assert_eq!(first.entry(number).or_insert_with(|| places.clone()), &places, "batch {number}");
    }
    assert_eq!(first.len(), 60);
    for partition in 0..2 {
        let expected: Vec<_> = (0..60)
            .flat_map(|number| {
                let count = if number % 7 == 3 { 200 } else { 2 };
                let part = ["a", "b"][partition as usize];
                (0..count).map(move |index| format!("{number} {part} {index}"))
            })
            .collect();
        assert_eq!(values(&topic(&store)?.partition(partition)?)?, expected);
    }
    Ok(())
}

#[test]
fn sequences_that_threads_give_to_different_partitions_are_taken_once() -> Result<()> {
    const LARGE: usize = 1000;
    // Writing a batch takes long enough that others come meanwhile, and all go by the journal.
    let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default())?;
    let topic = topic(&store)?;
    let writer = topic.writer("w")?;
    let together = std::sync::Barrier::new(PARTITIONS as usize + 1);
    // None of them has a partition in common with another, and one has none at all.
    let taken: Vec<usize> = std::thread::scope(|scope| {
        let work = |part: u32| {
            let (writer, together) = (&writer, &together);
            move || {
                let batch = |number: u64| {
                    (part < PARTITIONS).then(|| (part, records(vec![format!("{number}"); LARGE])))
                };
                let takes = |number: u64| match writer.append(number..number + 1, batch(number)) {
                    // Nobody else's answer names this partition.
                    Ok(places) => places.iter().any(|place| place.partition.0 == part),
                    Err(Error::OutOfOrderSequence { expected, .. }) => {
                        assert!(expected > number);
                        false
                    }
                    Err(error) => panic!("{error}"),
                };
                let tries = |number: &u64| {
                    together.wait();
                    takes(*number)
                };
                (0..80).filter(tries).count()
            }
        };
        let threads: Vec<_> = (0..=PARTITIONS).map(|part| scope.spawn(work(part))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut found = Vec::new();
    for part in 0..PARTITIONS {
        let values = values(&topic.partition(part)?)?;
        assert_eq!(values.len(), taken[part as usize] * LARGE);
        found.extend(values.into_iter().step_by(LARGE));
    }
    let distinct: std::collections::BTreeSet<_> = found.iter().collect();
    assert_eq!(distinct.len(), found.len(), "each sequence is in one partition");
    assert_eq!(writer.next_sequence(), 80);
    Ok(())
}

/// Programs that are started again and again to write their input, beside somebody who writes without a name.
struct Course {
    random: Random,
    /// What each writer has been told is there: sequences below it.
    acknowledged: BTreeMap<&'static str, u64>,
    noise: u64,
    tried_again: u64,
    refused: u64,
}

const WRITERS: [&str; 2] = ["alpha", "beta"];

impl Course {
    /// What a writer's sequence stands for: a record, always the same, in the same partition.
    fn records(name: &str, sequences: std::ops::Range<u64>) -> BTreeMap<u32, RecordsBuilder> {
        let mut batch = BTreeMap::<u32, RecordsBuilder>::new();
        for sequence in sequences {
            let partition = (sequence * 7 % u64::from(PARTITIONS)) as u32;
            batch.entry(partition).or_default().extend(one(&format!("{name} {sequence}")));
        }
        batch
    }

    /// Goes on until something fails or it is enough.
    fn run(&mut self, store: &Store, steps: u64) -> Result<()> {
        let topic = topic(store)?;
        let mut writers: BTreeMap<&str, Writer> = BTreeMap::new();
        for _ in 0..steps {
            let name = WRITERS[self.random.below(2) as usize];
            if self.random.below(8) == 0 || !writers.contains_key(name) {
                let writer = topic.writer(name)?;
                let told = self.acknowledged.get(name).copied().unwrap_or(0);
                assert!(writer.next_sequence() >= told, "{name}: {} {told}", writer.next_sequence());
                writers.insert(name, writer);
            }
            let writer = &writers[name];
            match self.random.below(12) {
                0 => {
                    self.noise += 1;
                    let (at, value) =
                        (self.random.below(PARTITIONS.into()) as u32, format!("noise {}", self.noise));
                    topic.append_together([(at, one(&value)), ((at + 1) % PARTITIONS, one(&value))])?;
                }
                1 => {
                    let first = writer.next_sequence() + 1 + self.random.below(3);
                    let refused = writer.append(first..first + 1, Course::records(name, first..first + 1));
                    match refused {
                        Err(Error::OutOfOrderSequence { .. }) => self.refused += 1,
                        other => drop(other?),
                    }
                }
                step => {
                    let count = if step == 2 { 150 } else { 1 + self.random.below(9) };
                    let first = writer.next_sequence();
                    let batch = Course::records(name, first..first + count);
                    let places = writer.append(first..first + count, batch.clone())?;
                    self.acknowledged.insert(name, first + count);
                    if self.random.below(3) == 0 {
                        self.tried_again += 1;
                        assert_eq!(writer.append(first..first + count, batch)?, places);
                    }
                }
            }
        }
        Ok(())
    }

    /// What a store must hold: of each writer all up to where it says it is, once and in order, and all that it was told is there.
    fn check(&mut self, store: &Store, situation: &str) {
        assert!(store.recovery().damaged.is_empty(), "{situation}: {:?}", store.recovery());
        let Ok(topic) = store.topic("t") else {
            assert!(self.acknowledged.is_empty(), "{situation}");
            return;
        };
        for name in WRITERS {
            let next =
                topic.writer(name).unwrap_or_else(|error| panic!("{situation}: {error}")).next_sequence();
            let told = self.acknowledged.get(name).copied().unwrap_or(0);
            assert!(next >= told, "{situation}: {name} is at {next}, and was told {told}");
            for number in 0..PARTITIONS {
                let found = values(&topic.partition(number).unwrap()).unwrap();
                let found: Vec<_> = found.into_iter().filter(|value| value.starts_with(name)).collect();
                let of =
                    (0..next).filter(|sequence| sequence * 7 % u64::from(PARTITIONS) == u64::from(number));
                let expected: Vec<_> = of.map(|sequence| format!("{name} {sequence}")).collect();
                assert_eq!(found, expected, "{situation}: {name} in partition {number}, which is at {next}");
            }
            // What was not acknowledged may be there: the writer goes on behind it.
            self.acknowledged.insert(name, next);
        }
    }
}

fn course(seed: u64) -> Course {
    Course { random: Random(seed), acknowledged: BTreeMap::new(), noise: 0, tried_again: 0, refused: 0 }
}

#[test]
fn after_any_crash_writers_go_on_where_their_records_end() {
    let crashes = rounds("LOG_STORE_CRASHES", 500);
    let (mut done, mut unsure, mut tried_again, mut refused) = (0, 0, 0, 0);
    for seed in 0.. {
        let (mut course, mut disk) = (course(seed), FaultyDisk::new());
        for _ in 0..5 {
            let work = 1 + course.random.below(250);
            disk.power_off_at(disk.changes() + work);
            let before = course.acknowledged.clone();
            if let Ok(store) = open(&disk) {
                let _ = course.run(&store, 200);
            }
            disk = disk.crash(course.random.below(u64::MAX));
            let told = course.acknowledged.clone();
            let store = open(&disk).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            course.check(&store, &format!("seed {seed}"));
            unsure += u64::from(course.acknowledged != told && !before.is_empty());
            drop(store);
            done += 1;
        }
        tried_again += course.tried_again;
        refused += course.refused;
        if done >= crashes {
            break;
        }
    }
    println!(
        "{done} crashes, {unsure} with a batch that was there unacknowledged, {tried_again} tried again, {refused} refused"
    );
    assert!(unsure > 10 && tried_again > 500 && refused > 100, "{unsure} {tried_again} {refused}");
}

#[test]
fn after_an_error_of_the_disk_a_batch_that_is_tried_again_is_there_once() {
    let healthy = FaultyDisk::new();
    course(1).run(&open(&healthy).unwrap(), 60).unwrap();
    let mut failed = 0;
    for fault in [Fault::Io, Fault::NoSpace] {
        for change in (0..healthy.changes()).step_by(rounds("LOG_STORE_FAULT_STEP", 3) as usize) {
            let disk = FaultyDisk::new();
            disk.fail_at(change, fault);
            let mut course = course(1);
            let situation = format!("{fault:?} at change {change}");
            // It goes on with the same store for as long as that takes anything, and then with another.
            if let Ok(store) = open(&disk) {
                for _ in 0..3 {
                    failed += u32::from(course.run(&store, 20).is_err());
                }
            }
            for disk in [disk.copy(), disk.crash(change)] {
                let mut course =
                    Course { random: Random(2), acknowledged: course.acknowledged.clone(), ..course };
                let store = open(&disk).unwrap_or_else(|error| panic!("{situation}: {error}"));
                course.check(&store, &situation);
                course.run(&store, 20).unwrap_or_else(|error| panic!("{situation}: {error}"));
                course.check(&store, &situation);
            }
        }
    }
    assert!(failed > 50, "{failed}");
}

#[test]
fn through_another_process_it_is_the_same_also_when_that_one_ends() {
    let dir = tempfile::tempdir().unwrap();
    let owner = Store::open(dir.path()).unwrap();
    owner.create_topic("t", TopicConfig::with_partitions(PARTITIONS)).unwrap();
    let client = Store::open(dir.path()).unwrap();
    let writer = client.topic("t").unwrap().writer("w").unwrap();
    let batch = |number: u64| {
        let large = if number % 4 == 3 { 40_000 } else { 1 };
        [(0, records((0..large).map(|index| format!("{number} {index}")))), (1, one(&format!("{number}")))]
    };
    let places: Vec<_> =
        (0..8).map(|number| writer.append(number..number + 1, batch(number)).unwrap()).collect();
    assert_eq!(writer.append(7..8, batch(7)).unwrap(), places[7]);
    assert!(matches!(writer.append(9..10, batch(9)), Err(Error::OutOfOrderSequence { expected: 8, .. })));
    let plain = client.topic("t").unwrap().append_together([(2, one("plain")), (1, one("plain"))]).unwrap();
    assert_eq!((plain[0].partition.0, plain[0].first), (1, Offset(8)));

    // The client takes its place, and has what the owner had.
    owner.close().unwrap();
    assert_eq!(writer.append(7..8, batch(7)).unwrap(), places[7]);
    writer.append(8..9, batch(8)).unwrap();
    let other = Store::open(dir.path()).unwrap();
    let second = other.topic("t").unwrap().writer("w").unwrap();
    assert_eq!(second.next_sequence(), 9);
    assert!(matches!(writer.append(9..10, batch(9)), Err(Error::Fenced { .. })));
    second.append(9..10, batch(9)).unwrap();
    let found = other.topic("t").unwrap().partition(1).unwrap();
    let (mut scan, mut found) = (found.scan(Offset(0), found.last_stable_offset()), Vec::new());
    while let Some(record) = scan.next().unwrap() {
        found.push(String::from_utf8(record.value.unwrap().to_vec()).unwrap());
    }
    assert_eq!(found, ["0", "1", "2", "3", "4", "5", "6", "7", "plain", "8", "9"]);
}
