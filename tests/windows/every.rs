//! `every`: whatever the partitions, epochs, workers and restarts, windows of a number of rows are those of plain loops over the logs.

use std::collections::BTreeMap;

use waterwheel::key::partition_of;
use waterwheel::log::MemDisk;
use waterwheel::prelude::*;

use support::{
    Random, SOME_WAYS, append, assert_of_use, assert_same_rows, check_any_course, every_way, open, read, run,
    seeds,
};

/// Kept by shop, counted by card: rows of a card are in all partitions.
#[derive(Debug, Clone, PartialEq, Record)]
struct Sale {
    shop: u64,
    card: String,
    number: u64,
    cents: i64,
    at: Timestamp,
}

/// So many sales of a card.
#[derive(Debug, Clone, PartialEq, Record)]
struct Batch {
    card: String,
    from: Timestamp,
    until: Timestamp,
    n: u64,
    total: i64,
    mean: f64,
    first: u64,
    last: u64,
}

topics! {
    SalesOne("counted-one"): Sale { key: shop, time: at }
    SalesTwo("counted-two"): Sale { key: shop, time: at, partitions: 2 }
    SalesThree("counted-three"): Sale { key: shop, time: at, partitions: 3 }
    SalesFour("counted-four"): Sale { key: shop, time: at, partitions: 4 }
    LateSales("counted-late"): Sale { key: shop, time: at }
    Batches("batches"): Batch { key: card, partitions: 2 }
    Singles("singles"): Batch { key: card, partitions: 2 }
}

const LATENESS_MS: i64 = 5_000;

macro_rules! batches {
    ($name:ident, $topic:ident) => {
        #[pipeline]
        fn $name() {
            let sales = source($topic).lateness(5s).late_drop();
            let by_card = sales.group_by(|s| s.card);
            let batches = by_card.window(every(4)).select(|w, s| Batch {
                card: w.key(),
                from: w.start(),
                until: w.end(),
                n: count(),
                total: sum(s.cents),
                mean: mean(s.cents),
                first: first(s.number),
                last: last(s.number),
            });
            let singles = by_card.window(every(1)).select(|w, s| Batch {
                card: w.key(),
                from: w.start(),
                until: w.end(),
                n: count(),
                total: sum(s.cents),
                mean: mean(s.cents),
                first: first(s.number),
                last: last(s.number),
            });
            batches.sink(Batches);
            singles.sink(Singles);
        }
    };
}

batches!(batches_of_one, SalesOne);
batches!(batches_of_two, SalesTwo);
batches!(batches_of_three, SalesThree);
batches!(batches_of_four, SalesFour);

struct Expected {
    /// By output partition, in the order of their last rows.
    batches: Vec<Batch>,
    singles: Vec<Batch>,
    late: u64,
}

fn partition(sale: &Sale, partitions: u32) -> u32 {
    partition_of(&sale.shop.to_be_bytes(), partitions)
}

fn batch(sales: &[&Sale]) -> Batch {
    let total: i64 = sales.iter().map(|sale| sale.cents).sum();
    let (first, last) = (sales[0], sales[sales.len() - 1]);
    Batch {
        card: first.card.clone(),
        from: first.at,
        until: last.at + Duration::from_millis(1),
        n: sales.len() as u64,
        total,
        mean: total as f64 / sales.len() as f64,
        first: first.number,
        last: last.number,
    }
}

/// The sales that are not late, in canonical order, and how many are.
fn in_order(sales: &[Sale], partitions: u32) -> (Vec<&Sale>, u64) {
    let (mut greatest, mut late) = (BTreeMap::new(), 0);
    let mut rows: Vec<(i64, u32, usize)> = Vec::new();
    for (offset, sale) in sales.iter().enumerate() {
        let (partition, at) = (partition(sale, partitions), sale.at.millis());
        let seen = greatest.entry(partition).or_insert(i64::MIN);
        match *seen > i64::MIN && at <= *seen - LATENESS_MS {
            true => late += 1,
            false => rows.push((at, partition, offset)),
        }
        *seen = (*seen).max(at);
    }
    rows.sort_unstable();
    (rows.into_iter().map(|(.., offset)| &sales[offset]).collect(), late)
}

