//! Partitions that are added to the topics of a pipeline of many operators while it runs, or become idle and come back: joins by time, two
//! sources on one topic, a side table, sessions, windows behind a join, late records. With several workers, restarts and losses of power,
//! all that comes out follows from the logs and the epoch entries.
//!
//! When a partition is taken up depends on threads. So the entries are read, and a plain model goes through them: it checks where each
//! partition begins, gives each row the watermark before it, and computes by loops what has to come out.

mod model;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration as Time;

use dsl_macros::{Record, pipeline, topics};
use log_store::{FaultyDisk, Offset, PartitionId, RecordsBuilder, Store, TopicConfig};

use super::RunOptions;
use super::by_hand::{ByHand, Random, open};
use super::entry::EpochEntry;
use super::idling::{Read, Told, stays};
use super::own_topic::for_each_record;
use crate::key::partition_of;
use crate::time::Timestamp;
use model::{Pair, join, read_again, tens};

#[derive(Debug, Clone, PartialEq, Record)]
struct Ride {
    /// Chooses the partition.
    zone: u64,
    city: u64,
    number: u64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct City {
    city: u64,
    name: String,
}

/// Two rides that met, by their numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Record)]
struct Met {
    city: u64,
    left: u64,
    right: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Record)]
struct Named {
    number: u64,
    name: Option<String>,
}

topics! {
    Rides("rides"): Ride { key: zone, time: at, partitions: 2 }
    Stops("stops"): Ride { key: zone, time: at }
    Cities("cities"): City { key: city }
    LateRides("late-rides"): Ride {}
    LateStops("late-stops"): Ride {}
    Mets("mets"): Met {}
    Selves("selves"): Met {}
    Tens("tens"): Told {}
    Stays("stays"): Told {}
    Names("names"): Named {}
}

#[pipeline]
fn growing() {
    let cities = side(Cities);
    let early = source(Rides).lateness(2s).late_to(LateRides).idle(30s);
    let patient = source(Rides).lateness(9s).late_drop().idle(40s);
    let stops = source(Stops).lateness(1s).late_to(LateStops).idle(30s);
    let mets = early.join(stops).on(|e| e.city, |s| s.city).between(-3s..=4s).select(|e, s| Met {
        city: e.city,
        left: e.number,
        right: s.number,
    });
    mets.sink(Mets);
    let tens = mets.group_by(|m| m.city).window(tumbling(10s)).select(|w, m| Told {
        city: w.key(),
        from: w.start(),
        until: w.end(),
        rides: sum(m.left),
    });
    tens.sink(Tens);
    let selves = early.join(patient).on(|e| e.city, |p| p.city).between(1s..=5s).select(|e, p| Met {
        city: e.city,
        left: e.number,
        right: p.number,
    });
    selves.sink(Selves);
    let stays = patient.group_by(|p| p.city).window(session(8s)).select(|w, p| Told {
        city: w.key(),
        from: first(p.at),
        until: w.end(),
        rides: count(),
    });
    stays.sink(Stays);
    let names = early
        .lookup(cities)
        .on(|e| e.city, |c| c.city)
        .select(|e, c| Named { number: e.number, name: c.name });
    names.sink(Names);
}

const MET_MS: (i64, i64) = (-3_000, 4_000);
const SELF_MS: (i64, i64) = (1_000, 5_000);
const PARTITIONS_MAX: usize = 6;

/// The streams by the numbers of their sources, behind the side table's: their topics, and by how many ms rows may be late.
const EARLY: usize = 0;
const PATIENT: usize = 1;
const STOPS: usize = 2;
const TOPICS: [&str; 2] = ["rides", "stops"];
const TOPIC_OF: [usize; 3] = [0, 0, 1];
const LATENESS_MS: [i64; 3] = [2_000, 9_000, 1_000];
const FIRST_PARTITIONS: [usize; 3] = [2, 2, 1];

