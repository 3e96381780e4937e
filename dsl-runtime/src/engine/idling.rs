//! Idle partitions in running pipelines, and partitions that are added to them, with several workers, restarts and losses of power: what
//! becomes idle, comes back or is taken up obeys the rules of time, and all that comes out follows from the logs and from that.
//!
//! When a partition is seen to be silent depends on threads and on the clock. So the epoch entries are read, and a plain model goes
//! through them: it checks every flip, gives each row the watermark before it, and computes what windows, sessions and distinct
//! rows have to be.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration as Time;

use dsl_macros::{Record, pipeline, topics};
use log_store::{Clock, FaultyDisk, Offset, PartitionId, RecordsBuilder, Store, TopicConfig};

use super::RunOptions;
use super::by_hand::{ByHand, Random, open};
use super::entry::EpochEntry;
use super::own_topic::for_each_record;
use crate::key::partition_of;
use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Record)]
struct Ride {
    /// Chooses the partition.
    zone: u64,
    city: u64,
    at: Timestamp,
}

/// What one of the operators tells of a city.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Record)]
pub(super) struct Told {
    pub(super) city: u64,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) rides: u64,
}

topics! {
    Rides("rides"): Ride { key: zone, time: at, partitions: 3 }
    Tens("tens"): Told {}
    Stays("stays"): Told {}
    Firsts("firsts"): Told {}
}

#[pipeline]
fn idling() {
    let rides = source(Rides).lateness(2s).late_drop().idle(30s);
    let tens = rides.group_by(|r| r.city).window(tumbling(10s)).select(|w, r| Told {
        city: w.key(),
        from: w.start(),
        until: w.end(),
        rides: count(),
    });
    tens.sink(Tens);
    let stays = rides.group_by(|r| r.city).window(session(8s)).select(|w, r| Told {
        city: w.key(),
        from: first(r.at),
        until: w.end(),
        rides: count(),
    });
    stays.sink(Stays);
    let firsts = rides.distinct_by(|r| r.city).within(15s);
    firsts.map(|r| Told { city: r.city, from: r.at, until: r.at, rides: r.zone }).sink(Firsts);
}

/// How many there are first, and at most.
const PARTITIONS: usize = 3;
const PARTITIONS_MAX: usize = 7;
const IDLE_MS: i64 = 30_000;
const LATENESS_MS: i64 = 2_000;
const TEN_MS: i64 = 10_000;
const GAP_MS: i64 = 8_000;
const WITHIN_MS: i64 = 15_000;

/// A row, and the watermark of its partition before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read {
    pub(super) partition: usize,
    pub(super) offset: u64,
    pub(super) zone: u64,
    pub(super) city: u64,
    pub(super) at: i64,
    pub(super) watermark_before: i64,
}

#[derive(Debug, Clone, Copy)]
struct Partition {
    greatest: i64,
    floor: i64,
    idle: bool,
    /// The clock of the last epoch that read of it, or the beginning of the run at hand.
    silent_since: i64,
}

impl Partition {
    fn watermark(self) -> i64 {
        self.greatest.saturating_sub(LATENESS_MS).max(self.floor)
    }
}

