//! Heartbeats: they move the watermark of their partition and make no row, whatever the partitions, epochs, workers and restarts.

use std::collections::BTreeMap;

use waterwheel::key::partition_of;
use waterwheel::log::{MemDisk, RecordsBuilder};
use waterwheel::prelude::*;

use support::{Random, assert_of_use, assert_same_rows, every_way, open, read, run, seeds};

#[derive(Debug, Clone, PartialEq, Record)]
struct Ride {
    phone: u64,
    zone: u64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct ZoneMinute {
    zone: u64,
    from: Timestamp,
    rides: u64,
}

topics! {
    Rides("rides"): Ride { key: phone, time: at, partitions: 3 }
    RidesAsJson("rides-as-json"): Ride { format: json, time: at }
    Timeless("timeless"): Ride { key: phone }
    AllRides("all-rides"): Ride { key: phone }
    ZoneMinutes("zone-minutes"): ZoneMinute { key: zone }
}

const PARTITIONS: u32 = 3;
const LATENESS_MS: i64 = 2_000;
const WINDOW_MS: i64 = 20_000;

#[pipeline]
fn minutes() {
    let rides = source(Rides).lateness(2s).late_drop().undecodable(skip);
    let minutes = rides.group_by(|r| r.zone).window(tumbling(20s)).select(|w, r| ZoneMinute {
        zone: w.key(),
        from: w.start(),
        rides: count(),
    });
    minutes.sink(ZoneMinutes);
    rides.sink(AllRides);
}

#[derive(Debug, Clone)]
enum Logged {
    Ride(Ride),
    /// Partition and event time.
    Heartbeat(u32, i64),
    Garbage(u32),
}

fn record(random: &mut Random, number: u64) -> Logged {
    let at = (number * 900) as i64 - random.below(15_000) as i64;
    let partition = random.below(u64::from(PARTITIONS)) as u32;
    match random.below(6) {
        0 | 1 => Logged::Heartbeat(partition, at),
        2 if random.below(3) == 0 => Logged::Garbage(partition),
        _ => Logged::Ride(Ride {
            phone: random.below(6),
            zone: random.below(3),
            at: Timestamp::from_millis(at),
        }),
    }
}

fn append_garbage(store: &Store, topic: &str, partition: u32) {
    let mut records = RecordsBuilder::new();
    records.push_with_headers(0, None, None, &[("waterwheel.heartbeat", Some(b"soon"))]);
    store.topic(topic).unwrap().partition(partition).unwrap().append(records).unwrap();
}

/// Windows, late rows and all rows, by plain loops.
fn expected(records: &[Logged]) -> (Vec<ZoneMinute>, u64, Vec<Ride>) {
    let (mut windows, mut late, mut rides) = (BTreeMap::new(), 0, Vec::new());
    let mut greatest: BTreeMap<u32, i64> = BTreeMap::new();
    for record in records {
        let (partition, at) = match record {
            Logged::Garbage(_) => continue,
            Logged::Heartbeat(partition, at) => (*partition, *at),
            Logged::Ride(ride) => {
                let partition = partition_of(&ride.phone.to_be_bytes(), PARTITIONS);
                let before = greatest.get(&partition).map_or(i64::MIN, |seen| seen - LATENESS_MS);
                let at = ride.at.millis();
                let from = at - at.rem_euclid(WINDOW_MS);
                if from + WINDOW_MS - 1 > before {
                    *windows.entry((from, ride.zone)).or_insert(0) += 1;
                } else {
                    late += 1;
                }
                rides.push(ride.clone());
                (partition, at)
            }
        };
        let seen = greatest.entry(partition).or_insert(i64::MIN);
        *seen = (*seen).max(at);
    }
    let minute = |((from, zone), rides)| ZoneMinute { zone, from: Timestamp::from_millis(from), rides };
    (windows.into_iter().map(minute).collect(), late, rides)
}

#[test]
fn heartbeats_move_watermarks_and_make_no_rows() {
    let mut late_in_all = 0;
    for seed in seeds(10) {
        let mut random = Random(seed * 122_949_823);
        let records: Vec<Logged> = (0..random.below(150)).map(|number| record(&mut random, number)).collect();
        let (minutes_expected, late, rides) = expected(&records);
        let garbage = records.iter().filter(|record| matches!(record, Logged::Garbage(_))).count() as u64;
        let mut t = minutes().test().epoch_rows(random.one_of(&[1, 7, 1000]));
        for record in records {
            match record {
                Logged::Ride(ride) => t.push(Rides, ride),
                Logged::Heartbeat(partition, at) => t.heartbeat(Rides, partition, Timestamp::from_millis(at)),
                Logged::Garbage(partition) => append_garbage(t.store(), "rides", partition),
            }
            match random.below(12) {
                0 => t.restart(),
                1 => drop(t.late()),
                _ => {}
            }
        }
        t.close();
        t.restart();
        assert_same_rows(t.rows(ZoneMinutes), minutes_expected, seed);
        assert_same_rows(t.rows(AllRides), rides, seed);
        assert_eq!((t.late(), t.skipped()), (late, garbage), "seed {seed}");
        late_in_all += late;
    }
    assert_of_use(late_in_all > 10, format_args!("{late_in_all} were late"));
}

#[test]
fn whatever_the_workers_and_the_epochs_a_window_closes_by_heartbeats_alone() {
    for way in every_way(1) {
        let store = open(&MemDisk::new());
        let rides = TypedTopic::open(&store, Rides).unwrap();
        let ride = Ride { phone: 1, zone: 7, at: Timestamp::from_millis(5_000) };
        rides.append([&ride]).unwrap();
        let until = |at| {
            (0..PARTITIONS)
                .for_each(|partition| rides.heartbeat(partition, Timestamp::from_millis(at)).unwrap());
        };
        until(WINDOW_MS + LATENESS_MS - 2);
        let summary = run(minutes(), &store, way.options().until_end()).unwrap();
        assert_eq!((summary.rows_read, read(&store, ZoneMinutes).len()), (1, 0), "{way}");
        until(WINDOW_MS + LATENESS_MS - 1);
        let summary = run(minutes(), &store, way.options().until_end()).unwrap();
        let minute = ZoneMinute { zone: 7, from: Timestamp::from_millis(0), rides: 1 };
        assert_eq!((summary.rows_read, read(&store, ZoneMinutes)), (0, vec![minute]), "{way}");
    }
}

#[pipeline]
fn ahead() {
    let rides = source(Rides).lateness(0s).late_drop().ahead(1h);
    let minutes = rides.group_by(|r| r.zone).window(tumbling(20s)).select(|w, r| ZoneMinute {
        zone: w.key(),
        from: w.start(),
        rides: count(),
    });
    minutes.sink(ZoneMinutes);
}

#[test]
fn a_heartbeat_too_far_in_the_future_moves_nothing_and_is_counted() {
    let mut t = ahead().test();
    t.push(Rides, Ride { phone: 1, zone: 7, at: Timestamp::from_millis(5_000) });
    // The clock of a test begins with the year 2000.
    let year_2001 = "2001-01-01T00:00:00Z".parse().unwrap();
    (0..PARTITIONS).for_each(|partition| t.heartbeat(Rides, partition, year_2001));
    assert_eq!((t.rows(ZoneMinutes).len(), t.late()), (0, 3));
    (0..PARTITIONS).for_each(|partition| t.heartbeat(Rides, partition, Timestamp::from_millis(20_000)));
    assert_eq!((t.rows(ZoneMinutes).len(), t.late()), (1, 3));
}

#[pipeline]
fn strict() {
    source(RidesAsJson).sink(AllRides);
}

#[pipeline]
fn without_time() {
    source(Timeless).sink(AllRides);
}

#[test]
fn who_reads_rows_passes_over_heartbeats_and_garbage_goes_by_the_policy() {
    let store = open(&MemDisk::new());
    let rides = TypedTopic::open(&store, RidesAsJson).unwrap();
    let ride = Ride { phone: 1, zone: 7, at: Timestamp::from_millis(0) };
    rides.heartbeat(0, Timestamp::from_millis(5)).unwrap();
    assert!(rides.is_empty(), "a heartbeat is no row");
    rides.append([&ride]).unwrap();
    rides.heartbeat(0, Timestamp::from_millis(7)).unwrap();
    assert_eq!(rides.rows().collect::<Result<Vec<_>, _>>().unwrap(), std::slice::from_ref(&ride));
    assert_eq!((rides.row_at(0, 0).unwrap(), rides.row_at(0, 1).unwrap()), (None, Some(ride.clone())));
    assert!(rides.heartbeat(1, Timestamp::from_millis(7)).is_err(), "there is no partition 1");
    run(strict(), &store, every_way(1)[0].options().until_end()).unwrap();
    assert_eq!(read(&store, AllRides), [ride]);
    append_garbage(&store, "rides-as-json", 0);
    let error = run(strict(), &store, every_way(1)[0].options().until_end()).unwrap_err().to_string();
    assert!(
        error.contains("`waterwheel.heartbeat` holds `soon`") && error.contains("rides-as-json"),
        "{error}"
    );
}

#[test]
fn a_topic_without_event_time_passes_over_heartbeats() {
    let mut t = without_time().test();
    let ride = Ride { phone: 1, zone: 7, at: Timestamp::from_millis(0) };
    let mut records = RecordsBuilder::new();
    records.push_with_headers(0, None, None, &[("waterwheel.heartbeat", Some(b"5"))]);
    t.store().topic("timeless").unwrap().partition(0).unwrap().append(records).unwrap();
    t.push(Timeless, ride.clone());
    assert_eq!((t.rows(AllRides), t.skipped()), (vec![ride], 0));
}
