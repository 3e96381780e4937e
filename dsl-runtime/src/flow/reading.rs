//! Records that become rows: a partition's progress in event time, and the trait of what decodes.

use log_store::{Partition, Records};

use super::rows::Batch;
use super::watermark::Watermark;
use crate::error::{Error, file_of};
use crate::record::DecodeError;
use crate::time::{Duration, Timestamp};

/// A partition's progress in event time: moved after every row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartitionClock {
    greatest: Option<Timestamp>,
    lateness: Duration,
    /// The watermark is here at least: where operators were when the partition came back from being idle.
    floor: Timestamp,
    idle: bool,
    /// How far a row may lie in the future; `None` for any.
    ahead: Option<Duration>,
    /// No row is later in the epoch at hand.
    latest: Timestamp,
    /// The least and the greatest event time since they were last taken.
    span: Option<(Timestamp, Timestamp)>,
}

impl PartitionClock {
    pub(crate) fn new(greatest: Option<Timestamp>, lateness: Option<Duration>) -> Self {
        let lateness = lateness.unwrap_or(Duration::from_millis(0));
        let (floor, latest) = (Timestamp::MIN, Timestamp::MAX);
        PartitionClock { greatest, lateness, floor, idle: false, ahead: None, latest, span: None }
    }

    /// The same, where rows may lie so far in the future.
    pub(crate) fn allowing(self, ahead: Option<Duration>) -> Self {
        PartitionClock { ahead, ..self }
    }

    /// Begins an epoch with this reading of the clock, which is the same on replay.
    pub(crate) fn begin(&mut self, clock: Timestamp) {
        self.latest = self.ahead.map_or(Timestamp::MAX, |ahead| clock + ahead);
    }

    /// Whether a row of this event time lies too far in the future.
    #[inline]
    pub(crate) fn is_ahead(&self, time: Timestamp) -> bool {
        time > self.latest
    }

    /// Becomes idle, or comes back. Its watermark is from then on at the floor at least.
    pub(crate) fn flip(&mut self, idle: bool, floor: Timestamp) {
        self.idle = idle;
        self.floor = self.floor.max(floor);
    }

    /// What the partition says of event time.
    pub(crate) fn says(&self) -> Watermark {
        if self.idle { Watermark::idle(self.watermark()) } else { Watermark::active(self.watermark()) }
    }

    /// The least and the greatest event time of the rows since the last call.
    pub(crate) fn take_span(&mut self) -> Option<(Timestamp, Timestamp)> {
        self.span.take()
    }

    /// The greatest event time so far.
    pub(crate) fn greatest(&self) -> Option<Timestamp> {
        self.greatest
    }

    /// Greatest event time so far - lateness, but never before the floor; [`Timestamp::MIN`] before the first row.
    #[inline]
    pub(crate) fn watermark(&self) -> Timestamp {
        let greatest = self.greatest.unwrap_or(Timestamp::MIN);
        Timestamp::from_millis(greatest.millis().saturating_sub(self.lateness.millis())).max(self.floor)
    }

    /// Takes note of an event time that no row has.
    pub(crate) fn heartbeat(&mut self, time: Timestamp) {
        self.greatest = self.greatest.max(Some(time));
    }

    #[inline]
    pub(crate) fn advance(&mut self, time: Timestamp) {
        self.greatest = Some(self.greatest.map_or(time, |greatest| greatest.max(time)));
        self.span =
            Some(self.span.map_or((time, time), |(least, greatest)| (least.min(time), greatest.max(time))));
    }
}

/// What became of the records of one read.
pub(crate) struct Decoded {
    /// Batches of at most [`BATCH_ROWS`] rows.
    pub(crate) batches: Vec<Batch>,
    pub(crate) rows: u64,
    /// Records skipped because they could not be decoded.
    pub(crate) skipped: u64,
    /// Records that nobody is given, and that are not only counted, in the order of their offsets.
    pub(crate) aside: Vec<Aside>,
}

/// A record that its source gives to no operator.
#[derive(Debug)]
pub(crate) struct Aside {
    pub(crate) offset: u64,
    pub(crate) why: Why,
}

/// Why a record is given to no operator.
#[derive(Debug)]
pub(crate) enum Why {
    /// It lies too far in the future, under this watermark of its partition.
    Ahead { watermark_before: Timestamp },
    /// It is a heartbeat that tells of an event time too far in the future.
    HeartbeatAhead,
    /// It cannot be decoded, and such records go to a topic of their own.
    Undecodable(DecodeError),
}

/// Rows of one batch: large enough that a batch's overhead vanishes, small enough to stay in the cache.
pub(crate) const BATCH_ROWS: usize = 256;

/// A record that cannot be decoded, where that stops the run.
#[derive(Debug)]
pub(crate) struct Undecodable {
    pub(crate) offset: u64,
    pub(crate) reason: DecodeError,
}

impl Undecodable {
    /// The run's error, given where the record was read.
    pub(crate) fn into_error(self, log: &Partition) -> Error {
        let (topic, partition) = (log.topic_name().to_owned(), log.id().0);
        match self.reason {
            // As the next run would be refused before it reads.
            DecodeError::Schema(source) => Error::Schema { topic, source: *source },
            reason => {
                let (offset, reason) = (self.offset, reason.to_string());
                Error::Undecodable { topic, partition, offset, reason, file: file_of(log, offset) }
            }
        }
    }
}

/// Turns one topic's records into rows, for one source.
pub(crate) trait RowReader {
    /// Decodes records of one partition, which follow one another.
    fn decode(
        &mut self,
        records: Records<'_>,
        slice: Slice,
        clock: &mut PartitionClock,
    ) -> Result<Decoded, Undecodable>;
}

/// Of which partition of which source the records are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice {
    /// What stands for the source in the places of its rows.
    pub(crate) source: u32,
    pub(crate) partition: u16,
}
