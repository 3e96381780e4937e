//! Partitions that are added to one side of a join while the other is behind. That all joins follow from the logs and the epochs then is
//! tested inside the engine.

use super::*;

#[pipeline]
fn with_late_topics() {
    let clicks = source(ClicksOne).lateness(0s).late_to(LateClicks);
    let buys = source(BuysOne).lateness(0s).late_to(LateBuys);
    let pairs = clicks.join(buys).on(|c| c.user, |b| b.user).between(0s..=10s).select(|c, b| Pair {
        user: c.user,
        click: c.number,
        buy: b.number,
        click_at: c.at,
        buy_at: b.at,
    });
    pairs.sink(Pairs);
}

#[test]
fn a_partition_begins_where_its_own_side_is_and_what_is_late_of_it_is_told() {
    let second = |second: i64| Timestamp::from_millis(second * 1000);
    let click = |number, at| Click { page: 1, user: 1, number, at: second(at) };
    let shop =
        |partition| (0..).find(|shop: &u64| partition_of(&shop.to_be_bytes(), 2) == partition).unwrap();
    let buy = |partition, number, at| Buy {
        shop: shop(partition),
        user: 1,
        number,
        note: String::new(),
        at: second(at),
    };
    for restarts in [false, true] {
        let mut t = with_late_topics().test();
        t.push(ClicksOne, click(1, 100));
        t.push(BuysOne, buy(0, 1, 130));
        assert_eq!(t.rows(Pairs), []);
        t.store().topic("buys-one").unwrap().add_partitions(2).unwrap();
        if restarts {
            t.restart();
        }
        // The buys are at 130 s, where the clicks that the first of these could meet are gone, and those that the second could are not.
        t.push_all(BuysOne, [buy(1, 2, 110), buy(1, 3, 125)]);
        if restarts {
            t.restart();
        }
        assert_eq!((t.rows(LateBuys), t.late()), (vec![buy(1, 2, 110)], 1), "restarts: {restarts}");
        t.push_all(ClicksOne, [click(2, 119), click(3, 121)]);
        t.close();
        let found: Vec<_> = t.rows(Pairs).iter().map(|pair| (pair.click, pair.buy)).collect();
        assert_eq!(found, [(3, 3), (3, 1)], "restarts: {restarts}");
        assert_eq!((t.rows(LateClicks), t.late()), (vec![], 1));
    }
}
