//! What groups have committed, when power is lost or the disk fails at any moment: what was acknowledged is there, with the records
//! that were committed with it, also while the owner writes offsets anew.
//!
//! `LOG_STORE_CRASHES=10000` sets the number of crashes, `LOG_STORE_SEED=7` the first seed.

mod support;

use std::collections::BTreeMap;

use log_store::{
    ConsumerConfig, Error, Fault, FaultyDisk, Offset, OffsetSpec, Partition, Store, TopicConfig,
};
use support::{Random, open, records, rounds, values};

const GROUPS: [&str; 3] = ["billing", "audit", "mail"];
const PARTITIONS: u32 = 2;
const RECORDS: u64 = 40;

type Committed = BTreeMap<(&'static str, u32), u64>;

/// What must be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Model {
    committed: Committed,
    bills: Vec<String>,
}

struct Driver {
    random: Random,
    disk: FaultyDisk,
    model: Model,
    next_bill: u64,
    seen: BTreeMap<&'static str, u64>,
}

#[test]
fn after_any_crash_or_error_exactly_what_was_committed_is_there() {
    let crashes = rounds("LOG_STORE_CRASHES", 400);
    let (mut done, mut seed) = (0, rounds("LOG_STORE_SEED", 1));
    let mut seen = BTreeMap::new();
    while done < crashes {
        let (random, disk, model) = (Random(seed), FaultyDisk::new(), Model::default());
        let mut driver = Driver { random, disk, model, next_bill: 0, seen: BTreeMap::new() };
        for _ in 0..4 {
            if let Err(problem) = driver.live_and_crash() {
                panic!("LOG_STORE_SEED={seed} LOG_STORE_CRASHES=1: {problem}");
            }
            done += 1;
        }
        for (what, count) in driver.seen {
            *seen.entry(what).or_insert(0) += count;
        }
        seed += 1;
    }
    for what in ["commit", "transaction", "reset", "delete", "given up", "outcome: whole", "outcome: nothing"]
    {
        assert!(seen.contains_key(what) || crashes < 200, "no crash met: {what}; {seen:?}");
    }
}

#[test]
fn who_commits_while_offsets_are_written_anew_loses_nothing() {
    let disk = FaultyDisk::new();
    let store = open(&disk).unwrap();
    let (orders, _) = prepared(&store).unwrap();
    std::thread::scope(|scope| {
        for group in GROUPS {
            for partition in &orders {
                let store = store.clone();
                scope.spawn(move || {
                    for offset in (0..400).map(|number| number % RECORDS) {
                        commit(&store, group, partition, offset).unwrap();
                        let described = store.describe_group(group).unwrap().partitions;
                        let own = described.iter().find(|one| one.partition == partition.id()).unwrap();
                        assert_eq!(own.committed.as_ref().unwrap().offset, Offset(offset));
                    }
                });
            }
        }
    });
    let last = |group| (0..PARTITIONS).map(move |number| ((group, number), 399 % RECORDS));
    let expected: Committed = GROUPS.into_iter().flat_map(last).collect();
    assert_eq!(found(&store).unwrap().committed, expected);
    let offsets = store.topic("__consumer_offsets").unwrap().partition(0).unwrap();
    assert!(offsets.log_start_offset() > Offset(1000));
    // As the next opening reads it.
    assert_eq!(found(&open(&disk.copy()).unwrap()).unwrap().committed, expected);
}

/// The topics, made and filled if need be.
fn prepared(store: &Store) -> log_store::Result<(Vec<Partition>, Partition)> {
    let topic = |name: &str, partitions: u32| match store.find_topic(name) {
        Some(topic) => Ok(topic),
        None => store.create_topic(name, TopicConfig::with_partitions(partitions)),
    };
    let (orders, bills) = (topic("orders", PARTITIONS)?, topic("bills", 1)?);
    let orders: Vec<_> =
        (0..PARTITIONS).map(|number| orders.partition(number)).collect::<log_store::Result<_>>()?;
    for partition in &orders {
        if partition.last_stable_offset() < Offset(RECORDS) {
            partition.append(records((0..RECORDS).map(|number| number.to_string())))?;
        }
    }
    Ok((orders, bills.partition(0)?))
}

