//! Reading a topic's committed rows.

use std::collections::VecDeque;

use log_store::{Offset, Partition, RecordRef, Scan, Topic as LogTopic};

use crate::error::{Error, Result, file_of};
use crate::handles::Topic;
use crate::record::is_heartbeat;
use crate::record::{DecodeError, FieldMask, Record, TopicDecoder};

/// An iterator over a topic's committed rows: partition after partition, in the order of offsets. It holds some of them at a
/// time, however many there are.
///
/// A row that cannot be read, or the log's failure, is its last item, behind the rows before it.
pub struct Rows<P: Topic> {
    decoder: TopicDecoder<P::Row>,
    records: Records,
}

impl<P: Topic> Rows<P> {
    pub(super) fn of(topic: &LogTopic, decoder: TopicDecoder<P::Row>) -> Self {
        Rows { decoder, records: Records::of(topic) }
    }
}

impl<P: Topic> Iterator for Rows<P> {
    type Item = Result<P::Row>;

    fn next(&mut self) -> Option<Self::Item> {
        let decoder = &mut self.decoder;
        self.records.next_row(|_, record| decoder.decode(record.value.unwrap_or_default(), FieldMask::ALL))
    }
}

/// The committed row at an offset, with every field.
pub(super) fn at<R: Record>(
    log: &Partition,
    offset: u64,
    decoder: &mut TopicDecoder<R>,
) -> Result<Option<R>> {
    if offset < log.log_start_offset().0 || offset >= log.last_stable_offset().0 {
        return Ok(None);
    }
    let mut records = log.scan(Offset(offset), Offset(offset + 1));
    let Some(record) = records.next()?.filter(|record| !is_heartbeat(record)) else { return Ok(None) };
    let decoded = decoder.decode(record.value.unwrap_or_default(), FieldMask::ALL);
    decoded.map(Some).map_err(|source| unreadable(log, offset, source))
}

/// Whether there is any row among records.
pub(super) fn have_row(mut records: Scan) -> log_store::Result<bool> {
    while let Some(record) = records.next()? {
        if !is_heartbeat(&record) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn unreadable(log: &Partition, offset: u64, source: DecodeError) -> Error {
    Error::Row {
        topic: log.topic_name().to_owned(),
        partition: log.id().0,
        offset,
        file: file_of(log, offset),
        source: Box::new(source),
    }
}

/// A topic's committed records, whatever the type of their rows.
pub(super) struct Records {
    partitions: VecDeque<PartitionToRead>,
    failed: Option<Error>,
}

struct PartitionToRead {
    log: Partition,
    records: Scan,
}

impl Records {
    pub(super) fn of(topic: &LogTopic) -> Self {
        let mut failed = None;
        let mut partitions = VecDeque::new();
        // As of one commit: of an epoch all rows, or none.
        for (number, readable) in (0..).zip(topic.snapshot()) {
            match topic.partition(number) {
                Ok(log) => {
                    let records = log.scan(readable.start, readable.end);
                    partitions.push_back(PartitionToRead { log, records });
                }
                Err(error) => failed = failed.or(Some(error.into())),
            }
        }
        Records { partitions, failed }
    }

    /// The next record that is a row, as [`Records::next`] gives it.
    pub(super) fn next_row<R>(
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
    pub(super) fn next<R>(
        &mut self,
        decode: impl FnOnce(u32, &RecordRef<'_>) -> std::result::Result<R, DecodeError>,
    ) -> Option<Result<R>> {
        let decoded = self.read(decode);
        if decoded.is_err() {
            // Rows that follow a gap would be taken for all there are.
            self.partitions.clear();
        }
        decoded.transpose()
    }

    fn read<R>(
        &mut self,
        decode: impl FnOnce(u32, &RecordRef<'_>) -> std::result::Result<R, DecodeError>,
    ) -> Result<Option<R>> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        while let Some(PartitionToRead { log, records }) = self.partitions.front_mut() {
            let Some(record) = records.next()? else {
                self.partitions.pop_front();
                continue;
            };
            let offset = record.offset.0;
            let decoded = decode(log.id().0, &record);
            return decoded.map(Some).map_err(|source| unreadable(log, offset, source));
        }
        Ok(None)
    }
}
