//! Pipelines that follow the log while it grows, as threads of one's own program.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration as Time, Instant};

use waterwheel::log::{MemDisk, Offset, RealDisk, StoreConfig};
use waterwheel::prelude::*;
use waterwheel::{Error, Pipeline};

use crate::sample::{
    CardMinutes, Large, Payment, Payments, card_minutes, expected, payment, random_payments,
};
use crate::support::{Random, append, assert_same_rows, open, read, run};

#[derive(Debug, Clone, PartialEq, Record)]
struct Total {
    total: i64,
}

topics! {
    Totals("totals"): Total {}
}

/// Reads what another pipeline writes.
#[pipeline]
fn totals_of_large() {
    let large = source(Large);
    large.map(|p| Total { total: p.amount }).sink(Totals);
}

fn follow(pipeline: impl Into<Pipeline>, store: &Store) -> waterwheel::Job {
    pipeline.into().start(store, RunOptions::new().workers(2)).unwrap()
}

#[test]
fn rows_appended_while_it_runs_are_processed_and_their_results_seen() {
    let store = open(&MemDisk::new());
    let job = follow(card_minutes(5), &store);
    job.wait_until_caught_up().unwrap();
    let mut rows = Vec::new();
    for chunk in random_payments(&mut Random(11), 200).chunks(40) {
        append(&store, Payments, chunk);
        rows.extend_from_slice(chunk);
        job.wait_until_caught_up().unwrap();
        assert_same_rows(read(&store, Large), expected(&rows, 5).large, rows.len());
        assert_eq!(job.progress().rows_read, rows.len() as u64);
        assert_eq!(job.progress().offsets_done, job.progress().offsets_end);
    }
    assert!(!job.wait_timeout(Time::from_millis(1)), "it follows until it is stopped");
    let summary = job.stop().unwrap();
    assert_eq!((summary.rows_read, summary.closed), (200, false));
    assert!(summary.windows_open > 0);
}

#[test]
fn stopped_and_started_again_it_goes_on_where_it_was() {
    let store = open(&MemDisk::new());
    let rows = random_payments(&mut Random(12), 300);
    for (at, chunk) in rows.chunks(50).enumerate() {
        let job = follow(card_minutes(5), &store);
        append(&store, Payments, chunk);
        if at % 2 == 0 {
            job.wait_until_caught_up().unwrap();
        }
        // Otherwise it is stopped in the middle of what it does.
        let summary = job.stop().unwrap();
        assert_eq!(summary.epochs_replayed, 0);
    }
    let summary = run(card_minutes(5), &store, RunOptions::new().close()).unwrap();
    let expected = expected(&rows, 5);
    assert_eq!(read(&store, CardMinutes), expected.minutes());
    assert_same_rows(read(&store, Large), expected.large, "all rows");
    assert_eq!(summary.rows_late, expected.late);
}

#[test]
fn a_pipeline_follows_what_another_one_writes() {
    let store = open(&MemDisk::new());
    let (first, second) = (follow(card_minutes(5), &store), follow(totals_of_large(), &store));
    let rows: Vec<Payment> = (0..100).map(|at| payment(at % 9, at as i64, at as i64)).collect();
    for row in &rows {
        append(&store, Payments, std::slice::from_ref(row));
    }
    first.wait_until_caught_up().unwrap();
    second.wait_until_caught_up().unwrap();
    assert_same_rows(
        read(&store, Totals),
        (91..100).map(|total| Total { total }),
        "totals of large payments",
    );
    first.stop().unwrap();
    second.stop().unwrap();
}

#[test]
fn a_second_run_of_a_pipeline_is_refused_until_the_first_has_ended() {
    let store = open(&MemDisk::new());
    let rows = random_payments(&mut Random(13), 200);
    append(&store, Payments, &rows);
    let first = follow(card_minutes(5), &store);
    let refused = card_minutes(5).start(&store, RunOptions::new()).err().map(|error| error.to_string());
    let message =
        "pipeline `card_minutes` is already under way on this store; wait for it to end, or stop it";
    assert_eq!(refused.as_deref(), Some(message));
    assert!(card_minutes(5).reset(&store).is_err(), "nor is it reset while it runs");
    first.stop().unwrap();
    run(card_minutes(5), &store, RunOptions::new().close()).unwrap();
    assert_eq!(read(&store, CardMinutes), expected(&rows, 5).minutes());
}

#[test]
fn a_failed_run_tells_whoever_waits_and_does_not_hang() {
    let store = open(&MemDisk::new());
    let job = follow(card_minutes(5), &store);
    append(&store, Payments, &[payment(1, 10, 0)]);
    let partition = store.topic("payments").unwrap().partition(1).unwrap();
    let mut records = waterwheel::log::RecordsBuilder::new();
    records.push(0, None, Some(b"no payment"));
    partition.append(records).unwrap();
    let error = job.wait_until_caught_up().unwrap_err();
    assert!(matches!(error, Error::Undecodable { partition: 1, .. }), "{error:?}");
    assert!(matches!(job.wait_until_caught_up(), Err(Error::HasFailed)));
    assert!(matches!(job.stop(), Err(Error::HasFailed)));
}

