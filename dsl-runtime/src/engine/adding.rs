//! Partitions that are added to the topics of a pipeline of many operators while it runs, or become idle and come back: joins by time, two
//! sources on one topic, a side table, sessions, windows behind a join, late records. With several workers, restarts and losses of power,
//! all that comes out follows from the logs and the epoch entries.
//!
//! When a partition is taken up depends on threads. So the entries are read, and a plain model goes through them: it checks where each
//! partition begins, gives each row the watermark before it, and computes by loops what has to come out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration as Time;

use dsl_macros::{Record, pipeline, topics};
use log_store::{FaultyDisk, Offset, PartitionId, RecordsBuilder, Store, TopicConfig};

use super::RunOptions;
use super::binding::PartitionRange;
use super::by_hand::{ByHand, Random, open};
use super::entry::EpochEntry;
use super::idling::{Read, Told, stays, told};
use super::own_topic::for_each_record;
use crate::flow::{Watermark, Watermarks};
use crate::key::partition_of;
use crate::time::Timestamp;

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
const TEN_MS: i64 = 10_000;
const PARTITIONS_MAX: usize = 6;

/// The streams by the numbers of their sources, behind the side table's: their topics, and by how many ms rows may be late.
const EARLY: usize = 0;
const PATIENT: usize = 1;
const STOPS: usize = 2;
const TOPICS: [&str; 2] = ["rides", "stops"];
const TOPIC_OF: [usize; 3] = [0, 0, 1];
const LATENESS_MS: [i64; 3] = [2_000, 9_000, 1_000];
const FIRST_PARTITIONS: [usize; 3] = [2, 2, 1];

/// A stream as the epochs have read it so far.
#[derive(Default)]
struct Stream {
    lateness: i64,
    partitions: Vec<Partition>,
    rows: Vec<Read>,
}

#[derive(Clone, Copy)]
struct Partition {
    greatest: i64,
    floor: i64,
    idle: bool,
}

impl Stream {
    fn new(source: usize) -> Stream {
        let partitions = vec![Partition::new(i64::MIN); FIRST_PARTITIONS[source]];
        Stream { lateness: LATENESS_MS[source], partitions, rows: Vec::new() }
    }

    fn watermark(&self, partition: usize) -> i64 {
        let Partition { greatest, floor, .. } = self.partitions[partition];
        greatest.saturating_sub(self.lateness).max(floor)
    }

    fn says(&self) -> Watermark {
        let all = (0..self.partitions.len()).map(|partition| {
            let at = Timestamp::from_millis(self.watermark(partition));
            if self.partitions[partition].idle { Watermark::idle(at) } else { Watermark::active(at) }
        });
        all.fold(Watermark::default(), Watermark::and)
    }

    /// Reads what an epoch has of one of its partitions.
    fn read(&mut self, partition: usize, rides: &BTreeMap<u64, Ride>, range: PartitionRange) {
        assert!(!self.partitions[partition].idle, "what is read is waited for: {range:?}");
        for (&offset, &Ride { city, number: zone, at, .. }) in rides.range(range.from..range.until) {
            let (at, watermark_before) = (at.millis(), self.watermark(partition));
            // Of a ride its number is told, as what a window adds up.
            self.rows.push(Read { partition, offset, zone, city, at, watermark_before });
            self.partitions[partition].greatest = self.partitions[partition].greatest.max(at);
        }
    }
}

impl Partition {
    fn new(floor: i64) -> Partition {
        Partition { greatest: i64::MIN, floor, idle: false }
    }
}

/// How far the operators have come.
struct Operators {
    mets: Watermarks,
    tens: Watermarks,
    selves: Watermarks,
    stays: Watermarks,
    names: Watermarks,
}

impl Operators {
    fn new() -> Operators {
        let new = Watermarks::new;
        Operators { mets: new(2), tens: new(1), selves: new(2), stays: new(1), names: new(1) }
    }

    fn advance(&mut self, [early, patient, stops]: [Watermark; 3]) {
        let together = self.mets.advance(&[early, stops]);
        self.tens.advance(&[self.mets.output(together, None)]);
        self.selves.advance(&[early, patient]);
        self.stays.advance(&[patient]);
        self.names.advance(&[early]);
    }

