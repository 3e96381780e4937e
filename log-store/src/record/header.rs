//! The 61 bytes at the front of a record batch.
//!
//! ```text
//! 0        8     12     16   17   21   23     27        35        43    51    53     57     61
//! | base   | len | lead | ma | crc| at | last | base    | max     | pid | pep | base | rec- |
//! | offset | gth | epoch| gic|    | tr | delta| time    | time    |     | och | seq  | ords |
//!                              '---- covered by the crc ---->
//! ```

use crate::config::Compression;
use crate::ids::{Offset, ProducerEpoch, ProducerId};

/// The size of a batch's header.
pub(crate) const HEADER_BYTES: usize = 61;
/// The part of a batch that its length field does not count.
const PREFIX_BYTES: usize = 12;
const CRC_AT: usize = 17;
const CRC_FROM: usize = 21;
const MAGIC: u8 = 2;
const TRANSACTIONAL: i16 = 0x10;
const CONTROL: i16 = 0x20;
/// Compression, timestamp type, transactional, control and delete-horizon bits.
const KNOWN_ATTRIBUTES: i16 = 0x7f;
const COMPRESSION: i16 = 0x07;

/// The header of a record batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BatchHeader {
    pub(crate) base_offset: Offset,
    pub(crate) last_offset_delta: u32,
    pub(crate) attributes: i16,
    pub(crate) base_timestamp: i64,
    pub(crate) max_timestamp: i64,
    pub(crate) producer_id: ProducerId,
    pub(crate) producer_epoch: ProducerEpoch,
    pub(crate) base_sequence: i32,
    pub(crate) records: u32,
}

impl BatchHeader {
    pub(crate) fn attributes(transactional: bool, control: bool) -> i16 {
        i16::from(transactional) * TRANSACTIONAL + i16::from(control) * CONTROL
    }

    /// How its records are compressed.
    pub(crate) fn compression(&self) -> Compression {
        Compression::of_code(self.attributes & COMPRESSION).unwrap_or_default()
    }

    pub(crate) fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    pub(crate) fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    pub(crate) fn last_offset(&self) -> Offset {
        self.base_offset.plus(u64::from(self.last_offset_delta))
    }

    /// The largest timestamp of the records that are not for the log itself.
    pub(crate) fn records_timestamp(&self) -> Option<i64> {
        (!self.is_control()).then_some(self.max_timestamp)
    }

    /// The offset after the batch.
    pub(crate) fn next_offset(&self) -> Offset {
        self.last_offset().plus(1)
    }

    /// Writes the header over the first bytes of `batch`, whose records are complete.
    pub(crate) fn write(&self, batch: &mut [u8]) {
        let length = u32::try_from(batch.len() - PREFIX_BYTES).expect("a batch is at most a few MiB");
        let mut put = Cursor { bytes: batch, at: 0 };
        put.bytes(&self.base_offset.0.to_be_bytes());
        put.bytes(&length.to_be_bytes());
        // Kafka counts here how often a partition got another leading broker. This log has one owner, so it stays 0.
        put.bytes(&0_i32.to_be_bytes());
        put.bytes(&[MAGIC]);
        put.at = CRC_FROM;
        put.bytes(&self.attributes.to_be_bytes());
        put.bytes(&self.last_offset_delta.to_be_bytes());
        put.bytes(&self.base_timestamp.to_be_bytes());
        put.bytes(&self.max_timestamp.to_be_bytes());
        put.bytes(&self.producer_id.0.to_be_bytes());
        put.bytes(&self.producer_epoch.0.to_be_bytes());
        put.bytes(&self.base_sequence.to_be_bytes());
        put.bytes(&self.records.to_be_bytes());
        let crc = crc32c::crc32c(&batch[CRC_FROM..]);
        batch[CRC_AT..CRC_FROM].copy_from_slice(&crc.to_be_bytes());
    }
}

/// A batch found whole at the front of some bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parsed {
    pub(crate) header: BatchHeader,
    /// The size of the batch with its header.
    pub(crate) bytes: usize,
}

/// Why there is no whole batch at the front of some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It goes on beyond the bytes at hand: this many are needed.
    Incomplete(usize),
    /// It is not a batch that this log has written, for this reason.
    Damaged(String),
}

/// What the header at the front of some bytes claims, without its checksum being looked at: enough to find the next batch,
/// not enough to serve this one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    pub(crate) base_offset: Offset,
    pub(crate) last_offset: Offset,
    pub(crate) bytes: u64,
}

