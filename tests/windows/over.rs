//! `over`: whatever the partitions, epochs, workers and restarts, the rows are those of plain loops over the logs.

use std::collections::BTreeMap;

use waterwheel::key::partition_of;
use waterwheel::prelude::*;

use support::{
    Random, SOME_WAYS, append, assert_of_use, assert_same_rows, check_any_course, every_way, read, seeds,
};

/// Kept by shop, looked back over by card: rows of a card are in all partitions.
#[derive(Debug, Clone, PartialEq, Record)]
struct Sale {
    shop: u64,
    card: String,
    number: u64,
    cents: i64,
    at: Timestamp,
}

/// A sale, with what its card has come to.
#[derive(Debug, Clone, PartialEq, Record)]
struct SoFar {
    card: String,
    number: u64,
    at: Timestamp,
    n: u64,
    total: i64,
    mean: f64,
    least: i64,
    first: u64,
    last: u64,
    above: i64,
}

topics! {
    SalesOne("sales-one"): Sale { key: shop, time: at }
    SalesTwo("sales-two"): Sale { key: shop, time: at, partitions: 2 }
    SalesThree("sales-three"): Sale { key: shop, time: at, partitions: 3 }
    SalesFour("sales-four"): Sale { key: shop, time: at, partitions: 4 }
    LateSales("late-sales"): Sale { key: shop, time: at }
    BySpan("by-span"): SoFar { key: card, time: at, partitions: 2 }
    ByRows("by-rows"): SoFar { key: card, time: at, partitions: 2 }
    ByRowsOfLate("by-rows-of-late"): SoFar { key: card, time: at, partitions: 2 }
}

const LATENESS_MS: i64 = 5_000;
const SPAN_MS: i64 = 20_000;
const ROWS: usize = 4;
const ROWS_OF_LATE: usize = 9;
const TTL_MS: i64 = 25_000;

macro_rules! so_far {
    ($name:ident, $topic:ident) => {
        #[pipeline]
        fn $name() {
            let sales = source($topic).lateness(5s).late_drop();
            let by_card = sales.group_by(|s| s.card);
            let by_span = by_card.over(last(20s)).select(|s, w| SoFar {
                card: s.card,
                number: s.number,
                at: s.at,
                n: count(),
                total: sum(w.cents),
                mean: mean(w.cents),
                least: min(w.cents),
                first: first(w.number),
                last: last(w.number),
                above: s.cents - min(w.cents),
            });
            let by_rows = by_card.over(last_rows(4)).select(|s, w| SoFar {
                card: s.card,
                number: s.number,
                at: s.at,
                n: count(),
                total: sum(w.cents),
                mean: mean(w.cents),
                least: min(w.cents),
                first: first(w.number),
                last: last(w.number),
                above: s.cents - min(w.cents),
            });
            let by_rows_of_late = by_card.over(last_rows(9).ttl(25s)).select(|s, w| SoFar {
                card: s.card,
                number: s.number,
                at: s.at,
                n: count(),
                total: sum(w.cents),
                mean: mean(w.cents),
                least: min(w.cents),
                first: first(w.number),
                last: last(w.number),
                above: s.cents - min(w.cents),
            });
            by_span.sink(BySpan);
            by_rows.sink(ByRows);
            by_rows_of_late.sink(ByRowsOfLate);
        }
    };
}

so_far!(so_far_of_one, SalesOne);
so_far!(so_far_of_two, SalesTwo);
so_far!(so_far_of_three, SalesThree);
so_far!(so_far_of_four, SalesFour);

/// A row as plain loops see it: where it stands, and what it is.
#[derive(Debug, Clone)]
struct Placed {
    at: i64,
    partition: u32,
    offset: usize,
    sale: Sale,
}

/// By output partition, in canonical order.
struct Expected {
    by_span: Vec<SoFar>,
    by_rows: Vec<SoFar>,
    by_rows_of_late: Vec<SoFar>,
    late: u64,
}

fn partition(sale: &Sale, partitions: u32) -> u32 {
    partition_of(&sale.shop.to_be_bytes(), partitions)
}