/// A store in memory, with what was appended to it.
struct Place {
    disk: FaultyDisk,
    clock: Arc<ByHand>,
    logs: [Vec<Vec<Ride>>; 2],
    event_time: [i64; 2],
    /// Rows of the side table that it has, and whether it has ended.
    cities: Vec<City>,
    cities_end: bool,
    numbers: u64,
}

impl Place {
    fn open(&self) -> Store {
        open(&self.disk, &self.clock)
    }

    /// Rows of one of the topics, around the event time that has come there.
    fn append(&mut self, store: &Store, random: &mut Random) {
        let topic = random.below(2) as usize;
        let zones = [random.below(20), random.below(20), random.below(20)];
        let ride = |random: &mut Random, event_time: &mut i64, number| {
            *event_time += random.below(900) as i64;
            let at = *event_time - random.one_of(&[0, 0, 500, 2_000, 6_000, 14_000]);
            Ride {
                zone: random.one_of(&zones),
                city: random.below(3),
                number,
                at: Timestamp::from_millis(at),
            }
        };
        let count = 1 + random.below(8);
        let rides: Vec<Ride> =
            (0..count).map(|at| ride(random, &mut self.event_time[topic], self.numbers + at)).collect();
        self.numbers += count;
        match topic {
            0 => waterwheel::TypedTopic::open(store, Rides).unwrap().append(&rides).unwrap(),
            _ => waterwheel::TypedTopic::open(store, Stops).unwrap().append(&rides).unwrap(),
        }
        for ride in rides {
            let logs = &mut self.logs[topic];
            let partition = partition_of(&ride.zone.to_be_bytes(), logs.len() as u32);
            logs[partition as usize].push(ride);
        }
    }

    /// Adds one partition or two to one of the topics, while there are not too many.
    fn add_partitions(&mut self, store: &Store, random: &mut Random) {
        let topic = random.below(2) as usize;
        let total = (self.logs[topic].len() + 1 + random.below(2) as usize).min(PARTITIONS_MAX);
        store.topic(TOPICS[topic]).unwrap().add_partitions(total as u32).unwrap();
        self.logs[topic].resize(total, Vec::new());
    }

    /// Rows of the side table, and a partition for them: no part of it once it has ended.
    fn append_cities(&mut self, store: &Store, random: &mut Random) {
        let topic = waterwheel::TypedTopic::open(store, Cities).unwrap();
        let total = store.topic("cities").unwrap().partitions() + random.below(2) as u32;
        store.topic("cities").unwrap().add_partitions(total).unwrap();
        let name = format!("of {total} and {}", random.below(1_000));
        // A city's rows stay in its partition, so that the last of them counts.
        let cities = [City { city: random.below(2) + u64::from(total) * 10, name: name.clone() }];
        topic.append(&cities).unwrap();
        if !self.cities_end {
            self.cities.extend(cities);
        }
    }

    /// Moves the clock on, and lets the coordinator look at it: a commit of whomever wakes it.
    fn advance(&self, store: &Store, by: i64) {
        self.clock.move_on(by);
        let nudges = store.find_topic("nudges");
        let nudges = nudges.map_or_else(|| store.create_topic("nudges", TopicConfig::default()), Ok).unwrap();
        let mut builder = RecordsBuilder::new();
        builder.push(0, None, Some(b"look"));
        nudges.partition(0).unwrap().append(builder).unwrap();
    }

    /// The rows of each partition by their offsets, some of which are those of commits.
    fn logs(&self, store: &Store) -> [Vec<BTreeMap<u64, Ride>>; 2] {
        [0, 1].map(|topic| {
            let log = store.find_topic(TOPICS[topic]).unwrap();
            let rows = |(number, rides): (usize, &Vec<Ride>)| {
                let mut offsets = Vec::new();
                for_each_record(&log.partition(number as u32).unwrap(), |offset, _| {
                    offsets.push(offset.0);
                    Ok(())
                })
                .unwrap();
                assert_eq!(offsets.len(), rides.len());
                offsets.into_iter().zip(rides.iter().cloned()).collect()
            };
            self.logs[topic].iter().enumerate().map(rows).collect()
        })
    }

