//! Joins in which it matters that a row meets none: left, right, full, semi and anti.

use super::behind::{minutes, sessions};
use super::*;
use crate::support::SOME_WAYS;

/// A pair, or a row that has met none.
#[derive(Debug, Clone, PartialEq, Record)]
pub(super) struct Met {
    pub(super) user: u64,
    pub(super) click: Option<u64>,
    pub(super) buy: Option<u64>,
    pub(super) click_at: Option<Timestamp>,
    pub(super) buy_at: Option<Timestamp>,
}

impl Met {
    pub(super) fn number(&self) -> u64 {
        self.click.or(self.buy).unwrap_or_default()
    }
}

topics! {
    pub(super) Mets("mets"): Met { key: user, partitions: 2 }
}

/// Which rows leave, for the plain loops.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Leaves {
    pairs: bool,
    left_alone: bool,
    right_alone: bool,
    /// Left rows that meet any, once.
    left_met: bool,
}

const NONE: Leaves = Leaves { pairs: false, left_alone: false, right_alone: false, left_met: false };
pub(super) const PAIRS: Leaves = Leaves { pairs: true, ..NONE };
pub(super) const LEFT: Leaves = Leaves { pairs: true, left_alone: true, ..NONE };
pub(super) const RIGHT: Leaves = Leaves { pairs: true, right_alone: true, ..NONE };
pub(super) const FULL: Leaves = Leaves { pairs: true, left_alone: true, right_alone: true, ..NONE };
pub(super) const SEMI: Leaves = Leaves { left_met: true, ..NONE };
pub(super) const ANTI: Leaves = Leaves { left_alone: true, ..NONE };

/// What leaves a join, as what stands behind sees it. Of a row that leaves alone the other one is missing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Left {
    left: Option<SideRow>,
    right: Option<SideRow>,
    joined: Joined,
}

impl Left {
    /// A row that leaves alone keeps its time, and comes under the watermark before it or the instant before it.
    fn alone(row: &SideRow, left: bool) -> Left {
        let watermark_before = row.watermark_before.max(row.at - 1);
        let joined = Joined { left: *row, right: *row, at: row.at, watermark_before };
        let (row, none) = (Some(*row), None);
        if left { Left { left: row, right: none, joined } } else { Left { left: none, right: row, joined } }
    }

    pub(super) fn joined(&self) -> Joined {
        self.joined
    }

    pub(super) fn met(&self) -> Met {
        let at = |row: SideRow| Timestamp::from_millis(row.at);
        Met {
            user: self.joined.left.key,
            click: self.left.map(|row| row.number),
            buy: self.right.map(|row| row.number),
            click_at: self.left.map(at),
            buy_at: self.right.map(at),
        }
    }
}

/// Plain loops over pairs that meet: what leaves, given which rows are late.
pub(super) fn leave(
    (left, right): (&[SideRow], &[SideRow]),
    pairs: &[Joined],
    is_late: impl Fn(&SideRow) -> bool,
    leaves: Leaves,
) -> Vec<Left> {
    let mut all = Vec::new();
    if leaves.pairs {
        all.extend(pairs.iter().map(|pair| Left {
            left: Some(pair.left),
            right: Some(pair.right),
            joined: *pair,
        }));
    }
    for row in left {
        let meets = pairs.iter().any(|pair| pair.left.number == row.number);
        if (leaves.left_alone && !meets && !is_late(row)) || (leaves.left_met && meets) {
            all.push(Left::alone(row, true));
        }
    }
    for row in right.iter().filter(|row| leaves.right_alone && !is_late(row)) {
        if !pairs.iter().any(|pair| pair.right.number == row.number) {
            all.push(Left::alone(row, false));
        }
    }
    all
}

/// What leaves, and how many rows are late.
fn outer(left: &[SideRow], right: &[SideRow], (lo, hi): (i64, i64), leaves: Leaves) -> (Vec<Left>, u64) {
    let (pairs, late) = join(left, right, (lo, hi));
    (leave((left, right), &pairs, |row| row.at + hi - lo <= row.watermark_before, leaves), late)
}

