//! A partition that another process writes: this one is told where it ends, and reads the same files.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crate::error::Result;
use crate::ids::Offset;
use crate::segment::{Segment, base_of};
use crate::visible::Step;

use super::{PartitionCore, PartitionState};

/// How long a reader that finds a segment gone waits to be told that the log start has passed it.
const LOG_START_DELAY: Duration = Duration::from_secs(2);

impl PartitionCore {
    /// Shows readers the state that its writer tells of, from that step on.
    pub(crate) fn mirror(&self, from: Step, change: impl FnOnce(&mut PartitionState)) {
        self.published.change(from, |published| {
            change(published);
            self.log_end.store(published.tail.end.0, Ordering::Release);
        });
    }

    /// Whether what is published holds this list of aborted ranges itself, so that who mirrors the partition has it.
    pub(crate) fn has_told_aborted(&self, aborted: &Arc<Vec<super::AbortedRange>>) -> bool {
        self.published.with(|published| Arc::ptr_eq(&published.tail.aborted, aborted))
    }

    /// Has the segments of a mirrored partition at hand that a reader of this state may need.
    pub(super) fn follow_segments(&self, state: &PartitionState) -> Result<()> {
        let tail = &state.tail;
        if !self.setup.mirrored || tail.end == Offset(0) {
            return Ok(());
        }
        {
            let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
            let has_gone = segments.get(1).is_some_and(|second| second.base <= state.log_start);
            match segments.last() {
                Some(last) if last.base == tail.segment && !has_gone => {
                    last.follow(tail.position);
                    return Ok(());
                }
                // Another reader has seen a later state.
                Some(last) if last.base > tail.segment => return Ok(()),
                _ => {}
            }
        }
        let listed = self.list_segments(state);
        listed.map_err(|error| self.explain(self.io("open the segments in", &self.dir, error)))
    }

    /// Waits for the news that the log start has passed an offset whose segment is gone.
    pub(super) fn wait_for_log_start(&self, gone: Offset) {
        if self.setup.mirrored {
            let passed = |published: &PartitionState| published.log_start > gone;
            self.published.wait(LOG_START_DELAY, passed, || self.check_exists().is_ok());
        }
    }

    fn list_segments(&self, state: &PartitionState) -> io::Result<()> {
        let disk = &*self.setup.disk;
        let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
        if segments.last().is_some_and(|last| last.base > state.tail.segment) {
            return Ok(());
        }
        let known: BTreeMap<_, _> = segments.iter().map(|segment| (segment.base, segment.clone())).collect();
        let names = disk.list(&self.dir)?;
        let mut bases: Vec<_> = names.iter().filter_map(|name| base_of(name)).collect();
        bases.sort_unstable();
        bases.retain(|base| *base <= state.tail.segment);
        let gone = bases.partition_point(|base| *base <= state.log_start).saturating_sub(1);
        let mut found: Vec<Arc<Segment>> = Vec::new();
        for base in bases.drain(..).skip(gone) {
            let size = (base == state.tail.segment).then_some(state.tail.position);
            if let Some(segment) = known.get(&base) {
                segment.follow(match size {
                    Some(size) => size,
                    None => segment.file.len()?,
                });
                found.push(segment.clone());
                continue;
            }
            match Segment::open_mirrored(disk, &self.dir, base, self.setup.index_interval, size) {
                Ok(segment) => found.push(Arc::new(segment)),
                // The log start has passed it, and so all before it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => found.clear(),
                Err(error) => return Err(error),
            }
        }
        *segments = found;
        Ok(())
    }
}
