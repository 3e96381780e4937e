//! Silent sides, a stream and itself, and the ways to write such joins.

use super::*;

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
    let mets = unmet.map(|c| Met::of_left(c.user, c.number, c.at));
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
            let mets = passed.map(|c| Met::of_left(c.user, c.number, c.at));
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