    fn entries(&self, store: &Store) -> Vec<EpochEntry> {
        let mut entries = Vec::new();
        let topic = store.find_topic("__growing.epochs").unwrap();
        for_each_record(&topic.partition(0).unwrap(), |_, bytes| {
            entries.push(EpochEntry::decode(bytes).unwrap());
            Ok(())
        })
        .unwrap();
        entries
    }
}

fn sorted<P: waterwheel::__rt::Topic>(store: &Store, topic: P) -> Vec<P::Row>
where
    P::Row: Ord,
{
    let topic = waterwheel::TypedTopic::open(store, topic).unwrap();
    let mut rows: Vec<P::Row> = topic.rows().map(Result::unwrap).collect();
    rows.sort();
    rows
}

fn numbers<P: waterwheel::__rt::Topic<Row = Ride>>(store: &Store, topic: P) -> Vec<u64> {
    let topic = waterwheel::TypedTopic::open(store, topic).unwrap();
    let mut numbers: Vec<u64> = topic.rows().map(|row| row.unwrap().number).collect();
    numbers.sort();
    numbers
}

/// How often something of use has happened.
#[derive(Debug, Default)]
struct Use {
    added: usize,
    back: usize,
    mets: usize,
    late: [usize; 2],
    late_pairs: u64,
    replayed: u64,
}

/// Runs the pipeline, and does all kinds of things meanwhile.
fn run_once(place: &mut Place, random: &mut Random, of_use: &mut Use) {
    let store = place.open();
    let intervals = [Time::ZERO, Time::from_millis(5), Time::from_secs(1_000)];
    let options = RunOptions::new()
        .workers(random.one_of(&[1, 2, 3, 4]))
        .epoch_rows(random.one_of(&[1, 3, 1000]))
        .checkpoint_interval(random.one_of(&intervals));
    let job = waterwheel::Pipeline::from(growing()).start(&store, options).unwrap();
    // The entries stay, though no recovery needs them any more.
    let entries = store.find_topic("__growing.epochs").unwrap().id();
    store.set_pins("the test", &[(entries, PartitionId(0), Offset(0))]).unwrap();
    for _ in 0..random.below(20) {
        match random.below(12) {
            0..5 => place.append(&store, random),
            5 if place.cities_end => place.append_cities(&store, random),
            6 | 7 => place.add_partitions(&store, random),
            8 | 9 => {
                let by = random.one_of(&[15_000, 30_000, 40_000]);
                place.advance(&store, by);
            }
            _ => job.wait_until_caught_up().unwrap(),
        }
        assert!(!job.wait_timeout(Time::from_millis(random.one_of(&[0, 3]))));
    }
    if random.below(2) == 0 {
        of_use.replayed += job.stop().unwrap().epochs_replayed;
    } else {
        place.disk.power_off_at(place.disk.changes() + 1 + random.below(20));
        // What is asked for while the power goes may be there or not: nobody asks.
        drop(job);
    }
    drop(store);
    place.disk = place.disk.crash(random.below(1_000));
}