#[pipeline]
pub(super) fn left(lo: Duration, hi: Duration) {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let mets = clicks.left_join(buys).on(|c| c.user, |b| b.user).between(lo..=hi).select(|c, b| Met {
        user: c.user,
        click: Some(c.number),
        buy: b.number,
        click_at: Some(c.at),
        buy_at: b.at,
    });
    mets.sink(Mets);
}

#[pipeline]
fn minutes_of_left(lo: Duration, hi: Duration) {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let mets = clicks.left_join(buys).on(|c| c.user, |b| b.user).between(lo..=hi).select(|c, b| Met {
        user: c.user,
        click: Some(c.number),
        buy: b.number,
        click_at: Some(c.at),
        buy_at: b.at,
    });
    let spans = mets.group_by(|m| m.user).window(tumbling(20s)).select(|w, m| Span {
        user: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        clicks: sum(m.number()),
    });
    spans.sink(Spans);
}

#[pipeline]
fn sessions_of_left(lo: Duration, hi: Duration) {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let mets = clicks.left_join(buys).on(|c| c.user, |b| b.user).between(lo..=hi).select(|c, b| Met {
        user: c.user,
        click: Some(c.number),
        buy: b.number,
        click_at: Some(c.at),
        buy_at: b.at,
    });
    let spans = mets.group_by(|m| m.user).window(session(3s)).select(|w, m| Span {
        user: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        clicks: sum(m.number()),
    });
    spans.sink(Spans);
}

#[pipeline]
pub(super) fn right(lo: Duration, hi: Duration) {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let mets = clicks.right_join(buys).on(|c| c.user, |b| b.user).between(lo..=hi).select(|c, b| Met {
        user: b.user,
        click: c.number,
        buy: Some(b.number),
        click_at: c.at,
        buy_at: Some(b.at),
    });
    mets.sink(Mets);
}

#[pipeline]
fn minutes_of_right(lo: Duration, hi: Duration) {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let mets = clicks.right_join(buys).on(|c| c.user, |b| b.user).between(lo..=hi).select(|c, b| Met {
        user: b.user,
        click: c.number,
        buy: Some(b.number),
        click_at: c.at,
        buy_at: Some(b.at),
    });
    let spans = mets.group_by(|m| m.user).window(tumbling(20s)).select(|w, m| Span {
        user: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        clicks: sum(m.number()),
    });
    spans.sink(Spans);
}

#[pipeline]
fn sessions_of_right(lo: Duration, hi: Duration) {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let mets = clicks.right_join(buys).on(|c| c.user, |b| b.user).between(lo..=hi).select(|c, b| Met {
        user: b.user,
        click: c.number,
        buy: Some(b.number),
        click_at: c.at,
        buy_at: Some(b.at),
    });
    let spans = mets.group_by(|m| m.user).window(session(3s)).select(|w, m| Span {
        user: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        clicks: sum(m.number()),
    });
    spans.sink(Spans);
}

#[pipeline]
pub(super) fn full(lo: Duration, hi: Duration) {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let mets = clicks.full_join(buys).on(|c| c.user, |b| b.user).between(lo..=hi).select(|c, b| Met {
        user: c.user.or(b.user).unwrap_or_default(),
        click: c.number,
        buy: b.number,
        click_at: c.at,
        buy_at: b.at,
    });
    mets.sink(Mets);
}

#[pipeline]
fn minutes_of_full(lo: Duration, hi: Duration) {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let mets = clicks.full_join(buys).on(|c| c.user, |b| b.user).between(lo..=hi).select(|c, b| Met {
        user: c.user.or(b.user).unwrap_or_default(),
        click: c.number,
        buy: b.number,
        click_at: c.at,
        buy_at: b.at,
    });
    let spans = mets.group_by(|m| m.user).window(tumbling(20s)).select(|w, m| Span {
        user: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        clicks: sum(m.number()),
    });
    spans.sink(Spans);
}

#[pipeline]
fn sessions_of_full(lo: Duration, hi: Duration) {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let mets = clicks.full_join(buys).on(|c| c.user, |b| b.user).between(lo..=hi).select(|c, b| Met {
        user: c.user.or(b.user).unwrap_or_default(),
        click: c.number,
        buy: b.number,
        click_at: c.at,
        buy_at: b.at,
    });
    let spans = mets.group_by(|m| m.user).window(session(3s)).select(|w, m| Span {
        user: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        clicks: sum(m.number()),
    });
    spans.sink(Spans);
}