impl Driver {
    fn live_and_crash(&mut self) -> Result<(), String> {
        let work = 5 + self.random.below(400);
        let at = self.disk.changes() + work;
        match self.random.below(3) {
            0 => self.disk.fail_at(at, Fault::Io),
            _ => self.disk.power_off_at(at),
        }
        let (what, unsure) = self.live();
        *self.seen.entry(what).or_insert(0) += 1;
        self.disk = match self.random.below(2) {
            0 => self.disk.copy(),
            _ => self.disk.crash(self.random.below(u64::MAX)),
        };
        self.disk.power_off_at(u64::MAX);
        let store = open(&self.disk).map_err(|error| format!("{what}: the store does not open: {error}"))?;
        let found = found(&store).map_err(|error| format!("{what}: {error}"))?;
        let outcome = match unsure {
            Some(model) if found == model && found != self.model => {
                self.model = model;
                "outcome: whole"
            }
            _ if found == self.model => "outcome: nothing",
            unsure => return Err(format!("{what}: found {found:?}, not {:?} nor {unsure:?}", self.model)),
        };
        *self.seen.entry(outcome).or_insert(0) += 1;
        let offsets = store.find_topic("__consumer_offsets").map(|topic| topic.partition(0).unwrap());
        if offsets.is_some_and(|partition| partition.log_start_offset() > Offset(0)) {
            *self.seen.entry("given up").or_insert(0) += 1;
        }
        Ok(())
    }

    /// Commits until something fails. Gives what did, and what the model is if it was done all the same.
    fn live(&mut self) -> (&'static str, Option<Model>) {
        let Ok(store) = open(&self.disk) else { return ("opening", None) };
        let Ok((orders, bills)) = prepared(&store) else { return ("opening", None) };
        for _ in 0..200 {
            let group = GROUPS[self.random.below(3) as usize];
            let number = self.random.below(u64::from(PARTITIONS)) as u32;
            let offset = self.random.below(RECORDS + 1);
            let mut after = self.model.clone();
            let what = ["commit", "commit", "commit", "transaction", "reset", "delete"]
                [self.random.below(6) as usize];
            let done = match what {
                "commit" => {
                    after.committed.insert((group, number), offset);
                    commit(&store, group, &orders[number as usize], offset)
                }
                "transaction" => {
                    self.next_bill += 1;
                    let bill = self.next_bill.to_string();
                    after.committed.insert((group, number), offset);
                    after.bills.push(bill.clone());
                    with_a_bill(&store, group, &orders[number as usize], offset, (&bills, &bill))
                }
                "reset" => {
                    after.committed.extend((0..PARTITIONS).map(|number| ((group, number), offset)));
                    let to = OffsetSpec::Offset(Offset(offset));
                    store.reset_group(group, &["orders"], to).map(drop)
                }
                _ => {
                    after.committed.retain(|(name, _), _| *name != group);
                    match store.delete_group(group) {
                        Err(Error::UnknownGroup { .. }) if self.model == after => Ok(()),
                        deleted => deleted,
                    }
                }
            };
            match done {
                Ok(()) => self.model = after,
                Err(Error::UnknownGroup { .. }) => panic!("{group} is there: {:?}", self.model),
                // Whatever else failed, nothing of it is there, or all.
                Err(_) => return (what, Some(after)),
            }
        }
        ("nothing", None)
    }
}

fn commit(store: &Store, group: &str, partition: &Partition, offset: u64) -> log_store::Result<()> {
    let mut consumer = store.assign(Some(group), [partition.clone()], ConsumerConfig::default())?;
    consumer.commit_offset(partition, Offset(offset))
}

fn with_a_bill(
    store: &Store,
    group: &str,
    partition: &Partition,
    offset: u64,
    (bills, bill): (&Partition, &str),
) -> log_store::Result<()> {
    let mut consumer = store.assign(Some(group), [partition.clone()], ConsumerConfig::default())?;
    consumer.seek(partition, OffsetSpec::Offset(Offset(offset)))?;
    let mut transaction = store.begin(&store.producer("billing")?)?;
    transaction.append(bills, records([bill]))?;
    transaction.commit_offsets(consumer.offsets());
    transaction.commit().map(drop)
}

fn found(store: &Store) -> log_store::Result<Model> {
    let mut found = Model::default();
    for group in GROUPS {
        match store.describe_group(group) {
            Ok(described) => {
                for one in described.partitions {
                    let committed = one.committed.expect("nobody is in the group");
                    found.committed.insert((group, one.partition.0), committed.offset.0);
                }
            }
            Err(Error::UnknownGroup { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    if let Some(bills) = store.find_topic("bills") {
        found.bills = values(&bills.partition(0)?)?;
    }
    Ok(found)
}
