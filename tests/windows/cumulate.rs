//! `cumulate`: whatever the partitions, epochs, workers and restarts, the rows are those of a plain loop.

use std::collections::{BTreeMap, BTreeSet};

use waterwheel::key::partition_of;
use waterwheel::log::MemDisk;
use waterwheel::prelude::*;

use support::sample::{Payment, Payments, payment, random_payments};
use support::{
    Random, append, assert_of_use, assert_same_rows, by_partition, drive, every_way, open, read, run, seeds,
};

#[derive(Debug, Clone, PartialEq, Record)]
struct SoFar {
    card: u64,
    from: Timestamp,
    until: Timestamp,
    n: u64,
    total: i64,
    last: i64,
}

topics! {
    SoFars("so-far"): SoFar { key: card, partitions: 2 }
}

const LATENESS_MS: i64 = 10_000;
const STEP_MS: i64 = 60_000;
const MAX_MS: i64 = 5 * STEP_MS;

#[pipeline]
fn so_far() {
    let payments = source(Payments).lateness(10s).late_drop();
    let so_far = payments.group_by(|p| p.card).window(cumulate(5m, 1m)).select(|w, p| SoFar {
        card: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        total: sum(p.amount),
        last: last(p.amount),
    });
    so_far.sink(SoFars);
}

/// The rows, by output partition in the order of (end, key), and how many of the input are late.
struct Expected {
    rows: Vec<SoFar>,
    late: u64,
}

/// Says of every row by itself which windows of those that begin together it is in: all that end after it, and that its own
/// partition's watermark before it had not reached. Then adds up each window by going through all rows.
fn expected(rows: &[Payment]) -> Expected {
    let mut greatest: BTreeMap<u32, i64> = BTreeMap::new();
    let mut late = 0;
    // The ends of the windows that each row is in.
    let mut placed: Vec<(&Payment, Vec<i64>)> = Vec::new();
    for row in rows {
        let at = row.at.millis();
        let seen = greatest.entry(partition_of(&row.card.to_be_bytes(), 3)).or_insert(i64::MIN);
        let watermark = seen.saturating_sub(LATENESS_MS);
        *seen = (*seen).max(at);
        let from = at.div_euclid(MAX_MS) * MAX_MS;
        let ends = (1..=MAX_MS / STEP_MS).map(|step| from + step * STEP_MS);
        let takes = |end: &i64| at < *end && end - 1 > watermark;
        let ends: Vec<i64> = ends.filter(takes).collect();
        late += u64::from(ends.is_empty());
        placed.push((row, ends));
    }
    let windows: BTreeSet<(i64, u64)> =
        placed.iter().flat_map(|(row, ends)| ends.iter().map(|end| (*end, row.card))).collect();
    let mut by_partition = vec![Vec::new(); 2];
    for (end, card) in windows {
        let mut of_window: Vec<&Payment> = Vec::new();
        for (row, ends) in &placed {
            if row.card == card && ends.contains(&end) {
                of_window.push(row);
            }
        }
        of_window.sort_by_key(|row| row.at);
        by_partition[partition_of(&card.to_be_bytes(), 2) as usize].push(SoFar {
            card,
            from: Timestamp::from_millis((end - 1).div_euclid(MAX_MS) * MAX_MS),
            until: Timestamp::from_millis(end),
            n: of_window.len() as u64,
            total: of_window.iter().map(|row| row.amount).sum(),
            last: of_window[of_window.len() - 1].amount,
        });
    }
    Expected { rows: by_partition.concat(), late }
}

#[track_caller]
fn check(store: &Store, expected: &Expected, late: u64, what: &str) {
    let found = read(store, SoFars);
    assert_same_rows(found.clone(), expected.rows.clone(), what);
    assert_eq!(found, expected.rows, "{what}: the order of the rows");
    assert_eq!(late, expected.late, "{what}: late rows");
}

#[test]
fn a_window_grows_step_by_step_and_tells_each_step_of_a_key_that_was_there() {
    let mut t = so_far().test();
    let row = |from: i64, until: i64, n, total, last| SoFar {
        card: 1,
        from: Timestamp::from_millis(from * 60_000),
        until: Timestamp::from_millis(until * 60_000),
        n,
        total,
        last,
    };
    t.push(Payments, payment(1, 10, 70));
    t.push(Payments, payment(1, 5, 190));
    // The two other partitions hold everything back until the end.
    assert_eq!(t.rows(SoFars), []);
    t.restart();
    t.push(Payments, payment(1, 1, 310));
    t.close();
    let first = [row(0, 2, 1, 10, 10), row(0, 3, 1, 10, 10), row(0, 4, 2, 15, 5), row(0, 5, 2, 15, 5)];
    let second = (6..=10).map(|until| row(5, until, 1, 1, 1));
    assert_eq!(t.rows(SoFars), first.into_iter().chain(second).collect::<Vec<_>>());
}

