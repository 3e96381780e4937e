//! Operators that are woken by the clock, in running pipelines: an epoch without rows is bound for them, also when the run that
//! they asked is gone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration as Time, Instant};

use dsl_macros::{Record, pipeline, topics};
use log_store::{FaultyDisk, Store};

use super::by_hand::{ByHand, Random, open};
use super::{Job, RunOptions};
use crate::flow::{
    Asks, Batch, Blame, LateRows, Meta, Now, Owner, OwnerSetup, Packet, Ports, Router, RouterSetup, Row,
    emit, group_of, owner,
};
use crate::handles::{EventTime, Stream, Timed};
use crate::key::KeyGroup;
use crate::place::{Place, Position};
use crate::plan::{EntryWords, KeyedNode, Lowering, Node, registry};
use crate::state::{ByEntry, Keeps, StateTable, Table, Taken};
use crate::time::{Duration, Timestamp};

#[derive(Debug, Clone, PartialEq, Record)]
struct Alarm {
    key: u64,
    /// After how many ms of the clock it goes off.
    after: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Record)]
struct Rung {
    /// When it was to go off, and when it did, in ms of the clock.
    due: i64,
    at: i64,
    key: u64,
    alarms: u64,
}

topics! {
    Alarms("alarms"): Alarm { key: key, partitions: 3 }
    Rings("rings"): Rung { key: key }
}

#[pipeline]
fn alarms() {
    let rings = source(Alarms).through(rung);
    rings.sink(Rings);
}

/// For each alarm a row when the clock has come to it.
fn rung<E: EventTime>(alarms: Stream<Alarm, E>) -> Stream<Rung, Timed> {
    let keyed = KeyedNode {
        entries: EntryWords { one: "alarm", many: "alarms", emits: "an alarm waits for its time" },
        routers: vec![Box::new(|RouterSetup { workers, .. }| {
            Box::new(ByKey { workers, epochs: BTreeMap::new() }) as Box<dyn Router>
        })],
        owner: Box::new(|OwnerSetup { maker }| {
            let (set, arrived) = (Table::new(Set), Vec::new());
            Box::new(Clockwork { maker, set, arrived }) as Box<dyn Owner>
        }),
        side_ports: &[],
    };
    Stream::at(registry::add(Node::new("rung", vec![alarms.node()], Lowering::Keyed(keyed))))
}

struct ByKey {
    workers: usize,
    epochs: BTreeMap<u64, Vec<Alarm>>,
}

impl Router for ByKey {
    fn rows(&mut self, epoch: u64, rows: Batch) {
        self.epochs.entry(epoch).or_default().extend(rows.rows::<Alarm>().map(|row| row.value.clone()));
    }

    fn flush(&mut self, epoch: u64, out: &mut Vec<(usize, Packet)>) {
        for alarm in self.epochs.remove(&epoch).unwrap_or_default() {
            let group = group_of(&alarm.key, &mut Vec::new());
            out.push((owner(group, self.workers), Box::new((group, alarm))));
        }
    }

    fn take_late(&mut self) -> LateRows {
        LateRows::new(false)
    }

    fn take_digest(&mut self) -> u64 {
        0
    }
}

/// How many alarms of a key go off at an instant of the clock.
struct Set;

impl Keeps for Set {
    type Key = u64;
    type SubKey = Timestamp;
    type Value = u64;
    type Index = ByEntry;

    fn due(&self, at: &Timestamp, _: &u64) -> Option<Timestamp> {
        Some(*at)
    }
}

struct Clockwork {
    maker: u32,
    set: Table<Set>,
    arrived: Vec<(KeyGroup, Alarm)>,
}

impl Owner for Clockwork {
    fn packet(&mut self, _input: usize, packet: Packet) -> Result<(), Blame> {
        self.arrived.push(*packet.downcast().unwrap());
        Ok(())
    }

    fn end_epoch(&mut self, now: &Now<'_>, out: &mut Ports) -> Result<(), Blame> {
        for (group, Alarm { key, after }) in self.arrived.drain(..) {
            let at = now.clock + Duration::from_millis(after);
            self.set.merge(group, &key, &at, 1, |alarms, more| *alarms += more);
        }
        let mut rung = Vec::new();
        while let Some(due) = self.set.first_due().filter(|due| *due <= now.clock) {
            for Taken { key, value: alarms, .. } in self.set.take_due(due) {
                let mut bytes = Vec::new();
                crate::key::KeyCode::encode_key(&(due, key), &mut bytes);
                let time = now.combined + Duration::from_millis(1);
                let place = Place { time, position: Position::of_key(self.maker, &bytes) };
                let meta = Meta { place, watermark_before: Timestamp::MIN };
                let value = Rung { due: due.millis(), at: now.clock.millis(), key, alarms };
                rung.push(Row { meta, value });
            }
        }
        emit(rung, Ports::MAIN, out);
        Ok(())
    }

    fn asks(&self) -> Asks {
        Asks { wake_at: self.set.first_due(), hold_at: None }
    }

    fn tables(&mut self) -> Vec<&mut dyn StateTable> {
        vec![&mut self.set]
    }
}

