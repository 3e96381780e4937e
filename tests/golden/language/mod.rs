//! Directories with state of every operator and aggregate of the language, in three pipelines: `market`, `ticker` and `freight`.

mod freight;
mod generate;
mod market;
mod ticker;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use waterwheel::log::{Clock, Disk, MemDisk, RecordsBuilder, StoreConfig};
use waterwheel::prelude::*;
use waterwheel::{Pipeline, Summary};

use super::archive::{Contents, Unpacked};
use super::contents::{append, in_twenties, records, rows_of};
use super::same;
use freight::*;
use market::*;
use ticker::*;

/// Every archive that is gone on from.
const LEFT: [&str; 2] = ["2-language-closed", "2-language-killed"];

/// When the first rows were appended, by the clock of the stores.
const BEGINNING_MS: i64 = 1_700_000_000_000;

/// What was appended when, in the order of the clock: numbers of trades, of ticks of each of both partitions, of loads and of calls. The
/// first `STEPS_LEFT` have been taken in the archives.
const STEPS: [Step; 5] = [
    Step { at_ms: 0, trades: (0, 250), ticks: [(0, 40), (0, 0)], freight: (0, 120) },
    Step { at_ms: 31_000, trades: (250, 251), ticks: [(40, 60), (0, 0)], freight: (120, 121) },
    Step { at_ms: 52_000, trades: (251, 480), ticks: [(60, 130), (0, 90)], freight: (121, 280) },
    Step { at_ms: 52_000, trades: (480, 560), ticks: [(130, 150), (90, 110)], freight: (280, 360) },
    Step { at_ms: 97_000, trades: (560, 620), ticks: [(150, 170), (110, 130)], freight: (360, 400) },
];
const STEPS_LEFT: usize = 3;

struct Step {
    at_ms: i64,
    trades: (u64, u64),
    ticks: [(u64, u64); 2],
    freight: (u64, u64),
}

impl Step {
    /// Appends its rows, and among the trades what is no row: a heartbeat, and a record that nobody can decode.
    fn append(&self, store: &Store) {
        let trades: Vec<Trade> = (self.trades.0..self.trades.1).map(trade).collect();
        let (first, rest) = trades.split_at(trades.len() / 2);
        append(store, Trades, first);
        let topic = TypedTopic::open(store, Trades).unwrap();
        let last = first.iter().map(|trade| trade.at).filter(|at| at.millis() < BEGINNING_MS).max();
        if let Some(at) = last {
            topic.heartbeat(self.trades.0 as u32 % 3, at).unwrap();
        }
        let mut bad = RecordsBuilder::new();
        let (key, value) = (format!("bad {}", self.trades.0), [0xff, 0, self.trades.1 as u8]);
        bad.push_with_headers(
            7,
            Some(key.as_bytes()),
            Some(&value),
            &[("trace", Some(b"1")), ("none", None)],
        );
        topic.topic().partition(1).unwrap().append(bad).unwrap();
        append(store, Trades, rest);
        for (partition, (from, until)) in (0..).zip(self.ticks) {
            append(store, Ticks, &(from..until).map(|n| tick(partition, n)).collect::<Vec<_>>());
        }
        append(store, Loads, &(self.freight.0..self.freight.1).map(load).collect::<Vec<_>>());
        append(store, Calls, &(self.freight.0..self.freight.1).map(call).collect::<Vec<_>>());
    }
}

/// A clock that is set by hand.
#[derive(Default)]
struct ByHand(AtomicI64);

impl ByHand {
    fn set(&self, step: &Step) {
        self.0.store(BEGINNING_MS + step.at_ms, Ordering::SeqCst);
    }
}

