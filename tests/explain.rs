//! `explain` of a window: the key and the aggregates as they were written, where the macro saw them, and their types.

use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
struct Payment {
    card: u64,
    shop: u32,
    cents: i64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Total {
    large: bool,
    cents: i64,
}

topics! {
    Payments("payments"): Payment { key: card, time: at }
    Totals("totals"): Total { key: large }
}

#[pipeline]
fn written(limit: i64) {
    let payments = source(Payments).lateness(10s).late_drop();
    let by_size = payments.group_by(|p| p.cents > limit);
    let totals = by_size.window(tumbling(1m)).select(|w, p| Total {
        large: w.key(),
        cents: sum(p.cents) - sum_if(p.cents * 2, p.shop == 7) + sum(p.cents),
    });
    totals.sink(Totals);
}

fn by_size(payments: Stream<Payment, Timed>) -> Stream<Total, OfWindows> {
    let length = Duration::from_mins(1);
    payments
        .group_by(|payment| payment.cents > 100)
        .window(tumbling(length))
        .aggregates(|rows| {
            (rows.aggregate(waterwheel::aggregates::sum(), |payment: &Payment| payment.cents), ())
        })
        .select(|window, (cents, ())| Total { large: window.key(), cents })
}

#[pipeline]
fn in_a_function() {
    let payments = source(Payments).lateness(10s).late_drop();
    let totals = payments.through(by_size);
    totals.sink(Totals);
}

/// The facts of the window.
fn facts(text: &str) -> Vec<&str> {
    let window = text.split("\n\n").find(|paragraph| paragraph.contains(" window  ")).unwrap();
    window.lines().map(str::trim).skip_while(|line| !line.starts_with("window: ")).collect()
}

#[test]
fn a_window_shows_key_and_aggregates_as_they_were_written() {
    let text = written(100).explain().unwrap();
    assert_eq!(
        facts(&text),
        [
            "window: tumbling(1m)",
            "aggregates: sum(p.cents), sum_if(p.cents * 2, p.shop == 7)",
            "key: |p| p.cents > limit",
            "key type: bool",
            "keeps: sum, sum_if for each key and open window, until the window has emitted",
        ]
    );
    let group =
        "group_by  by_size  from #1\n     the key of what is built on it\n     key: |p| p.cents > limit\n";
    assert!(text.contains(group), "{text}");
}

#[test]
fn a_window_made_in_a_function_shows_types_alone() {
    assert_eq!(
        facts(&in_a_function().explain().unwrap()),
        [
            "window: tumbling(1m)",
            "aggregates: sum",
            "key: bool",
            "keeps: sum for each key and open window, until the window has emitted",
        ]
    );
}
