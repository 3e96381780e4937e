//! `ahead`: rows too far in the future are judged by the clock of the epoch that has read them, and what comes out is what plain loops
//! over the logs give, whatever the partitions, epochs, workers and restarts.

use std::collections::BTreeMap;
use std::sync::Arc;

use waterwheel::Pipeline;
use waterwheel::key::partition_of;
use waterwheel::log::{Clock, FaultyDisk, MemDisk, StoreConfig};
use waterwheel::prelude::*;

use support::{
    ByHand, Losses, Random, any_options, append, assert_of_use, assert_same_rows, every_way, open_by,
    open_on, read, run, seeds,
};

/// Kept by phone, counted by zone.
#[derive(Debug, Clone, PartialEq, Record)]
struct Ride {
    phone: u64,
    zone: u64,
    note: String,
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
    LateRides("late-rides"): Ride { key: zone, partitions: 2 }
    AllRides("all-rides"): Ride { key: phone }
    ZoneMinutes("zone-minutes"): ZoneMinute { key: zone }
}

const PARTITIONS: u32 = 3;
const LATENESS_MS: i64 = 5_000;
const AHEAD_MS: i64 = 60_000;
const WINDOW_MS: i64 = 20_000;

#[pipeline]
fn minutes() {
    let rides = source(Rides).lateness(5s).ahead(1m).late_to(LateRides);
    let minutes = rides.group_by(|r| r.zone).window(tumbling(20s)).select(|w, r| ZoneMinute {
        zone: w.key(),
        from: w.start(),
        rides: count(),
    });
    minutes.sink(ZoneMinutes);
    rides.sink(AllRides);
}

#[pipeline]
fn minutes_of_dropped() {
    let rides = source(Rides).lateness(5s).late_drop().ahead(1m);
    let minutes = rides.group_by(|r| r.zone).window(tumbling(20s)).select(|w, r| ZoneMinute {
        zone: w.key(),
        from: w.start(),
        rides: count(),
    });
    minutes.sink(ZoneMinutes);
}

/// Without any operator that goes by event time.
#[pipeline]
fn kept() {
    source(Rides).lateness(5s).ahead(1m).late_to(LateRides).sink(AllRides);
}

/// The clock of a test's driver begins with the year 2000.
const BEGINNING_MS: i64 = 946_684_800_000;

fn ride(random: &mut Random, clock: i64) -> Ride {
    let ahead = random.one_of(&[0, 0, 0, AHEAD_MS, AHEAD_MS + 1, 3_600_000, 1 << 40]);
    let at = clock + ahead
        - random.one_of(&[0, 3_000, 10_000, 30_000])
        - random.below(20_000) as i64 * i64::from(ahead == 0);
    Ride {
        phone: random.below(6),
        zone: random.below(3),
        note: format!("note {}", random.below(1_000_000)),
        at: Timestamp::from_millis(at),
    }
}

/// What plain loops make of rides with the clock that each was read by.
#[derive(Default)]
struct Expected {
    ahead: Vec<Ride>,
    taken: Vec<Ride>,
    late: Vec<Ride>,
    minutes: Vec<ZoneMinute>,
}

fn expected(rides: &[(i64, Ride)]) -> Expected {
    let mut expected = Expected::default();
    let mut greatest: BTreeMap<u32, i64> = BTreeMap::new();
    let mut windows: BTreeMap<(i64, u64), u64> = BTreeMap::new();
    for (clock, ride) in rides {
        let at = ride.at.millis();
        if at > clock + AHEAD_MS {
            expected.ahead.push(ride.clone());
            continue;
        }
        expected.taken.push(ride.clone());
        let seen = greatest.entry(partition_of(&ride.phone.to_be_bytes(), PARTITIONS)).or_insert(i64::MIN);
        let from = at - at.rem_euclid(WINDOW_MS);
        if from + WINDOW_MS - 1 > seen.saturating_sub(LATENESS_MS) {
            *windows.entry((from, ride.zone)).or_default() += 1;
        } else {
            expected.late.push(ride.clone());
        }
        *seen = (*seen).max(at);
    }
    let minute = |((from, zone), rides)| ZoneMinute { zone, from: Timestamp::from_millis(from), rides };
    expected.minutes = windows.into_iter().map(minute).collect();
    expected
}