#[test]
fn a_row_behind_its_step_counts_in_the_first_step_that_is_still_open() {
    // The watermark is at 130 s when the last two come: the step up to 120 s is closed, the one up to 180 s is open.
    let rows =
        [payment(1, 1, 20), payment(1, 2, 140), payment(1, 4, 30), payment(1, 8, 359), payment(1, 16, 299)];
    let expected = expected(&rows);
    assert_eq!(expected.late, 1, "when the watermark has reached 300 s, no window up to there takes rows");
    let totals: Vec<i64> = expected.rows.iter().map(|row| row.total).collect();
    assert_eq!(totals, [1, 1, 7, 7, 7, 8, 8, 8, 8, 8]);
    let store = open(&MemDisk::new());
    append(&store, Payments, &rows);
    let summary = run(so_far(), &store, RunOptions::new().epoch_rows(1).close()).unwrap();
    check(&store, &expected, summary.rows_late, "a row an epoch");
}

#[test]
fn any_number_of_workers_and_rows_an_epoch_gives_what_a_plain_loop_gives() {
    for seed in seeds(2) {
        let rows = random_payments(&mut Random(seed * 7919), 300);
        let expected = expected(&rows);
        let in_time = |row: &&SoFar| row.n > 0;
        assert_of_use(expected.rows.iter().filter(in_time).count() > 30, "the sample fills windows");
        for way in every_way(seed) {
            let (store, summary) = way.run(so_far(), |store| append(store, Payments, &rows));
            check(&store, &expected, summary.rows_late, &format!("seed {seed}, {way}"));
        }
    }
}

#[test]
fn any_interleaving_of_partitions_and_any_restarts_give_what_a_plain_loop_gives() {
    let partition = |row: &Payment| partition_of(&row.card.to_be_bytes(), 3);
    let mut late = 0;
    for seed in seeds(12) {
        let mut random = Random(seed * 15_485_863);
        let mut rows = random_payments(&mut random, 250);
        // Partitions drift apart: one is minutes behind the others, and rows far behind their own partition come by.
        for row in &mut rows {
            let behind = if partition(row) == 0 { 200 } else { 0 };
            let far = if random.below(12) == 0 { random.below(400) as i64 } else { 0 };
            row.at = Timestamp::from_millis((row.at.millis() - (behind + far) * 1000).max(0));
        }
        let expected = expected(&rows);
        late += expected.late;
        let logs = by_partition(&rows, 3, partition);
        let mut t = drive(so_far().test(), &mut random, logs, |t, rows| t.push_all(Payments, rows));
        let found = t.late();
        check(t.store(), &expected, found, &format!("seed {seed}"));
    }
    assert_of_use(late > 0, "no rows that no window takes");
}

#[pipeline]
fn any_lengths(max_size: Duration, step: Duration) {
    let payments = source(Payments).lateness(10s).late_drop();
    let so_far = payments.group_by(|p| p.card).window(cumulate(max_size, step)).select(|w, p| SoFar {
        card: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        total: sum(p.amount),
        last: last(p.amount),
    });
    so_far.sink(SoFars);
}

#[test]
fn lengths_that_do_not_divide_are_refused_before_anything_is_read() {
    let refused =
        |max_size: Duration, step: Duration| any_lengths(max_size, step).explain().unwrap_err().to_string();
    let (hours, ms) = (Duration::from_hours, Duration::from_millis);
    assert_eq!(
        refused(hours(24), hours(7)),
        "pipeline `any_lengths`: window `so_far` grows by 7h up to 1d, and 1d is no multiple of 7h: take a step that divides \
         it, as in `cumulate(1d, 1h)`"
    );
    assert_eq!(
        refused(hours(24), ms(0)),
        "pipeline `any_lengths`: window `so_far` must grow by at least 1 ms a step, and its step is 0s"
    );
    assert!(refused(ms(0), ms(1)).contains("must be at least one step of 1ms long, and is 0s"));
    assert!(refused(hours(1), hours(2)).contains("must be at least one step of 2h long, and is 1h"));
    let text = any_lengths(hours(24), hours(1)).explain().unwrap();
    assert!(text.contains("window: cumulate(1d, 1h)"), "{text}");
    assert!(text.contains("for each key and open step, until its longest window has emitted"), "{text}");
}
