//! Runs that are refused before they read: another pipeline than the one that left its state, a closed one with newer rows.

use waterwheel::log::MemDisk;
use waterwheel::prelude::*;
use waterwheel::{Error, Pipeline};

use support::{append, assert_same_rows, open, read, run};

#[derive(Debug, Clone, PartialEq, Record)]
struct Sale {
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
    Sales("sales"): Sale { time: at }
    ShopTotals("shop-totals"): ShopTotal { key: shop }
    Dear("dear"): Sale {}
}

/// Pipelines of one name, each another one; a directory knows them by that name alone.
macro_rules! variant {
    ($module:ident, |$least:ident| $body:block) => {
        mod $module {
            use super::*;

            #[pipeline]
            pub(super) fn totals($least: i64) $body
        }
    };
}

variant!(original, |least| {
    let sales = source(Sales).lateness(10s).late_drop();
    let dear = sales.filter(|s| s.price >= least);
    let per_minute = dear
        .group_by(|s| s.shop)
        .window(tumbling(1m))
        .select(|w, s| ShopTotal { shop: w.key(), total: sum(s.price) });
    per_minute.sink(ShopTotals);
});
variant!(longer_windows, |least| {
    let sales = source(Sales).lateness(10s).late_drop();
    let dear = sales.filter(|s| s.price >= least);
    let per_minute = dear
        .group_by(|s| s.shop)
        .window(tumbling(2m))
        .select(|w, s| ShopTotal { shop: w.key(), total: sum(s.price) });
    per_minute.sink(ShopTotals);
});
variant!(more_lateness, |least| {
    let sales = source(Sales).lateness(1h).late_drop();
    let dear = sales.filter(|s| s.price >= least);
    let per_minute = dear
        .group_by(|s| s.shop)
        .window(tumbling(1m))
        .select(|w, s| ShopTotal { shop: w.key(), total: sum(s.price) });
    per_minute.sink(ShopTotals);
});
variant!(other_aggregate, |least| {
    let sales = source(Sales).lateness(10s).late_drop();
    let dear = sales.filter(|s| s.price >= least);
    let per_minute = dear
        .group_by(|s| s.shop)
        .window(tumbling(1m))
        .select(|w, s| ShopTotal { shop: w.key(), total: max(s.price) });
    per_minute.sink(ShopTotals);
});
variant!(other_argument, |least| {
    let sales = source(Sales).lateness(10s).late_drop();
    let dear = sales.filter(|s| s.price >= least);
    let per_minute = dear
        .group_by(|s| s.shop)
        .window(tumbling(1m))
        .select(|w, s| ShopTotal { shop: w.key(), total: sum(s.price * 2) });
    per_minute.sink(ShopTotals);
});
variant!(other_key_of_the_type, |least| {
    let sales = source(Sales).lateness(10s).late_drop();
    let dear = sales.filter(|s| s.price >= least);
    let per_minute = dear
        .group_by(|s| s.shop.to_uppercase())
        .window(tumbling(1m))
        .select(|w, s| ShopTotal { shop: w.key(), total: sum(s.price) });
    per_minute.sink(ShopTotals);
});
variant!(other_key, |least| {
    let sales = source(Sales).lateness(10s).late_drop();
    let dear = sales.filter(|s| s.price >= least);
    let per_minute = dear
        .group_by(|s| (s.shop, s.price))
        .window(tumbling(1m))
        .select(|w, s| ShopTotal { shop: w.key().0, total: sum(s.price) });
    per_minute.sink(ShopTotals);
});
variant!(renamed, |least| {
    let sales = source(Sales).lateness(10s).late_drop();
    let dear = sales.filter(|s| s.price >= least);
    let minutes = dear
        .group_by(|s| s.shop)
        .window(tumbling(1m))
        .select(|w, s| ShopTotal { shop: w.key(), total: sum(s.price) });
    minutes.sink(ShopTotals);
});
variant!(without_window, |least| {
    let sales = source(Sales).lateness(10s).late_drop();
    let totals =
        sales.filter(|s| s.price >= least).map(|s| ShopTotal { shop: s.shop.clone(), total: s.price });
    totals.sink(ShopTotals);
});
variant!(another_sink, |least| {
    let sales = source(Sales).lateness(10s).late_drop();
    let dear = sales.filter(|s| s.price >= least);
    let per_minute = dear
        .group_by(|s| s.shop)
        .window(tumbling(1m))
        .select(|w, s| ShopTotal { shop: w.key(), total: sum(s.price) });
    dear.sink(Dear);
    per_minute.sink(ShopTotals);
});
variant!(skipping, |least| {
    let sales = source(Sales).lateness(10s).late_drop().undecodable(skip);
    let dear = sales.filter(|s| s.price >= least);
    let per_minute = dear
        .group_by(|s| s.shop)
        .window(tumbling(1m))
        .select(|w, s| ShopTotal { shop: w.key(), total: sum(s.price) });
    per_minute.sink(ShopTotals);
});
// In braces, where rustfmt leaves it as it is.
variant! { said_otherwise, |floor| {
    let sales = source(Sales).lateness(10000ms).late_drop();
    let cheap = sales.filter(|s| s.price < floor);
    let per_minute = sales
        .filter(|s| s.price >= floor)
        .map(|s| s.clone())
        .group_by(|s|{s . shop})
        .window(tumbling(60s))
        .select(|w, s| ShopTotal { total: sum(
            s.price,
        ), shop: w.key() });
    per_minute.sink(ShopTotals);
    let _unused = cheap;
} }