fn expected(sales: &[Sale], partitions: u32) -> Expected {
    let (rows, late) = in_order(sales, partitions);
    let mut open: BTreeMap<&str, Vec<&Sale>> = BTreeMap::new();
    let (mut batches, mut singles) = (Vec::new(), Vec::new());
    for sale in rows {
        singles.push(batch(&[sale]));
        let window = open.entry(&sale.card).or_default();
        window.push(sale);
        if window.len() == 4 {
            batches.push(batch(window));
            window.clear();
        }
    }
    let by_output = |rows: Vec<Batch>| {
        let (zero, one): (Vec<Batch>, Vec<Batch>) =
            rows.into_iter().partition(|row| partition_of(row.card.as_bytes(), 2) == 0);
        [zero, one].concat()
    };
    // Each of the two drops a late row.
    Expected { batches: by_output(batches), singles: by_output(singles), late: 2 * late }
}

/// Sales whose event time moves on, with several at an instant. Some partitions are behind the others, and rows far behind their own
/// partition come by.
fn random_sales(random: &mut Random, count: u64, partitions: u32) -> Vec<Sale> {
    let mut sales = Vec::new();
    for number in 0..count {
        let jitter = if random.below(8) == 0 { random.below(40) } else { random.below(6) };
        let (shop, card) = (random.below(40), format!("card {}", random.below(5)));
        let mut sale = Sale { shop, card, number, cents: random.below(900) as i64 - 99, at: Timestamp::MIN };
        let behind = 15 * i64::from(partition(&sale, partitions));
        sale.at = Timestamp::from_secs((number as i64 / 2 - jitter as i64 - behind).max(0));
        sales.push(sale);
    }
    sales
}

#[track_caller]
fn check(store: &Store, expected: &Expected, late: u64, what: &str) {
    for (found, expected) in
        [(read(store, Batches), &expected.batches), (read(store, Singles), &expected.singles)]
    {
        assert_same_rows(found.clone(), expected.clone(), what);
        assert_eq!(found, *expected, "{what}: the order of the rows");
    }
    assert_eq!(late, expected.late, "{what}: late rows");
}

fn check_every_way<P: waterwheel::__rt::Topic<Row = Sale> + Copy>(
    pipeline: impl Fn() -> waterwheel::Pipeline,
    topic: P,
    partitions: u32,
) {
    for seed in seeds(1) {
        let sales = random_sales(&mut Random(seed * 7919), 200, partitions);
        let expected = expected(&sales, partitions);
        let apart =
            expected.batches.iter().filter(|batch| batch.from < batch.until - Duration::from_millis(1));
        assert_of_use(apart.count() > 10 && expected.late > 0, "windows of several instants, and late rows");
        for way in every_way(seed) {
            let (store, summary) = way.run(pipeline(), |store| append(store, topic, &sales));
            let what = format!("seed {seed}, {partitions} partitions, {way}");
            check(&store, &expected, summary.rows_late, &what);
        }
    }
}

#[test]
fn windows_of_rows_of_one_partition_are_those_of_plain_loops() {
    check_every_way(|| batches_of_one().into(), SalesOne, 1);
}

#[test]
fn windows_of_rows_of_two_partitions_are_those_of_plain_loops() {
    check_every_way(|| batches_of_two().into(), SalesTwo, 2);
}

#[test]
fn windows_of_rows_of_three_partitions_are_those_of_plain_loops() {
    check_every_way(|| batches_of_three().into(), SalesThree, 3);
}

#[test]
fn windows_of_rows_of_four_partitions_are_those_of_plain_loops() {
    check_every_way(|| batches_of_four().into(), SalesFour, 4);
}

#[test]
fn any_interleaving_and_any_restarts_give_the_windows_of_rows_of_plain_loops() {
    check_any_course(
        (8, 15_485_863),
        || batches_of_three().test(),
        |random| random_sales(random, 200, 3),
        (3, |sale| partition(sale, 3)),
        |t, sales| t.push_all(SalesThree, sales),
        |sales| expected(sales, 3),
        check,
    );
}

/// Runs that stop with windows half full, and go on with another number of workers.
#[test]
fn windows_of_rows_go_on_with_other_numbers_of_workers() {
    let sales = random_sales(&mut Random(104_729), 300, 3);
    let expected = expected(&sales, 3);
    let store = open(&MemDisk::new());
    for (part, workers) in sales.chunks(75).zip([1, 4, 2, 3]) {
        append(&store, SalesThree, part);
        run(batches_of_three(), &store, RunOptions::new().workers(workers).epoch_rows(20).until_end())
            .unwrap();
    }
    let summary = run(batches_of_three(), &store, RunOptions::new().close()).unwrap();
    check(&store, &expected, summary.rows_late, "four runs");
}

