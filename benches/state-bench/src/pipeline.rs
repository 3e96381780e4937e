//! The pipeline that is measured: a count and a sum for each key, in one window that stays open.

use waterwheel::prelude::*;

/// An amount on an account.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Booking {
    account: u64,
    amount: i64,
    at: Timestamp,
}

/// What an account's bookings of an hour come to.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct AccountHour {
    account: u64,
    n: u64,
    total: i64,
}

topics! {
    pub(crate) Bookings("bookings"): Booking { time: at }
    pub(crate) AccountHours("account-hours"): AccountHour { key: account }
}

/// Sums up each account's bookings by the hour.
#[pipeline]
pub(crate) fn accounts() {
    let bookings = source(Bookings).lateness(10s).late_drop();
    let hours = bookings.group_by(|b| b.account).window(tumbling(1h)).select(|w, b| AccountHour {
        account: w.key(),
        n: count(),
        total: sum(b.amount),
    });
    hours.sink(AccountHours);
}

impl Booking {
    /// The booking of this number: all are of one hour, and the accounts come in an order like that of dice.
    pub(crate) fn nth(number: u64, keys: u64) -> Booking {
        let mixed = (number ^ number >> 31).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        // The first rows meet each account once, so that the number of keys is exact.
        let account = if number < keys { number } else { (mixed ^ mixed >> 32) % keys };
        Booking {
            account,
            amount: (mixed % 1000) as i64,
            at: Timestamp::from_millis((number % 3_600_000) as i64),
        }
    }
}
