//! Aggregates: whatever the partitions, epochs, workers and restarts, each gives what a plain loop over the window's rows gives.

mod merged;

use std::collections::{BTreeMap, BTreeSet};

use waterwheel::key::partition_of;
use waterwheel::log::MemDisk;
use waterwheel::prelude::*;

use support::{Random, Step, append, assert_same_rows, open, random_course, read, run, seeds};

#[derive(Debug, Clone, PartialEq, Record)]
struct Reading {
    sensor: u64,
    whole: i64,
    part: f64,
    maybe: Option<i64>,
    pieces: u32,
    label: String,
    good: bool,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Spread {
    sensor: u64,
    from: Timestamp,
    variance: Option<f64>,
    variance_pop: f64,
    stddev: Option<f64>,
    stddev_pop: f64,
    variance_of_parts: Option<f64>,
    variance_of_some: Option<f64>,
    stddev_of_good: Option<f64>,
    stddev_pop_of_good: Option<f64>,
    weighted: Option<f64>,
    weighted_good: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Picked {
    sensor: u64,
    from: Timestamp,
    least_label: String,
    greatest_label: String,
    label_of_least_some: Option<String>,
    part_of_greatest_good: Option<f64>,
    labels: u64,
    somes: u64,
    good_wholes: u64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Sketched {
    sensor: u64,
    from: Timestamp,
    about_wholes: u64,
    about_good_labels: u64,
    median: f64,
    high_some: Option<f64>,
    low_good: Option<f64>,
    labels: Vec<String>,
    somes: Vec<i64>,
    good_parts: Vec<f64>,
}

topics! {
    Readings("readings"): Reading { key: sensor, time: at, partitions: 3 }
    Spreads("spreads"): Spread { key: sensor, partitions: 2 }
    Picks("picks"): Picked { key: sensor, partitions: 2 }
    Sketches("sketches"): Sketched { key: sensor, partitions: 2 }
}

const LATENESS_MS: i64 = 10_000;
const WINDOW_MS: i64 = 60_000;

#[pipeline]
fn all_aggregates() {
    let readings = source(Readings).lateness(10s).late_drop();
    let by_sensor = readings.group_by(|r| r.sensor).window(tumbling(1m));
    let spreads = by_sensor.select(|w, r| Spread {
        sensor: w.key(),
        from: w.start(),
        variance: variance(r.whole),
        variance_pop: variance_pop(r.whole),
        stddev: stddev(r.whole),
        stddev_pop: stddev_pop(r.whole),
        variance_of_parts: variance(r.part),
        variance_of_some: variance(r.maybe),
        stddev_of_good: stddev_if(r.whole, r.good),
        stddev_pop_of_good: stddev_pop_if(r.maybe, r.good),
        weighted: weighted_mean(r.whole, r.pieces),
        weighted_good: weighted_mean_if(r.part, r.pieces, r.good),
    });
    let picks = by_sensor.select(|w, r| Picked {
        sensor: w.key(),
        from: w.start(),
        least_label: min_by(r.label, r.whole),
        greatest_label: max_by(r.label, r.whole),
        label_of_least_some: min_by(r.label, r.maybe),
        part_of_greatest_good: max_by_if(r.part, r.pieces, r.good),
        labels: distinct(r.label),
        somes: distinct(r.maybe),
        good_wholes: distinct_if(r.whole, r.good),
    });
    let sketches = by_sensor.select(|w, r| Sketched {
        sensor: w.key(),
        from: w.start(),
        about_wholes: approx_distinct(r.whole),
        about_good_labels: approx_distinct_if(r.label, r.good),
        median: quantile(r.part, 0.5),
        high_some: quantile(r.maybe, 0.9),
        low_good: quantile_if(r.whole, 0.25, r.good),
        labels: collect(r.label, 400),
        somes: collect(r.maybe, 400),
        good_parts: collect_if(r.part, 400, r.good),
    });
    spreads.sink(Spreads);
    picks.sink(Picks);
    sketches.sink(Sketches);
}

/// Readings whose event time moves on, with rows that are out of order, late, and of one instant, and many that are alike.
fn random_readings(random: &mut Random, count: u64) -> Vec<Reading> {
    let row = |step: u64| {
        let jitter = if random.below(10) == 0 { random.below(150) } else { random.below(12) };
        let at = (step as i64 * 2 - jitter as i64).max(0);
        let whole = random.below(9) as i64 - 4;
        Reading {
            sensor: random.below(5),
            whole: whole * random.one_of(&[1, 1, 100]),
            part: (random.below(4096) as f64 - 2048.0) / 1024.0,
            maybe: (random.below(3) > 0).then(|| random.below(20) as i64),
            pieces: random.below(4) as u32,
            label: format!("label {}", random.below(12)),
            good: random.below(4) > 0,
            at: Timestamp::from_millis(at * 1000),
        }
    };
    (0..count).map(row).collect()
}

/// The rows of each window, which are in the order of event time, and those of one instant in the order of the log.
fn windows(rows: &[Reading]) -> BTreeMap<(i64, u64), Vec<&Reading>> {
    let mut greatest: BTreeMap<u32, i64> = BTreeMap::new();
    let mut windows: BTreeMap<(i64, u64), Vec<&Reading>> = BTreeMap::new();
    for row in rows {
        let at = row.at.millis();
        let seen = greatest.entry(partition_of(&row.sensor.to_be_bytes(), 3)).or_insert(i64::MIN);
        let watermark = seen.saturating_sub(LATENESS_MS);
        *seen = (*seen).max(at);
        let start = at - at.rem_euclid(WINDOW_MS);
        if start + WINDOW_MS - 1 > watermark {
            windows.entry((start, row.sensor)).or_default().push(row);
        }
    }
    windows.values_mut().for_each(|rows| rows.sort_by_key(|row| row.at));
    windows
}

/// `sum((x - mean)^2) / (n - less)` of whole numbers, all of which stay so small that nothing is rounded before the quotient.
fn variance_of(values: &[i64], less: i64) -> Option<f64> {
    let count = values.len() as i64;
    let sum: i64 = values.iter().sum();
    let squares: i64 = values.iter().map(|value| value * value).sum();
    (count > less).then(|| (count * squares - sum * sum) as f64 / (count * (count - less)) as f64)
}

fn weighted_mean_of(values: &[(i64, i64)]) -> Option<f64> {
    let products: i64 = values.iter().map(|(value, weight)| value * weight).sum();
    let weights: i64 = values.iter().map(|(_, weight)| weight).sum();
    (weights != 0).then(|| products as f64 / weights as f64)
}

/// A multiple of 1/1024 as a whole number.
fn in_1024ths(part: f64) -> i64 {
    (part * 1024.0) as i64
}

fn spread(sensor: u64, from: i64, rows: &[&Reading]) -> Spread {
    let good: Vec<&Reading> = rows.iter().copied().filter(|row| row.good).collect();
    let wholes: Vec<i64> = rows.iter().map(|row| row.whole).collect();
    let somes = |rows: &[&Reading]| rows.iter().filter_map(|row| row.maybe).collect::<Vec<i64>>();
    let parts: Vec<i64> = rows.iter().map(|row| in_1024ths(row.part)).collect();
    let good_wholes: Vec<i64> = good.iter().map(|row| row.whole).collect();
    let weighted: Vec<_> = rows.iter().map(|row| (row.whole, i64::from(row.pieces))).collect();
    let weighted_good: Vec<_> =
        good.iter().map(|row| (in_1024ths(row.part), i64::from(row.pieces))).collect();
    Spread {
        sensor,
        from: Timestamp::from_millis(from),
        variance: variance_of(&wholes, 1),
        variance_pop: variance_of(&wholes, 0).unwrap(),
        stddev: variance_of(&wholes, 1).map(f64::sqrt),
        stddev_pop: variance_of(&wholes, 0).unwrap().sqrt(),
        variance_of_parts: variance_of(&parts, 1).map(|variance| variance / (1024.0 * 1024.0)),
        variance_of_some: variance_of(&somes(rows), 1),
        stddev_of_good: variance_of(&good_wholes, 1).map(f64::sqrt),
        stddev_pop_of_good: variance_of(&somes(&good), 0).map(f64::sqrt),
        weighted: weighted_mean_of(&weighted),
        weighted_good: weighted_mean_of(&weighted_good).map(|mean| mean / 1024.0),
    }
}

/// The first of the rows that nothing goes before.
fn first_best<'a, B>(
    rows: &[&'a Reading],
    by: impl Fn(&Reading) -> Option<B>,
    before: impl Fn(&B, &B) -> bool,
) -> Option<&'a Reading> {
    let mut best: Option<(&Reading, B)> = None;
    for row in rows {
        if let Some(candidate) = by(row)
            && best.as_ref().is_none_or(|(_, kept)| before(&candidate, kept))
        {
            best = Some((row, candidate));
        }
    }
    best.map(|(row, _)| row)
}

fn different<T: Ord>(values: impl IntoIterator<Item = T>) -> u64 {
    values.into_iter().collect::<BTreeSet<_>>().len() as u64
}

fn picked(sensor: u64, from: i64, rows: &[&Reading]) -> Picked {
    let whole = |row: &Reading| Some(row.whole);
    let good_pieces = |row: &Reading| row.good.then_some(row.pieces);
    Picked {
        sensor,
        from: Timestamp::from_millis(from),
        least_label: first_best(rows, whole, |left, right| left < right).unwrap().label.clone(),
        greatest_label: first_best(rows, whole, |left, right| left > right).unwrap().label.clone(),
        label_of_least_some: first_best(rows, |row| row.maybe, |left, right| left < right)
            .map(|row| row.label.clone()),
        part_of_greatest_good: first_best(rows, good_pieces, |left, right| left > right).map(|row| row.part),
        labels: different(rows.iter().map(|row| &row.label)),
        somes: different(rows.iter().filter_map(|row| row.maybe)),
        good_wholes: different(rows.iter().filter(|row| row.good).map(|row| row.whole)),
    }
}

/// The value of a sorted list with the number that `quantile` documents.
fn quantile_of(values: impl IntoIterator<Item = f64>, part: f64) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    Some(values[(part * last as f64) as usize])
}

/// With quantiles that are exact.
fn sketched(sensor: u64, from: i64, rows: &[&Reading]) -> Sketched {
    let good = || rows.iter().filter(|row| row.good);
    let somes = || rows.iter().filter_map(|row| row.maybe);
    Sketched {
        sensor,
        from: Timestamp::from_millis(from),
        // So few are counted exactly.
        about_wholes: different(rows.iter().map(|row| row.whole)),
        about_good_labels: different(good().map(|row| &row.label)),
        median: quantile_of(rows.iter().map(|row| row.part), 0.5).unwrap(),
        high_some: quantile_of(somes().map(|value| value as f64), 0.9),
        low_good: quantile_of(good().map(|row| row.whole as f64), 0.25),
        labels: rows.iter().map(|row| row.label.clone()).collect(),
        somes: somes().collect(),
        good_parts: good().map(|row| row.part).collect(),
    }
}

/// Each row with its quantiles replaced by the exact ones, of which they are at most 1 % away.
#[track_caller]
fn with_exact_quantiles(mut found: Vec<Sketched>, expected: &[Sketched], what: &str) -> Vec<Sketched> {
    for row in &mut found {
        let Some(exact) = expected.iter().find(|exact| (exact.sensor, exact.from) == (row.sensor, row.from))
        else {
            continue;
        };
        let near = |found: f64, exact: f64| (found - exact).abs() <= exact.abs() * 0.010001;
        assert!(near(row.median, exact.median), "{what}: {row:?} for {exact:?}");
        row.median = exact.median;
        for (found, exact) in [(&mut row.high_some, exact.high_some), (&mut row.low_good, exact.low_good)] {
            if let (Some(found), Some(exact)) = (found, exact) {
                assert!(near(*found, exact), "{what}: {found} for {exact}");
                *found = exact;
            }
        }
    }
    found
}

#[track_caller]
fn check(store: &Store, rows: &[Reading], what: &str) {
    let windows = windows(rows);
    let spreads = windows.iter().map(|((from, sensor), rows)| spread(*sensor, *from, rows));
    assert_same_rows(read(store, Spreads), spreads, format!("{what}, spreads"));
    let picks = windows.iter().map(|((from, sensor), rows)| picked(*sensor, *from, rows));
    assert_same_rows(read(store, Picks), picks, format!("{what}, picks"));
    let sketches: Vec<_> =
        windows.iter().map(|((from, sensor), rows)| sketched(*sensor, *from, rows)).collect();
    let found = with_exact_quantiles(read(store, Sketches), &sketches, what);
    assert_same_rows(found, sketches, format!("{what}, sketches"));
}

#[test]
fn any_number_of_workers_and_rows_an_epoch_gives_what_a_plain_loop_gives() {
    for seed in seeds(2) {
        let rows = random_readings(&mut Random(seed * 7919), 300);
        assert!(
            windows(&rows).values().filter(|rows| rows.len() > 3).count() > 30,
            "the sample fills windows"
        );
        for workers in 1..=4 {
            for epoch_rows in [1, 97, 10_000] {
                let store = open(&MemDisk::new());
                append(&store, Readings, &rows);
                let options = RunOptions::new().workers(workers).epoch_rows(epoch_rows).close();
                run(all_aggregates(), &store, options).unwrap();
                check(&store, &rows, &format!("seed {seed}, {workers} workers, epochs of {epoch_rows} rows"));
            }
        }
    }
}

#[test]
fn any_interleaving_of_partitions_and_any_restarts_give_what_a_plain_loop_gives() {
    for seed in seeds(12) {
        let mut random = Random(seed * 15_485_863);
        let rows = random_readings(&mut random, 250);
        let mut logs = vec![Vec::new(); 3];
        for row in &rows {
            logs[partition_of(&row.sensor.to_be_bytes(), 3) as usize].push(row.clone());
        }
        let mut t = all_aggregates().test().epoch_rows(random.one_of(&[1, 97, 10_000]));
        random_course(&mut random, logs, |step| match step {
            Step::Push(rows) => t.push_all(Readings, rows),
            Step::Restart => t.restart(),
            Step::Look => drop(t.rows(Spreads)),
        });
        t.close();
        t.restart();
        check(t.store(), &rows, &format!("seed {seed}"));
    }
}

/// A pipeline whose settings are parameters.
#[pipeline]
fn with_settings(part: f64, cap: u64) {
    let readings = source(Readings).lateness(10s).late_drop();
    let sketches = readings.group_by(|r| r.sensor).window(tumbling(1m)).select(|w, r| Sketched {
        sensor: w.key(),
        from: w.start(),
        about_wholes: 0,
        about_good_labels: 0,
        median: quantile(r.part, part),
        high_some: quantile_if(r.part, part, r.good),
        low_good: None,
        labels: collect(r.label, cap),
        somes: Vec::new(),
        good_parts: collect_if(r.part, cap, r.good),
    });
    sketches.sink(Sketches);
}

#[test]
fn more_values_than_the_cap_stop_the_run_with_key_and_window_and_commit_nothing_of_it() {
    let reading = |sensor, at_secs: i64| Reading {
        sensor,
        whole: 0,
        part: 0.5,
        maybe: None,
        pieces: 1,
        label: "label".to_owned(),
        good: false,
        at: Timestamp::from_secs(at_secs),
    };
    let rows = [reading(1, 1), reading(1, 2), reading(1, 3), reading(2, 4), reading(1, 70)];
    for workers in [1, 2] {
        for epoch_rows in [1, 2, 10_000] {
            let options = || RunOptions::new().workers(workers).epoch_rows(epoch_rows).close();
            let store = open(&MemDisk::new());
            append(&store, Readings, &rows);
            let error = run(with_settings(0.5, 2), &store, options()).unwrap_err().to_string();
            assert!(error.contains("operator `sketches (window)` stopped at"), "{error}");
            assert!(error.contains("more than 2 values came for `collect(.., 2)`: raise the cap"), "{error}");
            assert!(
                error.contains("key 1, window 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z"),
                "{workers} workers, epochs of {epoch_rows} rows: {error}"
            );
            assert_eq!(read(&store, Sketches), [], "nothing of it is committed");
            let store = open(&MemDisk::new());
            append(&store, Readings, &rows);
            run(with_settings(0.5, 3), &store, options()).unwrap();
            assert_eq!(read(&store, Sketches).len(), 3, "as many as the cap are no error");
        }
    }
}

#[test]
fn settings_that_cannot_be_are_refused_before_anything_is_read() {
    let refused = |part, cap| with_settings(part, cap).explain().unwrap_err().to_string();
    assert_eq!(
        refused(99.0, 10),
        "pipeline `with_settings`: window `sketches`: `quantile` takes a part from 0.0 to 1.0, and is given 99: the 99th percentile is \
         `quantile(r.millis, 0.99)`"
    );
    assert!(refused(f64::NAN, 10).contains("is given NaN"));
    assert!(
        refused(0.5, 0)
            .ends_with("`collect` takes a cap from 1 on, and is given 0: nothing could be collected")
    );
}

#[test]
fn explain_says_what_each_keeps() {
    let text = all_aggregates().explain().unwrap();
    assert!(text.contains("keeps: variance, variance_pop, stddev, stddev_pop, variance, variance, stddev_if, stddev_pop_if, weighted_mean, weighted_mean_if for each key"), "{text}");
    assert!(
        text.contains(
            "keeps: min_by, max_by, min_by, max_by_if, distinct, distinct, distinct_if for each key"
        ),
        "{text}"
    );
}
