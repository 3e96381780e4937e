//! Going through a topic's committed records, whatever the type of their rows.

use std::ops::Range;

use log_store::{Offset, Partition, RecordRef, Scan, Topic as LogTopic};

use super::Positions;
use crate::error::{Error, Result, file_of};
use crate::record::{DecodeError, is_heartbeat};
use crate::time::Timestamp;

/// How much a reader that goes on holds of its partitions' logs, altogether. One batch of each is held whole, however large.
const LOG_BYTES: usize = 4 << 20;

/// A topic's committed records as of one commit, partition after partition, in the order of offsets; and, by
/// [`Records::extend`], those of later commits.
///
/// # Contract
/// Every record is given once, between the offset where its partition begins and the ends of the commit. An error is given once,
/// behind the records before it, and nothing follows: rows behind a gap would be taken for all there are.
pub(crate) struct Records {
    topic: LogTopic,
    partitions: Vec<PartitionToRead>,
    /// The partition whose turn it is. Those before it are at the end.
    turn: usize,
    /// Whether it goes on later where it ended, and so keeps what it has read there.
    goes_on: bool,
    failed: Option<Error>,
    over: bool,
}

struct PartitionToRead {
    log: Partition,
    records: Scan,
    /// How much is read of it at once.
    piece_bytes: usize,
    /// The end as of the commit at hand.
    end: Offset,
    /// Records are passed over until one was appended at this time or later, in ms.
    not_before_ms: Option<i64>,
}

/// How much is read of a partition at once at least.
const LEAST_PIECE_BYTES: usize = 16 << 10;

impl Records {
    /// From the first record that there is to the end as of now.
    pub(crate) fn of(topic: &LogTopic) -> Self {
        Records::begin(topic, false)
    }

    /// From the end as of now; [`Records::extend`] goes on there.
    pub(crate) fn behind(topic: &LogTopic) -> Self {
        let mut records = Records::begin(topic, true);
        records.each_partition(|at| {
            let end = at.end;
            at.seek(end);
        });
        records
    }

    fn begin(topic: &LogTopic, goes_on: bool) -> Self {
        // Who does not go on holds one partition at a time.
        let held = if goes_on { topic.partitions().max(1) as usize } else { 1 };
        let piece_bytes = (LOG_BYTES / held).clamp(LEAST_PIECE_BYTES, 256 << 10);
        let (mut partitions, mut failed) = (Vec::new(), None);
        // As of one commit: of an epoch all rows, or none.
        for (number, Range { start, end }) in (0..).zip(topic.snapshot()) {
            match topic.partition(number) {
                Ok(log) => {
                    let records = log.scan(start, end).reading(piece_bytes);
                    partitions.push(PartitionToRead { log, records, piece_bytes, end, not_before_ms: None });
                }
                Err(error) => failed = failed.or(Some(error.into())),
            }
        }
        Records { topic: topic.clone(), partitions, turn: 0, goes_on, failed, over: false }
    }

    /// Begins at the first record that there is.
    pub(crate) fn seek_to_start(&mut self) {
        self.each_partition(|at| at.seek(at.log.log_start_offset()));
    }

    /// Begins each partition at the first record that was appended at that time or later.
    pub(crate) fn seek_to_time(&mut self, time: Timestamp) {
        let mut failed = None;
        self.each_partition(|at| match at.log.offset_for_time(time.millis()) {
            // What is behind the end as of the commit at hand comes with a later one, and may begin with earlier records.
            Ok(first) => {
                at.seek(first.unwrap_or(at.end).min(at.end));
                at.not_before_ms = Some(time.millis());
            }
            Err(error) => failed = Some(error),
        });
        if let Some(error) = failed {
            self.fail(error.into());
        }
    }