/// Goes through the epochs, of which these runs began at these entries and readings of the clock. Gives the rows as they were read,
/// and how many partitions came back.
fn read_again(
    entries: &[EpochEntry],
    logs: &[BTreeMap<u64, Ride>],
    runs: &[(usize, i64)],
) -> (Vec<Read>, usize, usize) {
    let fresh = Partition { greatest: i64::MIN, floor: i64::MIN, idle: false, silent_since: i64::MIN };
    let (mut partitions, mut combined, mut back) = (vec![fresh; PARTITIONS], i64::MIN, 0);
    let (mut rows, mut clock) = (Vec::new(), i64::MIN);
    for (number, entry) in entries.iter().enumerate() {
        assert!(entry.clock_ms >= clock, "the clock never goes back");
        clock = entry.clock_ms;
        for (_, started) in runs.iter().filter(|(first, _)| *first == number) {
            partitions.iter_mut().for_each(|each| each.silent_since = each.silent_since.max(*started));
        }
        for flip in &entry.flips {
            let reads = entry.ranges().any(|range| range.at == flip.at);
            if usize::from(flip.at.partition) >= partitions.len() {
                assert_eq!(usize::from(flip.at.partition), partitions.len(), "one after another");
                let first = entry.ranges().find(|range| range.at == flip.at);
                assert!(first.is_some_and(|range| (range.from, range.until) == (0, 0)), "{entry:?}");
                assert!(
                    entry.outputs.iter().all(|output| output.rows == 0),
                    "nothing is read with it: {entry:?}"
                );
                assert_eq!(
                    (flip.idle, flip.floor),
                    (false, combined),
                    "where the operators have come: {entry:?}"
                );
                partitions.push(Partition { floor: flip.floor, ..fresh });
                continue;
            }
            let partition = &mut partitions[usize::from(flip.at.partition)];
            assert_ne!(partition.idle, flip.idle, "it is not so already: {entry:?}");
            assert_eq!(reads, !flip.idle, "who comes back brings rows, who becomes idle does not: {entry:?}");
            partition.idle = flip.idle;
            if flip.idle {
                assert!(clock - partition.silent_since >= IDLE_MS, "it was silent for so long: {entry:?}");
            } else {
                assert_eq!(flip.floor, combined, "it begins where the operators have come: {entry:?}");
                partition.floor = partition.floor.max(flip.floor);
                back += 1;
            }
        }
        for range in entry.ranges() {
            let number = usize::from(range.at.partition);
            let partition = &mut partitions[number];
            assert!(!partition.idle, "what is read is waited for: {entry:?}");
            partition.silent_since = clock;
            for (&offset, &Ride { zone, city, at }) in logs[number].range(range.from..range.until) {
                let (at, watermark_before) = (at.millis(), partition.watermark());
                rows.push(Read { partition: number, offset, zone, city, at, watermark_before });
                partition.greatest = partition.greatest.max(at);
            }
        }
        let active = partitions.iter().filter(|each| !each.idle).map(|each| each.watermark()).min();
        let all_idle = partitions.iter().map(|each| each.watermark()).max();
        combined = combined.max(active.or(all_idle).unwrap());
    }
    (rows, back, partitions.len() - PARTITIONS)
}

pub(super) fn told(city: u64, from: i64, until: i64, rides: u64) -> Told {
    Told { city, from: Timestamp::from_millis(from), until: Timestamp::from_millis(until), rides }
}

fn tens(rows: &[Read], late: &mut u64) -> Vec<Told> {
    let mut windows: BTreeMap<(i64, u64), u64> = BTreeMap::new();
    for row in rows {
        let from = row.at - row.at.rem_euclid(TEN_MS);
        if from + TEN_MS - 1 > row.watermark_before {
            *windows.entry((from, row.city)).or_default() += 1;
        } else {
            *late += 1;
        }
    }
    windows.into_iter().map(|((from, city), rides)| told(city, from, from + TEN_MS, rides)).collect()
}

fn end(rows: &[Read]) -> i64 {
    rows.iter().map(|row| row.at + GAP_MS).max().unwrap()
}

