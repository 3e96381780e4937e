//! Joins whose rows meet in the same window.

use super::behind::{minutes, sessions};
use super::outer::{ANTI, FULL, LEFT, Leaves, Left, Met, Mets, PAIRS, RIGHT, SEMI, leave};
use super::*;
use waterwheel::dsl::Window;

/// The window's key, if it is the window of that instant.
fn within(window: Window<u64>, at: Timestamp, user: u64) -> u64 {
    assert!(window.start() <= at && at < window.end() && window.key() == user, "{window:?}, {at}");
    user
}

/// The rows of a join in windows. The joins differ by their word, and by which of both rows may be missing.
macro_rules! joins {
    ($($name:ident: $join:ident, ($($select:tt)*);)*) => {$(
        #[pipeline]
        fn $name(size: Duration) {
            let clicks = source(ClicksThree).lateness(5s).late_drop();
            let buys = source(BuysTwo).lateness(2s).late_drop();
            let mets = clicks.$join(buys).on(|c| c.user, |b| b.user).window(tumbling(size)).select($($select)*);
            mets.sink(Mets);
        }
    )*};
}

joins! {
    inner: join, (|w, c, b| Met {
        user: within(w, c.at, c.user),
        click: Some(c.number),
        buy: Some(b.number),
        click_at: Some(c.at),
        buy_at: Some(b.at),
    });
    left: left_join, (|w, c, b| Met {
        user: within(w, c.at, c.user),
        click: Some(c.number),
        buy: b.number,
        click_at: Some(c.at),
        buy_at: b.at,
    });
    right: right_join, (|w, c, b| Met {
        user: within(w, b.at, b.user),
        click: c.number,
        buy: Some(b.number),
        click_at: c.at,
        buy_at: Some(b.at),
    });
    full: full_join, (|w, c, b| Met {
        user: within(w, c.at.or(b.at).unwrap_or_default(), c.user.or(b.user).unwrap_or_default()),
        click: c.number,
        buy: b.number,
        click_at: c.at,
        buy_at: b.at,
    });
}

/// The same of joins that pass left rows on.
macro_rules! passing_joins {
    ($($name:ident: $join:ident;)*) => {$(
        #[pipeline]
        fn $name(size: Duration) {
            let clicks = source(ClicksThree).lateness(5s).late_drop();
            let buys = source(BuysTwo).lateness(2s).late_drop();
            let passed = clicks.$join(buys).on(|c| c.user, |b| b.user).window(tumbling(size));
            let mets = passed.map(|c| Met::of_left(c.user, c.number, c.at));
            mets.sink(Mets);
        }
    )*};
}

passing_joins! {
    semi: semi_join;
    anti: anti_join;
}

#[pipeline]
fn full_of_shifted(size: Duration) {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let mets = clicks.full_join(buys).on(|c| c.user, |b| b.user).window(tumbling(size).offset(500ms)).select(
        |w, c, b| Met {
            user: within(w, c.at.or(b.at).unwrap_or_default(), c.user.or(b.user).unwrap_or_default()),
            click: c.number,
            buy: b.number,
            click_at: c.at,
            buy_at: b.at,
        },
    );
    mets.sink(Mets);
}