    /// Where a partition of a source begins that nobody has waited for: as far as anybody has been told of the source.
    fn floor(&self, source: usize) -> i64 {
        let Operators { mets, tens, selves, stays, names } = self;
        let inputs = match source {
            EARLY => vec![mets.inputs()[0], tens.inputs()[0], selves.inputs()[0], names.inputs()[0]],
            PATIENT => vec![selves.inputs()[1], stays.inputs()[0]],
            _ => vec![mets.inputs()[1], tens.inputs()[0]],
        };
        inputs.into_iter().max().map_or(i64::MIN, Timestamp::millis)
    }
}

/// Goes through the epochs: gives the rows of each stream as they were read, and how many partitions were taken up, and came back.
fn read_again(
    entries: &[EpochEntry],
    logs: &[Vec<BTreeMap<u64, Ride>>; 2],
) -> ([Vec<Read>; 3], usize, usize) {
    let mut streams = [EARLY, PATIENT, STOPS].map(Stream::new);
    let (mut operators, mut added, mut back) = (Operators::new(), 0, 0);
    for entry in entries {
        for flip in &entry.flips {
            let source = usize::from(flip.at.source) - 1;
            let (stream, number) = (&mut streams[source], usize::from(flip.at.partition));
            if !flip.idle {
                assert_eq!(flip.floor, operators.floor(source), "{entry:?}");
            }
            if let Some(partition) = stream.partitions.get_mut(number) {
                assert_ne!(partition.idle, flip.idle, "it is not so already: {entry:?}");
                partition.idle = flip.idle;
                partition.floor = partition.floor.max(flip.floor);
                back += usize::from(!flip.idle);
                continue;
            }
            assert!(number == stream.partitions.len() && !flip.idle, "one after another: {entry:?}");
            let first = entry.ranges().find(|range| range.at == flip.at);
            assert!(first.is_some_and(|range| (range.from, range.until) == (0, 0)), "{entry:?}");
            assert!(
                entry.ranges().all(|range| range.from == range.until),
                "nothing is read with it: {entry:?}"
            );
            stream.partitions.push(Partition::new(flip.floor));
            added += 1;
        }
        for range in entry.ranges().filter(|range| range.at.source > 0 && range.from < range.until) {
            let (source, partition) = (usize::from(range.at.source) - 1, usize::from(range.at.partition));
            streams[source].read(partition, &logs[TOPIC_OF[source]][partition], range);
        }
        operators.advance(streams.each_ref().map(Stream::says));
    }
    (streams.map(|stream| stream.rows), added, back)
}

/// A pair, with its time and the watermark before it.
type Pair = (Met, i64, i64);

/// Nested loops: what meets, and which rows of either side are late for the join.
fn join(left: &[Read], right: &[Read], (lo, hi): (i64, i64)) -> (Vec<Pair>, [Vec<u64>; 2]) {
    let late = |rows: &[Read]| {
        let late = rows.iter().filter(|row| row.at + hi - lo <= row.watermark_before);
        late.map(|row| row.zone).collect()
    };
    let mut mets = Vec::new();
    for l in left {
        for r in right.iter().filter(|r| r.city == l.city && (lo..=hi).contains(&(r.at - l.at))) {
            if r.at - lo > l.watermark_before && l.at + hi > r.watermark_before {
                let met = Met { city: l.city, left: l.zone, right: r.zone };
                mets.push((met, l.at.max(r.at), l.watermark_before.max(r.watermark_before)));
            }
        }
    }
    (mets, [late(left), late(right)])
}

fn tens(mets: &[Pair], late: &mut u64) -> Vec<Told> {
    let mut windows: BTreeMap<(i64, u64), u64> = BTreeMap::new();
    for (met, at, watermark_before) in mets {
        let from = at - at.rem_euclid(TEN_MS);
        if from + TEN_MS - 1 > *watermark_before {
            *windows.entry((from, met.city)).or_default() += met.left;
        } else {
            *late += 1;
        }
    }
    windows.into_iter().map(|((from, city), rides)| told(city, from, from + TEN_MS, rides)).collect()
}

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
