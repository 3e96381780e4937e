//! The pipeline that most tests run, its input, and what it must give, computed plainly.

#![expect(missing_docs, reason = "the names of fields say what they are")]

use std::collections::BTreeMap;

use waterwheel::key::partition_of;
use waterwheel::prelude::*;

use crate::Random;

#[derive(Debug, Clone, PartialEq, Record)]
pub struct Payment {
    pub card: u64,
    pub amount: i64,
    pub fee: f64,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub struct CardMinute {
    pub card: u64,
    pub from: Timestamp,
    pub n: u64,
    pub total: i64,
    pub fees: f64,
    pub first: i64,
    pub last: i64,
    pub least: i64,
    pub greatest: i64,
}

topics! {
    pub Payments("payments"): Payment { key: card, time: at, partitions: 3 }
    pub CardMinutes("card-minutes"): CardMinute { key: card, partitions: 2 }
    pub Large("large"): Payment { key: card, partitions: 2 }
}

const LATENESS_MS: i64 = 10_000;
const WINDOW_MS: i64 = 60_000;

/// Every aggregate that keeps something of its own kind, and a stateless sink beside.
#[pipeline]
pub fn card_minutes(least: i64) {
    let payments = source(Payments).lateness(10s).late_drop();
    let per_minute =
        payments.filter(|p| p.amount >= least).group_by(|p| p.card).window(tumbling(1m)).select(|w, p| {
            CardMinute {
                card: w.key(),
                from: w.start(),
                n: count(),
                total: sum(p.amount),
                fees: sum(p.fee),
                first: first(p.amount),
                last: last(p.amount),
                least: min(p.amount),
                greatest: max(p.amount),
            }
        });
    let large = payments.filter(|p| p.amount > 90);
    per_minute.sink(CardMinutes);
    large.sink(Large);
}

/// A payment without a fee.
pub fn payment(card: u64, amount: i64, at_secs: i64) -> Payment {
    Payment { card, amount, fee: 0.0, at: Timestamp::from_millis(at_secs * 1000) }
}

/// Payments whose event time moves on, with rows that are out of order, late, and of one instant.
pub fn random_payments(random: &mut Random, count: u64) -> Vec<Payment> {
    let row = |step: u64| {
        // Whole seconds, so that many rows share an instant and their order in the log decides.
        let jitter = if random.below(10) == 0 { random.below(150) } else { random.below(12) };
        let at = (step as i64 * 2 - jitter as i64).max(0);
        let fee = random.below(1000) as f64 / 1024.0 * random.one_of(&[1.0, -1.0, (1_u64 << 40) as f64, 0.0]);
        Payment { fee, ..payment(random.below(7), random.below(100) as i64, at) }
    };
    (0..count).map(row).collect()
}

/// What `card_minutes` must give.
#[derive(Debug, Default)]
pub struct Expected {
    /// By output partition, in the order of (end, key).
    pub minutes: Vec<Vec<CardMinute>>,
    pub large: Vec<Payment>,
    pub late: u64,
}

impl Expected {
    /// The rows in the order in which the topic's partitions are read.
    pub fn minutes(&self) -> Vec<CardMinute> {
        self.minutes.concat()
    }
}

/// Runs over the rows in the order of the log; lateness is judged by each row's own partition.
pub fn expected(rows: &[Payment], least: i64) -> Expected {
    let mut greatest: BTreeMap<u32, i64> = BTreeMap::new();
    let mut windows: BTreeMap<(i64, u64), Vec<&Payment>> = BTreeMap::new();
    let mut late = 0;
    for row in rows {
        let at = row.at.millis();
        let seen = greatest.entry(partition_of(&row.card.to_be_bytes(), 3)).or_insert(i64::MIN);
        let watermark = seen.saturating_sub(LATENESS_MS);
        *seen = (*seen).max(at);
        let start = at - at.rem_euclid(WINDOW_MS);
        if row.amount < least {
            continue;
        }
        match start + WINDOW_MS - 1 <= watermark {
            true => late += 1,
            false => windows.entry((start, row.card)).or_default().push(row),
        }
    }
    let mut minutes = vec![Vec::new(); 2];
    for ((from, card), mut rows) in windows {
        rows.sort_by_key(|row| row.at);
        minutes[partition_of(&card.to_be_bytes(), 2) as usize].push(minute(card, from, &rows));
    }
    let large = rows.iter().filter(|row| row.amount > 90).cloned().collect();
    Expected { minutes, large, late }
}

/// One window; its rows stand in the order of event time, those of one instant in the order of the log.
fn minute(card: u64, from: i64, rows: &[&Payment]) -> CardMinute {
    let amounts: Vec<i64> = rows.iter().map(|row| row.amount).collect();
    // Fees are multiples of 1/1024, so whole numbers of those add up exactly.
    let fees: i128 = rows.iter().map(|row| (row.fee * 1024.0) as i128).sum();
    CardMinute {
        card,
        from: Timestamp::from_millis(from),
        n: amounts.len() as u64,
        total: amounts.iter().sum(),
        fees: fees as f64 / 1024.0,
        first: amounts[0],
        last: amounts[amounts.len() - 1],
        least: *amounts.iter().min().unwrap(),
        greatest: *amounts.iter().max().unwrap(),
    }
}
