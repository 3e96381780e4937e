//! Every operator, alone and together: what comes out is the same for every size of epoch, and after a crash anywhere.

use std::fmt::Debug;

use waterwheel::__rt::{Reads, TestDriver, Topic, Writes};
use waterwheel::dsl::NoEventTime;
use waterwheel::prelude::*;

use support::assert_same_rows;

#[derive(Debug, Clone, PartialEq, Record)]
struct Line {
    text: String,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Word {
    word: String,
    length: u64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Sale {
    shop: String,
    country: String,
    price: i64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct ShopTotal {
    shop: String,
    from: Timestamp,
    until: Timestamp,
    total: i64,
    n: u64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Busiest {
    hour: Timestamp,
    minutes: u64,
    first: String,
    last: String,
    most: i64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Place {
    shop: String,
    country: String,
    n: u64,
}

topics! {
    Lines("lines"): Line {}
    OtherLines("other-lines"): Line { partitions: 2 }
    Words("words"): Word { key: word, partitions: 2 }
    Sales("sales"): Sale { key: shop, time: at, partitions: 2 }
    MoreSales("more-sales"): Sale { key: (shop, country), time: at }
    SalesAsJson("sales-as-json"): Sale { time: at, format: json }
    ShopTotals("shop-totals"): ShopTotal { key: shop, partitions: 2 }
    TotalsAsJson("totals-as-json"): ShopTotal { key: shop, format: json }
    HourTotals("hour-totals"): ShopTotal { key: shop }
    BusiestHours("busiest-hours"): Busiest {}
    Places("places"): Place { partitions: 2 }
}

/// Pushes rows in one piece and in two with a crash between, in epochs of one row, of few, and of all; reads one sink.
#[track_caller]
fn check<D, I: Topic, O: Topic>(
    driver: impl Fn() -> TestDriver<D>,
    input: I,
    rows: &[I::Row],
    output: O,
    expected: &[O::Row],
) where
    D: Reads<I> + Writes<O>,
    I::Row: Clone,
    O::Row: Debug + Clone,
{
    for epoch_rows in [1, 2, 1000] {
        for crash_after in 0..=rows.len() {
            let mut t = driver().epoch_rows(epoch_rows);
            t.push_all(input, rows[..crash_after].to_vec());
            if crash_after % 2 == 0 {
                t.rows(output);
            }
            t.restart();
            t.push_all(input, rows[crash_after..].to_vec());
            t.close();
            t.restart();
            let what = format!("epochs of {epoch_rows} rows, a crash after {crash_after}");
            assert_same_rows(t.rows(output), expected.to_vec(), what);
        }
    }
}

fn line(text: &str) -> Line {
    Line { text: text.to_owned() }
}

fn word(word: &str) -> Word {
    Word { word: word.to_owned(), length: word.len() as u64 }
}

fn sale(shop: &str, country: &str, price: i64, at_secs: i64) -> Sale {
    let at = Timestamp::from_millis(at_secs * 1000);
    Sale { shop: shop.to_owned(), country: country.to_owned(), price, at }
}

fn total(shop: &str, from_secs: i64, length_secs: i64, total: i64, n: u64) -> ShopTotal {
    let from = Timestamp::from_millis(from_secs * 1000);
    ShopTotal { shop: shop.to_owned(), from, until: from + Duration::from_secs(length_secs), total, n }
}

#[pipeline]
fn words_of_lines(shortest: u64) {
    let words = source(Lines)
        .filter(|l| !l.text.is_empty())
        .flat_map(|l| l.text.split(' ').map(str::to_owned).collect::<Vec<_>>())
        .map(|word| Word { word: word.to_uppercase(), length: word.len() as u64 })
        .filter(|w| w.length >= shortest);
    words.sink(Words);
}

#[test]
fn a_chain_of_stateless_operators_takes_each_row_once() {
    let input = [line("to be or"), line(""), line("not to be")];
    check(|| words_of_lines(3).test(), Lines, &input, Words, &[word("NOT")]);
    let all = ["TO", "BE", "OR", "NOT", "TO", "BE"].map(word);
    check(|| words_of_lines(0).test(), Lines, &input, Words, &all);
}

#[pipeline]
fn letters_of_lines() {
    let letters = source(Lines)
        .flat_map(|l| l.text.split(' ').map(str::to_owned).collect::<Vec<_>>())
        .flat_map(|word| word.chars().map(|letter| letter.to_string()).collect::<Vec<_>>())
        .map(|letter| Word { word: letter.clone(), length: 1 });
    letters.sink(Words);
}

#[test]
fn a_flat_map_over_a_flat_map_keeps_the_order_of_its_iterators() {
    let input = [line("ba ab"), line("ca")];
    check(|| letters_of_lines().test(), Lines, &input, Words, &["b", "a", "a", "b", "c", "a"].map(word));
    // The rows of one record stay in order in their partition; the letters below fall into both.
    let mut t = letters_of_lines().test();
    t.push(Lines, line("dc ba dd ab"));
    let rows = t.rows(Words);
    let of = |wanted: u32| {
        "dcbaddab"
            .chars()
            .map(|letter| letter.to_string())
            .filter(move |letter| waterwheel::key::partition_of(letter.as_bytes(), 2) == wanted)
    };
    let expected: Vec<Word> = of(0).chain(of(1)).map(|letter| word(&letter)).collect();
    assert_eq!(rows, expected);
}

fn shouted(lines: waterwheel::dsl::Stream<Line, NoEventTime>) -> waterwheel::dsl::Stream<Line, NoEventTime> {
    lines.filter(|l| l.text.ends_with('!')).map(|l| Line { text: l.text.to_uppercase() })
}

#[pipeline]
fn both_topics() {
    let lines = source(Lines);
    let others = source(OtherLines);
    let loud =
        lines.union(others).through(shouted).through(|s| s.map(|l| Word { word: l.text.clone(), length: 0 }));
    loud.sink(Words);
}

#[test]
fn a_union_of_two_topics_has_the_rows_of_both() {
    for epoch_rows in [1, 1000] {
        let mut t = both_topics().test().epoch_rows(epoch_rows);
        t.push(Lines, line("hey!"));
        t.push_all(OtherLines, ["quiet", "ho!", "you!"].map(line));
        t.restart();
        t.push(Lines, line("more!"));
        let loud = |text: &str| Word { word: text.to_owned(), length: 0 };
        assert_same_rows(t.rows(Words), ["HEY!", "HO!", "YOU!", "MORE!"].map(loud), epoch_rows);
    }
}

#[pipeline]
fn twice_the_same() {
    let lines = source(Lines);
    let short = lines.filter(|l| l.text.len() < 3);
    let twice = short.union(lines).union(short).flat_map(|l| vec![l.text.clone(), l.text.to_uppercase()]);
    let words = twice.map(|word| Word { word: word.clone(), length: 0 });
    words.sink(Words);
}

#[test]
fn a_union_of_streams_of_one_topic_has_a_row_once_for_each_way() {
    let input = [line("a"), line("long")];
    let expected =
        ["a", "A", "a", "A", "a", "A", "long", "LONG"].map(|text| Word { word: text.to_owned(), length: 0 });
    check(|| twice_the_same().test(), Lines, &input, Words, &expected);
}

#[pipeline]
fn several_sinks() {
    let sales = source(Sales).lateness(0s).late_drop();
    let dear = sales.filter(|s| s.price > 10);
    let by_shop = dear.group_by(|s| s.shop);
    let minutes = by_shop.window(tumbling(1m)).select(|w, s| ShopTotal {
        shop: w.key(),
        from: w.start(),
        until: w.end(),
        total: sum(s.price),
        n: count(),
    });
    let hours = by_shop.window(tumbling(1h)).select(|w, s| ShopTotal {
        shop: w.key(),
        from: w.start(),
        until: w.end(),
        total: sum(s.price),
        n: count(),
    });
    let places = sales.group_by(|s| (s.shop, s.country)).window(tumbling(1h)).select(|w, s| Place {
        shop: w.key().0,
        country: w.key().1,
        n: count(),
    });
    dear.sink(MoreSales);
    minutes.sink(ShopTotals);
    minutes.sink(TotalsAsJson);
    hours.sink(HourTotals);
    places.sink(Places);
}

fn sales() -> Vec<Sale> {
    vec![
        sale("north", "de", 20, 0),
        sale("south", "fr", 5, 10),
        sale("north", "fr", 30, 59),
        sale("south", "fr", 40, 61),
        sale("north", "de", 7, 62),
        sale("north", "de", 50, 3600),
    ]
}

#[test]
fn one_grouping_carries_two_windows() {
    let minutes =
        [total("north", 0, 60, 50, 2), total("south", 60, 60, 40, 1), total("north", 3600, 60, 50, 1)];
    check(|| several_sinks().test(), Sales, &sales(), ShopTotals, &minutes);
    let hours =
        [total("north", 0, 3600, 50, 2), total("south", 0, 3600, 40, 1), total("north", 3600, 3600, 50, 1)];
    check(|| several_sinks().test(), Sales, &sales(), HourTotals, &hours);
}

#[test]
fn a_stream_with_several_consumers_gives_each_all_its_rows() {
    let dear: Vec<Sale> = sales().into_iter().filter(|sale| sale.price > 10).collect();
    check(|| several_sinks().test(), Sales, &sales(), MoreSales, &dear);
    let minutes =
        [total("north", 0, 60, 50, 2), total("south", 60, 60, 40, 1), total("north", 3600, 60, 50, 1)];
    check(|| several_sinks().test(), Sales, &sales(), TotalsAsJson, &minutes);
}

#[test]
fn a_group_by_several_fields_has_a_window_for_each_combination() {
    let place =
        |shop: &str, country: &str, n| Place { shop: shop.to_owned(), country: country.to_owned(), n };
    let places =
        [place("north", "de", 2), place("north", "fr", 1), place("south", "fr", 2), place("north", "de", 1)];
    check(|| several_sinks().test(), Sales, &sales(), Places, &places);
}

#[pipeline]
fn minutes_of_hours() {
    let sales = source(Sales).lateness(0s).late_drop();
    let more = source(MoreSales).lateness(5s).late_drop();
    let minutes = sales.union(more).group_by(|s| s.shop).window(tumbling(1m)).select(|w, s| ShopTotal {
        shop: w.key(),
        from: w.start(),
        until: w.end(),
        total: sum(s.price),
        n: count(),
    });
    let hours = minutes
        .filter(|m| m.total > 0)
        .group_by(|m| m.from.millis() / 3_600_000)
        .window(tumbling(1h))
        .select(|w, m| Busiest {
            hour: w.start(),
            minutes: count(),
            first: first(m.shop),
            last: last(m.shop),
            most: max(m.total),
        });
    hours.sink(BusiestHours);
}

#[test]
fn the_rows_of_a_window_go_into_a_window() {
    let busiest = |hour_secs: i64, minutes, first: &str, last: &str, most| Busiest {
        hour: Timestamp::from_millis(hour_secs * 1000),
        minutes,
        first: first.to_owned(),
        last: last.to_owned(),
        most,
    };
    // Windows of one end are ordered by their keys: `north` before `south` in minute 0, both before `west` in minute 1.
    let expected = [busiest(0, 5, "north", "west", 50), busiest(3600, 1, "north", "north", 50)];
    for epoch_rows in [1, 3, 1000] {
        for crash in [false, true] {
            let mut t = minutes_of_hours().test().epoch_rows(epoch_rows);
            t.push_all(Sales, sales());
            t.push_all(MoreSales, [sale("west", "it", 1, 100), sale("west", "it", 4, 3700)]);
            assert_eq!(t.rows(BusiestHours), [], "a partition without rows holds the windows back");
            if crash {
                t.restart();
            }
            t.push(MoreSales, sale("west", "it", -9, 3701));
            t.close();
            assert_eq!(t.rows(BusiestHours), expected, "epochs of {epoch_rows} rows");
        }
    }
}

#[pipeline]
fn through_json() {
    let sales = source(SalesAsJson).lateness(0s).late_drop();
    let minutes = sales.group_by(|s| s.shop).window(tumbling(1m)).select(|w, s| ShopTotal {
        shop: w.key(),
        from: w.start(),
        until: w.end(),
        total: sum(s.price),
        n: count(),
    });
    minutes.sink(TotalsAsJson);
}

#[test]
fn json_goes_in_and_out_as_anybody_writes_it() {
    let mut t = through_json().test();
    let input = t.store().topic("sales-as-json").unwrap().partition(0).unwrap();
    let mut records = waterwheel::log::RecordsBuilder::new();
    let rows = [
        r#"{"shop":"n","country":"de","price":3,"at":"2013-01-01T10:00:00Z"}"#,
        r#" { "at": "2013-01-01T11:00:59.999+01:00", "price": 4, "colour": "red", "country": "", "shop": "n" } "#,
    ];
    rows.iter().for_each(|row| records.push(0, None, Some(row.as_bytes())));
    input.append(records).unwrap();
    t.close();
    let output = t.store().topic("totals-as-json").unwrap().partition(0).unwrap();
    let fetched = output.read(waterwheel::log::Offset(0), 1 << 20).unwrap();
    let found: Vec<_> =
        fetched.records().map(|record| (record.key, record.value.map(String::from_utf8_lossy))).collect();
    let row = r#"{"shop":"n","from":"2013-01-01T10:00:00Z","until":"2013-01-01T10:01:00Z","total":7,"n":2}"#;
    assert_eq!(found, [(Some(&b"n"[..]), Some(row.into()))]);
}

#[pipeline]
fn without_keys() {
    let words = source(Words).map(|w| Line { text: w.word.clone() });
    words.sink(OtherLines);
}

#[test]
fn rows_without_a_key_go_to_the_same_partition_in_every_run() {
    let input = ["a", "b", "c", "d", "e", "f"].map(word);
    let rows = input.clone().map(|word| Line { text: word.word });
    check(|| without_keys().test(), Words, &input, OtherLines, &rows);
    let sequence = |epoch_rows| {
        let mut t = without_keys().test().epoch_rows(epoch_rows);
        t.push_all(Words, input.clone());
        t.rows(OtherLines);
        let topic = t.store().topic("other-lines").unwrap();
        [0, 1].map(|partition| topic.partition(partition).unwrap().last_stable_offset().0 > 0)
    };
    assert_eq!(sequence(1000), [true, true], "the rows are spread over the partitions");
}

#[pipeline]
fn tags_of_totals() {
    let sales = source(Sales).lateness(0s).late_drop();
    let minutes = sales.group_by(|s| s.shop).window(tumbling(1m)).select(|w, s| ShopTotal {
        shop: w.key(),
        from: w.start(),
        until: w.end(),
        total: sum(s.price),
        n: count(),
    });
    let tags = minutes
        .flat_map(|m| ["z", "a"].map(|tag| Word { word: format!("{} {tag}", m.shop), length: m.n }))
        .flat_map(|w| vec![w.clone(), Word { word: w.word.to_uppercase(), length: 0 }]);
    tags.sink(Words);
}

#[test]
fn rows_made_of_a_windows_rows_are_the_same_too() {
    let shops = ["department-a", "department-b"];
    let input: Vec<Sale> = (0..4).flat_map(|at| shops.map(|shop| sale(shop, "de", 1, at * 30))).collect();
    let mut expected = Vec::new();
    for shop in shops.into_iter().chain(shops) {
        for tag in ["z", "a"] {
            let made = format!("{shop} {tag}");
            expected.push(Word { length: 0, ..word(&made.to_uppercase()) });
            expected.push(Word { length: 2, ..word(&made) });
        }
    }
    check(|| tags_of_totals().test(), Sales, &input, Words, &expected);
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Ends {
    first: i64,
    last: i64,
    first_dear: Option<i64>,
    last_cheap: Option<i64>,
    least: i64,
    greatest: i64,
}

topics! {
    EndsOfHours("ends-of-hours"): Ends {}
}

#[pipeline]
fn ends_of_hours(dear: i64) {
    let b = source(Sales).lateness(0s).late_drop();
    let a = source(MoreSales).lateness(0s).late_drop();
    let ends = b.union(a).group_by(|_| true).window(tumbling(1h)).select(|_, s| Ends {
        first: first(s.price),
        last: last(s.price),
        first_dear: first_if(s.price, s.price >= dear),
        last_cheap: last_if(s.price, s.price < dear),
        least: min(s.price),
        greatest: max(s.price),
    });
    ends.sink(EndsOfHours);
}

#[test]
fn rows_of_one_instant_stand_in_the_order_of_source_partition_and_offset() {
    // `north` and `south` lie in different partitions; sources are ordered by the names of their `let`s.
    let partition = |shop: &str| waterwheel::key::partition_of(shop.as_bytes(), 2);
    let (low, high) =
        if partition("north") < partition("south") { ("north", "south") } else { ("south", "north") };
    assert_ne!(partition(low), partition(high));
    let of_b = [sale(high, "", 8, 5), sale(low, "", 6, 5), sale(low, "", 7, 5), sale(high, "", 9, 5)];
    let of_a = [sale("x", "", 3, 5), sale("x", "", 4, 5)];
    let expected =
        Ends { first: 3, last: 9, first_dear: Some(6), last_cheap: Some(4), least: 3, greatest: 9 };
    for epoch_rows in [1, 2, 1000] {
        for b_first in [false, true] {
            let mut t = ends_of_hours(6).test().epoch_rows(epoch_rows);
            if b_first {
                t.push_all(Sales, of_b.to_vec());
                t.rows(EndsOfHours);
                t.restart();
            }
            t.push_all(MoreSales, of_a.to_vec());
            t.rows(EndsOfHours);
            if !b_first {
                t.push_all(Sales, of_b.to_vec());
            }
            t.close();
            assert_eq!(
                t.rows(EndsOfHours),
                std::slice::from_ref(&expected),
                "epochs of {epoch_rows} rows, b first: {b_first}"
            );
        }
    }
    let mut t = ends_of_hours(100).test();
    t.push_all(Sales, of_b.to_vec());
    t.close();
    assert_eq!((t.rows(EndsOfHours)[0].first_dear, t.rows(EndsOfHours)[0].last_cheap), (None, Some(9)));
}