#[test]
fn alarms_go_off_by_the_clock_alone_whatever_restarts_there_are() {
    let (mut by_clock_alone, mut restarts) = (0, 0);
    for seed in 1..=30 {
        let mut random = Random(seed * 0x9E37_79B9);
        let mut t = alarms().test().epoch_rows(random.one_of(&[1, 3, 1000]));
        let (mut now, mut set, mut expected): (i64, Vec<(i64, u64)>, Vec<Rung>) = (0, Vec::new(), Vec::new());
        // Where the clock of tests begins.
        let start = t.store().clock().now_ms();
        for _ in 0..40 {
            match random.below(4) {
                0 | 1 => {
                    let pushed: Vec<Alarm> = (0..random.below(4))
                        .map(|_| Alarm { key: random.below(9), after: 1 + random.below(5_000) as i64 })
                        .collect();
                    set.extend(pushed.iter().map(|alarm| (now + alarm.after, alarm.key)));
                    t.push_all(Alarms, pushed);
                    t.rows(Rings);
                }
                2 => {
                    let by = random.below(2_000) as i64;
                    now += by;
                    t.advance_clock(Duration::from_millis(by));
                    let (due, left): (Vec<_>, Vec<_>) = set.into_iter().partition(|(due, _)| *due <= now);
                    set = left;
                    by_clock_alone += due.len();
                    let mut rung: BTreeMap<(i64, u64), u64> = BTreeMap::new();
                    due.into_iter().for_each(|alarm| *rung.entry(alarm).or_default() += 1);
                    let at = start + now;
                    expected.extend(rung.into_iter().map(|((due, key), alarms)| Rung {
                        due: start + due,
                        at,
                        key,
                        alarms,
                    }));
                }
                _ => {
                    t.restart();
                    restarts += 1;
                }
            }
            let mut found = t.rows(Rings);
            found.sort();
            expected.sort();
            assert_eq!(found, expected, "seed {seed}");
        }
    }
    assert!(by_clock_alone > 300 && restarts > 200, "the courses are of use: {by_clock_alone}, {restarts}");
}

/// Waits until so many rows have come out, of which none comes of new rows.
fn rings(store: &Store, job: &Job, count: usize) -> Vec<Rung> {
    let since = Instant::now();
    loop {
        let rings = waterwheel::TypedTopic::open(store, Rings).unwrap();
        let mut rows: Vec<Rung> = rings.rows().map(Result::unwrap).collect();
        if rows.len() >= count {
            rows.sort();
            return rows;
        }
        assert!(!job.wait_timeout(Time::from_millis(2)), "it follows");
        assert!(since.elapsed() < Time::from_secs(60), "{} of {count} alarms have gone off", rows.len());
    }
}

#[test]
fn a_running_job_wakes_its_operators_and_so_does_the_next_one_after_a_loss_of_power() {
    for (workers, then, every_epoch) in [(1, 4, true), (2, 3, false), (3, 1, true), (4, 2, false)] {
        let clock = Arc::new(ByHand::at(1_000_000));
        let open = |disk: &FaultyDisk| open(disk, &clock);
        let options = |workers| {
            let interval = if every_epoch { Time::ZERO } else { Time::from_secs(1_000_000) };
            RunOptions::new().workers(workers).checkpoint_interval(interval)
        };
        let start = |store: &Store, workers| {
            waterwheel::Pipeline::from(alarms()).start(store, options(workers)).unwrap()
        };
        let lose_power = |job: Job, store: Store, disk: FaultyDisk, seed| {
            disk.power_off_at(disk.changes() + 1);
            drop(job);
            drop(store);
            disk.crash(seed)
        };
        let what = format!("{workers} workers, then {then}, checkpoints: {every_epoch}");

        // The clock comes to half of the alarms while the job runs, and no row comes.
        let disk = FaultyDisk::new();
        let (store, early, late) = (open(&disk), 20, 5_000);
        let job = start(&store, workers);
        let set: Vec<Alarm> =
            (0..20).map(|key| Alarm { key, after: if key % 2 == 0 { early } else { late } }).collect();
        waterwheel::TypedTopic::open(&store, Alarms).unwrap().append(&set).unwrap();
        job.wait_until_caught_up().unwrap();
        assert_eq!(rings(&store, &job, 0), [], "{what}");
        clock.move_on(early);
        let ring = |key, after, at| Rung { due: 1_000_000 + after, at, key, alarms: 1 };
        let first: Vec<Rung> = (0..20).step_by(2).map(|key| ring(key, early, 1_000_020)).collect();
        assert_eq!(rings(&store, &job, 10), first, "{what}");

        // To the others it comes while no job runs: after a stop nothing is computed again, and all is known by the state alone.
        let job = if every_epoch {
            job.stop().unwrap();
            start(&store, workers)
        } else {
            job
        };
        let disk = lose_power(job, store, disk, 1);
        clock.move_on(7_000);
        let store = open(&disk);
        let job = start(&store, then);
        let second = (1..20).step_by(2).map(|key| ring(key, late, 1_007_020));
        let both: Vec<Rung> = first.into_iter().chain(second).collect();
        assert_eq!(rings(&store, &job, 20), both, "{what}");

        // What was woken by the clock is computed again by the clock's reading of then.
        let disk = lose_power(job, store, disk, 2);
        clock.move_on(9_000);
        let store = open(&disk);
        let job = start(&store, workers);
        job.wait_until_caught_up().unwrap();
        let summary = job.stop().unwrap();
        assert_eq!((summary.rows_written, summary.entries_open), (0, 0), "{what}");
        assert!(every_epoch || summary.epochs_replayed >= 3, "{what}: {summary:?}");
        let rings = waterwheel::TypedTopic::open(&store, Rings).unwrap();
        assert_eq!(rings.rows().count(), 20, "{what}");
    }
}