fn sale(shop: &str, price: i64, at_secs: i64) -> Sale {
    Sale { shop: shop.to_owned(), price, at: Timestamp::from_millis(at_secs * 1000) }
}

fn total(shop: &str, total: i64) -> ShopTotal {
    ShopTotal { shop: shop.to_owned(), total }
}

/// A store in which `original::totals(5)` has run and has windows open.
fn left_by_the_original() -> Store {
    let store = open(&MemDisk::new());
    append(&store, Sales, &[sale("a", 5, 0), sale("a", 1, 20), sale("b", 7, 70), sale("a", 6, 71)]);
    let summary = run(original::totals(5), &store, RunOptions::new().until_end()).unwrap();
    assert_eq!((summary.rows_written, summary.entries_open), (1, 2));
    store
}

/// The other pipeline is refused for these reasons; after a reset it runs, and gives these rows.
#[track_caller]
fn check(other: impl Into<Pipeline>, differences: &[&str], rows: &[ShopTotal]) {
    let (other, store) = (other.into(), left_by_the_original());
    let text = format!(
        "pipeline `totals` is not the one that left its state in this directory:\n{}\n\
         its state does not fit any more. Either undo the change, or drop state and results with `reset` (the inputs stay, \
         and the next run computes everything anew)",
        differences.join("\n")
    );
    for _ in 0..2 {
        let error = run(other.clone(), &store, RunOptions::new().close()).unwrap_err();
        assert!(matches!(error, Error::PipelineDiffers { .. }), "{error:?}");
        assert_eq!(error.to_string(), text);
    }
    assert_eq!(read(&store, ShopTotals), [total("a", 5)], "a refused run changes nothing");

    // The original still runs, from where it was.
    let summary = run(original::totals(5), &store, RunOptions::new().until_end()).unwrap();
    assert_eq!((summary.rows_read, summary.epochs_replayed, summary.entries_open), (0, 0, 2));

    let dropped = other.reset(&store).unwrap();
    assert!(dropped.contains(&"shop-totals".to_owned()), "{dropped:?}");
    let summary = run(other, &store, RunOptions::new().close()).unwrap();
    assert_eq!(summary.rows_read, 4, "the inputs stay");
    assert_same_rows(read(&store, ShopTotals), rows.to_vec(), "after the reset");
    let error = run(original::totals(5), &store, RunOptions::new().close()).unwrap_err();
    assert!(matches!(error, Error::PipelineDiffers { .. }), "now the original is the other one: {error:?}");
}

#[test]
fn another_window_length_is_refused_until_a_reset() {
    let difference =
        "  `per_minute`: window was tumbling(1m) when the state was left, and is tumbling(2m) now";
    check(longer_windows::totals(5), &[difference], &[total("a", 11), total("b", 7)]);
}

#[test]
fn another_lateness_is_refused_until_a_reset() {
    let difference = "  `sales`: lateness was 10s when the state was left, and is 1h now";
    check(more_lateness::totals(5), &[difference], &[total("a", 5), total("a", 6), total("b", 7)]);
}

