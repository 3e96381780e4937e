//! Making partitions durable, several at a time: a disk is quicker when it is asked for more at once.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::error::Result;

use super::PartitionCore;

/// Calls `sync` for each of the partitions, on up to `threads` threads, this one included.
pub(crate) fn sync_together(
    partitions: &[Arc<PartitionCore>],
    threads: usize,
    sync: impl Fn(&PartitionCore) -> Result<()> + Sync,
) -> Result<()> {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(partition) = partitions.get(next.fetch_add(1, Ordering::Relaxed)) {
            sync(partition)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        // If there are no more threads to be had, those there are do the work.
        let others = (1..threads.min(partitions.len()))
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
            .collect::<Vec<_>>();
        let mine = work();
        others
            .into_iter()
            .fold(mine, |so_far, other| so_far.and(other.join().unwrap_or_else(|panic| resume_unwind(panic))))
    })
}
