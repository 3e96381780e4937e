//! `sliding`: whatever the partitions, epochs, workers and restarts, the rows are those of a plain loop.

use std::collections::{BTreeMap, BTreeSet};

use waterwheel::key::partition_of;
use waterwheel::prelude::*;

use support::sample::{Payment, Payments, payment, random_payments};
use support::{
    Random, append, assert_of_use, assert_same_rows, by_partition, drive, every_way, read, seeds, way,
};

#[derive(Debug, Clone, PartialEq, Record)]
struct Smooth {
    card: u64,
    from: Timestamp,
    until: Timestamp,
    n: u64,
    total: i64,
    fees: f64,
    first: i64,
    last: i64,
    least: i64,
}

topics! {
    Smooths("smooths"): Smooth { key: card, partitions: 2 }
    CardSums("card-sums"): CardSum { key: card, partitions: 2 }
}

const LATENESS_MS: i64 = 10_000;

#[pipeline]
fn smooths(size: Duration, slide: Duration) {
    let payments = source(Payments).lateness(10s).late_drop();
    let smooth = payments.group_by(|p| p.card).window(sliding(size, slide)).select(|w, p| Smooth {
        card: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        total: sum(p.amount),
        fees: sum(p.fee),
        first: first(p.amount),
        last: last(p.amount),
        least: min(p.amount),
    });
    smooth.sink(Smooths);
}

/// Many panes, a few, and one.
const SIZES_MS: [(i64, i64); 4] = [(60_000, 20_000), (120_000, 1_000), (45_000, 5_000), (30_000, 30_000)];

fn smooths_of((size, slide): (i64, i64)) -> waterwheel::Pipeline {
    smooths(Duration::from_millis(size), Duration::from_millis(slide)).into()
}

/// The rows, by output partition in the order of (end, key), and how many of the input are late.
struct Expected {
    rows: Vec<Smooth>,
    late: u64,
}

fn partition(row: &Payment) -> u32 {
    partition_of(&row.card.to_be_bytes(), 3)
}

/// Says of every row by itself which windows it is in: all that it lies in, and whose last instant its own partition's watermark before
/// it had not reached. Then adds up each window by going through all rows.
fn expected(rows: &[Payment], (size, slide): (i64, i64)) -> Expected {
    let mut greatest: BTreeMap<u32, i64> = BTreeMap::new();
    let mut late = 0;
    // The starts of the windows that each row is in.
    let mut placed: Vec<(&Payment, Vec<i64>)> = Vec::new();
    for row in rows {
        let at = row.at.millis();
        let seen = greatest.entry(partition(row)).or_insert(i64::MIN);
        let watermark = seen.saturating_sub(LATENESS_MS);
        *seen = (*seen).max(at);
        let mut starts = Vec::new();
        let mut start = at.div_euclid(slide) * slide;
        while start + size > at {
            if start + size - 1 > watermark {
                starts.push(start);
            }
            start -= slide;
        }
        late += u64::from(starts.is_empty());
        placed.push((row, starts));
    }
    let windows: BTreeSet<(i64, u64)> =
        placed.iter().flat_map(|(row, starts)| starts.iter().map(|start| (*start, row.card))).collect();
    let mut by_partition = vec![Vec::new(); 2];
    for (start, card) in windows {
        let holds = |(row, starts): &&(&Payment, Vec<i64>)| row.card == card && starts.contains(&start);
        let mut of_window: Vec<&Payment> = placed.iter().filter(holds).map(|(row, _)| *row).collect();
        of_window.sort_by_key(|row| row.at);
        by_partition[partition_of(&card.to_be_bytes(), 2) as usize].push(Smooth {
            card,
            from: Timestamp::from_millis(start),
            until: Timestamp::from_millis(start + size),
            n: of_window.len() as u64,
            total: of_window.iter().map(|row| row.amount).sum(),
            fees: exact_sum(of_window.iter().map(|row| row.fee)),
            first: of_window[0].amount,
            last: of_window[of_window.len() - 1].amount,
            least: of_window.iter().map(|row| row.amount).min().unwrap(),
        });
    }
    Expected { rows: by_partition.concat(), late }
}

/// The fees of samples are multiples of 1/1024 up to 2^40: their sums are exact in whole numbers.
fn exact_sum(fees: impl Iterator<Item = f64>) -> f64 {
    fees.map(|fee| (fee * 1024.0) as i128).sum::<i128>() as f64 / 1024.0
}

#[track_caller]
fn check(store: &Store, expected: &Expected, late: u64, what: &str) {
    let found = read(store, Smooths);
    assert_same_rows(found.clone(), expected.rows.clone(), what);
    assert_eq!(found, expected.rows, "{what}: the order of the rows");
    assert_eq!(late, expected.late, "{what}: late rows");
}

#[test]
fn a_row_late_for_some_of_its_windows_counts_in_the_others() {
    let lengths = (60_000, 20_000);
    // All of one card. The watermark is at 50 s when the third comes, and at 90 s when the last does.
    let rows =
        [payment(1, 1, 5), payment(1, 2, 60), payment(1, 4, 20), payment(1, 8, 100), payment(1, 16, 15)];
    let expected = expected(&rows, lengths);
    let totals: Vec<(i64, i64)> =
        expected.rows.iter().map(|row| (row.from.millis() / 1000, row.total)).collect();
    assert_eq!(
        totals,
        [(-40, 1), (-20, 1), (0, 5), (20, 6), (40, 2), (60, 10), (80, 8), (100, 8)],
        "20 s is in the windows that end after 50 s, and 15 s in none that ends after 90 s"
    );
    assert_eq!(expected.late, 1);
    let (store, summary) = way(1, 1).run(smooths_of(lengths), |store| append(store, Payments, &rows));
    check(&store, &expected, summary.rows_late, "a row an epoch");
}