#[test]
fn another_parameter_is_refused_until_a_reset() {
    let difference = "  parameters: [5] when the state was left, [6] now";
    check(original::totals(6), &[difference], &[total("a", 6), total("b", 7)]);
}

#[test]
fn another_aggregate_is_refused_until_a_reset() {
    let difference =
        "  `per_minute`: aggregates was sum(s.price) when the state was left, and is max(s.price) now";
    check(
        other_aggregate::totals(1),
        &["  parameters: [5] when the state was left, [1] now", difference],
        &[total("a", 5), total("a", 6), total("b", 7)],
    );
}

#[test]
fn another_argument_of_an_aggregate_is_refused_until_a_reset() {
    let difference =
        "  `per_minute`: aggregates was sum(s.price) when the state was left, and is sum(s.price * 2) now";
    check(other_argument::totals(5), &[difference], &[total("a", 10), total("a", 12), total("b", 14)]);
}

#[test]
fn another_key_is_refused_until_a_reset() {
    let of_the_type =
        "  `per_minute`: key was |s| s.shop when the state was left, and is |s| s.shop.to_uppercase() now";
    let rows = [total("A", 5), total("A", 6), total("B", 7)];
    check(other_key_of_the_type::totals(5), &[of_the_type], &rows);
    let differences = [
        "  `per_minute`: key was |s| s.shop when the state was left, and is |s| (s.shop, s.price) now",
        "  `per_minute`: key type was String when the state was left, and is (String, i64) now",
    ];
    check(other_key::totals(5), &differences, &[total("a", 5), total("a", 6), total("b", 7)]);
}

#[test]
fn another_name_of_a_window_is_refused_until_a_reset() {
    let differences =
        ["  `per_minute`: was there when the state was left, and is gone now", "  `minutes`: is new"];
    check(renamed::totals(5), &differences, &[total("a", 5), total("a", 6), total("b", 7)]);
}

#[test]
fn a_window_taken_out_is_refused_until_a_reset() {
    let difference = "  `per_minute`: was there when the state was left, and is gone now";
    check(without_window::totals(5), &[difference], &[total("a", 5), total("b", 7), total("a", 6)]);
}

#[test]
fn a_sink_put_in_is_refused_until_a_reset() {
    check(another_sink::totals(5), &["  `dear`: is new"], &[total("a", 5), total("a", 6), total("b", 7)]);
}

#[test]
fn another_policy_for_what_cannot_be_decoded_is_not_refused() {
    let store = left_by_the_original();
    run(skipping::totals(5), &store, RunOptions::new().close()).unwrap();
    let expected = [total("a", 5), total("a", 6), total("b", 7)];
    assert_same_rows(read(&store, ShopTotals), expected, "with another policy");
}

#[test]
fn a_topic_that_another_pipeline_writes_is_refused() {
    #[pipeline]
    fn totals_again() {
        let sales = source(Sales).lateness(10s).late_drop();
        let per_minute = sales
            .group_by(|s| s.shop)
            .window(tumbling(1m))
            .select(|w, s| ShopTotal { shop: w.key(), total: sum(s.price) });
        per_minute.sink(ShopTotals);
    }
    let store = left_by_the_original();
    let error = run(totals_again(), &store, RunOptions::new().close()).unwrap_err();
    assert!(matches!(&error, Error::OutputIsWritten { writer, .. } if writer == "totals"), "{error:?}");
    run(original::totals(5), &store, RunOptions::new().close()).unwrap();
}

#[test]
fn what_changes_no_state_is_not_refused() {
    let store = left_by_the_original();
    run(said_otherwise::totals(5), &store, RunOptions::new().close()).unwrap();
    assert_same_rows(
        read(&store, ShopTotals),
        [total("a", 5), total("a", 6), total("b", 7)],
        "said otherwise",
    );
}

