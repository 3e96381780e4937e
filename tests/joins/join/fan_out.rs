//! Rows that would meet too many: the run stops at them, and nothing is lost.

use super::*;

macro_rules! of_at_most {
    ($name:ident, $rows:expr) => {
        mod $name {
            use super::*;

            #[pipeline]
            pub(super) fn fan_out() {
                let clicks = source(ClicksThree).lateness(5s).late_drop();
                let buys = source(BuysTwo).lateness(2s).late_drop();
                let pairs =
                    clicks.join(buys).on(|c| c.user, |b| b.user).between(-20s..=20s).at_most($rows).select(
                        |c, b| Pair {
                            user: c.user,
                            click: c.number,
                            buy: b.number,
                            click_at: c.at,
                            buy_at: b.at,
                        },
                    );
                pairs.sink(Pairs);
            }
        }
    };
}

of_at_most!(three, 3);
of_at_most!(enough, 100);
of_at_most!(none_at_all, u64::MIN);

/// Any workers, epochs and orders: a run stops or not, and what the next one goes on to is what nested loops give.
#[test]
fn a_row_that_would_meet_too_many_stops_the_run_and_is_met_again_by_the_next() {
    let mut stopped = 0;
    for seed in seeds(6) {
        let mut random = Random(seed * 472_882_027);
        let clicked = random_clicks(&mut random, 100, 3);
        let bought = random_buys(&mut random, 100, 2);
        let (left, right) = (SideRow::of_clicks(&clicked, 3), SideRow::of_buys(&bought, 2));
        let (pairs, late) = join(&left, &right, (-20_000, 20_000));
        let of_click = |number| pairs.iter().filter(|pair| pair.left.number == number).count();
        let of_buy = |number| pairs.iter().filter(|pair| pair.right.number == number).count();
        let most = (0..100).map(|number| of_click(number).max(of_buy(number))).max().unwrap();
        assert_of_use(most > 3, format!("{most} rows at most"));
        for (workers, epoch_rows) in [(1, 1), (2, 30), (3, 97), (4, 10_000)] {
            let store = open(&MemDisk::new());
            let early = random.below(100) as usize;
            append(&store, ClicksThree, &clicked[..early]);
            append(&store, BuysTwo, &bought);
            let options = RunOptions::new().workers(workers).epoch_rows(epoch_rows);
            let what = format!("seed {seed}, {workers} workers, epochs of {epoch_rows} rows");
            let mut tries = |clicks: &[Click], options: RunOptions| {
                append(&store, ClicksThree, clicks);
                match run(three::fan_out(), &store, options.clone()) {
                    Ok(summary) => summary,
                    Err(Error::UserCode { operator, at, message }) => {
                        stopped += 1;
                        assert_eq!(operator, "pairs (join)", "{what}");
                        assert!(at.starts_with("key ") && at.contains(" row of 19"), "{at}");
                        assert!(message.contains("and a row of this join meets at most 3"), "{message}");
                        // It goes on where it was, or is cut into other epochs by now.
                        if let Err(again) = run(three::fan_out(), &store, options.clone()) {
                            assert!(matches!(again, Error::UserCode { .. }), "{what}: {again}");
                        }
                        run(enough::fan_out(), &store, options).unwrap()
                    }
                    Err(other) => panic!("{what}: {other}"),
                }
            };
            tries(&[], options.clone().until_end());
            let summary = tries(&clicked[early..], options.close());
            assert_same_rows(read(&store, Pairs), pairs.iter().map(pair_of), &what);
            assert_eq!(summary.entries_open, 0, "{what}");
            assert!(summary.rows_late <= late, "{what}");
        }
    }
    assert_of_use(stopped > 10, format!("{stopped} runs stopped"));
}

#[test]
fn no_run_stops_whose_rows_have_no_more_partners_in_all_than_one_may_meet() {
    let at = |second: i64| Timestamp::from_millis(second * 1000);
    let click = |number| Click { page: 1, user: 3, number, at: at(5) };
    let buy = |number| Buy { shop: 1, user: 3, number, note: String::new(), at: at(6) };
    for epoch_rows in [1, 2, 10_000] {
        let store = open(&MemDisk::new());
        append(&store, ClicksThree, &[click(0), click(1), click(2)]);
        append(&store, BuysTwo, &[buy(0), buy(1), buy(2)]);
        run(three::fan_out(), &store, RunOptions::new().epoch_rows(epoch_rows).until_end()).unwrap();
        assert_eq!(read(&store, Pairs).len(), 9);
        append(&store, ClicksThree, &[click(3)]);
        append(&store, BuysTwo, &[buy(3)]);
        let error = run(three::fan_out(), &store, RunOptions::new().until_end()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "operator `pairs (join)` stopped at key 3, right row of 1970-01-01T00:00:06Z: it would meet 4 rows, and a row of this join \
             meets at most 3: leave a key that stands for no key out by a `.filter(..)` in front of the join, or take a shorter range; if \
             so many belong together, allow it with `.at_most(4)`; nothing was lost, the next run meets the same row again"
        );
        assert_eq!(read(&store, Pairs).len(), 9, "nothing of the epoch is committed");
        run(enough::fan_out(), &store, RunOptions::new().until_end()).unwrap();
        assert_eq!(read(&store, Pairs).len(), 16);
    }
}

#[test]
fn explain_says_how_many_a_row_may_meet() {
    let text = three::fan_out().explain().unwrap();
    assert!(text.contains("a row meets at most 3 rows; one that would meet more stops the run"), "{text}");
    assert_eq!(
        none_at_all::fan_out().explain().unwrap_err().to_string(),
        "pipeline `fan_out`: join `pairs` lets each row meet at most 0 rows, so that it makes none"
    );
}
