//! Reading records without copying them: a record is borrowed from the bytes that were read.

use crate::codec::{Malformed, varint};
use crate::ids::Offset;

use super::header::{BatchHeader, HEADER_BYTES};

/// A record, borrowed from the bytes that were read.
#[derive(Clone, Debug)]
pub struct RecordRef<'a> {
    /// Its place in the partition.
    pub offset: Offset,
    /// Its timestamp, in milliseconds since the Unix epoch.
    pub timestamp: i64,
    /// Its key, if it has one.
    pub key: Option<&'a [u8]>,
    /// Its value, if it has one.
    pub value: Option<&'a [u8]>,
    headers: &'a [u8],
    header_count: u32,
}

impl<'a> RecordRef<'a> {
    /// Its headers, in order.
    #[must_use]
    pub fn headers(&self) -> Headers<'a> {
        Headers { rest: self.headers, left: self.header_count }
    }
}

/// The headers of a record.
#[derive(Clone, Debug)]
pub struct Headers<'a> {
    rest: &'a [u8],
    left: u32,
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a str, Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        take_header(&mut self.rest).ok()
    }
}

/// Reads the record at the front of `rest` and moves past it.
#[inline]
pub(crate) fn take_record<'a>(
    rest: &mut &'a [u8],
    base_offset: Offset,
    base_timestamp: i64,
) -> Result<RecordRef<'a>, Malformed> {
    let size = usize::try_from(varint::take(rest)?).map_err(|_| Malformed)?;
    let (mut record, after) = rest.split_at_checked(size).ok_or(Malformed)?;
    *rest = after;
    record = record.get(1..).ok_or(Malformed)?;
    let timestamp = base_timestamp.wrapping_add(varint::take(&mut record)?);
    let delta = u64::try_from(varint::take(&mut record)?).map_err(|_| Malformed)?;
    let offset = Offset(base_offset.0.checked_add(delta).ok_or(Malformed)?);
    let key = take_blob(&mut record)?;
    let value = take_blob(&mut record)?;
    let header_count = u32::try_from(varint::take(&mut record)?).map_err(|_| Malformed)?;
    Ok(RecordRef { offset, timestamp, key, value, headers: record, header_count })
}

/// The record at the front of some bytes, where [`index_records`] has found one.
#[inline]
pub(crate) fn record_at(mut bytes: &[u8], base_offset: Offset, base_timestamp: i64) -> Option<RecordRef<'_>> {
    take_record(&mut bytes, base_offset, base_timestamp).ok()
}

/// The least that a record takes: its length, attributes, two distances, two blobs that are absent, and no header.
const RECORD_BYTES_MIN: usize = 7;

/// Verifies that the records of a batch can all be read and fill it exactly, and adds to `starts` where each begins, in bytes
/// from the beginning of the batch.
pub(crate) fn index_records(
    batch: &[u8],
    header: &BatchHeader,
    starts: &mut Vec<u32>,
) -> Result<(), Malformed> {
    let mut rest = batch.get(HEADER_BYTES..).ok_or(Malformed)?;
    // The count is only what the header claims.
    starts.reserve((header.records as usize).min(rest.len() / RECORD_BYTES_MIN));
    for index in 0..header.records {
        starts.push(u32::try_from(batch.len() - rest.len()).map_err(|_| Malformed)?);
        let record = take_record(&mut rest, header.base_offset, header.base_timestamp)?;
        let expected = header.base_offset.0 + u64::from(index);
        let mut headers = record.headers;
        for _ in 0..record.header_count {
            take_header(&mut headers)?;
        }
        if record.offset.0 != expected || !headers.is_empty() {
            return Err(Malformed);
        }
    }
    if rest.is_empty() { Ok(()) } else { Err(Malformed) }
}

#[inline]
fn take_blob<'a>(rest: &mut &'a [u8]) -> Result<Option<&'a [u8]>, Malformed> {
    let size = varint::take(rest)?;
    if size == -1 {
        return Ok(None);
    }
    let size = usize::try_from(size).map_err(|_| Malformed)?;
    let (blob, after) = rest.split_at_checked(size).ok_or(Malformed)?;
    *rest = after;
    Ok(Some(blob))
}

fn take_header<'a>(rest: &mut &'a [u8]) -> Result<(&'a str, Option<&'a [u8]>), Malformed> {
    let name = take_blob(rest)?.ok_or(Malformed)?;
    let name = std::str::from_utf8(name).map_err(|_| Malformed)?;
    Ok((name, take_blob(rest)?))
}