#[test]
fn a_closed_pipeline_refuses_newer_rows_until_a_reset() {
    let store = left_by_the_original();
    for _ in 0..2 {
        let summary = run(original::totals(5), &store, RunOptions::new().close()).unwrap();
        assert_eq!(
            (summary.closed, summary.entries_open),
            (true, 0),
            "closing again is fine while nothing is newer"
        );
    }
    let summary = run(original::totals(5), &store, RunOptions::new().until_end()).unwrap();
    assert_eq!((summary.closed, summary.rows_read), (true, 0));
    append(&store, Sales, &[sale("a", 9, 75)]);
    for options in [RunOptions::new(), RunOptions::new().until_end(), RunOptions::new().close()] {
        let error = run(original::totals(5), &store, options).unwrap_err();
        assert!(matches!(&error, Error::Closed { topic, .. } if topic == "sales"), "{error:?}");
        let text = error.to_string();
        assert!(
            text.starts_with("pipeline `totals` was closed with `--close`, and topic `sales` has "),
            "{text}"
        );
        assert!(text.contains("`reset` drops state and results, keeps the inputs"), "{text}");
    }
    assert_eq!(read(&store, ShopTotals).len(), 3, "a refused run changes nothing");
    Pipeline::from(original::totals(5)).reset(&store).unwrap();
    let summary = run(original::totals(5), &store, RunOptions::new().close()).unwrap();
    assert_eq!((summary.rows_read, summary.rows_late), (5, 0));
    assert_same_rows(
        read(&store, ShopTotals),
        [total("a", 5), total("a", 15), total("b", 7)],
        "after the reset",
    );
}

#[test]
fn a_reset_before_any_run_is_no_mistake() {
    let store = open(&MemDisk::new());
    let dropped = Pipeline::from(original::totals(5)).reset(&store).unwrap();
    assert_eq!(dropped, ["shop-totals"]);
    append(&store, Sales, &[sale("a", 5, 0)]);
    run(original::totals(5), &store, RunOptions::new().close()).unwrap();
    assert_eq!(read(&store, ShopTotals), [total("a", 5)]);
}

mod unkeyed {
    use super::*;

    topics! {
        Totals("shop-totals"): ShopTotal {}
    }

    #[pipeline]
    pub(super) fn totals(least: i64) {
        let sales = source(Sales).lateness(10s).late_drop();
        let dear = sales.filter(|s| s.price >= least);
        let per_minute = dear
            .group_by(|s| s.shop)
            .window(tumbling(1m))
            .select(|w, s| ShopTotal { shop: w.key(), total: sum(s.price) });
        per_minute.sink(Totals);
    }
}