#[test]
fn rows_ahead_go_to_their_topic_also_where_nothing_else_is_late() {
    let ride = |at| Ride { phone: 1, zone: 1, note: String::new(), at: Timestamp::from_millis(at) };
    let (now, ahead) = (ride(BEGINNING_MS), ride(BEGINNING_MS + AHEAD_MS + 1));
    let mut t = kept().test();
    t.push_all(Rides, [now.clone(), ahead.clone()]);
    assert_eq!((t.rows(AllRides), t.rows(LateRides), t.late()), (vec![now], vec![ahead], 1));
}

#[test]
fn whatever_the_clock_and_the_restarts_rows_ahead_go_by_the_policy_and_move_nothing() {
    let mut ahead = 0;
    for seed in seeds(15) {
        let mut random = Random(seed * 32_452_843);
        let mut t = minutes().test().epoch_rows(random.one_of(&[1, 7, 1000]));
        let (mut clock, mut read) = (BEGINNING_MS, Vec::new());
        for _ in 0..random.below(12) {
            let rides: Vec<Ride> = (0..random.below(15)).map(|_| ride(&mut random, clock)).collect();
            t.push_all(Rides, rides.clone());
            // They are read now, by this clock; only what is computed again is met by a later one.
            t.late();
            read.extend(rides.into_iter().map(|ride| (clock, ride)));
            if random.below(2) == 0 {
                let by = random.one_of(&[0, 1, 10_000, 90_000]);
                t.advance_clock(Duration::from_millis(by));
                clock += by;
            }
            if random.below(3) == 0 {
                t.restart();
            }
        }
        t.close();
        t.restart();
        let Expected { ahead: early, taken, late, minutes } = expected(&read);
        let what = format!("seed {seed}");
        assert_same_rows(t.rows(ZoneMinutes), minutes, &what);
        assert_same_rows(t.rows(AllRides), taken, &what);
        assert_same_rows(t.rows(LateRides), late.iter().chain(&early).cloned(), &what);
        assert_eq!(t.late(), (late.len() + early.len()) as u64, "{what}");
        ahead += early.len();
    }
    assert_of_use(ahead > 100, format_args!("{ahead} were ahead"));
}

#[test]
fn whatever_the_workers_and_the_epochs_the_summary_tells_late_rows_by_cause() {
    for seed in seeds(2) {
        let mut random = Random(seed * 49_979_687);
        let rides: Vec<Ride> = (0..200).map(|_| ride(&mut random, 0)).collect();
        let judged: Vec<(i64, Ride)> = rides.iter().map(|ride| (0, ride.clone())).collect();
        let Expected { ahead, late, minutes: expected, .. } = expected(&judged);
        for (number, way) in every_way(seed).into_iter().enumerate() {
            let (pipeline, writes_late): (Pipeline, bool) = match number % 2 {
                0 => (minutes().into(), true),
                _ => (minutes_of_dropped().into(), false),
            };
            let store = open_by(Arc::new(ByHand::at(0)));
            append(&store, Rides, &rides);
            let summary = run(pipeline, &store, way.options().close()).unwrap();
            assert_same_rows(read(&store, ZoneMinutes), expected.clone(), way);
            let of = |name: &str| summary.operators.iter().find(|of| of.operator == name).unwrap();
            let (source, window) = (of("rides (source)"), of("minutes (window)"));
            assert_eq!((source.rows_ahead, source.rows_late), (ahead.len() as u64, 0), "{way}");
            assert_eq!((window.rows_ahead, window.rows_late), (0, late.len() as u64), "{way}");
            assert_eq!(
                (summary.rows_late, summary.rows_read),
                ((ahead.len() + late.len()) as u64, 200),
                "{way}"
            );
            if writes_late {
                assert_same_rows(read(&store, LateRides), late.iter().chain(&ahead).cloned(), way);
            }
        }
    }
}