/// Reads a batch's claims; `None` if there is no whole header or it claims what cannot be.
pub(crate) fn peek_batch(bytes: &[u8]) -> Option<Claim> {
    let head = bytes.first_chunk::<HEADER_BYTES>()?;
    let base_offset = u64::from_be_bytes(field(head, 0));
    let length = u32::from_be_bytes(field(head, 8)) as usize;
    let delta = u32::from_be_bytes(field(head, 23));
    let last_offset = Offset(base_offset.checked_add(u64::from(delta))?);
    let plausible = length >= HEADER_BYTES - PREFIX_BYTES && head[16] == MAGIC;
    let bytes = (length + PREFIX_BYTES) as u64;
    plausible.then_some(Claim { base_offset: Offset(base_offset), last_offset, bytes })
}

/// Reads the batch at the front of `bytes` and verifies all that can be: its checksum, and the fields that
/// the checksum leaves out. `expected` is the base offset it must have, if that is known.
pub(crate) fn parse_batch(bytes: &[u8], expected: Option<Offset>) -> Result<Parsed, Unreadable> {
    let Some(head) = bytes.first_chunk::<HEADER_BYTES>() else {
        return Err(Unreadable::Incomplete(HEADER_BYTES));
    };
    let base_offset = Offset(u64::from_be_bytes(field(head, 0)));
    if expected.is_some_and(|expected| expected != base_offset) || base_offset.0 > i64::MAX as u64 {
        return Err(Unreadable::Damaged(format!("the batch there claims base offset {base_offset}")));
    }
    let length = u32::from_be_bytes(field(head, 8)) as usize;
    if length < HEADER_BYTES - PREFIX_BYTES || length > i32::MAX as usize {
        return Err(Unreadable::Damaged(format!("the batch there claims a length of {length}")));
    }
    if field(head, 12) != [0; 4] || head[16] != MAGIC {
        return Err(Unreadable::Damaged("the leader epoch or the magic byte is not ours".to_owned()));
    }
    let total = length + PREFIX_BYTES;
    let Some(batch) = bytes.get(..total) else { return Err(Unreadable::Incomplete(total)) };
    let (stored, found) = (u32::from_be_bytes(field(head, CRC_AT)), crc32c::crc32c(&batch[CRC_FROM..]));
    if stored != found {
        return Err(Unreadable::Damaged(format!("its checksum is {found:08x}, stored is {stored:08x}")));
    }
    let header = read_header(head, base_offset);
    check_header(&header)?;
    Ok(Parsed { header, bytes: total })
}

fn read_header(head: &[u8; HEADER_BYTES], base_offset: Offset) -> BatchHeader {
    BatchHeader {
        base_offset,
        attributes: i16::from_be_bytes(field(head, 21)),
        last_offset_delta: u32::from_be_bytes(field(head, 23)),
        base_timestamp: i64::from_be_bytes(field(head, 27)),
        max_timestamp: i64::from_be_bytes(field(head, 35)),
        producer_id: ProducerId(i64::from_be_bytes(field(head, 43))),
        producer_epoch: ProducerEpoch(i16::from_be_bytes(field(head, 51))),
        base_sequence: i32::from_be_bytes(field(head, 53)),
        records: u32::from_be_bytes(field(head, 57)),
    }
}

/// Refuses what this log never writes. The checksum was right, so these bytes are as they were written, by another program.
fn check_header(header: &BatchHeader) -> Result<(), Unreadable> {
    let codec = Compression::of_code(header.attributes & COMPRESSION);
    let fits = codec.is_some_and(|codec| codec == Compression::None || !header.is_control());
    if !fits || header.attributes & !KNOWN_ATTRIBUTES != 0 {
        return Err(Unreadable::Damaged(format!("unsupported batch attributes {:#06x}", header.attributes)));
    }
    let dense = header.records > 0 && header.last_offset_delta == header.records - 1;
    if !dense || header.last_offset_delta > i32::MAX as u32 {
        return Err(Unreadable::Damaged("its record count and offsets disagree".to_owned()));
    }
    Ok(())
}

fn field<const N: usize>(head: &[u8; HEADER_BYTES], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&head[at..at + N]);
    bytes
}

struct Cursor<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl Cursor<'_> {
    fn bytes(&mut self, value: &[u8]) {
        self.bytes[self.at..self.at + value.len()].copy_from_slice(value);
        self.at += value.len();
    }
}
