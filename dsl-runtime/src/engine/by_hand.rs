//! For tests of running pipelines: a clock that is moved by hand, and numbers that are the same in every run.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use log_store::{Clock, FaultyDisk, Store, StoreConfig};

/// A clock that stands still until it is moved.
pub(super) struct ByHand(AtomicI64);

impl ByHand {
    pub(super) fn at(ms: i64) -> ByHand {
        ByHand(AtomicI64::new(ms))
    }

    pub(super) fn move_on(&self, by_ms: i64) {
        self.0.fetch_add(by_ms, Ordering::Relaxed);
    }
}

impl Clock for ByHand {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The store on a disk, which goes by this clock.
pub(super) fn open(disk: &FaultyDisk, clock: &Arc<ByHand>) -> Store {
    let config = StoreConfig { clock: clock.clone(), ..StoreConfig::default() };
    Store::open_on(Arc::new(disk.clone()), config).unwrap()
}

/// Numbers that are the same in every run.
pub(super) struct Random(pub(super) u64);

impl Random {
    /// From 0 to below `bound`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    pub(super) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}
