//! Interval joins: whatever the partitions, epochs, workers and restarts, the rows are those of nested loops over the logs.

mod added;
mod behind;
mod fan_out;
mod itself;
mod outer;
mod told;
mod windows;

use std::collections::{BTreeMap, BTreeSet};

use waterwheel::key::partition_of;
use waterwheel::log::MemDisk;
use waterwheel::prelude::*;
use waterwheel::{Error, Pipeline};

use support::{
    Random, SOME_WAYS, Way, append, assert_of_use, assert_same_rows, by_partition, drive, every_way,
    multiset, open, read, run, seeds,
};

/// Kept by page, joined by user: the rows of a user are in all partitions.
#[derive(Debug, Clone, PartialEq, Record)]
struct Click {
    page: u64,
    user: u64,
    number: u64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Buy {
    shop: u64,
    user: u64,
    number: u64,
    note: String,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Pair {
    user: u64,
    click: u64,
    buy: u64,
    click_at: Timestamp,
    buy_at: Timestamp,
}

/// What a window or a session of pairs comes to.
#[derive(Debug, Clone, PartialEq, Record)]
struct Span {
    user: u64,
    from: Timestamp,
    until: Timestamp,
    n: u64,
    clicks: u64,
}

topics! {
    ClicksOne("clicks-one"): Click { key: page, time: at }
    ClicksThree("clicks-three"): Click { key: page, time: at, partitions: 3 }
    BuysOne("buys-one"): Buy { key: shop, time: at }
    BuysTwo("buys-two"): Buy { key: shop, time: at, partitions: 2 }
    Pairs("pairs"): Pair { key: user, partitions: 2 }
    Spans("spans"): Span { key: user, partitions: 2 }
    LateClicks("late-clicks"): Click { key: user, time: at }
    LateBuys("late-buys"): Buy { key: user, time: at }
}

const CLICK_LATENESS_MS: i64 = 5_000;
const BUY_LATENESS_MS: i64 = 2_000;

macro_rules! pairs {
    ($name:ident, $clicks:ident, $buys:ident) => {
        #[pipeline]
        fn $name(lo: Duration, hi: Duration) {
            let clicks = source($clicks).lateness(5s).late_drop();
            let buys = source($buys).lateness(2s).late_drop();
            let pairs = clicks.join(buys).on(|c| c.user, |b| b.user).between(lo..=hi).select(|c, b| Pair {
                user: c.user,
                click: c.number,
                buy: b.number,
                click_at: c.at,
                buy_at: b.at,
            });
            pairs.sink(Pairs);
        }
    };
}

pairs!(one_and_one, ClicksOne, BuysOne);
pairs!(three_and_one, ClicksThree, BuysOne);
pairs!(three_and_two, ClicksThree, BuysTwo);

/// A row as a join sees it: what the log says of it, and its number.
#[derive(Debug, Clone, Copy)]
struct SideRow {
    key: u64,
    number: u64,
    at: i64,
    watermark_before: i64,
}

impl SideRow {
    fn of_clicks(clicks: &[Click], partitions: u32) -> Vec<SideRow> {
        let row = |click: &Click| (click.page, click.user, click.number, click.at.millis());
        side(clicks.iter().map(row), partitions, CLICK_LATENESS_MS)
    }

    fn of_buys(buys: &[Buy], partitions: u32) -> Vec<SideRow> {
        let row = |buy: &Buy| (buy.shop, buy.user, buy.number, buy.at.millis());
        side(buys.iter().map(row), partitions, BUY_LATENESS_MS)
    }
}

/// Rows of (partition key, key, number, time), in the order of the log, each with its own partition's watermark before it.
fn side(rows: impl Iterator<Item = (u64, u64, u64, i64)>, partitions: u32, lateness: i64) -> Vec<SideRow> {
    let mut greatest: BTreeMap<u32, i64> = BTreeMap::new();
    let with_watermark = |(partition_key, key, number, at): (u64, u64, u64, i64)| {
        let seen = greatest.entry(partition_of(&partition_key.to_be_bytes(), partitions)).or_insert(i64::MIN);
        let watermark_before = seen.saturating_sub(lateness);
        *seen = (*seen).max(at);
        SideRow { key, number, at, watermark_before }
    };
    rows.map(with_watermark).collect()
}

/// A pair as what stands behind the join sees it.
#[derive(Debug, Clone, Copy)]
struct Joined {
    left: SideRow,
    right: SideRow,
    at: i64,
    watermark_before: i64,
}

/// Nested loops: which pairs there are, and how many rows of both sides are late.
fn join(left: &[SideRow], right: &[SideRow], (lo, hi): (i64, i64)) -> (Vec<Joined>, u64) {
    let is_late = |row: &&SideRow| row.at + hi - lo <= row.watermark_before;
    let late = left.iter().chain(right).filter(is_late).count() as u64;
    let mut pairs = Vec::new();
    for l in left {
        for r in right {
            let is_near = l.key == r.key && (lo..=hi).contains(&(r.at - l.at));
            if is_near && r.at - lo > l.watermark_before && l.at + hi > r.watermark_before {
                assert!(!is_late(&l) && !is_late(&r), "a late row meets none");
                let watermark_before = l.watermark_before.max(r.watermark_before);
                pairs.push(Joined { left: *l, right: *r, at: l.at.max(r.at), watermark_before });
            }
        }
    }
    (pairs, late)
}

fn pair_of(joined: &Joined) -> Pair {
    Pair {
        user: joined.left.key,
        click: joined.left.number,
        buy: joined.right.number,
        click_at: Timestamp::from_millis(joined.left.at),
        buy_at: Timestamp::from_millis(joined.right.at),
    }
}

/// Times that move on, about alike on both sides. Some partitions are behind the others, and rows far behind their own come by.
fn random_time(random: &mut Random, step: u64, behind: i64) -> Timestamp {
    let jitter = if random.below(6) == 0 { random.below(40) } else { random.below(6) };
    Timestamp::from_millis((step as i64 * 2 - jitter as i64 - behind).max(0) * 1000)
}

fn random_clicks(random: &mut Random, count: u64, partitions: u32) -> Vec<Click> {
    let mut clicks = Vec::new();
    for number in 0..count {
        let (page, user) = (random.below(40), random.below(5));
        let behind = 9 * i64::from(partition_of(&page.to_be_bytes(), partitions));
        let at = random_time(random, number, behind);
        clicks.push(Click { page, user, number, at });
    }
    clicks
}

fn random_buys(random: &mut Random, count: u64, partitions: u32) -> Vec<Buy> {
    let mut buys = Vec::new();
    for number in 0..count {
        let (shop, user) = (random.below(40), random.below(5));
        let behind = 14 * i64::from(partition_of(&shop.to_be_bytes(), partitions));
        let at = random_time(random, number, behind);
        buys.push(Buy { shop, user, number, note: format!("buy {number}"), at });
    }
    buys
}

/// In milliseconds.
const RANGES: [(i64, i64); 5] = [(-4_000, 10_000), (0, 15_000), (3_000, 20_000), (-20_000, -3_000), (0, 0)];

fn of_millis((lo, hi): (i64, i64)) -> (Duration, Duration) {
    (Duration::from_millis(lo), Duration::from_millis(hi))
}

/// The rows of each output partition are in the order of their event time, then of the earlier row's.
#[track_caller]
fn assert_in_order(rows: &[Pair], what: &str) {
    let place = |pair: &Pair| (pair.click_at.max(pair.buy_at), pair.click_at.min(pair.buy_at));
    let of = |partition| {
        rows.iter().filter(move |pair| partition_of(&pair.user.to_be_bytes(), 2) == partition).map(place)
    };
    assert!(of(0).is_sorted() && of(1).is_sorted(), "{what}");
}

fn check_every_way(pipeline: impl Fn(Duration, Duration) -> Pipeline, clicks: u32, buys: u32) {
    for seed in seeds(RANGES.len() as u64) {
        let range = RANGES[(seed - 1) as usize % RANGES.len()];
        let mut random = Random(seed * 7919);
        let clicked = random_clicks(&mut random, 150, clicks);
        let bought = random_buys(&mut random, 150, buys);
        let (left, right) = (SideRow::of_clicks(&clicked, clicks), SideRow::of_buys(&bought, buys));
        let (pairs, late) = join(&left, &right, range);
        let least = if range == (0, 0) { 5 } else { 50 };
        assert_of_use(pairs.len() > least && late > 0, format!("{} pairs, {late} late", pairs.len()));
        let (lo, hi) = of_millis(range);
        let mut first = None;
        for way in every_way(seed) {
            let (store, summary) = way.run(pipeline(lo, hi), |store| {
                match clicks {
                    1 => append(store, ClicksOne, &clicked),
                    _ => append(store, ClicksThree, &clicked),
                }
                match buys {
                    1 => append(store, BuysOne, &bought),
                    _ => append(store, BuysTwo, &bought),
                }
            });
            let what = format!("seed {seed}, {range:?}, {way}");
            let found = read(&store, Pairs);
            assert_same_rows(found.clone(), pairs.iter().map(pair_of), &what);
            assert_eq!((summary.rows_late, summary.entries_open), (late, 0), "{what}");
            // Rows of several epochs stand one epoch behind the other.
            if way.is_of_one_epoch() {
                assert_in_order(&found, &what);
                assert_eq!(*first.get_or_insert(found.clone()), found, "{what}: the order of the rows");
            }
        }
    }
}

#[test]
fn joins_of_one_partition_each_are_those_of_nested_loops() {
    check_every_way(|lo, hi| one_and_one(lo, hi).into(), 1, 1);
}

#[test]
fn joins_of_three_partitions_and_one_are_those_of_nested_loops() {
    check_every_way(|lo, hi| three_and_one(lo, hi).into(), 3, 1);
}

#[test]
fn joins_of_three_partitions_and_two_are_those_of_nested_loops() {
    check_every_way(|lo, hi| three_and_two(lo, hi).into(), 3, 2);
}

/// A row of either side.
#[derive(Debug, Clone)]
enum Either {
    Click(Click),
    Buy(Buy),
}

/// Each number of workers and kind of epochs once; where a number of cases is asked for, each case is one way.
fn some_ways(seed: u64) -> Vec<Way> {
    match every_way(seed) {
        one if one.len() == 1 => one,
        _ => SOME_WAYS.to_vec(),
    }
}

/// The rows of each partition: three of clicks, then two of buys.
fn logs(clicked: Vec<Click>, bought: Vec<Buy>) -> Vec<Vec<Either>> {
    let clicks = clicked.into_iter().map(Either::Click);
    let rows: Vec<Either> = clicks.chain(bought.into_iter().map(Either::Buy)).collect();
    by_partition(&rows, 5, |row| match row {
        Either::Click(click) => partition_of(&click.page.to_be_bytes(), 3),
        Either::Buy(buy) => 3 + partition_of(&buy.shop.to_be_bytes(), 2),
    })
}

fn apart(rows: Vec<Either>) -> (Vec<Click>, Vec<Buy>) {
    let (mut clicks, mut buys) = (Vec::new(), Vec::new());
    for row in rows {
        match row {
            Either::Click(click) => clicks.push(click),
            Either::Buy(buy) => buys.push(buy),
        }
    }
    (clicks, buys)
}

#[test]
fn any_interleaving_and_any_restarts_give_what_nested_loops_give() {
    for seed in seeds(20) {
        let mut random = Random(seed * 15_485_863);
        let range = random.one_of(&RANGES);
        let clicked = random_clicks(&mut random, 150, 3);
        let bought = random_buys(&mut random, 150, 2);
        let (pairs, late) = join(&SideRow::of_clicks(&clicked, 3), &SideRow::of_buys(&bought, 2), range);
        let logs = logs(clicked, bought);
        let (lo, hi) = of_millis(range);
        let mut t = drive(three_and_two(lo, hi).test(), &mut random, logs, |t, rows| {
            let (clicks, buys) = apart(rows);
            t.push_all(ClicksThree, clicks);
            t.push_all(BuysTwo, buys);
        });
        assert_same_rows(t.rows(Pairs), pairs.iter().map(pair_of), format!("seed {seed}"));
        assert_eq!(t.late(), late, "seed {seed}");
    }
}

#[test]
fn what_no_row_can_meet_any_more_is_dropped_and_the_operator_is_counted() {
    for (seed, range) in (1..).zip(RANGES) {
        let mut random = Random(seed * 104_729);
        let clicked = random_clicks(&mut random, 150, 3);
        let bought = random_buys(&mut random, 150, 2);
        let (left, right) = (SideRow::of_clicks(&clicked, 3), SideRow::of_buys(&bought, 2));
        let (pairs, late) = join(&left, &right, range);
        // The watermark of a side is the least of its partitions.
        let least = |times: BTreeMap<u32, i64>, lateness| times.into_values().min().unwrap() - lateness;
        let mut greatest: (BTreeMap<u32, i64>, BTreeMap<u32, i64>) = Default::default();
        for click in &clicked {
            let at = greatest.0.entry(partition_of(&click.page.to_be_bytes(), 3)).or_insert(i64::MIN);
            *at = (*at).max(click.at.millis());
        }
        for buy in &bought {
            let at = greatest.1.entry(partition_of(&buy.shop.to_be_bytes(), 2)).or_insert(i64::MIN);
            *at = (*at).max(buy.at.millis());
        }
        let (clicks_at, buys_at) = (least(greatest.0, CLICK_LATENESS_MS), least(greatest.1, BUY_LATENESS_MS));
        let (lo, hi) = range;
        let is_taken = |row: &&SideRow| row.at + hi - lo > row.watermark_before;
        let kept = left.iter().filter(is_taken).filter(|row| row.at + hi > buys_at).count()
            + right.iter().filter(is_taken).filter(|row| row.at - lo > clicks_at).count();
        for (workers, epoch_rows) in [(1, 10), (3, 10_000)] {
            let store = open(&MemDisk::new());
            append(&store, ClicksThree, &clicked);
            append(&store, BuysTwo, &bought);
            let options = RunOptions::new().workers(workers).epoch_rows(epoch_rows).until_end();
            let (lo, hi) = of_millis(range);
            let summary = run(three_and_two(lo, hi), &store, options).unwrap();
            let operator = summary.operators.iter().find(|operator| operator.operator == "pairs (join)");
            let operator = operator.unwrap_or_else(|| panic!("{summary:?}"));
            assert_eq!((operator.rows_in, operator.rows_out), (300, pairs.len() as u64), "{range:?}");
            assert_eq!((operator.rows_late, operator.entries), (late, kept as u64), "{range:?}");
            assert_eq!(summary.entries_open, kept as u64);
            assert_eq!(operator.watermark, Some(Timestamp::from_millis(clicks_at.min(buys_at))));
        }
    }
}
