//! A stream joined with itself, and rows that meet many.

use super::*;

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
    for way in SOME_WAYS {
        let (store, summary) = way.run(of_one_stream(), |store| append(store, ClicksThree, &clicked));
        assert_same_rows(read(&store, Pairs), pairs.iter().map(pair_of), way);
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