#[pipeline]
pub(super) fn semi(lo: Duration, hi: Duration) {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let passed = clicks.semi_join(buys).on(|c| c.user, |b| b.user).between(lo..=hi);
    let mets = passed.map(|c| Met {
        user: c.user,
        click: Some(c.number),
        buy: None,
        click_at: Some(c.at),
        buy_at: None,
    });
    mets.sink(Mets);
}

#[pipeline]
fn minutes_of_semi(lo: Duration, hi: Duration) {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let passed = clicks.semi_join(buys).on(|c| c.user, |b| b.user).between(lo..=hi);
    let mets = passed.map(|c| Met {
        user: c.user,
        click: Some(c.number),
        buy: None,
        click_at: Some(c.at),
        buy_at: None,
    });
    let spans = mets.group_by(|m| m.user).window(tumbling(20s)).select(|w, m| Span {
        user: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        clicks: sum(m.number()),
    });
    spans.sink(Spans);
}

#[pipeline]
fn sessions_of_semi(lo: Duration, hi: Duration) {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let passed = clicks.semi_join(buys).on(|c| c.user, |b| b.user).between(lo..=hi);
    let mets = passed.map(|c| Met {
        user: c.user,
        click: Some(c.number),
        buy: None,
        click_at: Some(c.at),
        buy_at: None,
    });
    let spans = mets.group_by(|m| m.user).window(session(3s)).select(|w, m| Span {
        user: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        clicks: sum(m.number()),
    });
    spans.sink(Spans);
}

#[pipeline]
pub(super) fn anti(lo: Duration, hi: Duration) {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let passed = clicks.anti_join(buys).on(|c| c.user, |b| b.user).between(lo..=hi);
    let mets = passed.map(|c| Met {
        user: c.user,
        click: Some(c.number),
        buy: None,
        click_at: Some(c.at),
        buy_at: None,
    });
    mets.sink(Mets);
}

#[pipeline]
fn minutes_of_anti(lo: Duration, hi: Duration) {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let passed = clicks.anti_join(buys).on(|c| c.user, |b| b.user).between(lo..=hi);
    let mets = passed.map(|c| Met {
        user: c.user,
        click: Some(c.number),
        buy: None,
        click_at: Some(c.at),
        buy_at: None,
    });
    let spans = mets.group_by(|m| m.user).window(tumbling(20s)).select(|w, m| Span {
        user: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        clicks: sum(m.number()),
    });
    spans.sink(Spans);
}

#[pipeline]
fn sessions_of_anti(lo: Duration, hi: Duration) {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let passed = clicks.anti_join(buys).on(|c| c.user, |b| b.user).between(lo..=hi);
    let mets = passed.map(|c| Met {
        user: c.user,
        click: Some(c.number),
        buy: None,
        click_at: Some(c.at),
        buy_at: None,
    });
    let spans = mets.group_by(|m| m.user).window(session(3s)).select(|w, m| Span {
        user: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        clicks: sum(m.number()),
    });
    spans.sink(Spans);
}

/// Any workers and epochs, over all rows at once; then any interleaving and restarts.
fn check(pipeline: impl Fn(Duration, Duration) -> Pipeline, leaves: Leaves) {
    for seed in seeds(RANGES.len() as u64) {
        let range = RANGES[(seed - 1) as usize % RANGES.len()];
        let mut random = Random(seed * 373_587_883);
        let clicked = random_clicks(&mut random, 80, 3);
        let bought = random_buys(&mut random, 80, 2);
        let (left, right) = (SideRow::of_clicks(&clicked, 3), SideRow::of_buys(&bought, 2));
        let (rows, late) = outer(&left, &right, range, leaves);
        let rows: Vec<Met> = rows.iter().map(Left::met).collect();
        assert_of_use(rows.len() > 2 && late > 0, format!("{} rows, {late} late", rows.len()));
        let (lo, hi) = of_millis(range);
        let mut first = None;
        for way in some_ways(seed) {
            let (store, summary) = way.run(pipeline(lo, hi), |store| {
                append(store, ClicksThree, &clicked);
                append(store, BuysTwo, &bought);
            });
            let what = format!("seed {seed}, {range:?}, {way}");
            let found = read(&store, Mets);
            assert_same_rows(found.clone(), rows.clone(), &what);
            assert_eq!((summary.rows_late, summary.entries_open), (late, 0), "{what}");
            if way.is_of_one_epoch() {
                assert_eq!(*first.get_or_insert(found.clone()), found, "{what}: the order of the rows");
            }
        }
    }
}

