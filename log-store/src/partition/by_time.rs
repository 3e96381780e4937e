//! Finding the first record of a time or later.

use crate::error::{Error, Result};
use crate::ids::Offset;
use crate::segment::Earlier;

use super::{Fetched, PartitionCore};

/// How much is read at once while looking for the record.
const PIECE_BYTES: usize = 64 << 10;

impl PartitionCore {
    /// The offset of the first committed record whose timestamp is at least `time`, see [`crate::Partition::offset_for_time`].
    pub(crate) fn offset_for_time(&self, time: i64) -> Result<Option<Offset>> {
        let state = self.published();
        self.follow_segments(&state)?;
        let Some(mut at) = self.not_earlier(time, state.tail.segment) else { return Ok(None) };
        at = at.max(state.log_start);
        let end = state.tail.last_stable_offset();
        let mut fetched = Fetched::nothing(at);
        while at < end {
            match self.read(&mut fetched, at, PIECE_BYTES) {
                // The records there were given up meanwhile, and those behind them are the first now.
                Err(Error::OffsetOutOfRange { start, .. }) if start > at => {
                    at = start;
                    continue;
                }
                read => read?,
            }
            if let Some(found) = fetched.records().find(|record| record.timestamp >= time) {
                return Ok(Some(found.offset).filter(|offset| *offset < end));
            }
            if fetched.next_offset() <= at {
                break;
            }
            at = fetched.next_offset();
        }
        Ok(None)
    }

    /// An offset before which all records are earlier; `None` if all of the log's are. The log ends in the segment `last`.
    fn not_earlier(&self, time: i64, last: Offset) -> Option<Offset> {
        let segments = self.segments();
        for (index, segment) in segments.iter().enumerate() {
            let next = segments.get(index + 1).map(|next| next.base).filter(|_| segment.base < last);
            match segment.earlier_than(&*self.setup.disk, time, next) {
                Earlier::All => {}
                Earlier::Before(offset) => return Some(offset),
            }
        }
        None
    }
}