/// The row of a sale that looks back over these, in their order.
fn so_far(sale: &Sale, frame: &[&Placed]) -> SoFar {
    let cents: Vec<i64> = frame.iter().map(|row| row.sale.cents).collect();
    let (total, least) = (cents.iter().sum::<i64>(), *cents.iter().min().unwrap());
    SoFar {
        card: sale.card.clone(),
        number: sale.number,
        at: sale.at,
        n: cents.len() as u64,
        total,
        mean: total as f64 / cents.len() as f64,
        least,
        first: frame[0].sale.number,
        last: frame[frame.len() - 1].sale.number,
        above: sale.cents - least,
    }
}

fn expected(sales: &[Sale], partitions: u32) -> Expected {
    let (mut greatest, mut late) = (BTreeMap::new(), 0);
    let mut rows: Vec<Placed> = Vec::new();
    for (offset, sale) in sales.iter().enumerate() {
        let (partition, at) = (partition(sale, partitions), sale.at.millis());
        let seen = greatest.entry(partition).or_insert(i64::MIN);
        if *seen > i64::MIN && at <= *seen - LATENESS_MS {
            late += 1;
        } else {
            rows.push(Placed { at, partition, offset, sale: sale.clone() });
        }
        *seen = (*seen).max(at);
    }
    rows.sort_by_key(|row| (row.at, row.partition, row.offset));
    let of_card = |card: &str| rows.iter().filter(move |row| row.sale.card == card).collect::<Vec<_>>();
    let (mut by_span, mut by_rows, mut by_rows_of_late) = (Vec::new(), Vec::new(), Vec::new());
    for row in &rows {
        let of_card = of_card(&row.sale.card);
        let index = of_card.iter().position(|other| other.sale.number == row.sale.number).unwrap();
        let span: Vec<&Placed> = of_card
            .iter()
            .copied()
            .filter(|other| other.at >= row.at - SPAN_MS && other.at <= row.at)
            .collect();
        by_span.push(so_far(&row.sale, &span));
        by_rows.push(so_far(&row.sale, &of_card[(index + 1).saturating_sub(ROWS)..=index]));
        let of_late: Vec<&Placed> = of_card[(index + 1).saturating_sub(ROWS_OF_LATE)..=index]
            .iter()
            .copied()
            .filter(|other| other.at > row.at - TTL_MS)
            .collect();
        by_rows_of_late.push(so_far(&row.sale, &of_late));
    }
    let by_output = |rows: Vec<SoFar>| {
        let (zero, one): (Vec<SoFar>, Vec<SoFar>) =
            rows.into_iter().partition(|row| partition_of(row.card.as_bytes(), 2) == 0);
        [zero, one].concat()
    };
    // Each of the three drops a late row.
    Expected {
        by_span: by_output(by_span),
        by_rows: by_output(by_rows),
        by_rows_of_late: by_output(by_rows_of_late),
        late: 3 * late,
    }
}

/// Sales whose event time moves on, with several at an instant and pauses between. Some partitions are behind the others, and rows far
/// behind their own partition come by.
fn random_sales(random: &mut Random, count: u64, partitions: u32) -> Vec<Sale> {
    let (mut sales, mut clock) = (Vec::new(), 0);
    for number in 0..count {
        clock += if random.below(40) == 0 { 60 } else { random.below(3) as i64 };
        let jitter = if random.below(8) == 0 { random.below(40) } else { random.below(6) };
        let (shop, card) = (random.below(40), format!("card {}", random.below(5)));
        let cents = random.below(1_000) as i64 - 200;
        let mut sale = Sale { shop, card, number, cents, at: Timestamp::MIN };
        let behind = 15 * i64::from(partition(&sale, partitions));
        sale.at = Timestamp::from_secs((clock - jitter as i64 - behind).max(0));
        sales.push(sale);
    }
    sales
}

#[track_caller]
fn check(store: &Store, expected: &Expected, late: u64, what: &str) {
    let found = [read(store, BySpan), read(store, ByRows), read(store, ByRowsOfLate)];
    let expected_rows = [&expected.by_span, &expected.by_rows, &expected.by_rows_of_late];
    for ((found, expected), of) in found.iter().zip(expected_rows).zip(["span", "rows", "rows with a ttl"]) {
        assert_same_rows(found.clone(), expected.clone(), format!("{what}, by {of}"));
        assert_eq!(found, expected, "{what}, by {of}: the order of the rows");
    }
    assert_eq!(late, expected.late, "{what}: late rows");
}

