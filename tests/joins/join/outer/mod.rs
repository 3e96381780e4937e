//! Joins in which it matters that a row meets none: left, right, full, semi and anti.

mod ways;

use super::behind::{minutes, sessions};
use super::*;
use support::SOME_WAYS;

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
    /// A left row that is passed on.
    pub(super) fn of_left(user: u64, click: u64, at: Timestamp) -> Met {
        Met { user, click: Some(click), buy: None, click_at: Some(at), buy_at: None }
    }

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

/// What a window and a session of the rows of a join come to, and the rows themselves. The joins differ by their word, and by which of both rows
/// may be missing.
macro_rules! joins {
    ($($name:ident $minutes:ident $sessions:ident: $join:ident, ($($select:tt)*);)*) => {$(
        #[pipeline]
        pub(super) fn $name(lo: Duration, hi: Duration) {
            let clicks = source(ClicksThree).lateness(5s).late_drop();
            let buys = source(BuysTwo).lateness(2s).late_drop();
            let mets = clicks.$join(buys).on(|c| c.user, |b| b.user).between(lo..=hi).select($($select)*);
            mets.sink(Mets);
        }

        #[pipeline]
        fn $minutes(lo: Duration, hi: Duration) {
            let clicks = source(ClicksThree).lateness(5s).late_drop();
            let buys = source(BuysTwo).lateness(2s).late_drop();
            let mets = clicks.$join(buys).on(|c| c.user, |b| b.user).between(lo..=hi).select($($select)*);
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
        fn $sessions(lo: Duration, hi: Duration) {
            let clicks = source(ClicksThree).lateness(5s).late_drop();
            let buys = source(BuysTwo).lateness(2s).late_drop();
            let mets = clicks.$join(buys).on(|c| c.user, |b| b.user).between(lo..=hi).select($($select)*);
            let spans = mets.group_by(|m| m.user).window(session(3s)).select(|w, m| Span {
                user: w.key(),
                from: w.start(),
                until: w.end(),
                n: count(),
                clicks: sum(m.number()),
            });
            spans.sink(Spans);
        }
    )*};
}

joins! {
    left minutes_of_left sessions_of_left: left_join, (|c, b| Met {
        user: c.user,
        click: Some(c.number),
        buy: b.number,
        click_at: Some(c.at),
        buy_at: b.at,
    });
    right minutes_of_right sessions_of_right: right_join, (|c, b| Met {
        user: b.user,
        click: c.number,
        buy: Some(b.number),
        click_at: c.at,
        buy_at: Some(b.at),
    });
    full minutes_of_full sessions_of_full: full_join, (|c, b| Met {
        user: c.user.or(b.user).unwrap_or_default(),
        click: c.number,
        buy: b.number,
        click_at: c.at,
        buy_at: b.at,
    });
}

/// The same of joins that pass left rows on.
macro_rules! passing_joins {
    ($($name:ident $minutes:ident $sessions:ident: $join:ident;)*) => {$(
        #[pipeline]
        pub(super) fn $name(lo: Duration, hi: Duration) {
            let clicks = source(ClicksThree).lateness(5s).late_drop();
            let buys = source(BuysTwo).lateness(2s).late_drop();
            let passed = clicks.$join(buys).on(|c| c.user, |b| b.user).between(lo..=hi);
            let mets = passed.map(|c| Met::of_left(c.user, c.number, c.at));
            mets.sink(Mets);
        }

        #[pipeline]
        fn $minutes(lo: Duration, hi: Duration) {
            let clicks = source(ClicksThree).lateness(5s).late_drop();
            let buys = source(BuysTwo).lateness(2s).late_drop();
            let passed = clicks.$join(buys).on(|c| c.user, |b| b.user).between(lo..=hi);
            let mets = passed.map(|c| Met::of_left(c.user, c.number, c.at));
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
        fn $sessions(lo: Duration, hi: Duration) {
            let clicks = source(ClicksThree).lateness(5s).late_drop();
            let buys = source(BuysTwo).lateness(2s).late_drop();
            let passed = clicks.$join(buys).on(|c| c.user, |b| b.user).between(lo..=hi);
            let mets = passed.map(|c| Met::of_left(c.user, c.number, c.at));
            let spans = mets.group_by(|m| m.user).window(session(3s)).select(|w, m| Span {
                user: w.key(),
                from: w.start(),
                until: w.end(),
                n: count(),
                clicks: sum(m.number()),
            });
            spans.sink(Spans);
        }
    )*};
}

passing_joins! {
    semi minutes_of_semi sessions_of_semi: semi_join;
    anti minutes_of_anti sessions_of_anti: anti_join;
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