fn check_interleaved<D>(
    driver: impl Fn(Duration, Duration) -> waterwheel::TestDriver<D>,
    mets: impl Fn(&mut waterwheel::TestDriver<D>) -> Vec<Met>,
    push: impl Fn(&mut waterwheel::TestDriver<D>, Vec<Click>, Vec<Buy>),
    leaves: Leaves,
) {
    for seed in seeds(3) {
        let mut random = Random(seed * 961_748_941);
        let range = random.one_of(&RANGES);
        let clicked = random_clicks(&mut random, 120, 3);
        let bought = random_buys(&mut random, 120, 2);
        let (rows, late) =
            outer(&SideRow::of_clicks(&clicked, 3), &SideRow::of_buys(&bought, 2), range, leaves);
        let (lo, hi) = of_millis(range);
        let mut t = drive(driver(lo, hi), &mut random, logs(clicked, bought), |t, rows| {
            let (clicks, buys) = apart(rows);
            push(t, clicks, buys);
        });
        assert_same_rows(mets(&mut t), rows.iter().map(Left::met), format!("seed {seed}, {range:?}"));
        assert_eq!(t.late(), late, "seed {seed}");
    }
}

/// A window or a session of what leaves depends neither on epochs and workers nor on restarts.
fn check_behind(
    pipeline: impl Fn(Duration, Duration) -> Pipeline,
    leaves: Leaves,
    plain: fn(&[Joined]) -> (Vec<Span>, u64),
) {
    let mut found = (0, 0);
    for seed in seeds(3) {
        let mut random = Random(seed * 512_927_357);
        let range = RANGES[(seed - 1) as usize % RANGES.len()];
        let clicked = random_clicks(&mut random, 80, 3);
        let bought = random_buys(&mut random, 80, 2);
        let (rows, late) =
            outer(&SideRow::of_clicks(&clicked, 3), &SideRow::of_buys(&bought, 2), range, leaves);
        let joined: Vec<Joined> = rows.iter().map(|row| row.joined).collect();
        let (spans, late_rows) = plain(&joined);
        found = (found.0 + spans.len(), found.1 + late_rows);
        let (lo, hi) = of_millis(range);
        for way in some_ways(seed) {
            let store = open(&MemDisk::new());
            let (first, rest) = clicked.split_at(random.below(80) as usize);
            let (first_buys, rest_buys) = bought.split_at(random.below(80) as usize);
            append(&store, ClicksThree, first);
            append(&store, BuysTwo, first_buys);
            run(pipeline(lo, hi), &store, way.options().until_end()).unwrap();
            append(&store, BuysTwo, rest_buys);
            run(pipeline(lo, hi), &store, way.options().until_end()).unwrap();
            append(&store, ClicksThree, rest);
            let summary = run(pipeline(lo, hi), &store, way.options().close()).unwrap();
            let what = format!("seed {seed}, {range:?}, {way}");
            assert_same_rows(read(&store, Spans), spans.clone(), &what);
            assert_eq!(summary.rows_late, late + late_rows, "{what}");
        }
    }
    assert_of_use(
        found.0 > 20 && (found.1 > 0 || !leaves.pairs),
        format!("{} spans, {} late rows", found.0, found.1),
    );
}

