//! What a test's driver tells: what became of the rows, what is waited for, and the clock.

use waterwheel::prelude::*;
use waterwheel::{Error, RowFate};

#[derive(Debug, Clone, PartialEq, Record)]
struct Payment {
    card: u64,
    cents: i64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct CardMinute {
    card: u64,
    from: Timestamp,
    total: i64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Minute {
    from: Timestamp,
    n: u64,
}

topics! {
    Payments("payments"): Payment { key: card, time: at, partitions: 2 }
    Refunds("refunds"): Payment { key: card, time: at }
    Large("large"): Payment { key: card }
    CardMinutes("card-minutes"): CardMinute { key: card, time: from }
    Minutes("minutes"): Minute { time: from }
    Late("late-payments"): Payment { key: card }
}

#[pipeline]
fn card_minutes() {
    let payments = source(Payments).lateness(10s).late_to(Late);
    let real = payments.filter(|p| p.cents != 0);
    let large = real.filter(|p| p.cents >= 1_000);
    large.sink(Large);
    let refunds = source(Refunds).lateness(10s).late_drop();
    let per_minute = real
        .union(refunds)
        .group_by(|p| p.card)
        .window(tumbling(1m))
        .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.cents) });
    per_minute.sink(CardMinutes);
    // What stands behind an operator with state is made of several rows, and is no row's fate.
    let minutes = per_minute
        .group_by(|_| ())
        .window(tumbling(1m))
        .select(|w, _minute| Minute { from: w.start(), n: count() });
    minutes.sink(Minutes);
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1000)
}

fn payment(card: u64, cents: i64, at: i64) -> Payment {
    Payment { card, cents, at: second(at) }
}

/// A card of each partition.
const CARDS: [u64; 2] = [1, 2];

#[test]
#[expect(clippy::needless_borrows_for_generic_args, reason = "lists that are lent are what is tested")]
fn rows_are_pushed_given_and_lent_one_and_several() {
    let rows = [payment(1, 1, 1), payment(1, 2, 2)];
    let mut t = TestDriver::new(card_minutes());
    t.push(Payments, payment(1, 1, 1));
    t.push(Payments, &rows[0]);
    t.push(Payments, rows.to_vec());
    t.push(Payments, &rows.to_vec());
    t.push(Payments, rows.clone());
    t.push(Payments, &rows);
    t.push(Payments, &rows[1..]);
    t.push_all(Payments, rows.iter().cloned());
    t.close();
    let expected = CardMinute { card: 1, from: second(0), total: 1 + 1 + 5 * 3 + 2 };
    assert_eq!(t.rows(CardMinutes), [expected]);
}

#[test]
fn the_clock_takes_lengths_of_either_kind() {
    let mut t = card_minutes().test();
    let beginning = t.clock();
    t.advance_clock(Duration::from_secs(2));
    t.advance_clock(std::time::Duration::from_secs(3));
    assert_eq!(t.clock(), beginning + Duration::from_secs(5));
}

