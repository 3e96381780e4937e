//! Whether what was changed is durable yet, known exactly while several threads change and sync.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Counts changes, and up to which of them a sync has covered.
///
/// A flag "changed since the last sync" would not do: cleared before the sync, it tells others that all is durable while the
/// sync still runs; cleared after it, it forgets a change made meanwhile.
#[derive(Debug, Default)]
pub(crate) struct SyncState {
    changes: AtomicU64,
    synced: AtomicU64,
    failed: AtomicBool,
    /// Held by the thread that syncs; others wait for it, and find that its sync covered their changes too.
    turn: Mutex<()>,
}

impl SyncState {
    /// Takes note of a change that was made, and gives its number.
    pub(crate) fn changed(&self) -> u64 {
        self.changes.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Whether a change is durable.
    pub(crate) fn is_synced(&self, change: u64) -> bool {
        self.synced.load(Ordering::Acquire) >= change
    }

    /// Whether all changes so far are durable.
    pub(crate) fn is_all_synced(&self) -> bool {
        self.is_synced(self.changes.load(Ordering::Acquire))
    }

    /// Makes all changes so far durable by `sync`, unless they are. It is not called again after a failure:
    /// the system may have dropped what it could not write, and a second sync would succeed without it.
    pub(crate) fn sync(&self, sync: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let upto = self.changes.load(Ordering::Acquire);
        if self.is_synced(upto) {
            return Ok(());
        }
        if self.failed.load(Ordering::Acquire) {
            return Err(io::Error::other("an earlier sync of it failed"));
        }
        // It stays so if this panics.
        self.failed.store(true, Ordering::Release);
        sync()?;
        self.failed.store(false, Ordering::Release);
        self.synced.store(upto, Ordering::Release);
        Ok(())
    }
}
