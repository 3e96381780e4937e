//! Windows of many keys that close at once: their rows leave in several runs, and nothing shows it but the memory.

use waterwheel::key::partition_of;
use waterwheel::log::MemDisk;
use waterwheel::prelude::*;

use support::{append, open, read, run};

#[derive(Debug, Clone, PartialEq, Record)]
struct Visit {
    visitor: String,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Visits {
    visitor: String,
    until: Timestamp,
    n: u64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct PerLength {
    length: u64,
    visitors: u64,
    visits: i64,
}

topics! {
    AllVisits("visits"): Visit { key: visitor, time: at, partitions: 3 }
    PerMinute("per-minute"): Visits { key: visitor, time: until, partitions: 2 }
    SoFar("so-far"): Visits { key: visitor, partitions: 2 }
    LastMinutes("last-minutes"): Visits { key: visitor, partitions: 2 }
    Twice("twice"): Visits { key: visitor }
    Lengths("lengths"): PerLength { key: length }
}

#[pipeline]
fn visits() {
    let visits = source(AllVisits).lateness(0s).late_drop();
    let by_visitor = visits.group_by(|v| v.visitor);
    let minutes = by_visitor.window(tumbling(1m)).select(|w, v| Visits {
        visitor: w.key(),
        until: w.end(),
        n: count(),
    });
    let so_far = by_visitor.window(cumulate(2m, 1m)).select(|w, v| Visits {
        visitor: w.key(),
        until: w.end(),
        n: count(),
    });
    let last_minutes = by_visitor.window(sliding(2m, 1m)).select(|w, v| Visits {
        visitor: w.key(),
        until: w.end(),
        n: count(),
    });
    let twice = minutes.flat_map(|v| vec![v.clone(), Visits { n: 0, ..v.clone() }]);
    let lengths = minutes
        .group_by(|v| v.visitor.len() as u64)
        .window(tumbling(1h))
        .select(|w, v| PerLength { length: w.key(), visitors: count(), visits: sum(v.n as i64) });
    minutes.sink(PerMinute);
    so_far.sink(SoFar);
    last_minutes.sink(LastMinutes);
    twice.sink(Twice);
    lengths.sink(Lengths);
}

/// More of them than an operator emits in one go, for each of three workers.
const VISITORS: u64 = 5000;

fn visitor(number: u64) -> String {
    // Not in the order of the keys, and of different lengths.
    format!("v{:x}", number * 7919 % 65_536)
}

/// Every visitor visits in the first minute, every third one again in the second.
fn input() -> Vec<Visit> {
    let visit = |number, at| Visit { visitor: visitor(number), at: Timestamp::from_millis(at) };
    let first = (0..VISITORS).map(|number| visit(number, number as i64 % 60_000));
    let second = (0..VISITORS).step_by(3).map(|number| visit(number, 60_000 + number as i64));
    first.chain(second).collect()
}

/// The rows of each minute that (minute, visitor) has, by output partition in the order of (end, key).
fn expected(n: impl Fn(i64, u64) -> Option<u64>) -> Vec<Visits> {
    let mut visitors: Vec<(String, u64)> = (0..VISITORS).map(|number| (visitor(number), number)).collect();
    visitors.sort();
    let mut partitions = vec![Vec::new(); 2];
    for minute in 1..=3 {
        for (visitor, number) in &visitors {
            if let Some(n) = n(minute, *number) {
                let until = Timestamp::from_millis(minute * 60_000);
                let at = partition_of(visitor.as_bytes(), 2) as usize;
                partitions[at].push(Visits { visitor: visitor.clone(), until, n });
            }
        }
    }
    partitions.concat()
}

#[test]
fn rows_that_fall_due_at_once_leave_in_order_with_any_number_of_workers() {
    let minutes = expected(|minute, number| (minute == 1 || minute == 2 && number % 3 == 0).then_some(1));
    let so_far = expected(|minute, number| {
        (minute <= 2).then_some(if minute == 2 && number % 3 == 0 { 2 } else { 1 })
    });
    let last_minutes = expected(|minute, number| match (minute, number % 3 == 0) {
        (2, true) => Some(2),
        (1 | 2, _) | (3, true) => Some(1),
        _ => None,
    });
    let mut twice: Option<Vec<Visits>> = None;
    for (workers, epoch_rows) in [(1, 100_000), (2, 1000), (3, 100_000)] {
        let store = open(&MemDisk::new());
        append(&store, AllVisits, &input());
        run(visits(), &store, RunOptions::new().workers(workers).epoch_rows(epoch_rows).close()).unwrap();
        let what = format!("{workers} workers, epochs of {epoch_rows} rows");
        assert!(read(&store, PerMinute) == minutes, "{what}");
        assert!(read(&store, SoFar) == so_far, "{what}");
        assert!(read(&store, LastMinutes) == last_minutes, "{what}");
        let found = read(&store, Twice);
        assert_eq!(found.len(), 2 * minutes.len(), "{what}");
        assert!(
            twice.get_or_insert_with(|| found.clone()) == &found,
            "{what}: other rows than with one worker"
        );
        let lengths = read(&store, Lengths);
        assert_eq!(lengths.iter().map(|row| row.visitors).sum::<u64>(), minutes.len() as u64, "{what}");
        assert_eq!(lengths.iter().map(|row| row.visits).sum::<i64>(), input().len() as i64, "{what}");
    }
}
