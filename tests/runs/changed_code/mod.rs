//! After a crash, what was committed is computed again by the code that committed it, or by no other without being told to.

#![expect(clippy::redundant_closure, reason = "closures that only call a function are among what is tested")]

mod operators;

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration as Time;

use waterwheel::Pipeline;
use waterwheel::log::{FaultyDisk, MemDisk};
use waterwheel::prelude::*;

use support::{append, open, read, run};

#[derive(Debug, Clone, PartialEq, Record)]
struct Sale {
    shop: u64,
    price: i64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct ShopTotal {
    shop: u64,
    n: u64,
    total: i64,
}

topics! {
    Sales("sales"): Sale { time: at, partitions: 2 }
    ShopTotals("shop-totals"): ShopTotal { key: shop }
}

/// Pipelines of one name and one state, whose windows are fed by different closures.
macro_rules! variant {
    ($module:ident, $least:expr, $map:expr) => {
        mod $module {
            use super::*;

            #[pipeline]
            pub(super) fn totals() {
                let sales = source(Sales).lateness(1h).late_drop();
                let counted = sales.filter($least).map($map);
                let per_hour = counted.group_by(|s| s.shop).window(tumbling(1h)).select(|w, s| ShopTotal {
                    shop: w.key(),
                    n: count(),
                    total: sum(s.price),
                });
                per_hour.sink(ShopTotals);
            }
        }
    };
}

variant!(original, |s| s.price >= 0, |s| s.clone());
// In braces, where rustfmt leaves it as it is.
variant! { said_otherwise, |s| {
    // A comment, and other spacing.
    s . price>=0
}, |s| s.
    clone() }
variant!(other_filter, |s| s.price >= 50, |s| s.clone());
variant!(other_map, |s| s.price >= 0, |s| Sale { price: s.price * 2, ..s.clone() });
variant!(by_constant_50, |s| s.price >= of_50::LEAST, |s| s.clone());
variant!(by_function, |s| is_counted(s), |s| s.clone());

mod with_more_beside {
    use super::*;

    #[pipeline]
    pub(super) fn totals() {
        let sales = source(Sales).lateness(1h).late_drop();
        let _free = sales.filter(|s| s.price < 0);
        let counted = sales.filter(|s| s.price >= 0).inspect(|s| assert!(s.price >= 0)).map(|s| s.clone());
        let per_hour = counted.group_by(|s| s.shop).window(tumbling(1h)).select(|w, s| ShopTotal {
            shop: w.key(),
            n: count(),
            total: sum(s.price),
        });
        per_hour.sink(ShopTotals);
    }
}

mod with_another_select {
    use super::*;