pub(super) fn stays(rows: &[Read], late: &mut u64) -> Vec<Told> {
    let near = |left: &Read, right: &Read| (left.at - right.at).abs() <= GAP_MS;
    // What rows of a city and partition belong together, in the order of the log.
    let mut own: Vec<Vec<Read>> = Vec::new();
    for row in rows {
        let joins = |rows: &Vec<Read>| {
            (rows[0].city, rows[0].partition) == (row.city, row.partition)
                && end(rows) - 1 > row.watermark_before
                && rows.iter().any(|other| near(other, row))
        };
        let (joined, apart): (Vec<_>, Vec<_>) = own.into_iter().partition(joins);
        own = apart;
        if joined.is_empty() && row.at + GAP_MS - 1 <= row.watermark_before {
            *late += 1;
        } else {
            own.push([joined.concat(), vec![*row]].concat());
        }
    }
    let together = |left: &Vec<Read>, right: &Vec<Read>| {
        let (first, later) = if end(left) <= end(right) { (left, right) } else { (right, left) };
        let touches =
            |row: &Read| row.watermark_before < end(first) - 1 && first.iter().any(|other| near(other, row));
        (left[0].city, left[0].partition != right[0].partition) == (right[0].city, true)
            && later.iter().any(touches)
    };
    // Which session a fragment is in, until nothing changes any more.
    let mut session: Vec<usize> = (0..own.len()).collect();
    let pairs: Vec<(usize, usize)> =
        (0..own.len()).flat_map(|left| (0..left).map(move |right| (left, right))).collect();
    while let Some((left, right)) = pairs
        .iter()
        .find(|(left, right)| session[*left] != session[*right] && together(&own[*left], &own[*right]))
    {
        let (from, to) = (session[*left], session[*right]);
        session.iter_mut().filter(|of| **of == from).for_each(|of| *of = to);
    }
    let mut sessions: BTreeMap<usize, Vec<Read>> = BTreeMap::new();
    session.iter().zip(own).for_each(|(of, rows)| sessions.entry(*of).or_default().extend(rows));
    let stay = |rows: Vec<Read>| {
        let from = rows.iter().map(|row| row.at).min().unwrap();
        told(rows[0].city, from, end(&rows), rows.len() as u64)
    };
    sessions.into_values().map(stay).collect()
}

fn firsts(rows: &[Read], late: &mut u64) -> Vec<Told> {
    let (mut in_time, too_late): (Vec<Read>, Vec<Read>) =
        rows.iter().partition(|row| row.watermark_before == i64::MIN || row.at > row.watermark_before);
    *late += too_late.len() as u64;
    in_time.sort_by_key(|row| (row.at, row.partition, row.offset));
    let mut last: BTreeMap<u64, i64> = BTreeMap::new();
    let mut kept = Vec::new();
    for row in in_time {
        if last.get(&row.city).is_none_or(|last| row.at - last >= WITHIN_MS) {
            last.insert(row.city, row.at);
            kept.push(told(row.city, row.at, row.at, row.zone));
        }
    }
    kept
}

/// A store in memory under a clock that is moved by hand, with what was appended to it.
struct Place {
    disk: FaultyDisk,
    clock: Arc<ByHand>,
    logs: Vec<Vec<Ride>>,
    event_time: i64,
}

impl Place {
    fn open(&self) -> Store {
        open(&self.disk, &self.clock)
    }

    /// Rows of one zone or of several, around the event time that has come.
    fn append(&mut self, store: &Store, random: &mut Random) {
        let zones = [random.below(9), random.below(9)];
        let rides: Vec<Ride> = (0..=random.below(6))
            .map(|_| {
                self.event_time += random.below(3_000) as i64;
                let at = self.event_time - random.one_of(&[0, 0, 1_000, 4_000, 15_000]);
                Ride { zone: random.one_of(&zones), city: random.below(3), at: Timestamp::from_millis(at) }
            })
            .collect();
        waterwheel::TypedTopic::open(store, Rides).unwrap().append(&rides).unwrap();
        for ride in rides {
            let partition = partition_of(&ride.zone.to_be_bytes(), self.logs.len() as u32);
            self.logs[partition as usize].push(ride);
        }
    }

