//! What the examples in the documentation of `dsl-runtime` share: payments by card, and what a card paid in a minute.
//!
//! An example has one hidden line for it, `# use waterwheel_samples::*;`. The page of `waterwheel::dsl` shows what is in here.

pub mod nexmark;

use std::sync::Arc;

use waterwheel::log::{MemDisk, StoreConfig};
use waterwheel::prelude::*;

/// A payment by card.
#[derive(Debug, Clone, PartialEq, Record)]
pub struct Payment {
    /// The card's number.
    pub card: u64,
    /// The amount; less than 0 for what is paid back.
    pub cents: i64,
    /// When it was paid.
    pub at: Timestamp,
}

/// What a card paid in a minute.
#[derive(Debug, Clone, PartialEq, Record)]
pub struct CardMinute {
    /// The card's number.
    pub card: u64,
    /// The minute's first instant.
    pub from: Timestamp,
    /// In cents.
    pub total: i64,
    /// How many payments.
    pub n: u64,
}

topics! {
    /// Payments as they come in.
    pub Payments("payments"): Payment { key: card, time: at }
    /// Those that were chosen.
    pub Large("large"): Payment { key: card, time: at }
    /// Sums.
    pub CardMinutes("card-minutes"): CardMinute { key: card, time: from }
}

/// A payment, this many seconds after the Unix epoch.
pub fn payment(card: u64, cents: i64, second: i64) -> Payment {
    Payment { card, cents, at: Timestamp::from_millis(second * 1000) }
}

/// A sum, of the minute that begins this many seconds after the Unix epoch.
pub fn minute(card: u64, second: i64, total: i64, n: u64) -> CardMinute {
    CardMinute { card, from: Timestamp::from_millis(second * 1000), total, n }
}

/// An empty log, in memory.
pub fn store() -> Store {
    Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).expect("memory can be written")
}
