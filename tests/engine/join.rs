//! Interval joins: whatever the partitions, epochs, workers and restarts, the rows are those of nested loops over the logs.

use std::collections::{BTreeMap, BTreeSet};

use waterwheel::key::partition_of;
use waterwheel::log::MemDisk;
use waterwheel::prelude::*;
use waterwheel::{Error, Pipeline};

use crate::support::{Random, append, assert_same_rows, multiset, open, read, run};

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

/// One run of each number of workers and size of epochs, over all rows at once.
fn every_way(pipeline: impl Fn((i64, i64)) -> Pipeline, clicks: u32, buys: u32) {
    for (seed, range) in (1..).zip(RANGES) {
        let mut random = Random(seed * 7919);
        let clicked = random_clicks(&mut random, 150, clicks);
        let bought = random_buys(&mut random, 150, buys);
        let (left, right) = (SideRow::of_clicks(&clicked, clicks), SideRow::of_buys(&bought, buys));
        let (pairs, late) = join(&left, &right, range);
        assert!(pairs.len() > if range == (0, 0) { 5 } else { 50 }, "{} pairs", pairs.len());
        assert!(late > 0, "some rows are late");
        let mut first = None;
        for workers in 1..=4 {
            for epoch_rows in [1, 97, 10_000] {
                let store = open(&MemDisk::new());
                match clicks {
                    1 => append(&store, ClicksOne, &clicked),
                    _ => append(&store, ClicksThree, &clicked),
                }
                match buys {
                    1 => append(&store, BuysOne, &bought),
                    _ => append(&store, BuysTwo, &bought),
                }
                let options = RunOptions::new().workers(workers).epoch_rows(epoch_rows).close();
                let summary = run(pipeline(range), &store, options).unwrap();
                let what = format!("{range:?}, {workers} workers, epochs of {epoch_rows} rows");
                let found = read(&store, Pairs);
                assert_same_rows(found.clone(), pairs.iter().map(pair_of), &what);
                assert_eq!((summary.rows_late, summary.entries_open), (late, 0), "{what}");
                match epoch_rows {
                    // Rows of several epochs stand one epoch behind the other.
                    10_000 => assert_in_order(&found, &what),
                    _ => continue,
                }
                assert_eq!(*first.get_or_insert(found.clone()), found, "{what}: the order of the rows");
            }
        }
    }
}

#[test]
fn joins_of_one_partition_each_are_those_of_nested_loops() {
    every_way(
        |range| {
            let (lo, hi) = of_millis(range);
            one_and_one(lo, hi).into()
        },
        1,
        1,
    );
}

#[test]
fn joins_of_three_partitions_and_one_are_those_of_nested_loops() {
    every_way(
        |range| {
            let (lo, hi) = of_millis(range);
            three_and_one(lo, hi).into()
        },
        3,
        1,
    );
}

#[test]
fn joins_of_three_partitions_and_two_are_those_of_nested_loops() {
    every_way(
        |range| {
            let (lo, hi) = of_millis(range);
            three_and_two(lo, hi).into()
        },
        3,
        2,
    );
}

/// Cuts rows into what each partition has, the last one first.
fn by_partition<T: Clone>(rows: &[T], partitions: u32, key: impl Fn(&T) -> u64) -> Vec<Vec<T>> {
    let mut logs = vec![Vec::new(); partitions as usize];
    for row in rows.iter().rev() {
        logs[partition_of(&key(row).to_be_bytes(), partitions) as usize].push(row.clone());
    }
    logs
}

fn take<T>(log: &mut Vec<T>, count: usize) -> Vec<T> {
    let mut taken = log.split_off(log.len() - count.min(log.len()));
    taken.reverse();
    taken
}

