//! Records of a source that are read again, by their place: those that go somewhere else than the source's rows.

use log_store::{Offset, Partition, Records, Scan};

use super::input::Input;
use crate::error::{Error, Result};
use crate::flow::{Batch, PartitionClock, RowReader, Slice, Why, catch};
use crate::record::DecodeError;

/// From how many records on it is cheaper to look a record up than to go there.
const FAR_RECORDS: u64 = 4096;

/// Reads records of a source again, as rows with every field.
pub(crate) struct ReadAgain {
    pub(crate) pipeline: String,
    /// What reads them, for messages.
    pub(crate) operator: String,
    /// What stands for the source in the places of its rows.
    pub(crate) maker: u32,
    /// Decodes every field.
    pub(crate) rows: Box<dyn RowReader>,
}

/// What a record is when all of it is read.
pub(crate) enum Again {
    Row(Batch),
    /// A field that no operator reads cannot be decoded, and such records go to a topic of their own.
    Undecodable(DecodeError),
    /// The same, and such records are skipped.
    Skipped,
}

impl ReadAgain {
    /// The record at an offset of a partition. Records are best asked for in the order of their offsets, with the same `scan`.
    ///
    /// # Errors
    /// That the record is gone, or that it cannot be decoded, where that stops the run.
    pub(crate) fn row(&mut self, input: &Input, offset: u64, scan: &mut Option<Scan>) -> Result<Again> {
        let Input { at, log, .. } = input;
        let (slice, mut clock) =
            (Slice { source: self.maker, partition: at.partition }, PartitionClock::new(None, None));
        let records = record_at(log, offset, scan, &self.pipeline)?;
        let decoded = catch(|| self.rows.decode(records, slice, &mut clock)).map_err(|blame| {
            let at = format!("topic `{}` partition {} offset {offset}", log.topic_name(), at.partition);
            Error::UserCode { operator: self.operator.clone(), at, message: blame.message }
        })?;
        let decoded = decoded.map_err(|undecodable| undecodable.into_error(log))?;
        let aside = decoded.aside.into_iter().find_map(|aside| match aside.why {
            Why::Undecodable(reason) => Some(Again::Undecodable(reason)),
            Why::Ahead { .. } | Why::HeartbeatAhead => None,
        });
        let row = decoded.batches.into_iter().next().map(Again::Row);
        Ok(row.or(aside).unwrap_or(Again::Skipped))
    }
}

/// The record at an offset, as a run of one. One close behind the last is on the way of the scan, one far behind it is not.
///
/// # Errors
/// [`Error::InputGone`] if it is not there any more; the log's.
pub(crate) fn record_at<'s>(
    log: &Partition,
    offset: u64,
    scan: &'s mut Option<Scan>,
    pipeline: &str,
) -> Result<Records<'s>> {
    let gone = || Error::InputGone {
        pipeline: pipeline.to_owned(),
        topic: log.topic_name().to_owned(),
        partition: log.id().0 as u16,
        next: offset,
        start: log.log_start_offset().0,
    };
    if log.log_start_offset().0 > offset {
        return Err(gone());
    }
    let (from, until) = (Offset(offset), Offset(offset + 1));
    let near =
        |scan: &Scan| offset.checked_sub(scan.next_offset().0).is_some_and(|distance| distance < FAR_RECORDS);
    if !scan.as_ref().is_some_and(near) {
        *scan = None;
    }
    let scan = scan.get_or_insert_with(|| log.scan(from, until));
    scan.until(from);
    while scan.fetch()? {
        scan.take_at_hand(usize::MAX);
    }
    scan.until(until);
    if !scan.fetch()? {
        return Err(gone());
    }
    Ok(scan.take_at_hand(1))
}
