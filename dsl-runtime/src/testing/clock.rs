//! A clock that stands still until a test moves it.

use std::sync::atomic::{AtomicI64, Ordering};

use log_store::Clock;

/// Where it begins: 2000-01-01T00:00:00Z, in milliseconds since the Unix epoch.
const BEGINNING_MS: i64 = 946_684_800_000;

#[derive(Debug)]
pub(super) struct TestClock(AtomicI64);

impl TestClock {
    pub(super) fn new() -> Self {
        TestClock(AtomicI64::new(BEGINNING_MS))
    }

    /// Moves it on to that instant, in milliseconds since the Unix epoch, never back.
    pub(super) fn advance_to(&self, at_ms: i64) {
        self.0.fetch_max(at_ms, Ordering::Relaxed);
    }

    /// Moves it on by that many milliseconds, never back.
    pub(super) fn advance(&self, by_ms: i64) {
        let moved = |now: i64| now.saturating_add(by_ms.max(0));
        // The closure always gives a value, so there is no error to handle.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| Some(moved(now)));
    }
}

impl Clock for TestClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}
