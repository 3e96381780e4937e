//! Tumbling windows end to end, by the test driver.

use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
struct Payment {
    card: u64,
    amount: i64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct CardMinute {
    card: u64,
    from: Timestamp,
    total: i64,
    n: u64,
}

topics! {
    Payments("payments"): Payment { key: card, time: at, partitions: 2 }
    CardMinutes("card-minutes"): CardMinute { key: card, partitions: 2 }
}

#[pipeline]
fn card_minutes(least: i64) {
    let payments = source(Payments).lateness(10s).late_drop();
    let per_minute = payments
        .filter(|p| p.amount >= least)
        .group_by(|p| p.card)
        .window(tumbling(1m))
        .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.amount), n: count() });
    per_minute.sink(CardMinutes);
}

fn payment(card: u64, amount: i64, at_secs: i64) -> Payment {
    Payment { card, amount, at: Timestamp::from_millis(at_secs * 1000) }
}

#[test]
fn a_window_emits_once_when_the_watermark_has_passed_its_end() {
    let mut t = card_minutes(5).test();
    t.push(Payments, payment(1, 10, 0));
    t.push(Payments, payment(1, 20, 59));
    t.push(Payments, payment(1, 1, 30));
    assert_eq!(t.rows(CardMinutes), []);
    t.push(Payments, payment(1, 7, 60));
    t.restart();
    t.close();
    let minute =
        |from: i64, total, n| CardMinute { card: 1, from: Timestamp::from_millis(from * 1000), total, n };
    assert_eq!(t.rows(CardMinutes), [minute(0, 30, 2), minute(60, 7, 1)]);
}

/// What the windows must be, computed plainly: lateness by each row's own partition.
fn naive(rows: &[Payment], least: i64) -> (Vec<CardMinute>, u64) {
    use std::collections::BTreeMap;
    let mut greatest: BTreeMap<u32, i64> = BTreeMap::new();
    let mut windows: BTreeMap<(i64, u64), (i64, u64)> = BTreeMap::new();
    let mut late = 0;
    for row in rows {
        let partition = waterwheel::key::partition_of(&row.card.to_be_bytes(), 2);
        let watermark = greatest.get(&partition).map_or(i64::MIN, |greatest| greatest - 10_000);
        let at = row.at.millis();
        let kept = greatest.entry(partition).or_insert(at);
        *kept = (*kept).max(at);
        let start = at - at.rem_euclid(60_000);
        if row.amount < least {
            continue;
        }
        if start + 60_000 - 1 <= watermark {
            late += 1;
            continue;
        }
        let window = windows.entry((start, row.card)).or_default();
        window.0 += row.amount;
        window.1 += 1;
    }
    let rows = windows.into_iter().map(|((from, card), (total, n))| CardMinute {
        card,
        from: Timestamp::from_millis(from),
        total,
        n,
    });
    (rows.collect(), late)
}

fn sorted(mut rows: Vec<CardMinute>) -> Vec<CardMinute> {
    rows.sort_by_key(|row| (row.from, row.card));
    rows
}

/// A small generator of numbers, the same in every run.
fn random(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

#[test]
fn any_epochs_and_restarts_give_what_a_plain_loop_gives() {
    let mut seed = 0x5EED;
    for epoch_rows in [1, 2, 7, 1000] {
        let mut rows = Vec::new();
        for step in 0..300 {
            let back = (random(&mut seed) % 90) as i64 - 30;
            rows.push(payment(
                random(&mut seed) % 5,
                (random(&mut seed) % 20) as i64,
                (step * 3 - back).max(0),
            ));
        }
        let mut t = card_minutes(5).test().epoch_rows(epoch_rows);
        for chunk in rows.chunks(37) {
            t.push_all(Payments, chunk.to_vec());
            if random(&mut seed).is_multiple_of(2) {
                t.rows(CardMinutes);
            }
            if random(&mut seed).is_multiple_of(2) {
                t.restart();
            }
        }
        t.close();
        let (expected, late) = naive(&rows, 5);
        assert!(late > 0, "the sample has late rows");
        assert_eq!(sorted(t.rows(CardMinutes)), expected, "epochs of {epoch_rows} rows");
        assert_eq!(t.late(), late);
    }
}