macro_rules! tests_of {
    ($($name:ident $minutes:ident $sessions:ident $leaves:ident: $rows:ident, $courses:ident, $behind:ident;)*) => {$(
        #[test]
        fn $rows() {
            check(|lo, hi| $name(lo, hi).into(), $leaves);
        }

        #[test]
        fn $courses() {
            check_interleaved(
                |lo, hi| $name(lo, hi).test(),
                |t| t.rows(Mets),
                |t, clicks, buys| {
                    t.push_all(ClicksThree, clicks);
                    t.push_all(BuysTwo, buys);
                },
                $leaves,
            );
        }

        #[test]
        fn $behind() {
            check_behind(|lo, hi| $minutes(lo, hi).into(), $leaves, minutes);
            check_behind(|lo, hi| $sessions(lo, hi).into(), $leaves, sessions);
        }
    )*};
}

tests_of! {
    left minutes_of_left sessions_of_left LEFT:
        left_joins_are_those_of_plain_loops, left_joins_of_any_course, windows_of_a_left_join;
    right minutes_of_right sessions_of_right RIGHT:
        right_joins_are_those_of_plain_loops, right_joins_of_any_course, windows_of_a_right_join;
    full minutes_of_full sessions_of_full FULL:
        full_joins_are_those_of_plain_loops, full_joins_of_any_course, windows_of_a_full_join;
    semi minutes_of_semi sessions_of_semi SEMI:
        semi_joins_are_those_of_plain_loops, semi_joins_of_any_course, windows_of_a_semi_join;
    anti minutes_of_anti sessions_of_anti ANTI:
        anti_joins_are_those_of_plain_loops, anti_joins_of_any_course, windows_of_an_anti_join;
}

#[pipeline]
fn left_of_silent_buys() {
    let clicks = source(ClicksOne).lateness(0s).late_drop().idle(10s);
    let buys = source(BuysOne).lateness(0s).late_drop().idle(10s);
    let mets = clicks.left_join(buys).on(|c| c.user, |b| b.user).between(0s..=10s).select(|c, b| Met {
        user: c.user,
        click: Some(c.number),
        buy: b.number,
        click_at: Some(c.at),
        buy_at: b.at,
    });
    mets.sink(Mets);
}

#[pipeline]
fn anti_of_silent_buys() {
    let clicks = source(ClicksOne).lateness(0s).late_drop().idle(10s);
    let buys = source(BuysOne).lateness(0s).late_drop().idle(10s);
    let unmet = clicks.anti_join(buys).on(|c| c.user, |b| b.user).between(0s..=10s);
    let mets = unmet.map(|c| Met {
        user: c.user,
        click: Some(c.number),
        buy: None,
        click_at: Some(c.at),
        buy_at: None,
    });
    mets.sink(Mets);
}

macro_rules! silent_side {
    ($pipeline:ident, $pairs:expr) => {{
        let second = |second: i64| Timestamp::from_millis(second * 1000);
        let click = |number, at| Click { page: 1, user: 1, number, at: second(at) };
        let buy = |number, at| Buy { shop: 1, user: 1, number, note: String::new(), at: second(at) };
        for restarts in [false, true] {
            let mut t = $pipeline().test();
            t.push_all(ClicksOne, [click(1, 100), click(2, 111)]);
            assert_eq!(t.rows(Mets), [], "buys may still come");
            t.advance_clock(Duration::from_secs(10));
            if restarts {
                t.restart();
            }
            // With the clicks at 130 s the silent buys are at 130 s, too.
            t.push(ClicksOne, click(3, 130));
            let mut numbers: Vec<_> = t.rows(Mets).iter().map(|row| (row.click, row.buy)).collect();
            assert_eq!(numbers, [(Some(1), None), (Some(2), None)], "restarts: {restarts}");
            // What comes back cannot meet what has left alone, and meets what has not.
            t.push_all(BuysOne, [buy(1, 112), buy(2, 131)]);
            if restarts {
                t.restart();
            }
            t.close();
            numbers = t.rows(Mets).iter().map(|row| (row.click, row.buy)).collect();
            let expected: &[(Option<u64>, Option<u64>)] =
                &[(Some(1), None), (Some(2), None), (Some(3), Some(2))];
            assert_eq!(numbers, expected[..if $pairs { 3 } else { 2 }], "restarts: {restarts}");
        }
    }};
}

