//! The rows, and the topics that they lie in.

use waterwheel::prelude::*;

/// Somebody has paid by card.
#[derive(Debug, Clone, PartialEq, Record)]
pub struct Payment {
    pub card: u64,
    pub cents: i64,
    pub at: Timestamp,
}

/// What a card has paid within a minute.
#[derive(Debug, Clone, PartialEq, Record)]
pub struct CardMinute {
    pub card: u64,
    pub from: Timestamp,
    pub cents: i64,
    pub payments: u64,
}

topics! {
    pub Payments("payments"): Payment { key: card, time: at, partitions: 2 }
    pub CardMinutes("card-minutes"): CardMinute { key: card, time: from }
    /// Payments that came when their minute had been told.
    pub LatePayments("late-payments"): Payment { key: card, time: at }
}
