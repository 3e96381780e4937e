//! Whatever the epochs, the workers and the restarts: the results are those of a plain loop.

use waterwheel::log::MemDisk;
use waterwheel::prelude::*;

use support::sample::{
    CardMinutes, Expected, Large, Payments, card_minutes, expected, payment, random_payments,
};
use support::{Random, append, assert_of_use, assert_same_rows, drive, every_way, open, read, run, seeds};

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
fn a_window_emits_once_when_the_watermark_has_passed_its_end() {
    let mut t = card_minutes(5).test();
    t.push_all(Payments, [payment(1, 10, 0), payment(1, 20, 59), payment(1, 1, 30)]);
    assert_eq!(t.rows(CardMinutes), []);
    t.push(Payments, payment(1, 7, 60));
    t.restart();
    t.close();
    let found: Vec<_> = t.rows(CardMinutes).iter().map(|row| (row.from, row.total, row.n)).collect();
    assert_eq!(found, [(Timestamp::from_secs(0), 30, 2), (Timestamp::from_secs(60), 7, 1)]);
}

#[test]
fn any_number_of_workers_and_rows_an_epoch_gives_what_a_plain_loop_gives() {
    for seed in seeds(3) {
        let rows = random_payments(&mut Random(seed * 7919), 400);
        let expected = expected(&rows, 5);
        assert_of_use(expected.late > 0, "no row is late");
        for way in every_way(seed) {
            let (store, summary) = way.run(card_minutes(5), |store| append(store, Payments, &rows));
            assert_eq!((summary.rows_read, summary.closed), (400, true));
            let written = expected.minutes().len() + expected.large.len();
            assert_eq!((summary.rows_written, summary.entries_open), (written as u64, 0));
            check(&store, &expected, summary.rows_late, &format!("seed {seed}, {way}"));
        }
    }
}

#[test]
fn any_appends_and_clean_restarts_in_between_give_what_a_plain_loop_gives() {
    for seed in seeds(8) {
        let mut random = Random(seed * 104_729);
        let rows = random_payments(&mut random, 300);
        let store = open(&MemDisk::new());
        let mut late = 0;
        for chunk in rows.chunks(1 + random.below(90) as usize) {
            append(&store, Payments, chunk);
            if random.below(3) > 0 {
                let options =
                    RunOptions::new().workers(random.one_of(&[1, 2, 4])).epoch_rows(1 + random.below(40));
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
    for seed in seeds(10) {
        let mut random = Random(seed * 15_485_863);
        let rows = random_payments(&mut random, 250);
        let logs = vec![rows.clone()];
        let mut t = drive(card_minutes(5).test(), &mut random, logs, |t, rows| t.push_all(Payments, rows));
        let late = t.late();
        check(t.store(), &expected(&rows, 5), late, &format!("seed {seed}"));
    }
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Document {
    name: String,
    text: String,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Size {
    name: String,
    documents: u64,
    from: Timestamp,
}

topics! {
    Documents("documents"): Document { time: at }
    Sizes("sizes"): Size { key: name }
    Copies("copies"): Document {}
}

#[pipeline]
fn sizes() {
    let documents = source(Documents).lateness(0s).late_drop();
    let sizes = documents.group_by(|d| d.name).window(tumbling(1h)).select(|w, d| Size {
        name: w.key(),
        documents: count(),
        from: w.start(),
    });
    documents.sink(Copies);
    sizes.sink(Sizes);
}

fn document(name: &str, length: usize, at_ms: i64) -> Document {
    Document { name: name.to_owned(), text: "x".repeat(length), at: Timestamp::from_millis(at_ms) }
}

/// Appends records that no reader may ever see.
fn append_aborted(store: &Store, records: usize) {
    TypedTopic::open(store, Documents).unwrap();
    let producer = store.producer("aborts").unwrap();
    let mut transaction = store.begin(&producer).unwrap();
    for _ in 0..records {
        let mut builder = waterwheel::log::RecordsBuilder::new();
        builder.push(0, None, Some(b"no document"));
        let partition = store.topic("documents").unwrap().partition(0).unwrap();
        transaction.append(&partition, builder).unwrap();
    }
    transaction.abort().unwrap();
}

#[test]
fn large_records_and_aborted_ones_lie_in_any_epoch() {
    // Some are larger than one read of the log, and some reads bring nothing but what was aborted.
    let rows = [
        document("a", 600_000, 0),
        document("b", 10, 1),
        document("a", 200_000, 2),
        document("a", 200_000, 3),
    ];
    for epoch_rows in [1, 2, 3, 1000] {
        let store = open(&MemDisk::new());
        append_aborted(&store, 5);
        append(&store, Documents, &rows[..3]);
        append_aborted(&store, 1);
        append_aborted(&store, 3);
        append(&store, Documents, &rows[3..]);
        append_aborted(&store, 2);
        let options = RunOptions::new().workers(2).epoch_rows(epoch_rows).close();
        let summary = run(sizes(), &store, options).unwrap();
        assert_eq!((summary.rows_read, summary.records_skipped), (4, 0), "epochs of {epoch_rows} rows");
        assert_same_rows(read(&store, Copies), rows.clone(), epoch_rows);
        let size = |name: &str, documents| Size {
            name: name.to_owned(),
            documents,
            from: Timestamp::from_millis(0),
        };
        assert_eq!(read(&store, Sizes), [size("a", 3), size("b", 1)]);
    }
}

#[test]
fn event_times_at_the_ends_of_time_have_windows_like_any_other() {
    for epoch_rows in [1, 1000] {
        let store = open(&MemDisk::new());
        append(
            &store,
            Documents,
            &[i64::MIN, i64::MIN + 1, -1, 0, i64::MAX, i64::MAX].map(|at| document("a", 1, at)),
        );
        let summary = run(sizes(), &store, RunOptions::new().epoch_rows(epoch_rows).close()).unwrap();
        let rows = read(&store, Sizes);
        assert_eq!(rows.iter().map(|row| row.documents).collect::<Vec<_>>(), [2, 1, 1, 1], "{rows:?}");
        // Once an event has the greatest time there is, nothing can come later than it, not even its equal.
        assert_eq!((summary.rows_late, summary.entries_open), (1, 0));
    }
}