/// Each row comes by two ways, so that there are two of each place: which of them is first in a window does not depend on which came first.
#[pipeline]
fn by_two_ways() {
    let sales = source(SalesThree).lateness(5s).late_drop();
    let others = sales.map(|s| Sale { cents: 10_000 - s.cents, ..s.clone() });
    let batches = sales.union(others).group_by(|s| s.card).window(every(3)).select(|w, s| Batch {
        card: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        total: sum(s.cents),
        mean: mean(s.cents),
        first: min(s.number),
        last: max(s.number),
    });
    batches.sink(Batches);
}

#[test]
fn windows_of_rows_that_come_by_two_ways_do_not_depend_on_which_comes_first() {
    let sales = random_sales(&mut Random(7919), 200, 3);
    let found = SOME_WAYS.map(|way| {
        let (store, _) = way.run(by_two_ways(), |store| append(store, SalesThree, &sales));
        read(&store, Batches)
    });
    let (rows, _) = in_order(&sales, 3);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    rows.iter().for_each(|sale| *counts.entry(&sale.card).or_default() += 2);
    assert_eq!(found[0].len(), counts.values().map(|rows| rows / 3).sum::<usize>());
    assert!(found.iter().all(|rows| *rows == found[0]));
}

/// What leaves is late for nothing behind, and rows of one instant keep their order.
#[pipeline]
fn windows_of_windows() {
    let sales = source(SalesTwo).lateness(5s).late_to(LateSales);
    let singles = sales.group_by(|s| s.card).window(every(1)).select(|w, s| Batch {
        card: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        total: sum(s.cents),
        mean: mean(s.cents),
        first: first(s.number),
        last: last(s.number),
    });
    let twice = singles.flat_map(|b| [b.clone(), b.clone()]);
    let batches = twice.group_by(|b| b.card).window(every(8)).select(|w, b| Batch {
        card: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        total: sum(b.total),
        mean: mean(b.mean),
        first: first(b.first),
        last: last(b.last),
    });
    batches.sink(Batches);
}

#[test]
fn windows_of_rows_behind_windows_of_rows_lose_nothing() {
    let sales = random_sales(&mut Random(7919), 200, 2);
    let expected = expected(&sales, 2);
    let batches = expected.batches.into_iter().map(|batch| Batch { n: 8, total: 2 * batch.total, ..batch });
    let batches: Vec<Batch> = batches.collect();
    for way in SOME_WAYS {
        let (store, summary) = way.run(windows_of_windows(), |store| append(store, SalesTwo, &sales));
        assert_eq!(read(&store, Batches), batches, "{way}");
        assert_eq!(summary.rows_late, expected.late / 2, "{way}");
        assert_eq!(read(&store, LateSales).len() as u64, expected.late / 2, "{way}");
    }
}

#[pipeline]
fn any_number(rows: u64) {
    let sales = source(SalesOne).lateness(5s).late_drop();
    let batches = sales.group_by(|s| s.card).window(every(rows)).select(|w, s| Batch {
        card: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        total: sum(s.cents),
        mean: 0.0,
        first: 0,
        last: 0,
    });
    batches.sink(Batches);
}

#[test]
fn a_window_of_no_rows_is_refused_and_explain_says_what_is_kept() {
    assert_eq!(
        any_number(0).explain().unwrap_err().to_string(),
        "pipeline `any_number`: window `batches` must be of at least 1 row, and is of 0"
    );
    let text = any_number(100).explain().unwrap();
    for part in [
        "window: every(100)",
        "reads 3 of 5 fields: card, cents, at",
        "keeps: count, sum for each row that the watermark has not passed, and for each key of its window that is not full, for ever",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_sum_that_does_not_fit_stops_with_the_key_and_the_window() {
    let sale = |number, second| Sale {
        shop: 1,
        card: "a".to_owned(),
        number,
        cents: i64::MAX,
        at: Timestamp::from_secs(second),
    };
    let store = open(&MemDisk::new());
    append(&store, SalesOne, &[sale(0, 10), sale(1, 11)]);
    let error = run(any_number(2), &store, RunOptions::new().close()).unwrap_err().to_string();
    assert!(error.contains("key \"a\", the window with the row of 1970-01-01T00:00:11Z"), "{error}");
}