#[test]
fn any_interleaving_and_any_restarts_give_what_nested_loops_give() {
    for seed in 1..=20 {
        let mut random = Random(seed * 15_485_863);
        let range = random.one_of(&RANGES);
        let clicked = random_clicks(&mut random, 150, 3);
        let bought = random_buys(&mut random, 150, 2);
        let (pairs, late) = join(&SideRow::of_clicks(&clicked, 3), &SideRow::of_buys(&bought, 2), range);
        let mut click_logs = by_partition(&clicked, 3, |click| click.page);
        let mut buy_logs = by_partition(&bought, 2, |buy| buy.shop);
        let (lo, hi) = of_millis(range);
        let mut t = three_and_two(lo, hi).test().epoch_rows(random.one_of(&[1, 97, 10_000]));
        while click_logs.iter().any(|log| !log.is_empty()) || buy_logs.iter().any(|log| !log.is_empty()) {
            let count = random.below(30) as usize;
            match random.below(5) as usize {
                at @ 0..3 => t.push_all(ClicksThree, take(&mut click_logs[at], count)),
                at => t.push_all(BuysTwo, take(&mut buy_logs[at - 3], count)),
            }
            match random.below(4) {
                0 => t.restart(),
                1 => drop(t.rows(Pairs)),
                2 => {
                    t.rows(Pairs);
                    t.restart();
                }
                _ => {}
            }
        }
        t.close();
        t.restart();
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

/// Clicks that follow one another, of one stream.
#[pipeline]
fn of_one_stream() {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let pairs =
        clicks.join(clicks).on(|one| one.user, |next| next.user).between(-3s..=8s).select(|one, next| Pair {
            user: one.user,
            click: one.number,
            buy: next.number,
            click_at: one.at,
            buy_at: next.at,
        });
    pairs.sink(Pairs);
}

#[test]
fn a_stream_joined_with_itself_gives_what_nested_loops_give() {
    let clicked = random_clicks(&mut Random(7919), 200, 3);
    let rows = SideRow::of_clicks(&clicked, 3);
    let (pairs, late) = join(&rows, &rows, (-3_000, 8_000));
    assert!(pairs.iter().any(|pair| pair.left.number == pair.right.number), "a row meets itself");
    for (workers, epoch_rows) in [(1, 1), (2, 97), (4, 10_000)] {
        let store = open(&MemDisk::new());
        append(&store, ClicksThree, &clicked);
        let options = RunOptions::new().workers(workers).epoch_rows(epoch_rows).close();
        let summary = run(of_one_stream(), &store, options).unwrap();
        assert_same_rows(read(&store, Pairs), pairs.iter().map(pair_of), format!("{workers} workers"));
        assert_eq!(summary.rows_late, late);
    }
}

/// Each row of the one stream is there twice, at one place.
#[pipeline]
fn of_a_stream_and_itself() {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let other_clicks = clicks.map(|c| Click { number: c.number + 1_000, ..c.clone() });
    let all = clicks.union(other_clicks);
    let pairs = all.join(buys).on(|c| c.user, |b| b.user).between(-4s..=10s).select(|c, b| Pair {
        user: c.user,
        click: c.number,
        buy: b.number,
        click_at: c.at,
        buy_at: b.at,
    });
    pairs.sink(Pairs);
}

#[test]
fn rows_of_one_place_are_all_kept() {
    let mut random = Random(15_485_863);
    let clicked = random_clicks(&mut random, 100, 3);
    let bought = random_buys(&mut random, 100, 2);
    let left = SideRow::of_clicks(&clicked, 3);
    let twice: Vec<SideRow> =
        left.iter().flat_map(|row| [*row, SideRow { number: row.number + 1_000, ..*row }]).collect();
    let (pairs, late) = join(&twice, &SideRow::of_buys(&bought, 2), (-4_000, 10_000));
    let mut t = of_a_stream_and_itself().test().epoch_rows(7);
    let (mut clicked, mut bought) = (clicked.chunks(9), bought.chunks(9));
    while let (Some(some_clicks), Some(some_buys)) = (clicked.next(), bought.next()) {
        t.push_all(ClicksThree, some_clicks.to_vec());
        t.rows(Pairs);
        t.restart();
        t.push_all(BuysTwo, some_buys.to_vec());
    }
    t.close();
    assert_same_rows(t.rows(Pairs), pairs.iter().map(pair_of), "each place twice");
    assert_eq!(t.late(), late);
}

#[test]
fn a_row_that_meets_thousands_makes_a_row_with_each() {
    let at = |millis: u64| Timestamp::from_millis(millis as i64);
    let clicked: Vec<Click> =
        (0..3_000).map(|number| Click { page: number, user: 1, number, at: at(number) }).collect();
    let buy = Buy { shop: 1, user: 1, number: 0, note: String::new(), at: at(3_000) };
    let mut t = three_and_two(Duration::ZERO, Duration::from_secs(60)).test();
    t.push_all(ClicksThree, clicked);
    t.push(BuysTwo, buy);
    let found = t.rows(Pairs);
    assert_eq!(found.len(), 3_000);
    assert!(found.is_sorted_by_key(|pair| pair.click_at), "in the order of the earlier rows");
}

macro_rules! behind_the_join {
    ($name:ident, $windows:expr) => {
        #[pipeline]
        fn $name() {
            let clicks = source(ClicksThree).lateness(5s).late_drop();
            let buys = source(BuysTwo).lateness(2s).late_drop();
            let pairs = clicks.join(buys).on(|c| c.user, |b| b.user).between(-20s..=20s).select(|c, b| {
                Pair { user: c.user, click: c.number, buy: b.number, click_at: c.at, buy_at: b.at }
            });
            let spans = pairs.group_by(|p| p.user).window($windows).select(|w, p| Span {
                user: w.key(),
                from: w.start(),
                until: w.end(),
                n: count(),
                clicks: sum(p.click),
            });
            spans.sink(Spans);
        }
    };
}

behind_the_join!(minutes_of_pairs, tumbling(20s));
behind_the_join!(sessions_of_pairs, session(3s));

fn span_of(user: u64, from: i64, until: i64, pairs: &[&Joined]) -> Span {
    Span {
        user,
        from: Timestamp::from_millis(from),
        until: Timestamp::from_millis(until),
        n: pairs.len() as u64,
        clicks: pairs.iter().map(|pair| pair.left.number).sum(),
    }
}

/// Each pair under the greater watermark of its rows.
fn minutes(pairs: &[Joined]) -> (Vec<Span>, u64) {
    const MINUTE: i64 = 20_000;
    let (mut windows, mut late): (BTreeMap<(i64, u64), Vec<&Joined>>, u64) = Default::default();
    for pair in pairs {
        let from = pair.at - pair.at.rem_euclid(MINUTE);
        match from + MINUTE - 1 > pair.watermark_before {
            true => windows.entry((from, pair.left.key)).or_default().push(pair),
            false => late += 1,
        }
    }
    let spans = windows.iter().map(|((from, user), pairs)| span_of(*user, *from, from + MINUTE, pairs));
    (spans.collect(), late)
}

/// Each pair stands alone: two belong together if their times are near, and the watermark of the later one had not come to the
/// end of the other; and whatever hangs together by such pairs.
fn sessions(pairs: &[Joined]) -> (Vec<Span>, u64) {
    const GAP: i64 = 3_000;
    let last = |pair: &Joined| pair.at + GAP - 1;
    let (late, taken): (Vec<&Joined>, Vec<&Joined>) =
        pairs.iter().partition(|pair| last(pair) <= pair.watermark_before);
    let together = |one: &Joined, other: &Joined| {
        let (first, later) = if one.at <= other.at { (one, other) } else { (other, one) };
        one.left.key == other.left.key && later.at - first.at <= GAP && later.watermark_before < last(first)
    };
    let mut left: BTreeSet<usize> = (0..taken.len()).collect();
    let mut spans = Vec::new();
    while let Some(first) = left.pop_first() {
        let (mut of_session, mut next) = (vec![first], 0);
        while next < of_session.len() {
            let here = taken[of_session[next]];
            let found: Vec<usize> = left.iter().copied().filter(|at| together(here, taken[*at])).collect();
            left.retain(|at| !found.contains(at));
            of_session.extend(found);
            next += 1;
        }
        let pairs: Vec<&Joined> = of_session.iter().map(|at| taken[*at]).collect();
        let from = pairs.iter().map(|pair| pair.at).min().unwrap();
        let until = pairs.iter().map(|pair| pair.at + GAP).max().unwrap();
        spans.push(span_of(pairs[0].left.key, from, until, &pairs));
    }
    (spans, late.len() as u64)
}

/// Any workers, epochs, interleavings and restarts.
fn behind_the_join(pipeline: impl Fn() -> Pipeline, plain: fn(&[Joined]) -> (Vec<Span>, u64)) {
    for seed in 1..=8 {
        let mut random = Random(seed * 49_979_687);
        let clicked = random_clicks(&mut random, 120, 3);
        let bought = random_buys(&mut random, 120, 2);
        let (pairs, late) =
            join(&SideRow::of_clicks(&clicked, 3), &SideRow::of_buys(&bought, 2), (-20_000, 20_000));
        let (spans, late_pairs) = plain(&pairs);
        assert!(spans.len() > 20 && late_pairs > 0, "{} spans, {late_pairs} late pairs", spans.len());
        for (workers, epoch_rows) in [(1, 1), (2, 30), (3, 97), (4, 10_000)] {
            let store = open(&MemDisk::new());
            let (first, rest) = clicked.split_at(random.below(120) as usize);
            append(&store, ClicksThree, first);
            append(&store, BuysTwo, &bought[..random.below(60) as usize]);
            let bought_rest = &bought[read(&store, BuysTwo).len()..];
            let options = RunOptions::new().workers(workers).epoch_rows(epoch_rows);
            run(pipeline(), &store, options.clone().until_end()).unwrap();
            append(&store, BuysTwo, bought_rest);
            run(pipeline(), &store, options.clone().until_end()).unwrap();
            append(&store, ClicksThree, rest);
            let summary = run(pipeline(), &store, options.close()).unwrap();
            let what = format!("seed {seed}, {workers} workers, epochs of {epoch_rows} rows");
            assert_same_rows(read(&store, Spans), spans.clone(), &what);
            assert_eq!(summary.rows_late, late + late_pairs, "{what}");
        }
    }
}

#[test]
fn windows_of_joined_rows_take_each_by_the_greater_watermark() {
    behind_the_join(|| minutes_of_pairs().into(), minutes);
}

#[test]
fn sessions_of_joined_rows_depend_on_times_and_watermarks_alone() {
    behind_the_join(|| sessions_of_pairs().into(), sessions);
}

/// Windows joined with a stream: what a user bought, with the clicks of the 20 s before.
#[pipeline]
fn windows_and_rows() {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let windows = clicks.group_by(|c| c.user).window(tumbling(20s)).select(|w, c| Span {
        user: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        clicks: sum(c.number),
    });
    let pairs = windows.join(buys).on(|w| w.user, |b| b.user).between(1ms..=20s).select(|w, b| Pair {
        user: w.user,
        click: w.clicks,
        buy: b.number,
        click_at: w.until,
        buy_at: b.at,
    });
    pairs.sink(Pairs);
}

#[test]
fn windows_joined_with_a_stream_give_what_plain_loops_give() {
    for seed in 1..=4 {
        let mut random = Random(seed * 32_452_843);
        let clicked = random_clicks(&mut random, 120, 3);
        let bought = random_buys(&mut random, 120, 2);
        let (mut windows, mut late): (BTreeMap<(i64, u64), u64>, u64) = Default::default();
        for row in SideRow::of_clicks(&clicked, 3) {
            let from = row.at - row.at.rem_euclid(20_000);
            match from + 20_000 - 1 > row.watermark_before {
                true => *windows.entry((from, row.key)).or_default() += row.number,
                false => late += 1,
            }
        }
        // A window's row is at its end - 1 ms, and never late.
        let window = |((from, key), clicks): ((i64, u64), u64)| SideRow {
            key,
            number: clicks,
            at: from + 20_000 - 1,
            watermark_before: i64::MIN / 2,
        };
        let left: Vec<SideRow> = windows.into_iter().map(window).collect();
        let (pairs, late_rows) = join(&left, &SideRow::of_buys(&bought, 2), (1, 20_000));
        let expected: Vec<Pair> = pairs
            .iter()
            .map(|joined| Pair { click_at: Timestamp::from_millis(joined.left.at + 1), ..pair_of(joined) })
            .collect();
        assert!(expected.len() > 30, "{} pairs", expected.len());
        for (workers, epoch_rows) in [(1, 1), (2, 30), (4, 10_000)] {
            let store = open(&MemDisk::new());
            append(&store, BuysTwo, &bought);
            append(&store, ClicksThree, &clicked[..70]);
            let options = RunOptions::new().workers(workers).epoch_rows(epoch_rows);
            run(windows_and_rows(), &store, options.clone().until_end()).unwrap();
            append(&store, ClicksThree, &clicked[70..]);
            let summary = run(windows_and_rows(), &store, options.close()).unwrap();
            let what = format!("seed {seed}, {workers} workers, epochs of {epoch_rows} rows");
            assert_same_rows(read(&store, Pairs), expected.clone(), &what);
            assert_eq!(summary.rows_late, late + late_rows, "{what}");
        }
    }
}

/// A join of joined rows.
#[pipeline]
fn of_pairs() {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let pairs = clicks.join(buys).on(|c| c.user, |b| b.user).between(-4s..=10s).select(|c, b| Pair {
        user: c.user,
        click: c.number,
        buy: b.number,
        click_at: c.at,
        buy_at: b.at,
    });
    let triples = pairs
        .join(clicks)
        .on(|p| p.click, |c| c.number)
        .between(-10s..=4s)
        .select(|p, c| Pair { click: c.page, ..p.clone() });
    triples.sink(Pairs);
}

#[test]
fn joins_of_joined_rows_are_those_of_nested_loops() {
    for seed in 1..=4 {
        let mut random = Random(seed * 86_028_121);
        let clicked = random_clicks(&mut random, 120, 3);
        let bought = random_buys(&mut random, 120, 2);
        let left = SideRow::of_clicks(&clicked, 3);
        let (pairs, mut late) = join(&left, &SideRow::of_buys(&bought, 2), (-4_000, 10_000));
        let of_pair = |joined: &Joined| SideRow {
            key: joined.left.number,
            number: 0,
            at: joined.at,
            watermark_before: joined.watermark_before,
        };
        let by_number: Vec<SideRow> = left.iter().map(|row| SideRow { key: row.number, ..*row }).collect();
        let mut expected = Vec::new();
        for pair in &pairs {
            let (triples, _) = join(&[of_pair(pair)], &by_number, (-10_000, 4_000));
            let page = |triple: &Joined| clicked[triple.right.number as usize].page;
            expected.extend(triples.iter().map(|triple| Pair { click: page(triple), ..pair_of(pair) }));
        }
        let all: Vec<SideRow> = pairs.iter().map(of_pair).collect();
        late += join(&all, &by_number, (-10_000, 4_000)).1;
        for (workers, epoch_rows) in [(1, 1), (3, 30), (4, 10_000)] {
            let store = open(&MemDisk::new());
            append(&store, ClicksThree, &clicked);
            append(&store, BuysTwo, &bought);
            let options = RunOptions::new().workers(workers).epoch_rows(epoch_rows).close();
            let summary = run(of_pairs(), &store, options).unwrap();
            let what = format!("seed {seed}, {workers} workers, epochs of {epoch_rows} rows");
            assert_same_rows(read(&store, Pairs), expected.clone(), &what);
            assert_eq!(summary.rows_late, late, "{what}");
        }
    }
}

#[pipeline]
fn with_idle_clicks() {
    let clicks = source(ClicksThree).lateness(0s).late_drop().idle(10s);
    let buys = source(BuysTwo).lateness(0s).late_drop().idle(10s);
    let pairs = clicks.join(buys).on(|c| c.user, |b| b.user).between(0s..=10s).select(|c, b| Pair {
        user: c.user,
        click: c.number,
        buy: b.number,
        click_at: c.at,
        buy_at: b.at,
    });
    pairs.sink(Pairs);
}

/// A number of a page or shop whose rows are in this partition.
fn key_in(partition: u32, partitions: u32) -> u64 {
    (0..).find(|key: &u64| partition_of(&key.to_be_bytes(), partitions) == partition).unwrap()
}

#[test]
fn a_row_that_was_not_waited_for_meets_nothing_that_may_be_gone() {
    let second = |second: i64| Timestamp::from_millis(second * 1000);
    let click = |partition, number, at| Click { page: key_in(partition, 3), user: 1, number, at: second(at) };
    let buy = |number, at| Buy { shop: key_in(0, 2), user: 1, number, note: String::new(), at: second(at) };
    for restarts in [false, true] {
        let mut t = with_idle_clicks().test();
        t.push_all(ClicksThree, [click(0, 1, 100), click(1, 2, 100)]);
        t.push_all(BuysTwo, [buy(1, 60), buy(2, 101)]);
        t.rows(Pairs);
        // The third partition of clicks and the second one of buys have no rows, and are not waited for from here on.
        t.advance_clock(Duration::from_secs(10));
        if restarts {
            t.restart();
        }
        t.push_all(ClicksThree, [click(0, 3, 130), click(1, 4, 130)]);
        t.push(BuysTwo, buy(3, 125));
        let pair = |click, buy| (click, buy);
        let found: Vec<_> = t.rows(Pairs).iter().map(|row| pair(row.click, row.buy)).collect();
        assert_eq!(multiset(found), multiset([pair(1, 2), pair(2, 2)]));
        // It comes back behind what is dropped: the buy at 125 s is gone with the clicks' watermark at 130 s, the one at 131 s is not.
        t.push_all(ClicksThree, [click(2, 5, 120), click(2, 6, 124)]);
        t.push(BuysTwo, buy(4, 131));
        if restarts {
            t.restart();
        }
        let found: Vec<_> = t.rows(Pairs).iter().map(|row| pair(row.click, row.buy)).collect();
        assert_eq!(
            multiset(found),
            multiset([pair(1, 2), pair(2, 2), pair(3, 4), pair(4, 4), pair(6, 4)]),
            "restarts: {restarts}"
        );
        assert_eq!(t.late(), 1, "no buy that is yet to be told of can be met by the click at 120 s");
    }
}

#[pipeline]
fn that_panics() {
    let clicks = source(ClicksOne).lateness(5s).late_drop();
    let buys = source(BuysOne).lateness(2s).late_drop();
    let pairs = clicks.join(buys).on(|c| c.user, |b| b.user).between(0s..=10s).select(|c, b| {
        assert!(b.number != 7, "seven");
        Pair { user: c.user, click: c.number, buy: b.number, click_at: c.at, buy_at: b.at }
    });
    pairs.sink(Pairs);
}

#[test]
fn a_panic_in_the_closure_names_the_key_and_both_rows() {
    let store = open(&MemDisk::new());
    let at = Timestamp::from_millis(1_000);
    append(&store, ClicksOne, &[Click { page: 1, user: 3, number: 1, at }]);
    append(&store, BuysOne, &[Buy { shop: 1, user: 3, number: 7, note: String::new(), at }]);
    let error = run(that_panics(), &store, RunOptions::new().until_end()).unwrap_err();
    let Error::UserCode { operator, at, message } = error else { panic!("{error}") };
    assert_eq!((operator.as_str(), message.as_str()), ("pairs (join)", "panicked: seven"));
    assert_eq!(at, "key 3, left row of 1970-01-01T00:00:01Z, right row of 1970-01-01T00:00:01Z");
}

#[test]
fn explain_says_what_is_kept_and_a_range_of_nothing_is_refused() {
    let text = three_and_two(-Duration::from_hours(1), Duration::from_hours(4)).explain().unwrap();
    for part in [
        "join  pairs  from",
        "between: -1h..=4h",
        "left key: |c| c.user",
        "right key: |b| b.user",
        "keeps: rows of both sides: a left one until the right side's watermark reaches its time + 4h, a right one until the left \
         side's reaches its time + 1h",
        "reads all fields: a join keeps its rows whole",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = three_and_two(Duration::from_hours(2), Duration::from_hours(4)).explain().unwrap();
    assert!(text.contains("a right one until the left side's reaches its time - 2h"), "{text}");
    assert_eq!(
        three_and_two(Duration::from_hours(4), -Duration::from_hours(1)).explain().unwrap_err().to_string(),
        "pipeline `three_and_two`: join `pairs` is between 4h and -1h, and the first is the later one: nothing lies between them"
    );
}

#[pipeline]
fn with_late_topics() {
    let clicks = source(ClicksThree).lateness(5s).late_to(LateClicks);
    let buys = source(BuysTwo).lateness(2s).late_to(LateBuys);
    let pairs = clicks.join(buys).on(|c| c.user, |b| b.user).between(-4s..=10s).select(|c, b| Pair {
        user: c.user,
        click: c.number,
        buy: b.number,
        click_at: c.at,
        buy_at: b.at,
    });
    pairs.sink(Pairs);
}

#[pipeline]
fn of_one_stream_with_a_late_topic() {
    let clicks = source(ClicksThree).lateness(5s).late_to(LateClicks);
    let pairs =
        clicks.join(clicks).on(|one| one.user, |next| next.user).between(-4s..=10s).select(|one, next| {
            Pair { user: one.user, click: one.number, buy: next.number, click_at: one.at, buy_at: next.at }
        });
    pairs.sink(Pairs);
}

#[test]
fn late_records_of_both_sides_go_to_their_topics_each_once() {
    for seed in 1..=3 {
        let mut random = Random(seed * 67_867_967);
        let clicked = random_clicks(&mut random, 150, 3);
        let bought = random_buys(&mut random, 150, 2);
        let is_late = |row: &SideRow| row.at + 14_000 <= row.watermark_before;
        let clicks = SideRow::of_clicks(&clicked, 3);
        let late_clicks: Vec<Click> = clicks
            .iter()
            .filter(|row| is_late(row))
            .map(|row| clicked[row.number as usize].clone())
            .collect();
        let buys = SideRow::of_buys(&bought, 2);
        let late_buys: Vec<Buy> =
            buys.iter().filter(|row| is_late(row)).map(|row| bought[row.number as usize].clone()).collect();
        assert!(!late_clicks.is_empty() && !late_buys.is_empty());
        for (workers, epoch_rows) in [(1, 1), (3, 40), (4, 10_000)] {
            let what = format!("seed {seed}, {workers} workers, epochs of {epoch_rows} rows");
            let options = RunOptions::new().workers(workers).epoch_rows(epoch_rows).close();
            let store = open(&MemDisk::new());
            append(&store, ClicksThree, &clicked);
            append(&store, BuysTwo, &bought);
            let summary = run(with_late_topics(), &store, options.clone()).unwrap();
            assert_same_rows(read(&store, LateClicks), late_clicks.clone(), &what);
            assert_same_rows(read(&store, LateBuys), late_buys.clone(), &what);
            assert_eq!(summary.rows_late, (late_clicks.len() + late_buys.len()) as u64);
            let store = open(&MemDisk::new());
            append(&store, ClicksThree, &clicked);
            run(of_one_stream_with_a_late_topic(), &store, options).unwrap();
            assert_same_rows(
                read(&store, LateClicks),
                late_clicks.clone(),
                format!("{what}, joined with itself"),
            );
        }
    }
}

macro_rules! slim {
    ($module:ident, $($field:ident)*) => {
        mod $module {
            use super::*;

            /// What is kept of a click.
            #[derive(Debug, Clone, PartialEq, Record)]
            pub(super) struct Slim {
                user: u64,
                $($field: u64,)*
            }

            #[pipeline]
            pub(super) fn slim() {
                let clicks = source(ClicksOne).lateness(5s).late_drop();
                let slim = clicks.map(|c| Slim { user: c.user, $($field: c.number),* });
                let buys = source(BuysOne).lateness(2s).late_drop();
                let pairs = slim.join(buys).on(|c| c.user, |b| b.user).between(0s..=10s).select(|c, b| Pair {
                    user: c.user,
                    click: 0,
                    buy: b.number,
                    click_at: b.at,
                    buy_at: b.at,
                });
                pairs.sink(Pairs);
            }
        }
    };
}

slim!(of_one_number, number);
slim!(of_two_numbers, number again);

#[test]
fn state_of_another_row_type_is_refused_with_the_fields_that_differ() {
    let store = open(&MemDisk::new());
    let at = Timestamp::from_millis(1_000);
    append(&store, ClicksOne, &[Click { page: 1, user: 3, number: 1, at }]);
    run(of_one_number::slim(), &store, RunOptions::new().until_end()).unwrap();
    append(&store, BuysOne, &[Buy { shop: 1, user: 3, number: 7, note: String::new(), at }]);
    let error = run(of_two_numbers::slim(), &store, RunOptions::new().until_end()).unwrap_err().to_string();
    let line = "`pairs`: left row type `Slim` has changed since the state was left: field `again` (id 3) of `Slim` is new";
    assert!(error.contains(line), "{error}");
    run(of_one_number::slim(), &store, RunOptions::new().until_end()).unwrap();
    assert_eq!(read(&store, Pairs).len(), 1, "the row that was kept is met");
}

/// Several rows of each pair, of clicks that are there twice at one place.
#[pipeline]
fn parts_of_pairs() {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let other_clicks = clicks.map(|c| Click { number: c.number + 1_000, ..c.clone() });
    let all = clicks.union(other_clicks);
    let pairs = all.join(buys).on(|c| c.user, |b| b.user).between(-4s..=10s).select(|c, b| Pair {
        user: c.user,
        click: c.number,
        buy: b.number,
        click_at: c.at,
        buy_at: b.at,
    });
    let parts = pairs.flat_map(|p| vec![p.clone(), Pair { buy: p.buy + 1_000, ..p.clone() }]);
    parts.sink(Pairs);
}

#[test]
fn what_is_made_of_pairs_of_one_place_stands_in_one_order() {
    let mut random = Random(179_424_673);
    let clicked = random_clicks(&mut random, 80, 3);
    let bought = random_buys(&mut random, 80, 2);
    let mut first = None;
    for workers in 1..=4 {
        let store = open(&MemDisk::new());
        append(&store, ClicksThree, &clicked);
        append(&store, BuysTwo, &bought);
        let options = RunOptions::new().workers(workers).epoch_rows(10_000).close();
        run(parts_of_pairs(), &store, options).unwrap();
        let found = read(&store, Pairs);
        assert!(found.len() > 100);
        assert_eq!(*first.get_or_insert(found.clone()), found, "{workers} workers");
    }
}