#[track_caller]
fn check_of_use(expected: &Expected) {
    let full = expected.by_rows.iter().filter(|row| row.n == ROWS as u64).count();
    let peers = expected.by_span.iter().filter(|row| row.last != row.number).count();
    let short = expected.by_rows_of_late.iter().filter(|row| row.n < ROWS_OF_LATE as u64).count();
    assert_of_use(
        full > 20 && peers > 10 && short > 20 && expected.late > 0,
        format!("{full} full, {peers} with peers behind, {short} cut by time, {} late", expected.late),
    );
}

fn check_every_way<P: waterwheel::__rt::Topic<Row = Sale> + Copy>(
    pipeline: impl Fn() -> waterwheel::Pipeline,
    topic: P,
    partitions: u32,
) {
    for seed in seeds(2) {
        let sales = random_sales(&mut Random(seed * 7919), 200, partitions);
        let expected = expected(&sales, partitions);
        check_of_use(&expected);
        for way in every_way(seed) {
            let (store, summary) = way.run(pipeline(), |store| append(store, topic, &sales));
            check(
                &store,
                &expected,
                summary.rows_late,
                &format!("seed {seed}, {partitions} partitions, {way}"),
            );
        }
    }
}

#[test]
fn frames_of_one_partition_are_those_of_plain_loops() {
    check_every_way(|| so_far_of_one().into(), SalesOne, 1);
}

#[test]
fn frames_of_two_partitions_are_those_of_plain_loops() {
    check_every_way(|| so_far_of_two().into(), SalesTwo, 2);
}

#[test]
fn frames_of_three_partitions_are_those_of_plain_loops() {
    check_every_way(|| so_far_of_three().into(), SalesThree, 3);
}

#[test]
fn frames_of_four_partitions_are_those_of_plain_loops() {
    check_every_way(|| so_far_of_four().into(), SalesFour, 4);
}

#[test]
fn any_interleaving_and_any_restarts_give_the_frames_of_plain_loops() {
    check_any_course(
        (12, 15_485_863),
        || so_far_of_three().test(),
        |random| random_sales(random, 200, 3),
        (3, |sale| partition(sale, 3)),
        |t, sales| t.push_all(SalesThree, sales),
        |sales| expected(sales, 3),
        check,
    );
}

/// Runs that stop and go on with another number of workers, from checkpoints.
#[test]
fn frames_go_on_with_other_numbers_of_workers() {
    for seed in seeds(2) {
        let sales = random_sales(&mut Random(seed * 104_729), 300, 3);
        let expected = expected(&sales, 3);
        let store = support::open(&waterwheel::log::MemDisk::new());
        for (part, workers) in sales.chunks(75).zip([1, 4, 2, 3]) {
            append(&store, SalesThree, part);
            let options = RunOptions::new().workers(workers).epoch_rows(20).until_end();
            support::run(so_far_of_three(), &store, options).unwrap();
        }
        let summary = support::run(so_far_of_three(), &store, RunOptions::new().close()).unwrap();
        check(&store, &expected, summary.rows_late, &format!("seed {seed}"));
    }
}

#[pipeline]
fn with_late_rows_told() {
    let sales = source(SalesTwo).lateness(5s).late_to(LateSales);
    let by_span = sales.group_by(|s| s.card).over(last(20s)).select(|s, w| SoFar {
        card: s.card,
        number: s.number,
        at: s.at,
        n: count(),
        total: sum(w.cents),
        mean: mean(w.cents),
        least: min(w.cents),
        first: first(w.number),
        last: last(w.number),
        above: s.cents - min(w.cents),
    });
    by_span.sink(BySpan);
}