#[test]
fn what_comes_out_of_any_pipeline_follows_from_the_logs_and_from_when_partitions_were_taken_up() {
    let mut of_use = Use::default();
    for seed in 1..=14 {
        let mut random = Random(seed * 982_451_653);
        let (disk, clock) = (FaultyDisk::new(), Arc::new(ByHand::at(1_000_000)));
        let logs = [vec![Vec::new(); 2], vec![Vec::new(); 1]];
        let (event_time, cities) = ([100_000; 2], Vec::new());
        let mut place = Place { disk, clock, logs, event_time, cities, cities_end: false, numbers: 0 };
        let store = place.open();
        (0..6).for_each(|_| place.append_cities(&store, &mut random));
        place.append(&store, &mut random);
        place.append(&store, &mut random);
        let once = RunOptions::new().workers(2).until_end();
        waterwheel::Pipeline::from(growing()).start(&store, once).unwrap().wait().unwrap();
        place.cities_end = true;
        let entries = store.find_topic("__growing.epochs").unwrap().id();
        store.set_pins("the test", &[(entries, PartitionId(0), Offset(0))]).unwrap();
        drop(store);
        (0..5).for_each(|_| run_once(&mut place, &mut random, &mut of_use));
        check_all(&place, &format!("seed {seed}"), &mut of_use);
    }
    let Use { added, back, mets, late: [late_rides, late_stops], late_pairs, replayed } = of_use;
    assert!(
        added > 60
            && back > 60
            && mets > 500
            && late_rides > 30
            && late_stops > 30
            && late_pairs > 5
            && replayed > 8,
        "{of_use:?}"
    );
}

/// Closes event time, and compares all that came out with what plain loops find.
fn check_all(place: &Place, what: &str, of_use: &mut Use) {
    let store = place.open();
    let options = RunOptions::new().workers(2).close();
    let summary = waterwheel::Pipeline::from(growing()).start(&store, options).unwrap().wait().unwrap();
    let ([early, patient, stops], added, back) = read_again(&place.entries(&store), &place.logs(&store));
    let all = |topic: usize| place.logs[topic].iter().map(Vec::len).sum::<usize>();
    assert_eq!([early.len(), patient.len(), stops.len()], [all(0), all(0), all(1)], "{what}");
    let grown = |source: usize| place.logs[TOPIC_OF[source]].len() - FIRST_PARTITIONS[source];
    assert_eq!(added, [EARLY, PATIENT, STOPS].map(grown).iter().sum::<usize>(), "{what}: all are taken up");

    let (mets, [late_early, late_stops]) = join(&early, &stops, MET_MS);
    let (selves, [late_self_early, late_patient]) = join(&early, &patient, SELF_MS);
    let (mut late_pairs, mut late_stays) = (0, 0);
    let mut expected = [tens(&mets, &mut late_pairs), stays(&patient, &mut late_stays)];
    expected.iter_mut().for_each(|rows| rows.sort());
    assert_eq!([sorted(&store, Tens), sorted(&store, Stays)], expected, "{what}");
    let met = |mets: Vec<Pair>| {
        let mut mets: Vec<Met> = mets.into_iter().map(|(met, ..)| met).collect();
        mets.sort();
        mets
    };
    of_use.mets += mets.len();
    assert_eq!([sorted(&store, Mets), sorted(&store, Selves)], [met(mets), met(selves)], "{what}");
    let name = |row: &Read| {
        let city = place.cities.iter().rfind(|city| city.city == row.city);
        Named { number: row.zone, name: city.map(|city| city.name.clone()) }
    };
    let mut names: Vec<Named> = early.iter().map(name).collect();
    names.sort();
    assert_eq!(sorted(&store, Names), names, "{what}");
    // Once for each operator that has dropped it.
    let mut late_rides = [late_early, late_self_early].concat();
    late_rides.sort();
    let mut late_of_stops = late_stops;
    late_of_stops.sort();
    let late = [late_rides.len(), late_of_stops.len()];
    assert_eq!(
        [numbers(&store, LateRides), numbers(&store, LateStops)],
        [late_rides, late_of_stops],
        "{what}"
    );
    let late_in_all = late[0] + late[1] + late_patient.len();
    assert_eq!(summary.rows_late, late_in_all as u64 + late_pairs + late_stays, "{what}");
    (of_use.added, of_use.back) = (of_use.added + added, of_use.back + back);
    of_use.late_pairs += late_pairs;
    of_use.late = [of_use.late[0] + late[0], of_use.late[1] + late[1]];
    of_use.replayed += summary.epochs_replayed;
}