#[test]
fn a_silent_side_is_not_waited_for_and_what_it_brings_later_meets_nothing_that_has_left_alone() {
    silent_side!(left_of_silent_buys, true);
    silent_side!(anti_of_silent_buys, false);
}

/// Clicks that are there twice at one place, once a little later by another way.
macro_rules! of_a_stream_and_itself {
    ($name:ident, $join:ident) => {
        #[pipeline]
        fn $name() {
            let clicks = source(ClicksThree).lateness(5s).late_drop();
            let buys = source(BuysTwo).lateness(2s).late_drop();
            let other_clicks = clicks.map(|c| Click { number: c.number + 1_000, ..c.clone() });
            let all = clicks.union(other_clicks);
            let passed = all.$join(buys).on(|c| c.user, |b| b.user).between(-4s..=10s);
            let mets = passed.map(|c| Met {
                user: c.user,
                click: Some(c.number),
                buy: None,
                click_at: Some(c.at),
                buy_at: None,
            });
            mets.sink(Mets);
        }
    };
}

of_a_stream_and_itself!(semi_twice, semi_join);
of_a_stream_and_itself!(anti_twice, anti_join);

#[pipeline]
fn full_twice() {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let other_clicks = clicks.map(|c| Click { number: c.number + 1_000, ..c.clone() });
    let all = clicks.union(other_clicks);
    let mets = all.full_join(buys).on(|c| c.user, |b| b.user).between(-4s..=10s).select(|c, b| Met {
        user: c.user.or(b.user).unwrap_or_default(),
        click: c.number,
        buy: b.number,
        click_at: c.at,
        buy_at: b.at,
    });
    mets.sink(Mets);
}

#[test]
fn rows_of_one_place_leave_each_for_itself() {
    let mut random = Random(817_504_253);
    let clicked = random_clicks(&mut random, 80, 3);
    let bought = random_buys(&mut random, 80, 2);
    let left: Vec<SideRow> = SideRow::of_clicks(&clicked, 3)
        .iter()
        .flat_map(|row| [*row, SideRow { number: row.number + 1_000, ..*row }])
        .collect();
    let right = SideRow::of_buys(&bought, 2);
    let pipelines: [(fn() -> Pipeline, Leaves); 3] =
        [(|| semi_twice().into(), SEMI), (|| anti_twice().into(), ANTI), (|| full_twice().into(), FULL)];
    for (pipeline, leaves) in pipelines {
        let (rows, late) = outer(&left, &right, (-4_000, 10_000), leaves);
        for way in SOME_WAYS {
            let (store, summary) = way.run(pipeline(), |store| {
                append(store, ClicksThree, &clicked);
                append(store, BuysTwo, &bought);
            });
            assert_same_rows(read(&store, Mets), rows.iter().map(Left::met), format!("{leaves:?}, {way}"));
            assert_eq!(summary.rows_late, late, "{leaves:?}, {way}");
        }
    }
}

/// All that the closure of a row that may be missing can say of it.
#[pipeline]
fn ways_to_say_it(none: u64) {
    let clicks = source(ClicksOne).lateness(0s).late_drop();
    let buys = source(BuysOne).lateness(0s).late_drop();
    let mets = clicks.left_join(buys).on(|c| c.user, |b| b.user).between(0s..=10s).select(|c, b| {
        let note = b.note.unwrap_or_default();
        let number = match b {
            Some(b) if b.number > 1 => b.number,
            Some(b) => b.number * 100,
            None => none,
        };
        let later = b.map(|b| b.at - c.at).unwrap_or_default();
        let is_there = if let Some(b) = b { b.shop } else { 0 };
        let shop = b.shop;
        assert_eq!(shop.unwrap_or_default(), is_there);
        Met {
            user: c.user,
            click: Some(later.millis() as u64 + note.len() as u64),
            buy: Some(number),
            click_at: b.at.filter(|_| b.is_some()),
            buy_at: b.at,
        }
    });
    mets.sink(Mets);
}