#[test]
fn each_row_is_told_what_became_of_it_and_the_run_goes_on() {
    let mut t = card_minutes().test();
    t.push(Payments, payment(CARDS[0], 250, 5));
    t.push(Payments, payment(CARDS[0], 0, 6));
    t.push(Payments, payment(CARDS[0], 2_000, 100));
    t.push(Refunds, payment(CARDS[0], -100, 7));
    t.heartbeat(Refunds, 0, second(200));
    t.push(Payments, payment(CARDS[0], 9, 7)); // behind 90 s, but its window is behind that, too
    t.push(Refunds, payment(CARDS[1], -1, 100));
    let before = t.rows(CardMinutes);
    let explained = t.explain_rows();
    let expected = "\
payments, partition P, offset 0: {\"card\":1,\"cents\":250,\"at\":\"1970-01-01T00:00:05Z\"}
  large (filter): left out
  per_minute (window): kept
payments, partition P, offset 2: {\"card\":1,\"cents\":0,\"at\":\"1970-01-01T00:00:06Z\"}
  real (filter): left out
payments, partition P, offset 4: {\"card\":1,\"cents\":2000,\"at\":\"1970-01-01T00:01:40Z\"}
  large (sink): written
  per_minute (window): kept
payments, partition P, offset 6: {\"card\":1,\"cents\":9,\"at\":\"1970-01-01T00:00:07Z\"}
  large (filter): left out
  per_minute (window): late
refunds, partition 0, offset 0: {\"card\":1,\"cents\":-100,\"at\":\"1970-01-01T00:00:07Z\"}
  per_minute (window): kept
refunds, partition 0, offset 2
  refunds (source): no row
refunds, partition 0, offset 3: {\"card\":2,\"cents\":-1,\"at\":\"1970-01-01T00:01:40Z\"}
  per_minute (window): late";
    let partition = format!("partition {}", explained.rows()[0].partition);
    let text = explained.to_string().replace(&format!("payments, {partition}"), "payments, partition P");
    assert_eq!(text, expected);
    assert_eq!(format!("{explained:?}"), explained.to_string());
    assert_eq!(explained.rows()[1].fates, [("real (filter)".to_owned(), RowFate::LeftOut)]);

    // Neither the cut into epochs nor a crash changes it, and asking changes nothing.
    assert_eq!(t.rows(CardMinutes), before);
    assert_eq!(t.late(), 2);
    t.restart();
    assert_eq!(t.explain_rows(), explained);
    t.close();
    assert_eq!(t.explain_rows(), explained);
    assert_eq!(t.rows(CardMinutes).iter().map(|row| row.total).sum::<i64>(), 2_150);
}

/// Every text that a snapshot may have.
#[test]
fn what_is_printed_is_the_same_in_every_run() {
    let texts = |epoch_rows: u64, crashes: bool| {
        let mut t = card_minutes().test().epoch_rows(epoch_rows);
        for number in 0..60_i64 {
            t.push(Payments, payment(number as u64 % 7, number * 100 % 1_700, number * 11 % 240));
            if crashes && number % 9 == 0 {
                t.restart();
            }
        }
        let explained = format!("{}\n{:#?}", t.explain_rows(), t.explain_rows());
        t.close();
        let rows = t.rows(CardMinutes);
        assert!(rows.len() > 10, "{rows:?}");
        let json = serde_json::to_string_pretty(&rows).unwrap();
        (explained, format!("{rows:#?}"), json, card_minutes().explain().unwrap())
    };
    let first = texts(1_000, false);
    assert_eq!(texts(1_000, false), first);
    // The windows of this pipeline leave by their ends, so that not even the cut into epochs changes their order.
    for (epoch_rows, crashes) in [(1_000, true), (1, false), (7, true)] {
        assert_eq!(texts(epoch_rows, crashes), first, "epochs of {epoch_rows} rows");
    }
}

#[test]
fn what_is_late_is_as_many_as_the_driver_counts() {
    for seed in 0..8_u64 {
        let mut t = card_minutes().test().epoch_rows(1 + seed % 7);
        let row = |n: u64| {
            let spread = (n + 1).wrapping_mul(seed * 2 + 0x9e37_79b9_7f4a_7c15) >> 33;
            payment(spread % 5, (spread >> 3) as i64 % 3 * 700, (spread >> 9) as i64 % 300)
        };
        t.push_all(Payments, (0..60).map(row));
        t.push_all(Refunds, (60..90).map(row));
        let explained = t.explain_rows();
        let with = |fate| {
            let fates = explained.rows().iter().flat_map(|row| &row.fates);
            fates.filter(|(operator, found)| *found == fate && operator.starts_with("per_minute")).count()
        };
        assert_eq!(explained.rows().len(), 90, "seed {seed}");
        assert_eq!(with(RowFate::Late) as u64, t.late(), "seed {seed}");
        let left_out = (0..60).map(row).filter(|payment| payment.cents == 0).count();
        assert_eq!(with(RowFate::Late) + with(RowFate::Kept), 90 - left_out, "seed {seed}");
    }
}

#[test]
fn what_is_open_waits_for_a_partition_that_is_named() {
    let mut t = card_minutes().test();
    assert_eq!(t.waits_for(), None);
    t.push(Refunds, payment(CARDS[0], -100, 70));
    let said = t.waits_for().unwrap();
    assert!(
        said.starts_with("what is open waits for partition 0 of `payments`, which has no row yet: push one"),
        "{said}"
    );
    t.heartbeat(Payments, 0, second(500));
    t.heartbeat(Payments, 1, second(500));
    let said = t.waits_for().unwrap();
    assert!(
        said.starts_with("what is open waits for partition 0 of `refunds`, which is furthest back, at 1970-01-01T00:01:10Z:"),
        "{said}"
    );
    t.close();
    assert_eq!(t.waits_for(), None);
}

#[test]
fn closing_gives_the_error_of_a_run_that_fails() {
    let mut t = card_minutes().test();
    t.push_all(Refunds, [payment(1, i64::MAX, 5), payment(1, i64::MAX, 6)]);
    let error = t.try_close().unwrap_err();
    assert!(
        matches!(&error, Error::UserCode { operator, .. } if operator == "per_minute (window)"),
        "{error}"
    );

    let mut t = card_minutes().test();
    t.push(Refunds, payment(1, -5, 5));
    t.try_close().unwrap();
    assert_eq!(t.rows(CardMinutes), [CardMinute { card: 1, from: second(0), total: -5 }]);
}

#[pipeline]
fn by_the_clock() {
    let payments = source(Payments);
    let minutes = payments
        .group_by(|_| ())
        .window(tumbling(1m).by_clock())
        .select(|w, _payment| Minute { from: w.start(), n: count() });
    minutes.sink(Minutes);
}

#[test]
fn the_clock_is_read_and_set_and_never_goes_back() {
    let mut t = by_the_clock().test();
    assert_eq!(t.clock(), "2000-01-01T00:00:00Z".parse().unwrap());
    let noon: Timestamp = "2026-05-01T12:00:30Z".parse().unwrap();
    t.set_clock(noon);
    t.push(Payments, payment(1, 5, 0));
    t.set_clock("1999-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(t.clock(), noon);
    assert_eq!(t.rows(Minutes), []);
    t.set_clock("2026-05-01T12:01:00Z".parse().unwrap());
    let from = "2026-05-01T12:00:00Z".parse().unwrap();
    assert_eq!(t.rows(Minutes), [Minute { from, n: 1 }]);
    t.advance_clock(Duration::from_secs(1));
    assert_eq!(t.clock(), "2026-05-01T12:01:01Z".parse().unwrap());
}

/// The hints of a test that fails now.
fn hints<D>(t: &waterwheel::TestDriver<D>) -> Vec<String> {
    t.hints()
}

#[test]
fn a_test_that_fails_is_told_what_holds_rows_back_and_which_were_late_or_left_out() {
    let mut t = card_minutes().test();
    assert_eq!(hints(&t), Vec::<String>::new(), "nothing was pushed");
    t.push(Payments, payment(CARDS[0], 250, 5));
    assert_eq!(t.rows(CardMinutes), []);
    let [waits, left_out] = hints(&t).try_into().expect("two hints");
    assert!(waits.contains("which has no row yet") && waits.contains("`t.close()`"), "{waits}");
    assert_eq!(left_out, "`large (filter)` was given 1 row, and has made none");

    t.push(Payments, payment(CARDS[1], 2_000, 100));
    t.push(Refunds, payment(CARDS[1], -100, 100));
    t.heartbeat(Payments, 0, second(100));
    t.heartbeat(Payments, 1, second(100));
    t.push_all(Payments, [payment(CARDS[0], 1, 3), payment(CARDS[0], 1, 4)]);
    assert_eq!(t.rows(CardMinutes).len(), 1);
    let [waits, late] = hints(&t).try_into().expect("two hints");
    assert!(waits.contains("which is furthest back, at 1970-01-01T00:01:40Z"), "{waits}");
    assert!(late.starts_with("2 rows came too late for `per_minute (window)`"), "{late}");

    t.restart();
    assert_eq!(t.rows(CardMinutes).len(), 1);
    assert_eq!(hints(&t), [waits], "what is open is known after a restart, too");
    t.close();
    assert_eq!(hints(&t), Vec::<String>::new());
}

#[test]
fn windows_by_the_clock_are_told_to_wait_for_it() {
    let mut t = by_the_clock().test();
    t.push(Payments, payment(CARDS[0], 250, 5));
    assert_eq!(t.rows(Minutes), []);
    let hints = hints(&t);
    let expected = "not all rows are out yet: what goes by the clock waits until 2000-01-01T00:01:00Z, and a test's clock stands at 2000-01-01T00:00:00Z: `t.set_clock(at)` or \
                    `t.advance_clock(by)` moves it on";
    assert!(hints.iter().any(|hint| hint == expected), "{hints:?}");
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Holder {
    card: u64,
    name: String,
}

topics! {
    Holders("holders"): Holder { key: card }
    Named("named"): Holder { key: card }
}

#[pipeline]
fn named() {
    let named = source(Payments)
        .lookup(side(Holders))
        .on(|p| p.card, |h| h.card)
        .select(|p, h| Holder { card: p.card, name: h.name.unwrap_or_default() });
    named.sink(Named);
}

#[test]
fn rows_of_a_table_that_come_behind_the_first_row_are_told() {
    let mut t = named().test();
    t.push(Payments, payment(1, 5, 0));
    t.push(Holders, Holder { card: 1, name: "Ada".to_owned() });
    assert_eq!(t.rows(Named).len(), 1);
    assert_eq!(hints(&t), Vec::<String>::new());
    t.push(Holders, Holder { card: 2, name: "Bob".to_owned() });
    t.push(Payments, payment(2, 5, 0));
    assert_eq!(t.rows(Named)[1].name, "");
    let [hint] = hints(&t).try_into().expect("one hint");
    assert!(hint.starts_with("rows were pushed into `holders` after its table was read"), "{hint}");
}

/// Calls this program again for the one test that is to fail, which does nothing otherwise.
const FAILS: &str = "WATERWHEEL_A_TEST_FAILS";

#[test]
fn a_test_that_was_told_to_fail() {
    if std::env::var_os(FAILS).is_some() {
        let mut t = card_minutes().test();
        t.push(Refunds, payment(CARDS[0], 250, 5));
        assert_eq!(t.rows(CardMinutes).len(), 1);
    }
}

#[test]
fn the_hints_stand_behind_the_assertion_that_failed() {
    let program = std::env::current_exe().expect("the program of the tests has a path");
    let output = std::process::Command::new(program)
        .args(["--exact", "a_test_that_was_told_to_fail"])
        .env(FAILS, "1")
        .output()
        .expect("the program runs");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let failed = printed.find("assertion `left == right` failed").unwrap_or_else(|| panic!("{printed}"));
    assert!(
        printed[failed..]
            .contains("hint: not all rows are out yet: what is open waits for partition 0 of `payments`"),
        "{printed}"
    );
}

#[test]
fn rows_pushed_after_close_are_told_with_the_line_that_pushed_them() {
    let mut t = card_minutes().test();
    t.push(Payments, payment(CARDS[0], 250, 5));
    t.close();
    t.push(Payments, payment(CARDS[0], 1, 6));
    let line = line!() - 1;
    let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| t.rows(CardMinutes)));
    let message = refused.unwrap_err().downcast::<String>().expect("the message is a text");
    assert!(
        message.starts_with("a row was pushed into `payments` after `t.close()`, at tests/driver.rs:"),
        "{message}"
    );
    assert!(message.contains(&format!(":{line}:")), "{message}");
}

#[pipeline]
fn long_ago(longest: Duration) {
    let payments = source(Payments);
    let in_time =
        payments.filter(|p| p.at - Timestamp::from_secs(0) <= 1m && p.at - Timestamp::from_secs(0) < longest);
    let sooner = in_time.map(|p| Payment {
        card: p.card,
        cents: (p.at - Timestamp::from_secs(0)).millis(),
        at: p.at - 500ms,
    });
    sooner.sink(Large);
}

#[test]
fn a_number_with_a_unit_is_a_duration_in_a_closure_as_well() {
    let mut t = long_ago(Duration::from_secs(90)).test();
    t.push_all(Payments, [payment(1, 0, 30), payment(1, 0, 60), payment(1, 0, 61)]);
    let at = |ms: i64| Timestamp::from_millis(ms);
    let sooner = |ms: i64| Payment { card: 1, cents: ms, at: at(ms - 500) };
    assert_eq!(t.rows(Large), [sooner(30_000), sooner(60_000)]);
}
