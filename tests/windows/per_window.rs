//! `per_window`: whatever the partitions, epochs, workers and restarts, the rows that stay are those of plain loops over the logs.

use std::collections::{BTreeMap, BTreeSet};

use waterwheel::key::partition_of;
use waterwheel::prelude::*;

use support::{
    Random, Way, append, assert_of_use, assert_same_rows, by_partition, drive, every_way, read, seeds,
};

/// Kept by street, counted by driver: rows of a driver are in all partitions.
#[derive(Debug, Clone, PartialEq, Record)]
struct Ride {
    street: u64,
    driver: u64,
    cents: i64,
    at: Timestamp,
}

/// What a driver did in a window.
#[derive(Debug, Clone, PartialEq, Record)]
struct Driven {
    zone: u64,
    driver: u64,
    until: Timestamp,
    n: u64,
    total: i64,
    mean: f64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Place {
    zone: u64,
    rank: u64,
    driver: u64,
    until: Timestamp,
    /// Half the total, which a `map` in front has made.
    half: Option<f64>,
}

topics! {
    RidesOne("rides-one"): Ride { key: street, time: at }
    RidesThree("rides-three"): Ride { key: street, time: at, partitions: 3 }
    RidesFour("rides-four"): Ride { key: street, time: at, partitions: 4 }
    Busiest("busiest"): Driven { key: zone, partitions: 2 }
    Poorest("poorest"): Driven { key: zone, partitions: 2 }
    Places("places"): Place { key: zone, partitions: 2 }
    PlacesOfZones("places-of-zones"): Place { key: zone, partitions: 2 }
}

const LATENESS_MS: i64 = 5_000;
const ZONES: u64 = 3;

fn zone_of(driver: u64) -> u64 {
    driver % ZONES
}

macro_rules! picked {
    ($name:ident, $topic:ident, $($windows:tt)*) => {
        #[pipeline]
        fn $name() {
            let rides = source($topic).lateness(5s).late_drop();
            let driven = rides.group_by(|r| r.driver).window($($windows)*).select(|w, r| Driven {
                zone: zone_of(w.key()),
                driver: w.key(),
                until: w.end(),
                n: count(),
                total: sum(r.cents),
                mean: mean(r.cents),
            });
            let busiest = driven.per_window().max_by(|d| d.n);
            let poorest = driven.filter(|d| d.n > 1).per_window().min_by(|d| d.mean);
            let places = driven
                .map(|d| Place {
                    zone: d.zone,
                    rank: 0,
                    driver: d.driver,
                    until: d.until,
                    half: (d.total > 0).then_some(d.total as f64 / 2.0),
                })
                .per_window()
                .top(3, |p| (desc(p.half), asc(p.driver)))
                .select(|rank, p| Place { rank, ..p.clone() });
            let places_of_zones = driven
                .per_window()
                .group_by(|d| d.zone)
                .top(2, |d| asc(d.n))
                .select(|rank, d| Place { zone: d.zone, rank, driver: d.driver, until: d.until, half: None });
            busiest.sink(Busiest);
            poorest.sink(Poorest);
            places.sink(Places);
            places_of_zones.sink(PlacesOfZones);
        }
    };
}

picked!(of_tumbling, RidesThree, tumbling(10s));
picked!(of_tumbling_of_one, RidesOne, tumbling(10s));
picked!(of_tumbling_of_four, RidesFour, tumbling(10s));
picked!(of_sliding, RidesThree, sliding(10s, 2s));
picked!(of_cumulate, RidesThree, cumulate(10s, 2s));

/// The ends of the windows that a time is in, in milliseconds.
type Ends = fn(i64) -> Vec<i64>;

fn tumbling_ends(at: i64) -> Vec<i64> {
    vec![at.div_euclid(10_000) * 10_000 + 10_000]
}

fn sliding_ends(at: i64) -> Vec<i64> {
    let first = at.div_euclid(2_000) * 2_000 + 2_000;
    (0..5).map(|step| first + step * 2_000).collect()
}

fn cumulate_ends(at: i64) -> Vec<i64> {
    let start = at.div_euclid(10_000) * 10_000;
    (1..=5).map(|step| start + step * 2_000).filter(|end| at < *end).collect()
}

/// By output partition, in the order of (end, driver).
struct Expected {
    busiest: Vec<Driven>,
    poorest: Vec<Driven>,
    places: Vec<Place>,
    places_of_zones: Vec<Place>,
    late: u64,
    ties: usize,
}

fn partition(ride: &Ride, partitions: u32) -> u32 {
    partition_of(&ride.street.to_be_bytes(), partitions)
}

/// What each driver did in each window, by (end, driver), and how many rides are late.
fn driven(rides: &[Ride], partitions: u32, ends: Ends) -> (Vec<Driven>, u64) {
    let (mut greatest, mut late) = (BTreeMap::new(), 0);
    let mut windows: BTreeMap<(i64, u64), Vec<i64>> = BTreeMap::new();
    for ride in rides {
        let at = ride.at.millis();
        let seen = greatest.entry(partition(ride, partitions)).or_insert(i64::MIN);
        let watermark = seen.saturating_sub(LATENESS_MS);
        *seen = (*seen).max(at);
        let open: Vec<i64> = ends(at).into_iter().filter(|end| end - 1 > watermark).collect();
        late += u64::from(open.is_empty());
        for end in open {
            windows.entry((end, ride.driver)).or_default().push(ride.cents);
        }
    }
    let of_window = |((end, driver), cents): ((i64, u64), Vec<i64>)| {
        let total: i64 = cents.iter().sum();
        Driven {
            zone: zone_of(driver),
            driver,
            until: Timestamp::from_millis(end),
            n: cents.len() as u64,
            total,
            mean: total as f64 / cents.len() as f64,
        }
    };
    (windows.into_iter().map(of_window).collect(), late)
}

fn expected(rides: &[Ride], partitions: u32, ends: Ends) -> Expected {
    let (driven, late) = driven(rides, partitions, ends);
    let windows: BTreeSet<i64> = driven.iter().map(|row| row.until.millis()).collect();
    let (mut busiest, mut poorest, mut places, mut places_of_zones) = (vec![], vec![], vec![], vec![]);
    let mut ties = 0;
    for end in windows {
        let of_window: Vec<&Driven> = driven.iter().filter(|row| row.until.millis() == end).collect();
        let most = of_window.iter().map(|row| row.n).max().unwrap();
        let best = of_window.iter().filter(|row| row.n == most);
        ties += usize::from(best.clone().count() > 1);
        busiest.extend(best.map(|row| (*row).clone()));
        let several: Vec<&&Driven> = of_window.iter().filter(|row| row.n > 1).collect();
        for row in &several {
            if several.iter().all(|other| row.mean <= other.mean) {
                poorest.push((**row).clone());
            }
        }
        let place = |row: &Driven, before: usize| Place {
            zone: row.zone,
            rank: before as u64 + 1,
            driver: row.driver,
            until: row.until,
            half: None,
        };
        // A rank is one more than how many stand before.
        let half = |row: &Driven| if row.total > 0 { row.total as f64 / 2.0 } else { f64::NEG_INFINITY };
        for row in &of_window {
            let stands_before = |other: &&&Driven| (half(other), row.driver) > (half(row), other.driver);
            let before = of_window.iter().filter(stands_before).count();
            if before < 3 {
                let half = (row.total > 0).then(|| half(row));
                places.push(Place { half, ..place(row, before) });
            }
            let of_zone = of_window.iter().filter(|other| other.zone == row.zone);
            let before = of_zone.filter(|other| (other.n, other.driver) < (row.n, row.driver)).count();
            if before < 2 {
                places_of_zones.push(place(row, before));
            }
        }
    }
    Expected {
        busiest: by_output(busiest, |row| row.zone),
        poorest: by_output(poorest, |row| row.zone),
        places: by_output(places, |row| row.zone),
        places_of_zones: by_output(places_of_zones, |row| row.zone),
        late,
        ties,
    }
}

fn by_output<T>(rows: Vec<T>, zone: fn(&T) -> u64) -> Vec<T> {
    let (mut first, second): (Vec<T>, Vec<T>) =
        rows.into_iter().partition(|row| partition_of(&zone(row).to_be_bytes(), 2) == 0);
    first.extend(second);
    first
}

/// Rides whose event time moves on. Some partitions are behind the others, and rows far behind their own partition come by.
fn random_rides(random: &mut Random, count: u64, partitions: u32) -> Vec<Ride> {
    let mut rides = Vec::new();
    for number in 0..count {
        let jitter = if random.below(8) == 0 { random.below(40) } else { random.below(6) };
        let (street, driver) = (random.below(40), random.below(9));
        let cents = random.below(9) as i64 * 100 - 200;
        let mut ride = Ride { street, driver, cents, at: Timestamp::MIN };
        let behind = 15 * i64::from(partition(&ride, partitions));
        ride.at = Timestamp::from_millis((number as i64 * 400 - (jitter as i64 + behind) * 1_000).max(0));
        rides.push(ride);
    }
    rides
}

#[track_caller]
fn check(store: &Store, expected: &Expected, late: u64, what: &str) {
    assert_same_rows(read(store, Busiest), expected.busiest.clone(), format!("{what}: busiest"));
    assert_same_rows(read(store, Poorest), expected.poorest.clone(), format!("{what}: poorest"));
    assert_same_rows(read(store, Places), expected.places.clone(), format!("{what}: places"));
    assert_same_rows(
        read(store, PlacesOfZones),
        expected.places_of_zones.clone(),
        format!("{what}: places of zones"),
    );
    assert_eq!(read(store, Busiest), expected.busiest, "{what}: the order of the busiest");
    assert_eq!(read(store, Places), expected.places, "{what}: the order of places");
    assert_eq!(late, expected.late, "{what}: late rows");
}

fn check_every_way<P: waterwheel::__rt::Topic<Row = Ride> + Copy>(
    pipeline: impl Fn() -> waterwheel::Pipeline,
    topic: P,
    (partitions, ends): (u32, Ends),
    ways: fn(u64) -> Vec<Way>,
) {
    for seed in seeds(1) {
        let rides = random_rides(&mut Random(seed * 7919), 200, partitions);
        let expected = expected(&rides, partitions, ends);
        let Expected { busiest, poorest, late, ties, .. } = &expected;
        assert_of_use(
            busiest.len() > 5 && poorest.len() > 3 && *late > 0 && *ties > 0,
            format!(
                "{} busiest, {} poorest, {late} late, {ties} windows with ties",
                busiest.len(),
                poorest.len()
            ),
        );
        for way in ways(seed) {
            let (store, summary) = way.run(pipeline(), |store| append(store, topic, &rides));
            check(
                &store,
                &expected,
                summary.rows_late,
                &format!("seed {seed}, {partitions} partitions, {way}"),
            );
        }
    }
}

#[test]
fn rows_picked_of_tumbling_windows_are_those_of_plain_loops() {
    check_every_way(|| of_tumbling().into(), RidesThree, (3, tumbling_ends), every_way);
}

#[test]
fn rows_picked_of_other_numbers_of_partitions_are_those_of_plain_loops() {
    check_every_way(|| of_tumbling_of_one().into(), RidesOne, (1, tumbling_ends), every_way);
    check_every_way(|| of_tumbling_of_four().into(), RidesFour, (4, tumbling_ends), every_way);
}

#[test]
fn rows_picked_of_sliding_windows_are_those_of_plain_loops() {
    check_every_way(|| of_sliding().into(), RidesThree, (3, sliding_ends), every_way);
}

#[test]
fn rows_picked_of_growing_windows_are_those_of_plain_loops() {
    check_every_way(|| of_cumulate().into(), RidesThree, (3, cumulate_ends), every_way);
}

#[test]
fn any_interleaving_and_any_restarts_pick_the_rows_of_plain_loops() {
    for seed in seeds(6) {
        let mut random = Random(seed * 15_485_863);
        let rides = random_rides(&mut random, 200, 3);
        let logs = by_partition(&rides, 3, |ride| partition(ride, 3));
        let (driver, ends): (waterwheel::Pipeline, Ends) = match seed % 3 {
            0 => (of_tumbling().into(), tumbling_ends),
            1 => (of_sliding().into(), sliding_ends),
            _ => (of_cumulate().into(), cumulate_ends),
        };
        let t = waterwheel::TestDriver::new(driver);
        let mut t = drive(t, &mut random, logs, |t, rides| append(t.store(), RidesThree, &rides));
        let late = t.late();
        check(t.store(), &expected(&rides, 3, ends), late, &format!("seed {seed}"));
    }
}

/// What is picked is picked from again, and windows of it are windows of windows.
#[pipeline]
fn picked_twice() {
    let rides = source(RidesThree).lateness(5s).late_drop();
    let driven = rides.group_by(|r| r.driver).window(tumbling(10s)).select(|w, r| Driven {
        zone: zone_of(w.key()),
        driver: w.key(),
        until: w.end(),
        n: count(),
        total: sum(r.cents),
        mean: mean(r.cents),
    });
    let busiest = driven.per_window().max_by(|d| d.n);
    let richest = busiest.per_window().max_by(|d| (d.total, d.driver));
    let by_minute = richest.group_by(|d| d.zone).window(tumbling(1m)).select(|w, d| Driven {
        zone: w.key(),
        driver: 0,
        until: w.end(),
        n: count(),
        total: sum(d.total),
        mean: 0.0,
    });
    richest.sink(Busiest);
    by_minute.sink(Poorest);
}

#[test]
fn what_is_picked_can_be_picked_from_and_cut_into_windows() {
    let rides = random_rides(&mut Random(7919), 200, 3);
    let mut richest: BTreeMap<i64, Driven> = BTreeMap::new();
    for row in expected(&rides, 3, tumbling_ends).busiest {
        let best = richest.entry(row.until.millis()).or_insert_with(|| row.clone());
        if (row.total, row.driver) > (best.total, best.driver) {
            *best = row;
        }
    }
    let mut minutes: BTreeMap<(i64, u64), (u64, i64)> = BTreeMap::new();
    for row in richest.values() {
        let until = (row.until.millis() - 1).div_euclid(60_000) * 60_000 + 60_000;
        let (n, total) = minutes.entry((until, row.zone)).or_default();
        (*n, *total) = (*n + 1, *total + row.total);
    }
    let minutes: Vec<Driven> = minutes
        .into_iter()
        .map(|((until, zone), (n, total))| Driven {
            zone,
            driver: 0,
            until: Timestamp::from_millis(until),
            n,
            total,
            mean: 0.0,
        })
        .collect();
    for way in support::SOME_WAYS {
        let (store, _) = way.run(picked_twice(), |store| append(store, RidesThree, &rides));
        assert_same_rows(read(&store, Busiest), richest.values().cloned(), way);
        assert_same_rows(read(&store, Poorest), minutes.clone(), way);
    }
}

#[pipeline]
fn any_number(rows: u64) {
    let rides = source(RidesOne).lateness(5s).late_drop();
    let driven = rides.group_by(|r| r.driver).window(tumbling(10s)).select(|w, r| Driven {
        zone: 0,
        driver: w.key(),
        until: w.end(),
        n: count(),
        total: sum(r.cents),
        mean: 0.0,
    });
    let places =
        driven.per_window().top(rows, |d| desc(d.total)).select(|rank, d| Driven { n: rank, ..d.clone() });
    places.sink(Busiest);
}

#[test]
fn a_top_of_nothing_is_refused_and_explain_says_what_it_goes_by() {
    assert_eq!(
        any_number(0).explain().unwrap_err().to_string(),
        "pipeline `any_number`: top `places` is of 0 rows: take 1 or more"
    );
    let text = any_number(3).explain().unwrap();
    for part in [
        "top  places",
        "before the exchange: picks among the rows of each worker",
        "takes the rows of windows of one end together: they come in one epoch",
        "by: |d| desc(d.total)",
        "the first 3 of each window",
        "keeps: nothing",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
