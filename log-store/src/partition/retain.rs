//! What of a partition its topic's retention gives up, and when its last segment ends by its age.

use std::sync::Arc;
use std::time::Duration;

use crate::ids::Offset;
use crate::segment::Segment;

use super::{PartitionCore, PartitionState};

impl PartitionCore {
    /// The offset before which retention gives records up, as of a time in milliseconds since the Unix epoch: where a segment ends, all of
    /// whose records are too old, or behind which there are bytes enough. `allowed` is the lowest offset that somebody needs.
    pub(crate) fn outlived(&self, now_ms: i64, allowed: Offset) -> Option<Offset> {
        let settings = self.settings();
        let state = self.published();
        let allowed = allowed.min(state.tail.last_stable_offset());
        let segments = self.published_segments(&state);
        let ended = segments.iter().filter(|segment| segment.base < state.tail.segment);
        let mut bytes = ended.map(|segment| segment.size()).sum::<u64>() + state.tail.position;
        let mut outlived = None;
        for pair in segments.windows(2) {
            let (segment, next) = (&pair[0], pair[1].base);
            let is_old = || settings.retention.is_some_and(|age| has_outlived(segment, now_ms, age));
            let behind = bytes.saturating_sub(segment.size());
            let is_too_much = settings.retention_bytes.is_some_and(|keep| behind >= keep);
            if next > allowed || !(is_too_much || is_old()) {
                break;
            }
            (bytes, outlived) = (behind, Some(next));
        }
        outlived.filter(|offset| *offset > state.log_start)
    }

    /// Whether its last segment is to end by its age: it has become as old as the topic says, or all its records are too old to be kept.
    pub(crate) fn is_to_end(&self, now_ms: i64) -> bool {
        let settings = self.settings();
        let state = self.published();
        let segments = self.published_segments(&state);
        let Some(last) = segments.last().filter(|_| state.tail.position > 0) else { return false };
        let is_of_age = |age| last.first_timestamp().is_some_and(|first| is_older(first, now_ms, age, true));
        settings.segment_age.is_some_and(is_of_age)
            || settings.retention.is_some_and(|age| has_outlived(last, now_ms, age))
    }

    /// The segments that have something of what is durable. The last is the one that the log ends in.
    fn published_segments(&self, state: &PartitionState) -> Vec<Arc<Segment>> {
        let mut segments = self.segments();
        segments.retain(|segment| segment.base <= state.tail.segment);
        segments
    }
}

/// Whether all records of a segment are too old. One that has markers alone is as old as what lies before it.
fn has_outlived(segment: &Segment, now_ms: i64, age: Duration) -> bool {
    match segment.largest_timestamp() {
        Some(Some(largest)) => is_older(largest, now_ms, age, false),
        Some(None) => true,
        // Damaged: nothing of it is given up before somebody has looked at it.
        None => false,
    }
}

fn is_older(timestamp: i64, now_ms: i64, age: Duration, or_as_old: bool) -> bool {
    let age = i128::try_from(age.as_millis()).unwrap_or(i128::MAX);
    let elapsed = i128::from(now_ms) - i128::from(timestamp);
    elapsed > age || (or_as_old && elapsed == age)
}
