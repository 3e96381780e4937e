//! Control batches: the markers that end a transaction in a partition.

use crate::codec::{Malformed, Put, Reader, varint};
use crate::ids::{Offset, ProducerEpoch, ProducerId};

use super::header::{BatchHeader, HEADER_BYTES};

/// How a transaction ended. In the log it is a batch of one record that readers do not see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    Abort,
    Commit,
}

impl Marker {
    /// The control batch that says so.
    pub(crate) fn batch(self, offset: Offset, producer: (ProducerId, ProducerEpoch), now_ms: i64) -> Vec<u8> {
        let mut record = vec![0, 0, 0];
        varint::put(&mut record, 4);
        record.put_i16(0);
        record.put_i16(self.code());
        varint::put(&mut record, 6);
        // The value: its version and the epoch of the transaction coordinator.
        record.put_i16(0);
        record.put_u32(0);
        varint::put(&mut record, 0);

        let mut batch = vec![0; HEADER_BYTES];
        varint::put(&mut batch, record.len() as i64);
        batch.extend_from_slice(&record);
        let header = BatchHeader {
            base_offset: offset,
            last_offset_delta: 0,
            attributes: BatchHeader::attributes(true, true),
            base_timestamp: now_ms,
            max_timestamp: now_ms,
            producer_id: producer.0,
            producer_epoch: producer.1,
            base_sequence: -1,
            records: 1,
        };
        header.write(&mut batch);
        batch
    }

    /// Reads which marker a control batch holds.
    pub(crate) fn read(batch: &[u8]) -> Result<Marker, Malformed> {
        let mut rest = batch.get(HEADER_BYTES..).ok_or(Malformed)?;
        varint::take(&mut rest)?;
        rest = rest.get(1..).ok_or(Malformed)?;
        varint::take(&mut rest)?;
        varint::take(&mut rest)?;
        let key_length = varint::take(&mut rest)?;
        if key_length < 4 {
            return Err(Malformed);
        }
        let mut key = Reader::new(rest);
        key.i16()?;
        match key.i16()? {
            0 => Ok(Marker::Abort),
            1 => Ok(Marker::Commit),
            _ => Err(Malformed),
        }
    }

    fn code(self) -> i16 {
        match self {
            Marker::Abort => 0,
            Marker::Commit => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{index_records, parse_batch};

    #[test]
    fn a_marker_is_a_whole_batch_of_78_bytes() {
        for marker in [Marker::Abort, Marker::Commit] {
            let batch = marker.batch(Offset(7), (ProducerId(3), ProducerEpoch(1)), 1000);
            let parsed = parse_batch(&batch, Some(Offset(7))).unwrap();
            assert!(parsed.header.is_control() && parsed.header.is_transactional());
            assert_eq!(parsed.bytes, 78);
            let mut starts = Vec::new();
            assert_eq!(index_records(&batch, &parsed.header, &mut starts), Ok(()));
            assert_eq!(starts, [HEADER_BYTES as u32]);
            assert_eq!(Marker::read(&batch), Ok(marker));
        }
    }
}