#[pipeline]
fn minutes_of_left(size: Duration) {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let mets =
        clicks.left_join(buys).on(|c| c.user, |b| b.user).window(tumbling(size)).select(|w, c, b| Met {
            user: within(w, c.at, c.user),
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
fn minutes_of_semi(size: Duration) {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let passed = clicks.semi_join(buys).on(|c| c.user, |b| b.user).window(tumbling(size));
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
fn sessions_of_full(size: Duration) {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let mets =
        clicks.full_join(buys).on(|c| c.user, |b| b.user).window(tumbling(size)).select(|w, c, b| Met {
            user: within(w, c.at.or(b.at).unwrap_or_default(), c.user.or(b.user).unwrap_or_default()),
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
fn sessions_of_anti(size: Duration) {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let passed = clicks.anti_join(buys).on(|c| c.user, |b| b.user).window(tumbling(size));
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

/// Nested loops: a row is late once its own partition has come to its window's end, and rows of a window meet that are not late.
fn outer_in_windows(
    (left, right): (&[SideRow], &[SideRow]),
    (size, offset): (i64, i64),
    leaves: Leaves,
) -> (Vec<Left>, u64) {
    let window = |row: &SideRow| (row.at - offset).div_euclid(size);
    let is_late = |row: &SideRow| (window(row) + 1) * size + offset - 1 <= row.watermark_before;
    let late = left.iter().chain(right).filter(|row| is_late(row)).count() as u64;
    let mut pairs = Vec::new();
    for l in left.iter().filter(|row| !is_late(row)) {
        for r in right.iter().filter(|row| !is_late(row)) {
            if l.key == r.key && window(l) == window(r) {
                let watermark_before = l.watermark_before.max(r.watermark_before);
                pairs.push(Joined { left: *l, right: *r, at: l.at.max(r.at), watermark_before });
            }
        }
    }
    (leave((left, right), &pairs, is_late, leaves), late)
}

/// In milliseconds.
const SIZES: [i64; 4] = [4_000, 15_000, 60_000, 1_000];

/// Any workers and epochs, with the rows in three pieces of which the runs see one more each.
fn check<T: waterwheel::__rt::Topic>(
    pipeline: impl Fn(Duration) -> Pipeline,
    offset: i64,
    leaves: Leaves,
    topic: T,
    plain: impl Fn(&[Left]) -> (Vec<T::Row>, u64),
) where
    T::Row: std::fmt::Debug + Clone,
{
    let mut rows_in_all = 0;
    for seed in seeds(4) {
        let size = SIZES[(seed - 1) as usize % SIZES.len()];
        let mut random = Random(seed * 776_531_401);
        let clicked = random_clicks(&mut random, 80, 3);
        let bought = random_buys(&mut random, 80, 2);
        let (left, right) = (SideRow::of_clicks(&clicked, 3), SideRow::of_buys(&bought, 2));
        let (rows, late) = outer_in_windows((&left, &right), (size, offset), leaves);
        let (rows, late_rows) = plain(&rows);
        rows_in_all += rows.len();
        assert_of_use(late > 0, format!("{late} late"));
        for way in some_ways(seed) {
            let store = open(&MemDisk::new());
            let (first, rest) = clicked.split_at(random.below(80) as usize);
            let (first_buys, rest_buys) = bought.split_at(random.below(80) as usize);
            let run = |options| run(pipeline(Duration::from_millis(size)), &store, options).unwrap();
            append(&store, ClicksThree, first);
            append(&store, BuysTwo, first_buys);
            run(way.options().until_end());
            append(&store, BuysTwo, rest_buys);
            run(way.options().until_end());
            append(&store, ClicksThree, rest);
            let summary = run(way.options().close());
            let what = format!("seed {seed}, windows of {size} ms, {way}");
            assert_same_rows(read(&store, topic), rows.clone(), &what);
            assert_eq!((summary.rows_late, summary.entries_open), (late + late_rows, 0), "{what}");
        }
    }
    assert_of_use(rows_in_all > 20, format!("{rows_in_all} rows"));
}

fn as_they_are(rows: &[Left]) -> (Vec<Met>, u64) {
    (rows.iter().map(Left::met).collect(), 0)
}

fn through(plain: fn(&[Joined]) -> (Vec<Span>, u64)) -> impl Fn(&[Left]) -> (Vec<Span>, u64) {
    move |rows| plain(&rows.iter().map(Left::joined).collect::<Vec<_>>())
}

#[test]
fn rows_of_one_window_meet() {
    check(|size| inner(size).into(), 0, PAIRS, Mets, as_they_are);
    check(|size| full_of_shifted(size).into(), 500, FULL, Mets, as_they_are);
}

#[test]
fn rows_that_meet_none_of_their_window_leave_alone() {
    check(|size| left(size).into(), 0, LEFT, Mets, as_they_are);
    check(|size| right(size).into(), 0, RIGHT, Mets, as_they_are);
    check(|size| full(size).into(), 0, FULL, Mets, as_they_are);
}

#[test]
fn left_rows_are_passed_on_that_meet_one_of_their_window_or_none() {
    check(|size| semi(size).into(), 0, SEMI, Mets, as_they_are);
    check(|size| anti(size).into(), 0, ANTI, Mets, as_they_are);
}

#[test]
fn windows_and_sessions_of_what_meets_in_windows() {
    check(|size| minutes_of_left(size).into(), 0, LEFT, Spans, through(minutes));
    check(|size| minutes_of_semi(size).into(), 0, SEMI, Spans, through(minutes));
    check(|size| sessions_of_full(size).into(), 0, FULL, Spans, through(sessions));
    check(|size| sessions_of_anti(size).into(), 0, ANTI, Spans, through(sessions));
}

/// A name of a join in windows, with a number of rows that one may meet.
#[pipeline]
fn by_steps() {
    let clicks = source(ClicksThree).lateness(5s).late_drop();
    let buys = source(BuysTwo).lateness(2s).late_drop();
    let joined = clicks.left_join(buys).on(|c| c.user, |b| b.user);
    let in_windows = joined.window(tumbling(10s)).at_most(2);
    let mets = in_windows.select(|w, c, b| Met {
        user: w.key(),
        click: Some(c.number),
        buy: b.number,
        click_at: Some(w.start()),
        buy_at: b.at,
    });
    mets.sink(Mets);
}

#[test]
fn what_is_told_of_joins_in_windows() {
    let text = left(Duration::from_secs(10)).explain().unwrap();
    for part in [
        "left_join  mets  from",
        "window: tumbling(10s)",
        "keeps: rows of both sides, each until the other side's watermark reaches the end of its window; and which left rows have met none",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(
        semi(Duration::ZERO).explain().unwrap_err().to_string(),
        "pipeline `semi`: join `passed` has windows, and each of them must be at least 1 ms long, and is 0s"
    );
    let store = open(&MemDisk::new());
    let at = |second: i64| Timestamp::from_millis(second * 1000);
    let buy = |number| Buy { shop: 1, user: 3, number, note: String::new(), at: at(12) };
    append(&store, BuysTwo, &[buy(0), buy(1)]);
    append(&store, ClicksThree, &[Click { page: 1, user: 3, number: 5, at: at(19) }]);
    run(by_steps(), &store, RunOptions::new().until_end()).unwrap();
    let met = |number| Met {
        user: 3,
        click: Some(5),
        buy: Some(number),
        click_at: Some(at(10)),
        buy_at: Some(at(12)),
    };
    assert_same_rows(read(&store, Mets), [met(0), met(1)], "both of the window");
    append(&store, BuysTwo, &[buy(2)]);
    append(&store, ClicksThree, &[Click { page: 1, user: 3, number: 6, at: at(18) }]);
    run(by_steps(), &store, RunOptions::new().until_end()).unwrap();
    append(&store, ClicksThree, &[Click { page: 1, user: 3, number: 7, at: at(17) }]);
    let error = run(by_steps(), &store, RunOptions::new().until_end()).unwrap_err().to_string();
    assert!(error.contains("stopped at key 3, ") && error.contains("it would meet 3 rows"), "{error}");
}
