//! A pipeline that is not the one that left its state in a directory is refused before it reads anything.

use std::sync::Arc;

use waterwheel::log::{MemDisk, StoreConfig};
use waterwheel::prelude::*;
use waterwheel::{Pipeline, Result};

#[derive(Debug, Clone, PartialEq, Record)]
struct Payment {
    card: u64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Payments {
    card: u64,
    from: Timestamp,
    n: u64,
}

topics! {
    Paid("payments"): Payment { key: card, time: at }
    Counts("counts"): Payments { key: card }
}

mod hourly {
    use super::*;

    #[pipeline]
    pub(super) fn counts(least: u64) {
        let payments = source(Paid).lateness(10s).late_drop();
        let per_card = payments
            .filter(|p| p.card >= least)
            .group_by(|p| p.card)
            .window(tumbling(1h))
            .select(|w, p| Payments { card: w.key(), from: w.start(), n: count() });
        per_card.sink(Counts);
    }
}

mod two_hourly {
    use super::*;

    #[pipeline]
    pub(super) fn counts(least: u64) {
        let payments = source(Paid).lateness(10s).late_drop();
        let per_card = payments
            .filter(|p| p.card >= least)
            .group_by(|p| p.card)
            .window(tumbling(2h))
            .select(|w, p| Payments { card: w.key(), from: w.start(), n: count() });
        per_card.sink(Counts);
    }
}

fn run(pipeline: &Pipeline, store: &Store) -> Result<u64> {
    pipeline.start(store, RunOptions::new().close())?.wait().map(|summary| summary.rows_written)
}

/// A store in which `counts` with windows of one hour has left its state.
fn left_by_hourly() -> Store {
    let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap();
    let payments = TypedTopic::open(&store, Paid).unwrap();
    let at = |minute: i64| Payment { card: 7, at: Timestamp::from_millis(minute * 60_000) };
    payments.append([&at(0), &at(59), &at(60)]).unwrap();
    assert_eq!(run(&hourly::counts(1), &store).unwrap(), 2);
    store
}

#[track_caller]
fn check_refused(pipeline: &Pipeline, store: &Store, difference: &str) {
    let refusal = run(pipeline, store).unwrap_err().to_string();
    assert!(refusal.starts_with("pipeline `counts` is not the one that left its state"), "{refusal}");
    assert!(refusal.contains(difference) && refusal.contains("`reset`"), "{refusal}");
}

#[test]
fn another_window_is_refused_and_runs_after_a_reset() {
    let store = left_by_hourly();
    let changed = two_hourly::counts(1);
    let difference = "`per_card`: window was tumbling(1h) when the state was left, and is tumbling(2h) now";
    check_refused(&changed, &store, difference);
    let counts = TypedTopic::open(&store, Counts).unwrap();
    assert_eq!(counts.rows().count(), 2);
    drop(counts);

    assert_eq!(changed.reset(&store).unwrap(), ["counts"]);
    assert_eq!(run(&changed, &store).unwrap(), 1);
    let rows = TypedTopic::open(&store, Counts).unwrap().rows().collect::<Result<Vec<_>>>().unwrap();
    assert_eq!(rows, [Payments { card: 7, from: Timestamp::from_millis(0), n: 3 }]);
}

#[test]
fn another_parameter_is_refused_and_the_first_one_goes_on() {
    let store = left_by_hourly();
    check_refused(&hourly::counts(2), &store, "parameters: [1] when the state was left, [2] now");
    assert_eq!(run(&hourly::counts(1), &store).unwrap(), 0);
}
