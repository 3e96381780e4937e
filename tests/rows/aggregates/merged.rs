//! States that are merged again and again: sliding windows, rows that look back, sketches.

use super::*;

/// What a sensor's rows of some stretch of time come to.
#[derive(Debug, Clone, PartialEq, Record)]
struct Stretch {
    sensor: u64,
    at: Timestamp,
    variance: Option<f64>,
    weighted: Option<f64>,
    labels: u64,
    about: u64,
    greatest_label: String,
    all: Vec<String>,
}

topics! {
    Slides("slides"): Stretch { key: sensor, partitions: 2 }
    Looks("looks"): Stretch { key: sensor, partitions: 2 }
}

/// Windows whose panes are merged as they move, and rows that look back, whose parts are merged once for each row.
#[pipeline]
fn stretches() {
    let readings = source(Readings).lateness(10s).late_drop();
    let by_sensor = readings.group_by(|r| r.sensor);
    let slides = by_sensor.window(sliding(1m, 20s)).select(|w, r| Stretch {
        sensor: w.key(),
        at: w.start(),
        variance: variance(r.whole),
        weighted: weighted_mean(r.whole, r.pieces),
        labels: distinct(r.label),
        about: approx_distinct(r.label),
        greatest_label: max_by(r.label, r.whole),
        all: collect(r.label, 400),
    });
    let looks = by_sensor.over(last(30s)).select(|r, w| Stretch {
        sensor: r.sensor,
        at: r.at,
        variance: variance(w.whole),
        weighted: weighted_mean(w.whole, w.pieces),
        labels: distinct(w.label),
        about: approx_distinct(w.label),
        greatest_label: max_by(w.label, w.whole),
        all: collect(w.label, 400),
    });
    slides.sink(Slides);
    looks.sink(Looks);
}

fn stretch(sensor: u64, at: i64, rows: &[&Reading]) -> Stretch {
    let wholes: Vec<i64> = rows.iter().map(|row| row.whole).collect();
    let weighted: Vec<_> = rows.iter().map(|row| (row.whole, i64::from(row.pieces))).collect();
    let labels = different(rows.iter().map(|row| &row.label));
    Stretch {
        sensor,
        at: Timestamp::from_millis(at),
        variance: variance_of(&wholes, 1),
        weighted: weighted_mean_of(&weighted),
        labels,
        about: labels,
        greatest_label: first_best(rows, |row| Some(row.whole), |left, right| left > right)
            .unwrap()
            .label
            .clone(),
        all: rows.iter().map(|row| row.label.clone()).collect(),
    }
}

#[test]
fn states_that_are_merged_again_and_again_give_what_a_plain_loop_gives() {
    for seed in seeds(4) {
        let mut random = Random(seed * 104_729);
        let mut rows = random_readings(&mut random, 200);
        // In the order of time, so that none is late.
        rows.sort_by_key(|row| row.at);
        let of = |sensor: u64, from: i64, until: i64| -> Vec<&Reading> {
            let in_it = |row: &&Reading| row.sensor == sensor && (from..until).contains(&row.at.millis());
            rows.iter().filter(in_it).collect()
        };
        let last = rows[rows.len() - 1].at.millis();
        let starts = (-60_000..=last).step_by(20_000);
        let windows = starts.flat_map(|start| (0..5).map(move |sensor| (sensor, start)));
        let slides: Vec<Stretch> = windows
            .map(|(sensor, start)| (sensor, start, of(sensor, start, start + 60_000)))
            .filter(|(_, _, rows)| !rows.is_empty())
            .map(|(sensor, start, rows)| stretch(sensor, start, &rows))
            .collect();
        let look = |row: &Reading| {
            let at = row.at.millis();
            stretch(row.sensor, at, &of(row.sensor, at - 30_000, at + 1))
        };
        let looks: Vec<Stretch> = rows.iter().map(look).collect();
        for (workers, epoch_rows) in [(1, 10_000), (2, 1), (3, 37)] {
            let store = open(&MemDisk::new());
            append(&store, Readings, &rows);
            let options = RunOptions::new().workers(workers).epoch_rows(epoch_rows).close();
            run(stretches(), &store, options).unwrap();
            let what = format!("seed {seed}, {workers} workers, epochs of {epoch_rows} rows");
            assert_same_rows(read(&store, Slides), slides.clone(), format!("{what}, slides"));
            assert_same_rows(read(&store, Looks), looks.clone(), format!("{what}, looks"));
        }
        let mut t = stretches().test().epoch_rows(random.one_of(&[1, 17]));
        for chunk in rows.chunks(1 + random.below(70) as usize) {
            t.push_all(Readings, chunk.to_vec());
            t.restart();
        }
        t.close();
        assert_same_rows(read(t.store(), Slides), slides, format!("seed {seed}, restarts, slides"));
        assert_same_rows(read(t.store(), Looks), looks, format!("seed {seed}, restarts, looks"));
    }
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Crowd {
    parity: u64,
    n: u64,
    about: u64,
    median: f64,
}

topics! {
    Crowds("crowds"): Crowd { key: parity }
}

#[pipeline]
fn crowds() {
    let readings = source(Readings).lateness(10s).late_drop();
    let crowds = readings.group_by(|r| r.sensor % 2).window(tumbling(1m)).select(|w, r| Crowd {
        parity: w.key(),
        n: count(),
        about: approx_distinct(r.sensor),
        median: quantile(r.sensor, 0.5),
    });
    crowds.sink(Crowds);
}

/// Groups whose rows come from every partition, with so many values that the sketch has registers.
#[test]
fn a_sketch_is_the_same_to_the_last_bit_for_any_cut() {
    let rows: Vec<Reading> = (0..3_000)
        .map(|n| Reading {
            sensor: n % 2_500,
            whole: 0,
            part: 0.0,
            maybe: None,
            pieces: 0,
            label: String::new(),
            good: true,
            at: Timestamp::from_millis(n as i64),
        })
        .collect();
    let mut first: Option<Vec<Crowd>> = None;
    for workers in [1, 3] {
        for epoch_rows in [7, 700, 10_000] {
            let store = open(&MemDisk::new());
            append(&store, Readings, &rows);
            run(crowds(), &store, RunOptions::new().workers(workers).epoch_rows(epoch_rows).close()).unwrap();
            let found = read(&store, Crowds);
            for crowd in &found {
                assert!((1_210..=1_290).contains(&crowd.about), "{crowd:?}");
                assert_eq!(crowd.n, 1_500);
                // Each of the lower numbers comes twice.
                let exact = 998.0 + crowd.parity as f64;
                assert!((crowd.median - exact).abs() <= exact * 0.010001, "{crowd:?}");
            }
            assert_same_rows(
                found.clone(),
                first.get_or_insert(found).clone(),
                format!("{workers} workers, epochs of {epoch_rows}"),
            );
        }
    }
    let mut t = crowds().test().epoch_rows(97);
    for chunk in rows.chunks(411) {
        t.push_all(Readings, chunk.to_vec());
        t.restart();
    }
    t.close();
    assert_same_rows(t.rows(Crowds), first.unwrap(), "with restarts");
}
