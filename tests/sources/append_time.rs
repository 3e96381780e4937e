//! `time: append`: the event time of a row is the time at which its record was appended, whatever the partitions, epochs, workers and
//! restarts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use waterwheel::log::{Clock, MemDisk, StoreConfig};
use waterwheel::prelude::*;

use support::{Random, append, assert_same_rows, every_way, read, run, seeds};

#[derive(Debug, Clone, PartialEq, Record)]
struct Click {
    page: u64,
    user: u64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct PageMinute {
    page: u64,
    from: Timestamp,
    clicks: u64,
}

topics! {
    Clicks("clicks"): Click { key: user, time: append, partitions: 3 }
    Copies("copies"): Click { key: user, time: append }
    PageMinutes("page-minutes"): PageMinute { key: page }
    OfCopies("of-copies"): PageMinute { key: page }
}

/// A clock that stands still until it is moved.
#[derive(Debug, Default)]
struct ByHand(AtomicI64);

impl Clock for ByHand {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[pipeline]
fn minutes() {
    let clicks = source(Clicks).lateness(0s).late_drop();
    let minutes = clicks.group_by(|c| c.page).window(tumbling(1m)).select(|w, c| PageMinute {
        page: w.key(),
        from: w.start(),
        clicks: count(),
    });
    minutes.sink(PageMinutes);
    clicks.sink(Copies);
}

#[pipeline]
fn minutes_of_copies() {
    let copies = source(Copies).lateness(0s).late_drop();
    let minutes = copies.group_by(|c| c.page).window(tumbling(1m)).select(|w, c| PageMinute {
        page: w.key(),
        from: w.start(),
        clicks: count(),
    });
    minutes.sink(OfCopies);
}

/// Counts by page and minute, given rows with their times.
fn counted(rows: &[(i64, Click)]) -> Vec<PageMinute> {
    let mut windows: BTreeMap<(i64, u64), u64> = BTreeMap::new();
    for (at, click) in rows {
        *windows.entry((at - at.rem_euclid(60_000), click.page)).or_default() += 1;
    }
    let minute = |((from, page), clicks)| PageMinute { page, from: Timestamp::from_millis(from), clicks };
    windows.into_iter().map(minute).collect()
}

#[test]
fn windows_go_by_the_time_of_the_records() {
    for seed in seeds(3) {
        for way in every_way(seed) {
            let mut random = Random(seed * 141_650_939);
            let clock = Arc::new(ByHand::default());
            let config = || StoreConfig { clock: clock.clone(), ..StoreConfig::default() };
            let disk = MemDisk::new();
            let (mut rows, mut copies) = (Vec::new(), Vec::new());
            for part in 0..3 {
                let store = Store::open_on(Arc::new(disk.clone()), config()).unwrap();
                let of_part = rows.len();
                for _ in 0..random.below(20) {
                    clock.0.fetch_add(random.below(50_000) as i64, Ordering::Relaxed);
                    let clicks: Vec<Click> = (0..random.below(5))
                        .map(|_| Click { page: random.below(3), user: random.below(9) })
                        .collect();
                    append(&store, Clicks, &clicks);
                    rows.extend(clicks.into_iter().map(|click| (clock.now_ms(), click)));
                }
                let options = way.options();
                let options = if part == 2 { options.close() } else { options.until_end() };
                run(minutes(), &store, options).unwrap();
                // What a pipeline writes on gets the time of the epoch that writes it.
                copies.extend(rows[of_part..].iter().map(|(_, click)| (clock.now_ms(), click.clone())));
            }
            let store = Store::open_on(Arc::new(disk.clone()), config()).unwrap();
            assert_same_rows(read(&store, PageMinutes), counted(&rows), way);
            run(minutes_of_copies(), &store, way.options().close()).unwrap();
            assert_same_rows(read(&store, OfCopies), counted(&copies), way);
        }
    }
}
