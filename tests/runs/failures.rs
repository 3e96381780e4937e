//! What goes wrong in a run: the error names the place, nothing is lost, and the next run meets the same row again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use waterwheel::Error;
use waterwheel::aggregates::{Aggregate, Place};
use waterwheel::log::{MemDisk, RecordsBuilder, StoreConfig};
use waterwheel::prelude::*;

use support::{append, assert_same_rows, open, read, run};

#[derive(Debug, Clone, PartialEq, Record)]
struct Order {
    shop: String,
    price: i64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct ShopTotal {
    shop: String,
    total: i64,
}

topics! {
    Orders("orders"): Order { time: at }
    OrdersAsJson("orders-as-json"): Order { time: at, format: json }
    ShopTotals("shop-totals"): ShopTotal { key: shop }
    Copies("copies"): Order { time: at }
}

fn order(shop: &str, price: i64, at_secs: i64) -> Order {
    Order { shop: shop.to_owned(), price, at: Timestamp::from_millis(at_secs * 1000) }
}

fn total(shop: &str, total: i64) -> ShopTotal {
    ShopTotal { shop: shop.to_owned(), total }
}

/// A price that the pipelines below cannot stand while their trap is set.
const TRAP: i64 = -1;

fn stand(price: i64, trap: &AtomicBool) -> i64 {
    assert!(price != TRAP || !trap.load(Ordering::Relaxed), "a price of {price}");
    price
}

/// Runs into the trap, twice, with any workers and epochs; then with the trap removed, everything is there.
#[track_caller]
fn check(pipeline: impl Fn() -> waterwheel::Pipeline, trap: &AtomicBool, expected: &str) {
    let rows = [order("a", 1, 0), order("b", 2, 1), order("b", 4, 2), order("a", TRAP, 3), order("a", 8, 4)];
    for (workers, epoch_rows) in [(1, 1), (1, 1000), (3, 2)] {
        trap.store(true, Ordering::Relaxed);
        let store = open(&MemDisk::new());
        append(&store, Orders, &rows);
        for _ in 0..2 {
            let options = RunOptions::new().workers(workers).epoch_rows(epoch_rows).close();
            let error = run(pipeline(), &store, options).unwrap_err();
            assert!(matches!(error, Error::UserCode { .. }), "{error:?}");
            assert_eq!(error.to_string(), expected, "{workers} workers, epochs of {epoch_rows} rows");
        }
        trap.store(false, Ordering::Relaxed);
        let summary = run(pipeline(), &store, RunOptions::new().workers(2).close()).unwrap();
        assert!(summary.closed);
        assert_same_rows(read(&store, ShopTotals), [total("a", 8), total("b", 6)], "after the trap is gone");
    }
}

const NOTHING_LOST: &str = "nothing was lost, the next run meets the same row again";

/// Where the row with the price that is no price lies.
const AT_THE_ROW: &str = "topic `orders` partition 0 offset 3: panicked: a price of -1";

static IN_FILTER: AtomicBool = AtomicBool::new(true);

#[pipeline]
fn panics_in_filter() {
    let orders = source(Orders).lateness(1h).late_drop();
    let cheap = orders.filter(|o| stand(o.price, &IN_FILTER) < 100);
    let totals = cheap
        .group_by(|o| o.shop)
        .window(tumbling(1m))
        .select(|w, o| ShopTotal { shop: w.key(), total: sum(o.price) });
    totals.sink(ShopTotals);
}

#[test]
fn a_panic_in_filter_names_operator_topic_partition_and_offset() {
    let expected = format!("operator `cheap (filter)` stopped at {AT_THE_ROW}; {NOTHING_LOST}");
    check(|| panics_in_filter().into(), &IN_FILTER, &expected);
}

static IN_MAP: AtomicBool = AtomicBool::new(true);

#[pipeline]
fn panics_in_map() {
    let orders = source(Orders).lateness(1h).late_drop();
    let sound =
        orders.map(|o| Order { price: stand(o.price, &IN_MAP), ..o.clone() }).filter(|o| o.price < 100);
    let totals = sound
        .group_by(|o| o.shop)
        .window(tumbling(1m))
        .select(|w, o| ShopTotal { shop: w.key(), total: sum(o.price) });
    totals.sink(ShopTotals);
}

#[test]
fn a_panic_in_map_names_operator_topic_partition_and_offset() {
    let expected = format!("operator `sound (map)` stopped at {AT_THE_ROW}; {NOTHING_LOST}");
    check(|| panics_in_map().into(), &IN_MAP, &expected);
}

static IN_FLAT_MAP: AtomicBool = AtomicBool::new(true);

#[pipeline]
fn panics_in_flat_map() {
    let orders = source(Orders).lateness(1h).late_drop();
    let twice = orders.flat_map(|o| [o.clone(), Order { price: 0, ..o.clone() }]);
    let checked = twice.flat_map(|o| Some(Order { price: stand(o.price, &IN_FLAT_MAP), ..o.clone() }));
    let totals = checked
        .group_by(|o| o.shop)
        .window(tumbling(1m))
        .select(|w, o| ShopTotal { shop: w.key(), total: sum(o.price) });
    totals.sink(ShopTotals);
}

#[test]
fn a_panic_in_flat_map_names_operator_topic_partition_and_offset() {
    let expected = format!("operator `checked (flat_map)` stopped at {AT_THE_ROW}; {NOTHING_LOST}");
    check(|| panics_in_flat_map().into(), &IN_FLAT_MAP, &expected);
}

static IN_GROUP_BY: AtomicBool = AtomicBool::new(true);

fn shop_of(order: &Order) -> String {
    stand(order.price, &IN_GROUP_BY);
    order.shop.clone()
}

#[pipeline]
fn panics_in_group_by() {
    let orders = source(Orders).lateness(1h).late_drop();
    let totals = orders
        .group_by(shop_of)
        .window(tumbling(1m))
        .select(|w, o| ShopTotal { shop: w.key(), total: sum(o.price) });
    totals.sink(ShopTotals);
}

#[test]
fn a_panic_in_group_by_names_operator_topic_partition_and_offset() {
    let expected = format!("operator `totals (window)` stopped at {AT_THE_ROW}; {NOTHING_LOST}");
    check(|| panics_in_group_by().into(), &IN_GROUP_BY, &expected);
}

static IN_AGGREGATE: AtomicBool = AtomicBool::new(true);

#[pipeline]
fn panics_at_an_aggregates_value() {
    let orders = source(Orders).lateness(1h).late_drop();
    let totals = orders
        .group_by(|o| o.shop)
        .window(tumbling(1m))
        .select(|w, o| ShopTotal { shop: w.key(), total: sum(stand(o.price, &IN_AGGREGATE)) });
    totals.sink(ShopTotals);
}

#[test]
fn a_panic_at_an_aggregates_value_names_operator_topic_partition_and_offset() {
    let expected = format!("operator `totals (window)` stopped at {AT_THE_ROW}; {NOTHING_LOST}");
    check(|| panics_at_an_aggregates_value().into(), &IN_AGGREGATE, &expected);
}

static IN_SELECT: AtomicBool = AtomicBool::new(true);

fn checked_total(total: i64) -> i64 {
    assert!(total != 8 || !IN_SELECT.load(Ordering::Relaxed), "a total of {total}");
    total
}

#[pipeline]
fn panics_in_select() {
    let orders = source(Orders).lateness(1h).late_drop();
    let totals = orders
        .group_by(|o| o.shop)
        .window(tumbling(1m))
        .select(|w, o| ShopTotal { shop: w.key(), total: checked_total(sum(o.price)) });
    totals.sink(ShopTotals);
}

#[test]
fn a_panic_in_select_names_operator_key_and_window() {
    let expected = format!(
        "operator `totals (window)` stopped at key \"a\", window 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z: \
         panicked: a total of 8; {NOTHING_LOST}"
    );
    check(|| panics_in_select().into(), &IN_SELECT, &expected);
}

static AFTER_WINDOW: AtomicBool = AtomicBool::new(true);

fn is_sound(total: i64) -> bool {
    total != 8 || !AFTER_WINDOW.load(Ordering::Relaxed) || panic!("a total of 8")
}

#[pipeline]
fn panics_behind_a_window() {
    let orders = source(Orders).lateness(1h).late_drop();
    let totals = orders
        .group_by(|o| o.shop)
        .window(tumbling(1m))
        .select(|w, o| ShopTotal { shop: w.key(), total: sum(o.price) });
    let sound = totals.filter(|t| is_sound(t.total));
    sound.sink(ShopTotals);
}

#[test]
fn a_panic_behind_a_window_names_the_operator_and_the_window_that_made_the_row() {
    let expected = format!(
        "operator `sound (filter)` stopped at a row made by operator `totals`: panicked: a total of 8; {NOTHING_LOST}"
    );
    check(|| panics_behind_a_window().into(), &AFTER_WINDOW, &expected);
}

#[pipeline]
fn sums() {
    let orders = source(Orders).lateness(0s).late_drop();
    let totals = orders
        .group_by(|o| o.shop)
        .window(tumbling(1m))
        .select(|w, o| ShopTotal { shop: w.key(), total: sum(o.price) });
    totals.sink(ShopTotals);
}

#[test]
fn a_sum_that_does_not_fit_stops_the_run_with_key_and_window() {
    let rows = [
        order("a", 5, 0),
        order("a", i64::MAX, 60),
        order("b", 1, 61),
        order("a", 1, 119),
        order("a", 0, 120),
    ];
    for epoch_rows in [1, 1000] {
        let store = open(&MemDisk::new());
        append(&store, Orders, &rows);
        for _ in 0..2 {
            // One epoch at a time: those before the one that fails are committed when it is bound.
            let mut options = RunOptions::new().epoch_rows(epoch_rows).until_end();
            options.epochs_in_flight = 1;
            let error = run(sums(), &store, options).unwrap_err().to_string();
            let place = "operator `totals (window)` stopped at key \"a\", window 1970-01-01T00:01:00Z to 1970-01-01T00:02:00Z: \
                         the sum 9223372036854775808 does not fit into `i64`";
            assert!(error.starts_with(place), "{error}");
            // What was committed before stays, and nothing of the failed epoch is there.
            let committed = if epoch_rows == 1 { vec![total("a", 5)] } else { Vec::new() };
            assert_eq!(read(&store, ShopTotals), committed);
        }
    }
}

/// Merges as little as it likes.
struct Unmergeable;

fn unmergeable() -> Unmergeable {
    Unmergeable
}

impl Aggregate<i64> for Unmergeable {
    const NAME: &'static str = "unmergeable";
    type State = i64;
    type Output = i64;

