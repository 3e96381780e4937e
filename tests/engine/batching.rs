//! Whatever the epochs, the workers and the restarts: the results are those of a plain loop.

use waterwheel::log::MemDisk;
use waterwheel::prelude::*;

use crate::sample::{CardMinutes, Expected, Large, Payments, card_minutes, expected, random_payments};
use crate::support::{Random, append, assert_same_rows, open, read, run};

/// Windows leave in the order of (end, key) in each partition, so their sequence is compared; stateless rows keep the
/// order of their epochs, so those are compared as a multiset.
#[track_caller]
fn check(store: &Store, expected: &Expected, late: u64, what: &str) {
    let minutes = read(store, CardMinutes);
    assert_same_rows(minutes.clone(), expected.minutes(), what);
    assert_eq!(minutes, expected.minutes(), "{what}: the order of the rows");
    assert_same_rows(read(store, Large), expected.large.clone(), what);
    assert_eq!(late, expected.late, "{what}: late rows");
}

#[test]
fn any_number_of_workers_and_rows_an_epoch_gives_what_a_plain_loop_gives() {
    for seed in 1..=3 {
        let rows = random_payments(&mut Random(seed * 7919), 400);
        let expected = expected(&rows, 5);
        assert!(expected.late > 0, "the sample has late rows");
        for workers in [1, 2, 4] {
            for epoch_rows in [1, 7, 10_000] {
                let store = open(&MemDisk::new());
                append(&store, Payments, &rows);
                let options = RunOptions::new().workers(workers).epoch_rows(epoch_rows).close();
                let summary = run(card_minutes(5), &store, options).unwrap();
                assert_eq!((summary.rows_read, summary.closed), (400, true));
                let written = expected.minutes().len() + expected.large.len();
                assert_eq!((summary.rows_written, summary.windows_open), (written as u64, 0));
                let what = format!("seed {seed}, {workers} workers, epochs of {epoch_rows} rows");
                check(&store, &expected, summary.rows_late, &what);
            }
        }
    }
}

#[test]
fn any_appends_and_clean_restarts_in_between_give_what_a_plain_loop_gives() {
    for seed in 1..=8 {
        let mut random = Random(seed * 104_729);
        let rows = random_payments(&mut random, 300);
        let store = open(&MemDisk::new());
        let mut late = 0;
        for chunk in rows.chunks(1 + random.below(90) as usize) {
            append(&store, Payments, chunk);
            if random.below(3) > 0 {
                let options = RunOptions::new().workers(random.one_of(&[1, 2, 4])).epoch_rows(1 + random.below(40));
                let summary = run(card_minutes(5), &store, options.until_end()).unwrap();
                assert_eq!(summary.epochs_replayed, 0, "a clean stop leaves nothing to replay");
                assert!(summary.rows_late >= late, "late rows are counted over all runs");
                late = summary.rows_late;
            }
        }
        let summary = run(card_minutes(5), &store, RunOptions::new().workers(2).close()).unwrap();
        check(&store, &expected(&rows, 5), summary.rows_late, &format!("seed {seed}"));
    }
}

#[test]
fn crashes_after_any_push_give_what_a_plain_loop_gives() {
    for seed in 1..=10 {
        let mut random = Random(seed * 15_485_863);
        let rows = random_payments(&mut random, 250);
        let mut t = card_minutes(5).test().epoch_rows(1 + random.below(30));
        for chunk in rows.chunks(1 + random.below(40) as usize) {
            t.push_all(Payments, chunk.to_vec());
            match random.below(4) {
                0 => t.restart(),
                1 => drop(t.rows(Large)),
                2 => {
                    t.rows(Large);
                    t.restart();
                }
                _ => {}
            }
        }
        t.close();
        t.restart();
        let late = t.late();
        check(t.store(), &expected(&rows, 5), late, &format!("seed {seed}"));
    }
}