    /// Begins a partition at an offset.
    pub(crate) fn seek(&mut self, partition: u32, offset: u64) {
        let (topic, partitions) = (self.topic.name().to_owned(), self.partitions.len());
        let Some(at) = self.partitions.get_mut(partition as usize) else {
            let partitions = partitions as u32;
            self.fail(log_store::Error::UnknownPartition { topic, partition, partitions }.into());
            return;
        };
        at.seek(Offset(offset));
        self.turn = 0;
        let end = at.end;
        if offset > end.0 {
            self.fail(Error::Usage(format!(
                "topic `{topic}` partition {partition} ends at offset {end}, and reading was to begin at offset {offset}: is it a \
                 position in another topic, or in one that was made anew since?"
            )));
        }
    }

    /// Begins each partition at its position.
    pub(crate) fn seek_to(&mut self, positions: &Positions) {
        let (there, asked) = (self.partitions.len(), positions.offsets().len());
        // Partitions may have been added since: there everything is new.
        if there < asked {
            let topic = self.topic.name();
            self.fail(Error::Usage(format!(
                "topic `{topic}` has {there} partitions, and these are positions in {asked}: they are of another topic"
            )));
            return;
        }
        (0..).zip(positions.offsets()).for_each(|(partition, offset)| self.seek(partition, *offset));
        self.partitions.iter_mut().skip(asked).for_each(|at| at.seek(at.log.log_start_offset()));
    }

    /// Where it stands.
    pub(crate) fn positions(&self) -> Positions {
        self.partitions.iter().map(|at| at.records.next_offset().0).collect()
    }

    /// By partition, the ends of the commit up to which it reads.
    pub(crate) fn ends(&self) -> impl Iterator<Item = u64> {
        self.partitions.iter().map(|at| at.end.0)
    }

    /// Goes on to the ends of the last commit. False if nothing is new since.
    ///
    /// # Errors
    /// The log's: if the store was closed, or the topic deleted.
    pub(crate) fn extend(&mut self) -> Result<bool> {
        if self.over || self.failed.is_some() {
            return Ok(!self.over);
        }
        self.check()?;
        let ends = self.topic.snapshot();
        Ok(self.extend_to(ends.iter().map(|readable| readable.end)))
    }

    /// Goes on to these ends, of each partition one, which are those of a commit; partitions that were added since are read from their
    /// beginning. False if nothing is new there.
    pub(crate) fn extend_to(&mut self, ends: impl IntoIterator<Item = Offset>) -> bool {
        let mut is_new = false;
        for (number, end) in ends.into_iter().enumerate() {
            if number >= self.partitions.len() {
                self.take_up_added();
            }
            let Some(at) = self.partitions.get_mut(number) else { break };
            at.end = end;
            at.records.until(end);
            is_new |= at.records.next_offset() < end;
        }
        self.turn = 0;
        is_new
    }

    /// Reads one partition more, if the topic has it.
    fn take_up_added(&mut self) {
        let Ok(log) = self.topic.partition(self.partitions.len() as u32) else { return };
        let (start, piece_bytes) = (log.log_start_offset(), LEAST_PIECE_BYTES);
        let records = log.scan(start, start).reading(piece_bytes);
        self.partitions.push(PartitionToRead { log, records, piece_bytes, end: start, not_before_ms: None });
    }

    /// Fails if nothing will be committed any more: the store was closed, or the topic deleted.
    pub(crate) fn check(&self) -> Result<()> {
        Ok(self.topic.check()?)
    }

    /// The partitions that the topic has by now, in their order.
    pub(crate) fn partitions(&self) -> impl Iterator<Item = Partition> {
        (0..self.topic.partitions()).filter_map(|number| self.topic.partition(number).ok())
    }