#[test]
fn a_loss_of_power_at_any_moment_judges_no_row_by_another_clock() {
    let (mut losses, mut ahead) = (Losses::default(), 0);
    for seed in seeds(12) {
        let mut random = Random(seed * 67_867_967);
        let (mut disk, clock) = (FaultyDisk::new(), Arc::new(ByHand::at(BEGINNING_MS)));
        let mut judged = Vec::new();
        for _ in 0..4 {
            let now = clock.now_ms();
            let rides: Vec<Ride> = (0..10 + random.below(50)).map(|_| ride(&mut random, now)).collect();
            append(&open_on(&disk, &clock), Rides, &rides);
            judged.extend(rides.into_iter().map(|ride| (now, ride)));
            // The clock stands still until all are read; what is computed again behind that is met by a later one.
            let mut ended = false;
            while !ended {
                (disk, ended) = losses.run(&disk, &clock, &mut random, minutes());
            }
            clock.move_on(random.one_of(&[1, 30_000, 90_000, 4_000_000]));
            if random.below(2) == 0 {
                disk = losses.run(&disk, &clock, &mut random, minutes()).0;
            }
        }
        let store = open_on(&disk, &clock);
        let summary = run(minutes(), &store, any_options(&mut random).close()).unwrap();
        losses.replayed += summary.epochs_replayed;
        let Expected { ahead: early, taken, late, minutes } = expected(&judged);
        let what = format!("seed {seed}");
        assert_same_rows(read(&store, ZoneMinutes), minutes, &what);
        assert_same_rows(read(&store, AllRides), taken, &what);
        assert_same_rows(read(&store, LateRides), late.iter().chain(&early).cloned(), &what);
        assert_eq!(summary.rows_late, (late.len() + early.len()) as u64, "{what}");
        ahead += early.len();
    }
    losses.assert_of_use(20);
    assert_of_use(ahead > 100, format_args!("{ahead} were ahead"));
}

#[test]
fn a_record_that_is_ahead_says_so_and_by_which_clock() {
    let mut t = minutes().test();
    let ride = |ahead| Ride {
        phone: 1,
        zone: 1,
        note: String::new(),
        at: Timestamp::from_millis(BEGINNING_MS + ahead),
    };
    t.push_all(Rides, [ride(0), ride(AHEAD_MS), ride(AHEAD_MS + 1)]);
    assert_eq!(t.rows(LateRides), [ride(AHEAD_MS + 1)]);
    let partition = partition_of(&1_u64.to_be_bytes(), 2);
    let log = t.store().topic("late-rides").unwrap().partition(partition).unwrap();
    let mut scan = log.scan(log.log_start_offset(), log.last_stable_offset());
    let record = scan.next().unwrap().unwrap();
    let headers: Vec<(String, String)> = record
        .headers()
        .map(|(name, value)| (name.to_owned(), String::from_utf8(value.unwrap().to_vec()).unwrap()))
        .collect();
    let of_source = partition_of(&1_u64.to_be_bytes(), PARTITIONS).to_string();
    let expected = [
        ("waterwheel.cause", "ahead"),
        ("waterwheel.operator", "rides/source"),
        ("waterwheel.clock", "946684800000"),
        ("waterwheel.watermark", "946684855000"),
        ("waterwheel.topic", "rides"),
        ("waterwheel.partition", &of_source),
        ("waterwheel.offset", "2"),
    ];
    assert_eq!(headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[pipeline]
fn of_the_past(most: Duration) {
    source(Rides).late_drop().ahead(most).sink(AllRides);
}

#[test]
fn less_than_no_time_is_refused_and_another_limit_is_another_pipeline() {
    let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap();
    let run =
        |most| run(of_the_past(Duration::from_millis(most)), &store, support::SOME_WAYS[0].options().close());
    assert!(run(-1).unwrap_err().to_string().contains("cannot be negative"));
    run(5).unwrap();
    assert!(matches!(run(6), Err(waterwheel::Error::PipelineDiffers { .. })));
}