    fn init(&self) -> i64 {
        0
    }
    fn add(&self, state: &mut i64, value: i64, _: Place) {
        *state += value;
    }
    fn merge(&self, _: &mut i64, _: i64) {
        panic!("not with me");
    }
    fn finish(&self, state: i64) -> i64 {
        state
    }
}

#[pipeline]
fn merges() {
    let orders = source(Orders).lateness(0s).late_drop();
    let totals = orders
        .group_by(|o| o.shop)
        .window(tumbling(1m))
        .select(|w, o| ShopTotal { shop: w.key(), total: unmergeable(o.price) });
    totals.sink(ShopTotals);
}

#[test]
fn a_panic_while_merging_names_operator_key_and_window() {
    let store = open(&MemDisk::new());
    append(&store, Orders, &[order("a", 5, 0), order("a", 6, 61), order("a", 7, 62)]);
    let error = run(merges(), &store, RunOptions::new().workers(1).epoch_rows(1).close()).unwrap_err();
    let expected = format!(
        "operator `totals (window)` stopped at key \"a\", window 1970-01-01T00:01:00Z to 1970-01-01T00:02:00Z: \
         panicked: not with me; {NOTHING_LOST}"
    );
    assert_eq!(error.to_string(), expected);
}

#[pipeline]
fn copies() {
    let orders = source(OrdersAsJson);
    orders.sink(Copies);
}

#[pipeline]
fn copies_what_it_can() {
    let orders = source(OrdersAsJson).undecodable(skip);
    orders.sink(Copies);
}

fn append_json(store: &Store, rows: &[&str]) {
    let partition = store.topic("orders-as-json").unwrap().partition(0).unwrap();
    let mut records = RecordsBuilder::new();
    rows.iter().for_each(|row| records.push(0, None, Some(row.as_bytes())));
    partition.append(records).unwrap();
}

const GOOD: &str = r#"{"shop":"a","price":1,"at":"1970-01-01T00:00:00Z"}"#;
const BAD: &str = r#"{"shop":"a","price":"1"}"#;

#[test]
fn a_record_that_cannot_be_decoded_stops_the_run_with_its_place_and_the_reason() {
    let mut t = copies().test();
    append_json(t.store(), &[GOOD]);
    assert_eq!(t.rows(Copies).len(), 1);
    append_json(t.store(), &[BAD, GOOD]);
    for _ in 0..2 {
        let error = t.try_rows(Copies).unwrap_err().to_string();
        let expected = "topic `orders-as-json` partition 0 offset 1 cannot be decoded: not a JSON row of `Order`: field `price`: invalid type: \
                        string \"1\", expected i64 at line 1 column 23; it lies in \
                        memory:/topics/0000000000000002/0/00000000000000000000.log; nothing was lost: repair what writes the topic, or let \
                        the source skip and count such records with `.undecodable(skip)`";
        assert_eq!(error, expected);
        t.restart();
    }
}

#[test]
fn records_that_cannot_be_decoded_are_skipped_and_counted_where_the_source_says_so() {
    for epoch_rows in [1, 2, 1000] {
        let mut t = copies_what_it_can().test().epoch_rows(epoch_rows);
        append_json(t.store(), &[BAD, GOOD, "", BAD]);
        assert_eq!(t.skipped(), 3);
        t.restart();
        append_json(t.store(), &[GOOD, "{}"]);
        assert_eq!((t.skipped(), t.rows(Copies).len()), (4, 2));
        t.restart();
        assert_eq!((t.skipped(), t.rows(Copies).len()), (4, 2));
    }
}

#[test]
fn a_driver_whose_run_has_failed_says_so_until_it_is_restarted() {
    let mut t = copies().test();
    append_json(t.store(), &[BAD]);
    assert!(t.try_rows(Copies).is_err());
    let again = t.try_rows(Copies).unwrap_err().to_string();
    assert!(again.starts_with("the run has failed, and its error was given before"), "{again}");
}

static COUNTER: AtomicU64 = AtomicU64::new(0);

fn numbered(order: &Order) -> Order {
    Order { price: COUNTER.fetch_add(1, Ordering::Relaxed) as i64, ..order.clone() }
}

#[pipeline]
fn counts_on_a_static() {
    let orders = source(Orders).lateness(0s).late_drop();
    let changing = orders.map(numbered);
    let totals = orders
        .group_by(|o| o.shop)
        .window(tumbling(1m))
        .select(|w, o| ShopTotal { shop: w.key(), total: sum(o.price) });
    changing.sink(Copies);
    totals.sink(ShopTotals);
}

#[test]
fn code_that_gives_something_else_on_replay_is_found_out() {
    let mut t = counts_on_a_static().test();
    // So much state that its checkpoint takes many epochs: the crash comes before it is complete.
    t.push_all(Orders, (0..200).map(|shop| order(&format!("shop {shop}"), 5, 0)));
    assert_eq!(t.rows(Copies).len(), 200);
    t.restart();
    let error = t.try_rows(Copies).unwrap_err();
    assert!(
        matches!(&error, Error::NonDeterministicReplay { epoch: 1, topic, .. } if topic == "copies"),
        "{error:?}"
    );
    let text = error.to_string();
    assert!(
        text.starts_with(
            "epoch 1 gave other rows for topic `copies` than when it was committed (200 rows with "
        ),
        "{text}"
    );
    assert!(
        text.contains("undo the change and finish the recovery, `run --recover-only`")
            && text.ends_with("`reset`"),
        "{text}"
    );
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Note {
    author: u64,
    text: String,
    at: Timestamp,
}

topics! {
    Notes("notes"): Note { key: author, time: at }
    Longest("longest"): Note { key: author, time: at }
}

/// Keeps two texts for each author and minute.
#[pipeline]
fn longest() {
    let notes = source(Notes).lateness(0s).late_drop();
    let longest = notes.group_by(|n| n.author).window(tumbling(1m)).select(|w, n| Note {
        author: w.key(),
        text: if first(n.text).len() > last(n.text).len() { first(n.text) } else { last(n.text) },
        at: w.start(),
    });
    longest.sink(Longest);
}

#[test]
fn state_too_large_for_a_record_of_the_log_stops_the_run_with_its_operator() {
    let config = StoreConfig { record_bytes: 2_000, ..StoreConfig::default() };
    let store = Store::open_on(std::sync::Arc::new(MemDisk::new()), config).unwrap();
    let note = |length: usize, second: i64| Note {
        author: 1,
        text: "x".repeat(length),
        at: Timestamp::from_millis(second * 1000),
    };
    append(&store, Notes, &[note(1_500, 0), note(1_600, 1)]);
    let refused = run(longest(), &store, RunOptions::new().until_end()).unwrap_err().to_string();
    assert!(
        refused.starts_with("operator `longest/window` stopped at the writing of a checkpoint: "),
        "{refused}"
    );
    assert!(refused.contains("and the log takes at most 2000 in a record"), "{refused}");
    // As nothing has to be kept when event time closes, the rows are not lost.
    run(longest(), &store, RunOptions::new().close()).unwrap();
    assert_eq!(read(&store, Longest).iter().map(|note| note.text.len()).collect::<Vec<_>>(), [1_600]);
}