#[test]
fn a_run_that_is_dropped_ends_cleanly() {
    let store = open(&MemDisk::new());
    let job = follow(card_minutes(5), &store);
    append(&store, Payments, &[payment(1, 95, 0), payment(1, 96, 1)]);
    job.wait_until_caught_up().unwrap();
    drop(job);
    let summary = run(card_minutes(5), &store, RunOptions::new().close()).unwrap();
    assert_eq!((summary.rows_read, summary.epochs_replayed, summary.rows_written), (0, 0, 1));
}

/// Appends a row, waits until a reader sees what became of it, and again; gives the median.
fn median_latency(store: &Store) -> Time {
    let job = follow(card_minutes(5), store);
    append(store, Payments, &[payment(1, 99, 0)]);
    job.wait_until_caught_up().unwrap();
    let (sender, seen) = channel();
    let large = store.topic("large").unwrap();
    let partitions: Vec<_> = (0..large.partitions()).map(|at| large.partition(at).unwrap()).collect();
    let ends =
        move || partitions.iter().map(|partition| partition.last_stable_offset()).collect::<Vec<Offset>>();
    let for_hook = ends.clone();
    let hook = store.on_commit(Arc::new(move || drop(sender.send(for_hook()))));
    let mut latencies: Vec<Time> = (1..=50)
        .map(|at| {
            let before = ends();
            let started = Instant::now();
            append(store, Payments, &[payment(1, 99, at)]);
            while seen.recv_timeout(Time::from_secs(10)).expect("the row is committed") == before {}
            started.elapsed()
        })
        .collect();
    drop(hook);
    job.stop().unwrap();
    assert_eq!(read(store, Large).len(), 51);
    latencies.sort();
    println!("median {:?}, greatest {:?}", latencies[25], latencies[49]);
    latencies[25]
}

#[test]
fn at_low_load_a_row_is_committed_within_50_ms() {
    let median = median_latency(&open(&MemDisk::new()));
    assert!(median < Time::from_millis(50), "{median:?} in memory");
    let dir = std::env::temp_dir().join(format!("waterwheel-latency-{}", std::process::id()));
    let disk = Arc::new(RealDisk::new(&dir));
    let median = median_latency(&Store::open_on(disk, StoreConfig::default()).unwrap());
    std::fs::remove_dir_all(&dir).unwrap();
    assert!(median < Time::from_millis(50), "{median:?} on disk");
}

#[test]
fn two_loads_of_one_topic_can_be_under_way() {
    let store = open(&MemDisk::new());
    let topic = TypedTopic::open(&store, Payments).unwrap();
    let (mut one, mut other) = (topic.load().unwrap(), topic.load().unwrap());
    one.push(&payment(1, 1, 0)).unwrap();
    other.push(&payment(2, 2, 0)).unwrap();
    assert_eq!(one.commit().unwrap(), 1);
    topic.append(&[payment(3, 3, 0)]).unwrap();
    assert_eq!(read(&store, Payments).len(), 2, "a load is not seen before its commit");
    assert_eq!(other.commit().unwrap(), 1);
    assert_eq!(read(&store, Payments).len(), 3);
    drop(topic.load().unwrap());
    let mut aborted = topic.load().unwrap();
    aborted.push(&payment(4, 4, 0)).unwrap();
    drop(aborted);
    append(&store, Payments, &[payment(5, 5, 0)]);
    assert_eq!(read(&store, Payments).len(), 4);
}

#[test]
fn records_deleted_before_the_first_run_are_not_waited_for() {
    let store = open(&MemDisk::new());
    append(&store, Payments, &(0..9).map(|card| payment(card, 95, 0)).collect::<Vec<_>>());
    let topic = store.topic("payments").unwrap();
    for number in 0..3 {
        let partition = topic.partition(number).unwrap();
        let end = partition.last_stable_offset();
        assert_eq!(partition.delete_records_before(end).unwrap(), end);
    }
    let job = follow(card_minutes(5), &store);
    job.wait_until_caught_up().unwrap();
    assert_eq!(job.progress().offsets_done, job.progress().offsets_end);
    append(&store, Payments, &[payment(1, 96, 0)]);
    job.wait_until_caught_up().unwrap();
    assert_eq!(job.stop().unwrap().rows_read, 1);
    for _ in 0..2 {
        let summary = run(card_minutes(5), &store, RunOptions::new().close()).unwrap();
        assert_eq!((summary.closed, summary.rows_read), (true, 0));
    }
    assert_eq!(read(&store, CardMinutes).len(), 1);
}
