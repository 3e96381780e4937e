//! Pipelines that follow the log while it grows, as threads of one's own program.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration as Time;

use waterwheel::log::MemDisk;
use waterwheel::prelude::*;
use waterwheel::{Error, Pipeline};

use support::sample::{
    CardMinutes, Large, Payment, Payments, card_minutes, expected, payment, random_payments,
};
use support::{Random, append, assert_same_rows, open, read, run};

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
    assert!(!job.wait_timeout(Time::ZERO), "it follows until it is stopped");
    let summary = job.stop().unwrap();
    assert_eq!((summary.rows_read, summary.closed), (200, false));
    assert!(summary.entries_open > 0);
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

/// As the guide tells it: the reader first, then the pipeline that writes what it reads.
#[test]
fn pipelines_that_read_one_another_are_reset_from_the_last_reader_on() {
    let store = open(&MemDisk::new());
    let rows: Vec<Payment> = (0..100).map(|at| payment(at % 9, at as i64, at as i64)).collect();
    append(&store, Payments, &rows);
    let run_both = || {
        let first = run(card_minutes(5), &store, RunOptions::new().until_end()).unwrap();
        assert_eq!(first.rows_read_in_all, 100);
        let second = run(totals_of_large(), &store, RunOptions::new().until_end()).unwrap();
        let totals = read(&store, Totals);
        assert_same_rows(totals, (91..100).map(|total| Total { total }), "totals of large payments");
        (first.rows_read, second.rows_read)
    };
    assert_eq!(run_both(), (100, 9));
    let (writer, reader) = (Pipeline::from(card_minutes(5)), Pipeline::from(totals_of_large()));
    let refused = writer.reset(&store).unwrap_err();
    let Error::OutputIsRead { topic, reader: named, .. } = &refused else { panic!("{refused}") };
    assert_eq!((topic.as_str(), named.as_str()), ("large", "totals_of_large"));
    assert!(
        refused.to_string().contains("docs/guide/running.md, \"Pipelines that read one another\""),
        "{refused}"
    );
    assert_eq!(run_both(), (0, 0), "a refused reset drops nothing");
    reader.reset(&store).unwrap();
    writer.reset(&store).unwrap();
    assert_eq!(run_both(), (100, 9));
}

#[test]
fn a_run_whose_input_is_deleted_ends_and_says_so() {
    let store = open(&MemDisk::new());
    append(&store, Payments, &random_payments(&mut Random(13), 200));
    let job = follow(card_minutes(5), &store);
    job.wait_until_caught_up().unwrap();
    store.delete_topic("payments").unwrap();
    assert!(job.wait_timeout(Time::from_secs(60)), "it goes on");
    let said = job.wait().unwrap_err().to_string();
    assert!(said.contains("there is no topic `payments`; it was deleted while in use"), "{said}");
}

#[test]
fn a_second_run_of_a_pipeline_is_refused_until_the_first_has_ended() {
    let store = open(&MemDisk::new());
    let rows = random_payments(&mut Random(13), 200);
    append(&store, Payments, &rows);
    let first = follow(card_minutes(5), &store);
    let refused = card_minutes(5).start(&store, RunOptions::new()).err().map(|error| error.to_string());
    let message = "pipeline `card_minutes` is already under way on this store, by this process itself; wait for it to end, or stop it";
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

/// How long that takes is measured by `cargo xtask bench`; here nothing looks at a clock.
#[test]
fn at_low_load_every_row_is_committed_by_itself() {
    let store = open(&MemDisk::new());
    let job = follow(card_minutes(5), &store);
    append(&store, Payments, &[payment(1, 99, 0)]);
    job.wait_until_caught_up().unwrap();
    let (sender, commits) = channel();
    let hook = store.on_commit(Arc::new(move || _ = sender.send(())));
    for at in 1..=50 {
        append(&store, Payments, &[payment(1, 99, at)]);
        // The engine is woken by the append alone: no further row comes that could fill an epoch, and no time passes here.
        while read(&store, Large).len() as i64 != at + 1 {
            commits.recv().unwrap();
        }
    }
    drop(hook);
    let summary = job.stop().unwrap();
    assert_eq!((summary.rows_read, summary.rows_written), (51, 51));
    let epochs = store.topic("__card_minutes.epochs").unwrap().partition(0).unwrap();
    assert!(epochs.last_stable_offset().0 > 51, "each row has an epoch of its own");
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
