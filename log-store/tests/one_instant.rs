//! A commit becomes visible in one instant, for readers of any partitions and properties.

mod support;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use log_store::{MemDisk, Offset, Partition, Result, Store, Topic, TopicConfig};
use support::{open, records, rounds};

/// More than a torn version needs to be seen torn, many times.
fn commits() -> u64 {
    rounds("LOG_STORE_COMMITS", 3_000)
}

struct Fixture {
    store: Store,
    topics: Vec<Topic>,
    partitions: Vec<Partition>,
    /// So many are made.
    commits: u64,
    done: AtomicBool,
}

/// Two topics of two partitions.
fn fixture() -> Result<Fixture> {
    let store = open(&MemDisk::new())?;
    ["first", "second"]
        .iter()
        .try_for_each(|name| store.create_topic(name, TopicConfig::with_partitions(2)).map(drop))?;
    Fixture::of(store, commits())
}

impl Fixture {
    /// The same topics, as one of several processes has them.
    fn of(store: Store, commits: u64) -> Result<Fixture> {
        let topics = vec![store.topic("first")?, store.topic("second")?];
        let partition = |number: usize| topics[number / 2].partition(number as u32 % 2);
        let partitions = (0..4).map(partition).collect::<Result<_>>()?;
        Ok(Fixture { store, topics, partitions, commits, done: AtomicBool::new(false) })
    }

    /// Each commit adds one record and its marker to every partition, and sets the property.
    fn write(&self) {
        let producer = self.store.producer("writer").unwrap();
        for number in 1..=self.commits {
            let mut transaction = self.store.begin(&producer).unwrap();
            for partition in &self.partitions {
                transaction.append(partition, records(["value"])).unwrap();
            }
            transaction.set_property(&self.topics[1], "commits", &number.to_be_bytes());
            transaction.commit().unwrap();
        }
        self.done.store(true, Ordering::Release);
    }

    fn property(&self) -> u64 {
        let value = self.topics[1].property("commits");
        value.map_or(0, |value| u64::from_be_bytes(value.try_into().unwrap()))
    }
}

/// How many commits a partition shows.
fn shown(partition: &Partition) -> u64 {
    partition.last_stable_offset().0 / 2
}