#[test]
fn a_topic_declared_otherwise_is_refused_and_mending_the_declaration_is_enough() {
    let store = open(&MemDisk::new());
    append(&store, ShopTotals, &[total("z", 0)]);
    append(&store, Sales, &[sale("a", 5, 0)]);
    let error = run(unkeyed::totals(5), &store, RunOptions::new()).unwrap_err();
    let text = "topic `shop-totals` was created with key shop, and the program declares no key; declare what it was created \
                with, or write to a topic of another name";
    assert_eq!(error.to_string(), text);
    // No state was left by the run that was refused, so there is nothing that could not fit.
    run(original::totals(5), &store, RunOptions::new().close()).unwrap();
    assert_eq!(read(&store, ShopTotals), [total("z", 0), total("a", 5)]);
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Name {
    name: String,
}

topics! {
    Left("left"): Name {}
    Right("right"): Name {}
    Both("both"): Name {}
}

#[pipeline]
fn two_sources_in_one_statement() {
    let both = source(Left).union(source(Right));
    both.sink(Both);
}

#[test]
fn two_sources_under_one_name_are_refused() {
    let error = run(two_sources_in_one_statement(), &open(&MemDisk::new()), RunOptions::new()).unwrap_err();
    let text = "pipeline `two_sources_in_one_statement` has two operators named `both/source`: their state could not be told \
                apart; give each its own `let`";
    assert_eq!(error.to_string(), text);
}

#[test]
fn settings_out_of_range_are_taken_as_the_nearest_that_make_sense() {
    let store = open(&MemDisk::new());
    append(&store, Sales, &[sale("a", 5, 0), sale("b", 7, 70), sale("a", 6, 71)]);
    let mut options = RunOptions::new().close();
    (options.workers, options.epoch_rows, options.epochs_in_flight, options.piece_bytes) = (0, 0, 0, 0);
    options.checkpoint_interval = std::time::Duration::ZERO;
    let summary = run(original::totals(5), &store, options).unwrap();
    assert_eq!((summary.rows_read, summary.rows_written), (3, 3));
}

#[test]
fn a_driver_refuses_rows_pushed_after_it_was_closed() {
    for epoch_rows in [1, 1000] {
        let mut t = original::totals(5).test().epoch_rows(epoch_rows);
        t.push_all(Sales, [sale("a", 5, 0), sale("a", 6, 71)]);
        t.close();
        t.close();
        t.restart();
        assert_eq!(t.rows(ShopTotals), [total("a", 5), total("a", 6)]);
        t.push(Sales, sale("a", 100, 72));
        for _ in 0..2 {
            let error = t.try_rows(ShopTotals).unwrap_err();
            assert!(matches!(&error, Error::Closed { topic, .. } if topic == "sales"), "{error:?}");
        }
        assert_eq!(read(t.store(), ShopTotals), [total("a", 5), total("a", 6)], "no window emits twice");
    }
}

#[test]
fn rows_appended_while_a_run_closes_are_counted_before_it_or_refused_by_the_next() {
    let mut refused = 0;
    for round in 0..40 {
        let store = open(&MemDisk::new());
        append(&store, Sales, &[sale("a", 5, 0)]);
        let mut options = RunOptions::new().workers(1).close();
        options.piece_bytes = 1;
        let job = Pipeline::from(original::totals(5)).start(&store, options).unwrap();
        let mut appended = 1;
        while appended < 40 && !job.wait_timeout(std::time::Duration::ZERO) {
            // Each round gives way so many times between two rows, so that the close meets another number of them.
            (0..round).for_each(|_| std::thread::yield_now());
            append(&store, Sales, &[sale("a", 5, 0)]);
            appended += 1;
        }
        let summary = job.wait().unwrap();
        assert_eq!(
            read(&store, ShopTotals),
            [total("a", 5 * summary.rows_read as i64)],
            "one row of the one window"
        );
        if summary.rows_read < appended {
            let error = run(original::totals(5), &store, RunOptions::new()).unwrap_err();
            assert!(matches!(error, Error::Closed { .. }), "{error:?}");
            refused += 1;
        }
    }
    println!("{refused} of 40 runs left newer rows behind");
}

#[test]
fn an_input_made_anew_is_refused_until_a_reset() {
    let store = open(&MemDisk::new());
    append(&store, Sales, &[sale("a", 5, 0), sale("a", 6, 71)]);
    run(original::totals(5), &store, RunOptions::new().until_end()).unwrap();
    store.delete_topic("sales").unwrap();
    append(&store, Sales, &[sale("b", 7, 0), sale("b", 8, 71), sale("b", 9, 141)]);
    let error = run(original::totals(5), &store, RunOptions::new().close()).unwrap_err();
    assert!(matches!(&error, Error::InputMadeAnew { topic, .. } if topic == "sales"), "{error:?}");
    Pipeline::from(original::totals(5)).reset(&store).unwrap();
    run(original::totals(5), &store, RunOptions::new().close()).unwrap();
    assert_eq!(read(&store, ShopTotals), [total("b", 7), total("b", 8), total("b", 9)]);
}

#[test]
fn an_output_that_was_deleted_is_refused_until_a_reset() {
    for is_made_anew in [false, true] {
        let store = open(&MemDisk::new());
        append(&store, Sales, &[sale("a", 5, 0), sale("a", 6, 71)]);
        run(original::totals(5), &store, RunOptions::new().until_end()).unwrap();
        let config = store.topic("shop-totals").unwrap().config();
        store.delete_topic("shop-totals").unwrap();
        if is_made_anew {
            store.create_topic("shop-totals", config).unwrap();
        }
        append(&store, Sales, &[sale("a", 7, 141)]);
        for _ in 0..2 {
            let error = run(original::totals(5), &store, RunOptions::new().close()).unwrap_err();
            assert!(matches!(&error, Error::OutputGone { topic, .. } if topic == "shop-totals"), "{error:?}");
        }
        Pipeline::from(original::totals(5)).reset(&store).unwrap();
        run(original::totals(5), &store, RunOptions::new().close()).unwrap();
        assert_eq!(read(&store, ShopTotals), [total("a", 5), total("a", 6), total("a", 7)]);
    }
}

#[test]
fn a_following_run_of_a_closed_pipeline_refuses_newer_rows_and_tells_whoever_waits() {
    let store = open(&MemDisk::new());
    append(&store, Sales, &[sale("a", 5, 0)]);
    run(original::totals(5), &store, RunOptions::new().close()).unwrap();
    let job = Pipeline::from(original::totals(5)).start(&store, RunOptions::new()).unwrap();
    append(&store, Sales, &[sale("a", 6, 71)]);
    let error = job.wait_until_caught_up().unwrap_err();
    assert!(matches!(&error, Error::Closed { topic, .. } if topic == "sales"), "{error:?}");
}

#[test]
fn records_that_a_pipeline_has_yet_to_read_cannot_be_deleted() {
    let store = open(&MemDisk::new());
    append(&store, Sales, &[sale("a", 5, 0), sale("a", 6, 71)]);
    let job = Pipeline::from(original::totals(5)).start(&store, RunOptions::new()).unwrap();
    job.wait_until_caught_up().unwrap();
    let sales = store.topic("sales").unwrap();
    for number in 0..sales.partitions() {
        let partition = sales.partition(number).unwrap();
        let kept = partition.delete_records_before(partition.last_stable_offset()).unwrap();
        assert_eq!(kept.0, 0, "no checkpoint is complete yet: a crash would need them all");
    }
    job.stop().unwrap();
}

#[test]
fn state_in_another_format_is_refused_until_a_reset() {
    let store = open(&MemDisk::new());
    append(&store, Sales, &[sale("north", 5, 0)]);
    run(original::totals(1), &store, RunOptions::new().until_end()).unwrap();
    let state = store.topic("__totals.state").unwrap();
    for (version, found) in [(&b"1"[..], "1"), (b"3", "3"), (b"?", "?")] {
        state.set_property("waterwheel.version", version).unwrap();
        let refused = run(original::totals(1), &store, RunOptions::new().until_end()).unwrap_err();
        assert!(
            matches!(&refused, Error::OtherFormat { found: text, known: 2, .. } if text == found),
            "{refused}"
        );
        let told = format!("in version {found} of the engine's format, and this program knows version 2");
        assert!(refused.to_string().contains(&told), "{refused}");
    }
    Pipeline::from(original::totals(1)).reset(&store).unwrap();
    let summary = run(original::totals(1), &store, RunOptions::new().close()).unwrap();
    assert_eq!((summary.rows_read, summary.rows_written), (1, 1));
}

/// The keys and values of all records of the state topic.
fn state_records(store: &Store) -> Vec<(Vec<u8>, Vec<u8>)> {
    let state = store.topic("__totals.state").unwrap().partition(0).unwrap();
    let mut scan = state.scan(state.log_start_offset(), state.last_stable_offset());
    let mut records = Vec::new();
    while let Some(record) = scan.next().unwrap() {
        records.push((record.key.unwrap().to_vec(), record.value.unwrap().to_vec()));
    }
    records
}

#[test]
fn damaged_or_unknown_state_is_refused_with_its_place() {
    type Damage = fn(&mut Vec<u8>, &mut Vec<u8>);
    let damage: [(Damage, &str); 4] = [
        (|_, value| value[0] = 9, "its layout has version 9, and this program knows version 2"),
        (|key, _| key.truncate(5), "its key is not that of a piece"),
        (|key, _| key[4] = b'x', "a piece is of a table of `xer_minute/window` that is unknown"),
        (|_, value| value.truncate(value.len() - 1), "an entry of `per_minute/window`: it is cut off"),
    ];
    for (damage, reason) in damage {
        let store = open(&MemDisk::new());
        append(&store, Sales, &[sale("north", 5, 0)]);
        run(original::totals(1), &store, RunOptions::new().until_end()).unwrap();
        let [(mut key, mut value), complete] = state_records(&store).try_into().unwrap();
        damage(&mut key, &mut value);
        let mut records = waterwheel::log::RecordsBuilder::new();
        records.push(0, Some(&key), Some(&value));
        records.push(0, Some(&complete.0), Some(&complete.1));
        store.topic("__totals.state").unwrap().partition(0).unwrap().append(records).unwrap();
        let refused = run(original::totals(1), &store, RunOptions::new().until_end()).unwrap_err();
        assert!(matches!(refused, Error::Damaged { what: "state", .. }), "{refused}");
        let (told, way_out) = (refused.to_string(), "`reset` drops state and results");
        assert!(told.contains(reason) && told.contains("offset ") && told.contains(way_out), "{refused}");
    }
}