    /// The next record that is a row, as [`Records::next`] gives it.
    pub(crate) fn next_row<R>(
        &mut self,
        mut decode: impl FnMut(u32, &RecordRef<'_>) -> std::result::Result<R, DecodeError>,
    ) -> Option<Result<R>> {
        loop {
            let next = self.next(|partition, record| match is_heartbeat(record) {
                true => Ok(None),
                false => decode(partition, record).map(Some),
            });
            match next? {
                Ok(None) => {}
                Ok(Some(row)) => return Some(Ok(row)),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// The next record with the number of its partition, decoded; `None` behind the last, and behind an error.
    pub(crate) fn next<R>(
        &mut self,
        decode: impl FnOnce(u32, &RecordRef<'_>) -> std::result::Result<R, DecodeError>,
    ) -> Option<Result<R>> {
        if self.over {
            return None;
        }
        let decoded = self.read(decode);
        self.over |= decoded.is_err();
        decoded.transpose()
    }

    fn read<R>(
        &mut self,
        decode: impl FnOnce(u32, &RecordRef<'_>) -> std::result::Result<R, DecodeError>,
    ) -> Result<Option<R>> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        while let Some(at) = self.partitions.get_mut(self.turn) {
            let (log, not_before) = (&at.log, &mut at.not_before_ms);
            let next = at.records.next_offset();
            let record = at.records.next().map_err(|error| gone(log, next, error))?;
            let Some(record) = record else {
                if !self.goes_on {
                    at.let_go();
                }
                self.turn += 1;
                continue;
            };
            if not_before.is_some_and(|time| record.timestamp < time) {
                continue;
            }
            *not_before = None;
            let offset = record.offset.0;
            let decoded = decode(log.id().0, &record);
            return decoded.map(Some).map_err(|source| unreadable(log, offset, source));
        }
        Ok(None)
    }

    fn fail(&mut self, error: Error) {
        // The first is what the others come of.
        self.failed.get_or_insert(error);
    }

    fn each_partition(&mut self, change: impl FnMut(&mut PartitionToRead)) {
        self.partitions.iter_mut().for_each(change);
        self.turn = 0;
    }
}

impl PartitionToRead {
    fn seek(&mut self, offset: Offset) {
        self.records = self.log.scan(offset, self.end).reading(self.piece_bytes);
        self.not_before_ms = None;
    }

    /// Holds nothing of the log any more, and stands where it stood.
    fn let_go(&mut self) {
        self.records = self.log.scan(self.records.next_offset(), self.end).reading(self.piece_bytes);
    }
}

/// The error for a row that cannot be decoded.
pub(super) fn unreadable(log: &Partition, offset: u64, source: DecodeError) -> Error {
    Error::Row {
        topic: log.topic_name().to_owned(),
        partition: log.id().0,
        offset,
        file: file_of(log, offset),
        source: Box::new(source),
    }
}

/// The error of reading at an offset, which may be one that was deleted.
fn gone(log: &Partition, next: Offset, error: log_store::Error) -> Error {
    match error {
        log_store::Error::OffsetOutOfRange { topic, start, .. } if next < start => {
            Error::RowsGone { topic, partition: log.id().0, next: next.0, start: start.0 }
        }
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use log_store::{MemDisk, RecordsBuilder, Store, TopicConfig};

    use super::*;

    #[test]
    fn records_of_before_a_time_are_passed_over_also_behind_an_end_that_was_reached_earlier() {
        let store = Store::open_on(Arc::new(MemDisk::new()), Default::default()).unwrap();
        for (name, begin) in [("of", Records::of as fn(&LogTopic) -> Records), ("behind", Records::behind)] {
            let topic = store.create_topic(name, TopicConfig::default()).unwrap();
            let append = |times: &[i64]| {
                let mut records = RecordsBuilder::new();
                times.iter().for_each(|at| records.push(*at, None, Some(b"row")));
                topic.partition(0).unwrap().append(records).unwrap();
            };
            append(&[10, 20]);
            let mut records = begin(&topic);
            records.seek_to_time(Timestamp::from_millis(40));
            let mut rest = || {
                let next = || records.next(|_, record| Ok(record.timestamp)).map(Result::unwrap);
                let rest: Vec<i64> = std::iter::from_fn(next).collect();
                (rest, records.extend().unwrap())
            };
            assert_eq!(rest(), (vec![], false), "{name}");
            append(&[30]);
            assert_eq!(rest(), (vec![], true), "{name}");
            append(&[40, 5]);
            assert_eq!(rest(), (vec![], true), "{name}");
            assert_eq!(rest(), (vec![40, 5], false), "{name}: whatever is behind the first");
        }
    }
}
