//! The example `nexmark` gives what Flink 2.3.0 gives, however its runs are cut: see `data/README.md`.

mod data;
#[path = "../../examples/nexmark/load.rs"]
#[expect(dead_code, reason = "the command line reads files")]
mod load;
#[path = "../../examples/nexmark/model.rs"]
mod model;
mod oracle;
#[path = "../../examples/nexmark/queries/mod.rs"]
mod queries;
#[path = "../../examples/nexmark/query.rs"]
#[expect(dead_code, reason = "the command line tells what a query is about")]
mod query;
#[path = "../../examples/nexmark/tables.rs"]
mod tables;
use std::collections::BTreeMap;
use std::sync::Arc;

use waterwheel::log::{MemDisk, StoreConfig};
use waterwheel::{Duration, Pipeline, RunOptions, Store, TypedTopic};

use data::{BY_CLOCK, Data, Set, assert_same};
use model::Bid;
use oracle::Events;
use queries::q12::{Q12, q12};
use query::Query;
use tables::Bids;

/// A store with the events in it.
fn store_with(events: &str) -> Store {
    let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap();
    append(&store, events.as_bytes());
    store
}

fn append(store: &Store, bytes: &[u8]) {
    load::events(store, bytes).unwrap();
}

/// The queries whose answer does not hang on when they are run.
fn by_event_time() -> impl Iterator<Item = &'static Query> {
    queries::ALL.iter().filter(|query| query.name != BY_CLOCK)
}

/// What a query answers on a set: as Flink does, else as plain loops do.
fn expected(set: Set<'_>, oracle: &Events, query: &str) -> Vec<String> {
    let by_flink = set.answer(query);
    by_flink.or_else(|| oracle.answer(query)).unwrap_or_else(|| panic!("nobody knows {query} {}", set.name))
}

fn run(pipeline: Pipeline, store: &Store, options: RunOptions) {
    pipeline.start(store, options).unwrap().wait().unwrap();
}

/// Every query on both sets, with these numbers of workers and rows an epoch.
fn answers_are_flinks(ways: &[(usize, u64)]) {
    let data = Data::unpack();
    for set in data.sets() {
        let oracle = Events::of(set.events());
        for query in by_event_time() {
            let expected = expected(set, &oracle, query.name);
            for &(workers, epoch_rows) in ways {
                let store = store_with(set.events());
                let options = RunOptions::new().workers(workers).epoch_rows(epoch_rows).close();
                run((query.pipeline)(), &store, options);
                let what = format!("{} {}, {workers} workers, epochs of {epoch_rows}", query.name, set.name);
                assert_same(&(query.lines)(&store).unwrap(), &expected, &what);
            }
        }
    }
}

#[test]
fn flinks_answers_and_those_of_plain_loops_are_the_same() {
    let data = Data::unpack();
    let mut both = 0;
    for set in data.sets() {
        let oracle = Events::of(set.events());
        for query in by_event_time() {
            if let (Some(flinks), Some(oracles)) = (set.answer(query.name), oracle.answer(query.name)) {
                assert_same(&oracles, &flinks, &format!("{} {}", query.name, set.name));
                both += 1;
            }
        }
    }
    assert!(both > 6, "{both} queries are known to both");
}

#[test]
fn queries_answer_as_flink_does() {
    answers_are_flinks(&[(1, 10_000), (4, 97)]);
}

/// In release mode half a minute.
#[test]
#[ignore = "cargo xtask accept language runs it"]
fn queries_answer_as_flink_does_whatever_the_workers_and_epochs() {
    let ways = [1, 2, 4].map(|workers| [1, 97, 10_000].map(|epoch_rows| (workers, epoch_rows)));
    answers_are_flinks(ways.as_flattened());
}

/// Events come in four parts, with a run over each, of another number of workers.
#[test]
fn queries_answer_as_flink_does_when_runs_stop_and_go_on() {
    let data = Data::unpack();
    for set in data.sets() {
        let oracle = Events::of(set.events());
        let lines: Vec<&str> = set.events().lines().collect();
        for query in by_event_time() {
            let store = store_with("");
            for (part, workers) in lines.chunks(lines.len().div_ceil(4)).zip([1, 3, 2, 4]) {
                append(&store, part.join("\n").as_bytes());
                let options = RunOptions::new().workers(workers).epoch_rows(500).until_end();
                run((query.pipeline)(), &store, options);
            }
            run((query.pipeline)(), &store, RunOptions::new().close());
            let what = format!("{} {}, in parts", query.name, set.name);
            assert_same(&(query.lines)(&store).unwrap(), &expected(set, &oracle, query.name), &what);
        }
    }
}

/// The bids of each minute of the clock belong to its windows of ten seconds, whatever their event time is.
#[test]
fn a_window_of_the_clock_counts_what_was_read_in_it() {
    let data = Data::unpack();
    let store = store_with(data.in_order().events());
    let bids: Vec<Bid> = TypedTopic::open(&store, Bids).unwrap().rows().map(Result::unwrap).collect();
    let mut t = q12().test();
    let mut expected: Vec<(u64, u64)> = Vec::new();
    for part in bids.chunks(1_000) {
        t.push_all(Bids, part.to_vec());
        // They are read before the clock goes on.
        drop(t.rows(Q12));
        t.advance_clock(Duration::from_secs(10));
        t.restart();
        let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
        part.iter().for_each(|bid| *counts.entry(bid.bidder).or_default() += 1);
        expected.extend(counts);
    }
    let mut rows = t.rows(Q12);
    rows.sort_by_key(|row| (row.starttime, row.bidder));
    let found: Vec<(u64, u64)> = rows.iter().map(|row| (row.bidder, row.bid_count)).collect();
    assert_eq!(found, expected);
}