    #[pipeline]
    pub(super) fn totals() {
        let sales = source(Sales).lateness(1h).late_drop();
        let counted = sales.filter(|s| s.price >= 0).map(|s| s.clone());
        let per_hour = counted.group_by(|s| s.shop).window(tumbling(1h)).select(|w, s| ShopTotal {
            shop: w.key() + 10,
            n: count(),
            total: sum(s.price),
        });
        per_hour.sink(ShopTotals);
    }
}

mod of_50 {
    pub(super) const LEAST: i64 = 50;
}

/// What a function that closures call decides by: it stands for other code, a clock or the environment.
static LEAST: AtomicI64 = AtomicI64::new(0);

fn is_counted(sale: &Sale) -> bool {
    sale.price >= LEAST.load(Ordering::Relaxed)
}

fn sale(number: i64) -> Sale {
    Sale { shop: number as u64 % 3, price: number % 100, at: Timestamp::from_millis(number * 1000) }
}

fn sales(from: i64, until: i64) -> Vec<Sale> {
    (from..until).map(sale).collect()
}

/// Options under which no checkpoint is taken before the run ends, and every few rows are an epoch.
fn options() -> RunOptions {
    RunOptions::new().workers(2).epoch_rows(7).checkpoint_interval(Time::from_secs(3600))
}

/// A store in which a run was killed after a clean one, with epochs to be computed again.
fn killed(pipeline: impl Into<Pipeline>) -> Store {
    let pipeline = pipeline.into();
    let disk = FaultyDisk::new();
    let store = open(&disk);
    append(&store, Sales, &sales(0, 100));
    run(pipeline.clone(), &store, options().until_end()).unwrap();
    append(&store, Sales, &sales(100, 400));
    let job = pipeline.start(&store, options()).unwrap();
    job.wait_until_caught_up().unwrap();
    // Power fails here: what the run would do at its end never reaches the disk.
    disk.power_off_at(disk.changes() + 1);
    let _ = job.stop();
    drop(store);
    let store = open(&disk.crash(7));
    append(&store, Sales, &sales(400, 500));
    store
}

/// What the pipeline gives of all 500 sales, where those before `changed` count by one rule and those after it by another.
fn expected(changed: i64, before: impl Fn(&Sale) -> bool, after: impl Fn(&Sale) -> bool) -> Vec<ShopTotal> {
    let total = |shop: u64| {
        let counted = (0..500).map(|number| (number, sale(number))).filter(|(number, sale)| {
            sale.shop == shop && if *number < changed { before(sale) } else { after(sale) }
        });
        counted.fold(ShopTotal { shop, n: 0, total: 0 }, |sum, (_, sale)| ShopTotal {
            n: sum.n + 1,
            total: sum.total + sale.price,
            ..sum
        })
    };
    (0..3).map(total).collect()
}

fn all(_: &Sale) -> bool {
    true
}

fn dear(sale: &Sale) -> bool {
    sale.price >= 50
}

fn totals(store: &Store) -> Vec<ShopTotal> {
    let mut totals = read(store, ShopTotals);
    totals.sort_by_key(|total| total.shop);
    totals
}

/// The offsets of everything in the log: a run that is refused commits nothing.
fn ends(store: &Store) -> Vec<(String, u64)> {
    let end = |topic: &waterwheel::log::Topic| {
        (0..topic.partitions()).map(|number| topic.partition(number).unwrap().last_stable_offset().0).sum()
    };
    store.topics().iter().map(|topic| (topic.name().to_owned(), end(topic))).collect()
}

/// The changed pipeline is refused with this text, again and again, and commits nothing; so it is with any settings.
#[track_caller]
fn check_refused(changed: impl Into<Pipeline>, store: &Store, expected: &str) {
    let (changed, before) = (changed.into(), ends(store));
    for options in [options(), options().close(), options().recover_only()] {
        let text = run(changed.clone(), store, options).unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
        assert!(
            text.contains("`run --recover-only`") && text.contains("`run --accept-changed-replay`"),
            "{text}"
        );
    }
    assert_eq!(ends(store), before, "a refused run commits nothing");
}

const CUT_SHORT: &str = "the last run of pipeline `totals` was cut short, and ";
const OTHER_FILTER: &str = "`counted`: filter was |s| s.price >= 0, and is |s| s.price >= 50 now";

#[test]
fn after_a_crash_a_changed_closure_is_refused_until_the_old_one_has_recovered() {
    let store = killed(original::totals());
    check_refused(other_filter::totals(), &store, OTHER_FILTER);
    check_refused(other_filter::totals(), &store, CUT_SHORT);
    let map = "`counted`: map was |s| s.clone(), and is |s| Sale { price: s.price * 2, ..s.clone() } now";
    check_refused(other_map::totals(), &store, map);

    let summary = run(original::totals(), &store, options().recover_only()).unwrap();
    assert!(summary.epochs_replayed > 10, "{summary:?}");
    assert_eq!((summary.rows_read, summary.rows_written, summary.epochs_replayed_changed), (0, 0, 0));
    let again = run(original::totals(), &store, options().recover_only()).unwrap();
    assert_eq!((again.epochs_replayed, again.rows_read), (0, 0), "nothing is left to recover");

    let summary = run(other_filter::totals(), &store, options().close()).unwrap();
    assert_eq!((summary.epochs_replayed, summary.rows_read), (0, 100));
    assert_eq!(totals(&store), expected(400, all, dear));
}

#[test]
fn after_a_crash_a_changed_closure_may_be_accepted_and_is_so_once() {
    let store = killed(original::totals());
    let accepting = || options().accept_changed_replay();
    let summary = run(other_filter::totals(), &store, accepting().recover_only()).unwrap();
    assert!(summary.epochs_replayed_changed > 10, "{summary:?}");
    let summary = run(other_filter::totals(), &store, accepting().close()).unwrap();
    assert_eq!((summary.epochs_replayed, summary.epochs_replayed_changed), (0, 0), "the state is saved");
    assert_eq!(totals(&store), expected(100, all, dear), "epochs before the checkpoint stay as they were");
}

#[test]
fn what_was_accepted_is_saved_before_anything_new_is_read() {
    let store = killed(original::totals());
    let job =
        Pipeline::from(other_filter::totals()).start(&store, options().accept_changed_replay()).unwrap();
    job.wait_until_caught_up().unwrap();
    drop(job);
    let job = Pipeline::from(other_filter::totals()).start(&store, options()).unwrap();
    job.wait_until_caught_up().unwrap();
    let summary = job.stop().unwrap();
    assert_eq!(summary.epochs_replayed_changed, 0);
    run(other_filter::totals(), &store, options().close()).unwrap();
    assert_eq!(totals(&store), expected(100, all, dear));
}

#[test]
fn after_a_crash_other_spacing_is_no_change() {
    let store = killed(original::totals());
    let summary = run(said_otherwise::totals(), &store, options().close()).unwrap();
    assert!(summary.epochs_replayed > 10, "{summary:?}");
    assert_eq!(totals(&store), expected(0, all, all));
}

#[test]
fn after_a_crash_what_reaches_no_sink_or_only_shows_rows_is_no_change() {
    let store = killed(original::totals());
    run(with_more_beside::totals(), &store, options().close()).unwrap();
    assert_eq!(totals(&store), expected(0, all, all));
}

#[test]
fn after_a_crash_another_select_over_the_same_aggregates_is_refused() {
    let store = killed(original::totals());
    let select = "`per_hour`: select was |w, s| ShopTotal { shop: w.key(), n: count(), total: sum(s.price) }, and is |w, s| \
                  ShopTotal { shop: w.key() + 10, n: count(), total: sum(s.price) } now";
    check_refused(with_another_select::totals(), &store, select);
}

#[test]
fn after_a_crash_another_constant_is_another_closure() {
    let store = killed(original::totals());
    let constant = "`counted`: filter was |s| s.price >= 0, and is |s| s.price >= of_50::LEAST with of_50::LEAST = 50 now";
    check_refused(by_constant_50::totals(), &store, constant);
}

#[test]
fn after_a_clean_stop_changed_closures_go_on() {
    let store = open(&MemDisk::new());
    append(&store, Sales, &sales(0, 400));
    run(original::totals(), &store, options().until_end()).unwrap();
    append(&store, Sales, &sales(400, 500));
    let summary = run(other_filter::totals(), &store, options().close()).unwrap();
    assert_eq!((summary.epochs_replayed, summary.rows_read), (0, 100));
    assert_eq!(totals(&store), expected(400, all, dear));
}

#[test]
fn the_code_that_is_compared_is_that_of_the_program_that_committed() {
    let disk = FaultyDisk::new();
    let store = open(&disk);
    append(&store, Sales, &sales(0, 100));
    run(original::totals(), &store, options().until_end()).unwrap();
    append(&store, Sales, &sales(100, 400));
    // Another program goes on after the clean stop, and is killed: it is the one that has to recover.
    let job = Pipeline::from(other_filter::totals()).start(&store, options()).unwrap();
    job.wait_until_caught_up().unwrap();
    disk.power_off_at(disk.changes() + 1);
    let _ = job.stop();
    drop(store);
    let store = open(&disk.crash(7));
    append(&store, Sales, &sales(400, 500));
    check_refused(original::totals(), &store, "filter was |s| s.price >= 50, and is |s| s.price >= 0 now");
    let summary = run(other_filter::totals(), &store, options().close()).unwrap();
    assert!(summary.epochs_replayed > 10, "{summary:?}");
    assert_eq!(totals(&store), expected(100, all, dear));
}

#[test]
fn after_a_crash_a_changed_function_or_environment_is_found_by_what_enters_the_windows() {
    LEAST.store(0, Ordering::Relaxed);
    let store = killed(by_function::totals());
    LEAST.store(50, Ordering::Relaxed);
    let text = "gave operator `per_hour` other rows than when it was committed, though the closures read as they did";
    check_refused(by_function::totals(), &store, text);
    LEAST.store(0, Ordering::Relaxed);
    let summary = run(by_function::totals(), &store, options().recover_only()).unwrap();
    assert!(summary.epochs_replayed > 10 && summary.rows_read == 0, "{summary:?}");
    LEAST.store(50, Ordering::Relaxed);
    run(by_function::totals(), &store, options().close()).unwrap();
    assert_eq!(totals(&store), expected(400, all, dear));

    LEAST.store(0, Ordering::Relaxed);
    let store = killed(by_function::totals());
    LEAST.store(50, Ordering::Relaxed);
    let summary = run(by_function::totals(), &store, options().accept_changed_replay().close()).unwrap();
    assert!(summary.epochs_replayed_changed > 10, "{summary:?}");
    assert_eq!(totals(&store), expected(100, all, dear));
}