#[test]
fn late_rows_go_to_the_topic_for_them() {
    let sales = random_sales(&mut Random(7919), 200, 2);
    let expected = expected(&sales, 2);
    for way in SOME_WAYS {
        let (store, summary) = way.run(with_late_rows_told(), |store| append(store, SalesTwo, &sales));
        assert_eq!(read(&store, BySpan), expected.by_span, "{way}");
        assert_eq!(summary.rows_late, expected.late / 3, "{way}");
        assert_eq!(read(&store, LateSales).len() as u64, expected.late / 3, "{way}");
    }
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Summed {
    card: String,
    from: Timestamp,
    rows: u64,
    total: i64,
}

topics! { Sums("sums"): Summed { key: card } }

/// What leaves keeps event time and place, and is late for nothing behind.
#[pipeline]
fn minutes_of_frames() {
    let sales = source(SalesThree).lateness(5s).late_drop();
    let twice = sales.flat_map(|s| [s.clone(), Sale { cents: 1, number: s.number + 1_000, ..s.clone() }]);
    let so_far = twice.group_by(|s| s.card).over(last(20s)).select(|s, w| Summed {
        card: s.card,
        from: s.at,
        rows: count(),
        total: sum(w.cents),
    });
    let apart = so_far.flat_map(|s| [s.clone(), s.clone()]);
    let minutes = apart.group_by(|s| s.card).window(tumbling(1m)).select(|w, s| Summed {
        card: w.key(),
        from: w.start(),
        rows: count(),
        total: sum(s.total),
    });
    minutes.sink(Sums);
}

#[test]
fn windows_behind_frames_lose_nothing() {
    let sales = random_sales(&mut Random(7919), 200, 3);
    let frames = expected(&sales, 3).by_span;
    let mut minutes: BTreeMap<(i64, String), Summed> = BTreeMap::new();
    for row in &frames {
        let from = row.at.millis().div_euclid(60_000) * 60_000;
        let minute = minutes.entry((from, row.card.clone())).or_insert_with(|| Summed {
            card: row.card.clone(),
            from: Timestamp::from_millis(from),
            rows: 0,
            total: 0,
        });
        // Each is there twice in the frames, once with 1 in the place of its cents, and each row of a frame leaves twice.
        minute.rows += 4;
        minute.total += 4 * (row.total + row.n as i64);
    }
    for way in SOME_WAYS {
        let (store, _) = way.run(minutes_of_frames(), |store| append(store, SalesThree, &sales));
        assert_same_rows(read(&store, Sums), minutes.values().cloned(), way);
    }
}

#[pipeline]
fn any_frame(span: Duration, rows: u64) {
    let sales = source(SalesOne).lateness(5s).late_drop();
    let by_card = sales.group_by(|s| s.card);
    let by_span = by_card.over(last(span)).select(|s, w| Summed {
        card: s.card,
        from: s.at,
        rows: count(),
        total: sum(w.cents),
    });
    let by_rows = by_card.over(last_rows(rows)).select(|s, w| Summed {
        card: s.card,
        from: s.at,
        rows: count(),
        total: sum(w.cents),
    });
    by_span.union(by_rows).sink(Sums);
}

#[test]
fn a_frame_of_nothing_is_refused_and_explain_says_what_is_kept() {
    assert_eq!(
        any_frame(Duration::from_millis(0), 1).explain().unwrap_err().to_string(),
        "pipeline `any_frame`: over `by_span` must look back at least 1 ms, and looks back 0s"
    );
    assert_eq!(
        any_frame(Duration::from_mins(5), 0).explain().unwrap_err().to_string(),
        "pipeline `any_frame`: over `by_rows` must look back over at least 1 row, which is the row itself, and looks back over 0"
    );
    let text = any_frame(Duration::from_mins(5), 10).explain().unwrap();
    for part in [
        "over  by_span",
        "frame: last(5m)",
        "frame: last_rows(10)",
        "aggregates: count(), sum(w.cents)",
        "key: |s| s.card",
        "keeps: the rows that the watermark has not passed, and count, sum for each key and instant with rows, until no row can look \
         back to it",
        "keeps: the rows that the watermark has not passed, and count, sum of each of the last 10 rows of every key, for ever",
        "reads all fields: over `by_rows` takes the whole row",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_sum_that_does_not_fit_stops_with_the_key_and_the_row() {
    let sale = |number, cents, second| Sale {
        shop: 1,
        card: "a".to_owned(),
        number,
        cents,
        at: Timestamp::from_secs(second),
    };
    let store = support::open(&waterwheel::log::MemDisk::new());
    append(&store, SalesOne, &[sale(0, i64::MAX, 10), sale(1, i64::MAX, 11)]);
    let pipeline = any_frame(Duration::from_mins(5), 10);
    let error = support::run(pipeline, &store, RunOptions::new().close()).unwrap_err().to_string();
    assert!(error.contains("key \"a\", row of 1970-01-01T00:00:11Z"), "{error}");
}