#[test]
fn any_number_of_workers_and_rows_an_epoch_gives_what_a_plain_loop_gives() {
    for seed in seeds(4) {
        let lengths = SIZES_MS[(seed % 4) as usize];
        let rows = random_payments(&mut Random(seed * 7919), 250);
        let expected = expected(&rows, lengths);
        assert_of_use(expected.rows.len() > 30, "few windows");
        for way in every_way(seed) {
            let (store, summary) = way.run(smooths_of(lengths), |store| append(store, Payments, &rows));
            check(&store, &expected, summary.rows_late, &format!("seed {seed}, {way}"));
        }
    }
}

#[test]
fn any_interleaving_of_partitions_and_any_restarts_give_what_a_plain_loop_gives() {
    let (mut late, mut partly) = (0, 0);
    for seed in seeds(16) {
        let mut random = Random(seed * 15_485_863);
        let lengths = random.one_of(&SIZES_MS);
        let mut rows = random_payments(&mut random, 200);
        // Partitions drift apart: one is minutes behind the others, and rows far behind their own partition come by.
        for row in &mut rows {
            let behind = if partition(row) == 0 { 200 } else { 0 };
            let far = if random.below(12) == 0 { random.below(200) as i64 } else { 0 };
            row.at = Timestamp::from_millis((row.at.millis() - (behind + far) * 1000).max(0));
        }
        let expected = expected(&rows, lengths);
        late += expected.late;
        partly += u64::from(expected.late > 0 && lengths.0 > lengths.1);
        let logs = by_partition(&rows, 3, partition);
        let pipeline = smooths(Duration::from_millis(lengths.0), Duration::from_millis(lengths.1));
        let mut t = drive(pipeline.test(), &mut random, logs, |t, rows| t.push_all(Payments, rows));
        let found = t.late();
        check(t.store(), &expected, found, &format!("seed {seed}, {lengths:?}"));
    }
    assert_of_use(late > 0 && partly > 0, "no rows that no window takes");
}

#[derive(Debug, Clone, PartialEq, Record)]
struct CardSum {
    card: u64,
    until: Timestamp,
    windows: u64,
    total: i64,
}

/// Windows of windows: a minute gets the rows of the windows that end in it.
#[pipeline]
fn sums_of_smooths() {
    let payments = source(Payments).lateness(10s).late_drop();
    let smooth = payments.group_by(|p| p.card).window(sliding(60s, 20s)).select(|w, p| Smooth {
        card: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        total: sum(p.amount),
        fees: sum(p.fee),
        first: first(p.amount),
        last: last(p.amount),
        least: min(p.amount),
    });
    let per_minute = smooth.group_by(|s| s.card).window(tumbling(1m)).select(|w, s| CardSum {
        card: w.key(),
        until: w.end(),
        windows: count(),
        total: sum(s.total),
    });
    per_minute.sink(CardSums);
}

#[test]
fn what_stands_behind_gets_each_window_under_its_last_instant() {
    for seed in seeds(3) {
        let rows = random_payments(&mut Random(seed * 104_729), 250);
        let mut sums: BTreeMap<(i64, u64), (u64, i64)> = BTreeMap::new();
        for smooth in expected(&rows, (60_000, 20_000)).rows {
            let until = (smooth.until.millis() - 1).div_euclid(60_000) * 60_000 + 60_000;
            let (windows, total) = sums.entry((until, smooth.card)).or_default();
            (*windows, *total) = (*windows + 1, *total + smooth.total);
        }
        let expected = sums.into_iter().map(|((until, card), (windows, total))| CardSum {
            card,
            until: Timestamp::from_millis(until),
            windows,
            total,
        });
        let expected: Vec<CardSum> = expected.collect();
        for way in every_way(seed) {
            let (store, _) = way.run(sums_of_smooths(), |store| append(store, Payments, &rows));
            assert_same_rows(read(&store, CardSums), expected.clone(), format!("seed {seed}, {way}"));
        }
    }
}

#[test]
fn lengths_that_do_not_divide_are_refused_before_anything_is_read() {
    let refused = |size: Duration, slide: Duration| smooths(size, slide).explain().unwrap_err().to_string();
    let (mins, ms) = (Duration::from_mins, Duration::from_millis);
    assert_eq!(
        refused(mins(10), mins(3)),
        "pipeline `smooths`: window `smooth` slides by 3m and is 10m long, and 10m is no multiple of 3m: take a slide that divides it, \
         as in `sliding(10m, 1m)`"
    );
    assert_eq!(
        refused(mins(10), ms(0)),
        "pipeline `smooths`: window `smooth` must slide by at least 1 ms, and its slide is 0s"
    );
    assert!(refused(mins(1), mins(10)).contains(
        "must be at least one slide of 10m long, and is 1m: the size comes first, as in `sliding(10m, 1m)`"
    ));
    let text = smooths(mins(10), mins(1)).explain().unwrap();
    assert!(text.contains("window: sliding(10m, 1m)"), "{text}");
    assert!(
        text.contains("for each key and slide, until the last window that holds it has emitted"),
        "{text}"
    );
}