impl Clock for ByHand {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

fn open(disk: Arc<dyn Disk>, clock: &Arc<ByHand>) -> Store {
    Store::open_on(disk, StoreConfig { clock: clock.clone(), ..StoreConfig::default() }).unwrap()
}

fn pipelines() -> [Pipeline; 3] {
    [market().into(), ticker().into(), freight().into()]
}

/// The rows of every topic that these pipelines read or write, as text. (Of the trades some are no rows; they are among the records.)
fn rows(store: &Store) -> Vec<(&'static str, Vec<String>)> {
    macro_rules! of {
        ($($topic:ident)*) => {
            vec![$({
                let mut rows = Vec::new();
                rows_of(store, $topic, &mut rows);
                (stringify!($topic), rows)
            }),*]
        };
    }
    of!(
        Ticks Loads Calls
        LateTrades BadTrades Exacts ExactIfs Roughs Smooths Shifted DaysSoFar Firsts Largest Sevens BySpan ByRows ByRowsOfLate Once
        Purchases Runs
        AuditedTicks ByClock SlidingByClock GrowingByClock VisitsByClock AppendedMinutes
        LateLoads InnerMets LeftMets RightMets FullMets SemiMets AntiMets InnerWindowMets LeftWindowMets RightWindowMets
        FullWindowMets SemiWindowMets AntiWindowMets ShipHours Later
    )
}

/// All that can be read of these pipelines' topics, and all records of the log.
fn contents(store: &Store) -> Contents {
    let rows: Vec<String> = rows(store).into_iter().flat_map(|(_, rows)| rows).collect();
    Contents { rows: in_twenties(&rows), records: in_twenties(&records(store)) }
}

/// Like [`rows`], those of each topic sorted.
fn sorted(store: &Store) -> Vec<(&'static str, Vec<String>)> {
    let mut topics = rows(store);
    topics.iter_mut().for_each(|(_, rows)| rows.sort());
    topics
}

#[test]
fn every_row_and_record_that_was_left_is_read() {
    for name in LEFT {
        let unpacked = Unpacked::of(name);
        let expected = unpacked.expected();
        // A second time after the first has mended what the end of the program had left.
        for _ in 0..2 {
            let store = Store::open(unpacked.data()).unwrap();
            let found = contents(&store);
            same(&found.rows, &expected.rows, &format!("rows of {name}"));
            same(&found.records, &expected.records, &format!("records of {name}"));
            assert_eq!(store.recovery().damaged, [""; 0]);
            store.close().unwrap();
        }
    }
}

/// Takes further steps of what is appended, and closes event time with the last one.
fn go_on(store: &Store, clock: &ByHand, steps: std::ops::Range<usize>, options: &RunOptions) -> Vec<Summary> {
    let mut summaries = Vec::new();
    for number in steps {
        let step = &STEPS[number];
        clock.set(step);
        step.append(store);
        let options = options.clone();
        let options = if number + 1 == STEPS.len() { options.close() } else { options.until_end() };
        summaries.extend(
            pipelines().map(|pipeline| pipeline.start(store, options.clone()).unwrap().wait().unwrap()),
        );
    }
    summaries
}

/// A copy of an archive, with the clock as it was when it was left.
fn opened(name: &str) -> (Store, Arc<ByHand>) {
    let clock = Arc::new(ByHand::default());
    clock.set(&STEPS[STEPS_LEFT - 1]);
    (open(Arc::new(Unpacked::of(name).in_memory()), &clock), clock)
}

#[test]
fn of_every_operator_that_keeps_anything_there_is_state() {
    const KEEP: [&str; 9] = [
        "(window)",
        "(over)",
        "(distinct_by)",
        "(join)",
        "(left_join)",
        "(right_join)",
        "(full_join)",
        "(semi_join)",
        "(anti_join)",
    ];
    let (store, _) = opened(LEFT[0]);
    // What an operator holds is counted at the end of an epoch, so there is a row of each source.
    append(&store, Trades, &[trade(600)]);
    append(&store, Ticks, &[tick(0, 600)]);
    append(&store, Loads, &[load(400)]);
    append(&store, Calls, &[call(400)]);
    let mut keeping = 0;
    for pipeline in pipelines() {
        let summary = pipeline.start(&store, RunOptions::new().until_end()).unwrap().wait().unwrap();
        for operator in
            summary.operators.iter().filter(|of| KEEP.iter().any(|kind| of.operator.ends_with(kind)))
        {
            // The estimates are of two keys, and large.
            assert!(operator.entries > 3 || operator.bytes > 1000, "{operator:?}");
            keeping += 1;
        }
    }
    assert_eq!(keeping, 31);
}

#[test]
fn what_was_left_goes_on_as_if_nothing_had_been() {
    let (disk, clock) = (MemDisk::new(), Arc::new(ByHand::default()));
    clock.set(&STEPS[0]);
    let undisturbed = open(Arc::new(disk), &clock);
    go_on(&undisturbed, &clock, 0..STEPS.len(), &RunOptions::new());
    let undisturbed = sorted(&undisturbed);
    for (name, workers) in [(LEFT[0], 1), (LEFT[0], 3), (LEFT[1], 2), (LEFT[1], 4)] {
        let (store, clock) = opened(name);
        let before: Vec<usize> = rows(&store).iter().map(|(_, rows)| rows.len()).collect();
        let options = RunOptions::new().workers(workers).epoch_rows(70);
        let summaries = go_on(&store, &clock, STEPS_LEFT..STEPS.len(), &options);
        for summary in &summaries[..3] {
            assert_eq!(summary.epochs_replayed > 0, name == LEFT[1], "{name}: {summary:?}");
        }
        for (((topic, found), (_, expected)), before) in sorted(&store).iter().zip(&undisturbed).zip(before) {
            same(found, expected, &format!("{name}, {workers} workers: {topic}"));
            assert!(found.len() > before, "{topic}: what was left has made no more rows");
        }
    }
}
