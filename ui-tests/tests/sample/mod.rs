//! Rows and topics for the cases.

#![allow(dead_code, unreachable_pub)]

use waterwheel::prelude::*;

#[derive(Clone, Debug, PartialEq, Record)]
pub struct Payment {
    pub card: String,
    pub shop: u32,
    pub amount: i64,
    pub rate: f64,
    pub refunded: bool,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Record)]
pub struct CardMinute {
    pub card: String,
    pub from: Timestamp,
    pub total: i64,
    pub n: u64,
}

topics! {
    pub Payments("payments"): Payment { key: card, time: at, partitions: 4 }
    pub LargePayments("large-payments"): Payment { key: card, time: at }
    pub TimelessPayments("timeless-payments"): Payment { key: card }
    pub TimelessCopies("timeless-copies"): Payment { key: card }
    pub CardMinutes("card-minutes"): CardMinute { key: card, time: from }
}
