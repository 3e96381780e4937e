//! Builders on their way to another process, which verifies what it gets: it writes these bytes to its log.
//!
//! ```text
//! | largest record u64 | batches u32 | ( start u64 | records u32 | base time i64 | max time i64 ) * | length u32 | bytes ... |
//! ```

use crate::codec::{Malformed, Put, Reader};
use crate::config::Compression;
use crate::ids::{Offset, ProducerEpoch, ProducerId};

use super::builder::{Draft, RecordsBuilder};
use super::header::{BatchHeader, HEADER_BYTES};
use super::view::index_records;

impl RecordsBuilder {
    /// Adds it to a message.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.reserve(self.bytes.len() + 28 * self.batches.len() + 16);
        out.put_u64(self.largest as u64);
        out.put_count(self.batches.len());
        for draft in &self.batches {
            out.put_u64(draft.start as u64);
            out.put_u32(draft.records);
            out.put_i64(draft.base_timestamp);
            out.put_i64(draft.max_timestamp);
        }
        out.put_bytes(&self.bytes);
    }

    /// Reads one from a message, and goes through each of its records: what is not whole must not come into a log.
    pub(crate) fn decode(from: &mut Reader<'_>) -> Result<RecordsBuilder, Malformed> {
        let largest = usize::try_from(from.u64()?).map_err(|_| Malformed)?;
        let mut batches = Vec::new();
        for _ in 0..from.u32()? {
            let start = usize::try_from(from.u64()?).map_err(|_| Malformed)?;
            let (records, base_timestamp, max_timestamp) = (from.u32()?, from.i64()?, from.i64()?);
            // Whoever owns the log compresses what it is given.
            let compression = Compression::None;
            batches.push(Draft { start, records, base_timestamp, max_timestamp, compression });
        }
        let mut bytes = from.bytes()?.to_vec();
        let ends = batches.iter().skip(1).map(|draft| draft.start).chain([bytes.len()]);
        let ends: Vec<_> = if batches.is_empty() { Vec::new() } else { ends.collect() };
        if batches.first().map_or(!bytes.is_empty(), |first| first.start != 0) {
            return Err(Malformed);
        }
        let (mut records, mut starts) = (0, Vec::new());
        for (draft, end) in batches.iter().zip(ends) {
            let batch = bytes.get_mut(draft.start..end).ok_or(Malformed)?;
            // Zeros until the log gives it offsets.
            batch.get_mut(..HEADER_BYTES).ok_or(Malformed)?.fill(0);
            starts.clear();
            index_records(batch, &draft.header()?, &mut starts)?;
            records += draft.records as usize;
        }
        if largest == 0 && records > 0 {
            return Err(Malformed);
        }
        Ok(RecordsBuilder { bytes, batches, records, largest })
    }
}

impl Draft {
    fn header(&self) -> Result<BatchHeader, Malformed> {
        let last_offset_delta = self.records.checked_sub(1).ok_or(Malformed)?;
        if self.records > i32::MAX as u32 || self.max_timestamp < self.base_timestamp {
            return Err(Malformed);
        }
        Ok(BatchHeader {
            base_offset: Offset(0),
            last_offset_delta,
            attributes: BatchHeader::attributes(false, false),
            base_timestamp: self.base_timestamp,
            max_timestamp: self.max_timestamp,
            producer_id: ProducerId(-1),
            producer_epoch: ProducerEpoch(-1),
            base_sequence: -1,
            records: self.records,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> RecordsBuilder {
        let mut records = RecordsBuilder::new();
        records.push(5, Some(b"key"), Some(b"value"));
        records.push_with_headers(3, None, None, &[("name", Some(b"x")), ("none", None)]);
        let mut more = RecordsBuilder::new();
        more.push(9, None, Some(&[7; 300]));
        records.extend(more);
        records
    }

    fn encoded(records: &RecordsBuilder) -> Vec<u8> {
        let mut bytes = Vec::new();
        records.encode(&mut bytes);
        bytes
    }

    fn decoded(bytes: &[u8]) -> Result<RecordsBuilder, Malformed> {
        let mut from = Reader::new(bytes);
        let records = RecordsBuilder::decode(&mut from)?;
        from.end()?;
        Ok(records)
    }

    #[test]
    fn what_arrives_is_what_was_sent() {
        for records in [RecordsBuilder::new(), some()] {
            let arrived = decoded(&encoded(&records)).unwrap();
            assert_eq!((arrived.bytes, arrived.batches), (records.bytes, records.batches));
            assert_eq!((arrived.records, arrived.largest), (records.records, records.largest));
        }
    }

    #[test]
    fn what_is_cut_or_changed_is_refused_or_is_whole_all_the_same() {
        let bytes = encoded(&some());
        for end in 0..bytes.len() {
            assert!(decoded(&bytes[..end]).is_err(), "{end}");
        }
        let mut refused = 0;
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x55;
            match decoded(&changed) {
                Err(Malformed) => refused += 1,
                // Another time, key or value: records all the same, as a second decoding shows.
                Ok(records) => drop(decoded(&encoded(&records)).unwrap()),
            }
        }
        assert!(refused > 60, "{refused}");
    }
}