    /// Adds one partition or two, while there are not too many.
    fn add_partitions(&mut self, store: &Store, random: &mut Random) {
        let total = (self.logs.len() + 1 + random.below(2) as usize).min(PARTITIONS_MAX);
        store.topic("rides").unwrap().add_partitions(total as u32).unwrap();
        self.logs.resize(total, Vec::new());
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
    fn logs(&self, store: &Store) -> Vec<BTreeMap<u64, Ride>> {
        let topic = store.find_topic("rides").unwrap();
        let log = |number: usize| {
            let mut offsets = Vec::new();
            let read = for_each_record(&topic.partition(number as u32).unwrap(), |offset, _| {
                offsets.push(offset.0);
                Ok(())
            });
            read.unwrap();
            assert_eq!(offsets.len(), self.logs[number].len());
            offsets.into_iter().zip(self.logs[number].iter().cloned()).collect()
        };
        (0..self.logs.len()).map(log).collect()
    }

    fn entries(&self, store: &Store) -> Vec<EpochEntry> {
        let mut entries = Vec::new();
        let Some(topic) = store.find_topic("__idling.epochs") else { return entries };
        let read = for_each_record(&topic.partition(0).unwrap(), |_, bytes| {
            entries.push(EpochEntry::decode(bytes).unwrap());
            Ok(())
        });
        read.unwrap();
        entries
    }
}

fn rows<P: waterwheel::__rt::Topic<Row = Told>>(store: &Store, topic: P) -> Vec<Told> {
    let mut rows: Vec<Told> =
        waterwheel::TypedTopic::open(store, topic).unwrap().rows().map(Result::unwrap).collect();
    rows.sort();
    rows
}

#[test]
fn whoever_is_idle_comes_back_or_is_added_what_comes_out_follows_from_the_logs_and_the_epoch_entries() {
    let (mut back, mut added_in_all, mut late_in_all) = (0, 0, 0);
    for seed in 1..=14 {
        let mut random = Random(seed * 15_485_863);
        let (disk, clock) = (FaultyDisk::new(), Arc::new(ByHand::at(1_000_000)));
        let mut place = Place { disk, clock, logs: vec![Vec::new(); PARTITIONS], event_time: 100_000 };
        let mut runs = Vec::new();
        for _ in 0..5 {
            let store = place.open();
            // As one does while the pipeline does not run.
            if store.find_topic("rides").is_some() && random.below(4) == 0 {
                place.add_partitions(&store, &mut random);
            }
            runs.push((place.entries(&store).len(), place.clock.now_ms()));
            let options = RunOptions::new()
                .workers(random.one_of(&[1, 2, 3, 4]))
                .epoch_rows(random.one_of(&[1, 3, 1000]))
                .checkpoint_interval(random.one_of(&[
                    Time::ZERO,
                    Time::from_millis(5),
                    Time::from_secs(1_000),
                ]));
            let job = waterwheel::Pipeline::from(idling()).start(&store, options).unwrap();
            // The entries stay, though no recovery needs them any more.
            let entries = store.find_topic("__idling.epochs").unwrap().id();
            store.set_pins("the test", &[(entries, PartitionId(0), Offset(0))]).unwrap();
            for _ in 0..random.below(16) {
                match random.below(10) {
                    0..3 => place.append(&store, &mut random),
                    9 => place.add_partitions(&store, &mut random),
                    3..6 => {
                        let by = random.one_of(&[1_000, 15_000, 29_999, 30_000, 70_000]);
                        place.advance(&store, by);
                    }
                    _ => job.wait_until_caught_up().unwrap(),
                }
                assert!(!job.wait_timeout(Time::from_millis(random.one_of(&[0, 3]))));
            }
            if random.below(2) == 0 {
                job.stop().unwrap();
            } else {
                place.disk.power_off_at(place.disk.changes() + 1);
                drop(job);
            }
            drop(store);
            place.disk = place.disk.crash(random.below(1_000));
        }
        let store = place.open();
        runs.push((place.entries(&store).len(), place.clock.now_ms()));
        let options = RunOptions::new().workers(2).close();
        let summary = waterwheel::Pipeline::from(idling()).start(&store, options).unwrap().wait().unwrap();

        let (read, came_back, added) = read_again(&place.entries(&store), &place.logs(&store), &runs);
        assert_eq!(read.len(), place.logs.iter().map(Vec::len).sum::<usize>(), "seed {seed}");
        let mut late = 0;
        let mut expected = [tens(&read, &mut late), stays(&read, &mut late), firsts(&read, &mut late)];
        expected.iter_mut().for_each(|rows| rows.sort());
        let found = [rows(&store, Tens), rows(&store, Stays), rows(&store, Firsts)];
        assert_eq!(found, expected, "seed {seed}");
        assert_eq!(summary.rows_late, late, "seed {seed}");
        assert_eq!(added, place.logs.len() - PARTITIONS, "seed {seed}: all are taken up");
        added_in_all += added;
        back += came_back;
        late_in_all += late;
    }
    assert!(
        back >= 10 && late_in_all > 50 && added_in_all > 20,
        "the courses are of use: {back} came back, {added_in_all} were added, {late_in_all} late"
    );
}