#[test]
fn a_row_that_may_be_missing_is_an_option_and_so_are_its_fields() {
    let at = |second: i64| Timestamp::from_millis(second * 1000);
    let mut t = ways_to_say_it(9).test();
    t.push_all(ClicksOne, [1, 2, 3].map(|user| Click { page: 1, user, number: user, at: at(1) }));
    let buy = |user, number| Buy { shop: 4, user, number, note: "four".to_owned(), at: at(2) };
    t.push_all(BuysOne, [buy(1, 1), buy(2, 2)]);
    t.close();
    let met =
        |user, click, buy, at| Met { user, click: Some(click), buy: Some(buy), click_at: at, buy_at: at };
    let expected = [met(1, 1_004, 100, Some(at(2))), met(2, 1_004, 2, Some(at(2))), met(3, 0, 9, None)];
    assert_same_rows(t.rows(Mets), expected, "each way");
}

#[pipeline]
fn that_panics_alone() {
    let clicks = source(ClicksOne).lateness(5s).late_drop();
    let buys = source(BuysOne).lateness(2s).late_drop();
    let mets = clicks.left_join(buys).on(|c| c.user, |b| b.user).between(0s..=10s).select(|c, b| Met {
        user: c.user,
        click: Some(c.number),
        buy: Some(b.number.expect("there is one")),
        click_at: Some(c.at),
        buy_at: b.at,
    });
    mets.sink(Mets);
}

#[test]
fn what_is_told_of_joins_whose_rows_may_meet_none() {
    let store = open(&MemDisk::new());
    let at = Timestamp::from_millis(1_000);
    append(&store, ClicksOne, &[Click { page: 1, user: 3, number: 1, at }]);
    let error = run(that_panics_alone(), &store, RunOptions::new().close()).unwrap_err();
    let Error::UserCode { operator, at, message } = error else { panic!("{error}") };
    assert_eq!(operator, "mets (left_join)");
    assert_eq!(
        (at.as_str(), message.as_str()),
        ("key 3, left row of 1970-01-01T00:00:01Z", "panicked: there is one")
    );
    let (lo, hi) = of_millis((0, 10_000));
    let text = left(lo, hi).explain().unwrap();
    for part in [
        "left_join  mets  from",
        "between: 0s..=10s",
        "keeps: rows of both sides: a left one until the right side's watermark reaches its time + 10s, a right one until the left \
         side's reaches its time; and which left rows have met none",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = semi(lo, hi).explain().unwrap();
    for part in [
        "semi_join  passed  from",
        "passes each left row on that meets a right one, once",
        "a right one until the left side's reaches its time; of the left ones those that have met none",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(
        anti(hi, lo).explain().unwrap_err().to_string(),
        "pipeline `anti`: join `passed` is between 10s and 0s, and the first is the later one: nothing lies between them"
    );
}

/// A left join of what a semi join passes on, in one statement.
#[pipeline]
fn one_behind_another() {
    let clicks = source(ClicksOne).lateness(0s).late_drop();
    let buys = source(BuysOne).lateness(0s).late_drop();
    let mets = clicks
        .left_join(buys)
        .on(|c| c.user, |b| b.user)
        .between(0s..=10s)
        .select(|c, b| Click { page: b.shop.unwrap_or(0), ..c.clone() })
        .full_join(buys)
        .on(|c| c.page, |b| b.shop)
        .between(0s..=10s)
        .select(|c, b| Met { user: 0, click: c.number, buy: b.number, click_at: c.at, buy_at: b.at });
    mets.sink(Mets);
}

#[test]
fn joins_of_several_kinds_stand_in_one_statement() {
    let at = |second: i64| Timestamp::from_millis(second * 1000);
    let mut t = one_behind_another().test();
    t.push_all(ClicksOne, [1, 2].map(|user| Click { page: 1, user, number: user, at: at(1) }));
    t.push(BuysOne, Buy { shop: 4, user: 1, number: 8, note: String::new(), at: at(1) });
    t.close();
    let met = |click: Option<u64>, buy: Option<u64>| Met {
        user: 0,
        click,
        buy,
        click_at: click.map(|_| at(1)),
        buy_at: buy.map(|_| at(1)),
    };
    assert_same_rows(t.rows(Mets), [met(Some(1), Some(8)), met(Some(2), None)], "each kind by its own rows");
}
