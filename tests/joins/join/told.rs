//! Rows that are late or were not waited for, and what is told or refused.

use super::*;

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
    for seed in seeds(3) {
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
        assert_of_use(!late_clicks.is_empty() && !late_buys.is_empty(), "nothing is late");
        for way in SOME_WAYS {
            let what = format!("seed {seed}, {way}");
            let (store, summary) = way.run(with_late_topics(), |store| {
                append(store, ClicksThree, &clicked);
                append(store, BuysTwo, &bought);
            });
            assert_same_rows(read(&store, LateClicks), late_clicks.clone(), &what);
            assert_same_rows(read(&store, LateBuys), late_buys.clone(), &what);
            assert_eq!(summary.rows_late, (late_clicks.len() + late_buys.len()) as u64);
            let joined_with_itself = of_one_stream_with_a_late_topic();
            let (store, _) = way.run(joined_with_itself, |store| append(store, ClicksThree, &clicked));
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