#[test]
fn whoever_sees_one_part_of_a_commit_sees_all_of_it() -> Result<()> {
    let fixture = fixture()?;
    let looks = AtomicU64::new(0);
    thread::scope(|scope| {
        scope.spawn(|| fixture.write());
        for (first, second) in [(0, 3), (3, 0), (2, 1)] {
            let (fixture, looks) = (&fixture, &looks);
            scope.spawn(move || {
                let (first, second) = (&fixture.partitions[first], &fixture.partitions[second]);
                while !fixture.done.load(Ordering::Acquire) {
                    let seen = shown(first);
                    assert!(shown(second) >= seen, "partition after partition");
                    assert!(fixture.property() >= seen, "a property after a partition");
                    let set = fixture.property();
                    assert!(shown(second) >= set, "a partition after a property");
                    looks.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert!(looks.load(Ordering::Relaxed) > 0);
    assert_eq!(fixture.property(), fixture.commits);
    Ok(())
}

/// Reads the second partition whenever the first has woken it, up to the last commit.
fn read_when_woken(fixture: &Fixture, first: usize, second: usize) {
    let (first, second) = (&fixture.partitions[first], &fixture.partitions[second]);
    let mut next = Offset(0);
    while next.0 < 2 * fixture.commits {
        assert!(first.wait_beyond(next, Duration::MAX), "the writer goes on");
        let at = Offset(first.last_stable_offset().0 - 2);
        let fetched = second.read(at, 1).unwrap();
        assert_eq!(fetched.records().next().map(|record| record.offset), Some(at));
        next = at.plus(2);
    }
}

#[test]
fn a_reader_woken_by_one_partition_finds_the_record_in_the_other() -> Result<()> {
    let fixture = fixture()?;
    thread::scope(|scope| {
        scope.spawn(|| fixture.write());
        for (first, second) in [(0, 3), (3, 1)] {
            let fixture = &fixture;
            scope.spawn(move || read_when_woken(fixture, first, second));
        }
    });
    Ok(())
}

#[test]
fn other_processes_too_see_all_of_a_commit_at_once() -> Result<()> {
    let dir = tempfile::tempdir().unwrap();
    let owner = Store::open(dir.path())?;
    for name in ["first", "second"] {
        owner.create_topic(name, TopicConfig::with_partitions(2))?;
    }
    // The one that commits sees its commits by their answers, the other as the owner tells of them.
    let fixture = |store| Fixture::of(store, commits() / 4).unwrap();
    let owner = fixture(owner);
    let [writing, reading] = [(); 2].map(|()| fixture(Store::open(dir.path()).unwrap()));
    thread::scope(|scope| {
        scope.spawn(|| writing.write());
        for fixture in [&owner, &writing, &reading] {
            scope.spawn(move || read_when_woken(fixture, 0, 3));
            scope.spawn(move || read_when_woken(fixture, 3, 1));
            scope.spawn(|| {
                while shown(&fixture.partitions[0]) < fixture.commits {
                    let ranges = fixture.store.snapshot(&fixture.partitions);
                    assert!(ranges.iter().all(|range| *range == ranges[0]), "{ranges:?}");
                    let seen = shown(&fixture.partitions[2]);
                    assert!(fixture.property() >= seen, "a property after a partition");
                }
            });
        }
    });
    assert_eq!(reading.property(), reading.commits);
    Ok(())
}

#[test]
fn a_snapshot_has_all_of_a_commit_or_nothing() -> Result<()> {
    let fixture = fixture()?;
    thread::scope(|scope| {
        scope.spawn(|| fixture.write());
        for _ in 0..2 {
            scope.spawn(|| {
                while !fixture.done.load(Ordering::Acquire) {
                    let ranges = fixture.store.snapshot(&fixture.partitions);
                    assert!(ranges.iter().all(|range| *range == ranges[0]), "{ranges:?}");
                    let ranges = fixture.topics[0].snapshot();
                    assert_eq!(ranges[0], ranges[1]);
                }
            });
        }
    });
    Ok(())
}

#[test]
fn hooks_are_called_when_all_of_a_commit_is_visible() -> Result<()> {
    let fixture = fixture()?;
    let partitions = fixture.partitions.clone();
    let called = std::sync::Arc::new(AtomicU64::new(0));
    let counter = called.clone();
    let hook = move || {
        let ends: Vec<_> = partitions.iter().map(shown).collect();
        assert!(ends.iter().all(|end| *end == ends[0]), "{ends:?}");
        counter.fetch_max(ends[0], Ordering::Relaxed);
    };
    let subscription = fixture.store.on_commit(std::sync::Arc::new(hook));
    fixture.write();
    drop(subscription);
    assert_eq!(called.load(Ordering::Relaxed), fixture.commits);
    Ok(())
}

#[test]
fn all_partitions_of_a_topic_are_deleted_in_one_instant() -> Result<()> {
    let store = open(&MemDisk::new())?;
    for round in 0..300 {
        let topic = store
            .create_topic(&format!("topic {round}").replace(' ', "-"), TopicConfig::with_partitions(4))?;
        let partitions = (0..4).map(|number| topic.partition(number)).collect::<Result<Vec<_>>>()?;
        let name = topic.name().to_owned();
        thread::scope(|scope| {
            scope.spawn(|| {
                // From the last to the first: whoever finds one gone finds none after that.
                let mut gone = false;
                while !gone {
                    for partition in partitions.iter().rev() {
                        let found = partition.read(Offset(0), 1);
                        assert!(!gone || found.is_err(), "one is there after another was gone");
                        gone |= found.is_err();
                    }
                }
            });
            store.delete_topic(&name).unwrap();
        });
    }
    Ok(())
}
