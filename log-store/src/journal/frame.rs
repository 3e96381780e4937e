//! The frames that a journal file consists of.
//!
//! ```text
//! 0       4     8        12     13    14  16           24         32            40
//! | magic | crc | length | kind | how | 0 | generation | position | synced upto | payload ... | 0 to 7 zeros |
//!               '------------------- covered by the crc -----------------------------------'
//! ```

use crate::codec::{Malformed, Put, Reader};

/// "WWJ2": what every version's frames begin with, and the version of the directory, as `FORMAT` says it too.
pub(super) const MAGIC: u32 = 0x5757_4a32;
/// The letters of the magic, of whatever version.
const LETTERS: &[u8] = b"WWJ";
/// The size of a frame without its payload.
pub(super) const FRAME_BYTES: usize = 40;
/// Where the checksum, the length and the kind stand in a frame.
pub(super) const CRC_FIELD: usize = 4;
pub(super) const LENGTH_FIELD: usize = 8;
pub(super) const KIND_FIELD: usize = 12;
/// Where it stands whether a frame is loose, and what says so.
const HOW_FIELD: usize = 13;
const LOOSE: u8 = 1;
/// Frames begin at multiples of this.
pub(super) const ALIGNMENT: usize = 8;

/// What a frame says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameHeader {
    pub(super) kind: u8,
    /// Who was told that it is there was not told that it is durable. Earlier versions do not look at that.
    pub(super) is_loose: bool,
    /// Which turn of the journal it belongs to: its files are written over again and again.
    pub(super) generation: u64,
    /// Where it lies in the file.
    pub(super) position: u64,
    /// Everything before this position was durable when the frame was written. In a head: the file's length.
    pub(super) synced_upto: u64,
}

/// A whole, verified frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    pub(super) header: FrameHeader,
    pub(super) payload: &'a [u8],
}

impl Frame<'_> {
    /// Where the next frame begins.
    pub(super) fn end(&self) -> u64 {
        self.header.position + frame_bytes(self.payload.len()) as u64
    }
}

/// The size of a frame with this payload.
pub(super) fn frame_bytes(payload: usize) -> usize {
    (FRAME_BYTES + payload).next_multiple_of(ALIGNMENT)
}

pub(super) fn put_frame(out: &mut Vec<u8>, header: &FrameHeader, payload: &[u8]) {
    let start = out.len();
    out.put_u32(MAGIC);
    out.put_u32(0);
    out.put_count(payload.len());
    out.put_u8(header.kind);
    out.extend_from_slice(&[header.is_loose.into(), 0, 0]);
    out.put_u64(header.generation);
    out.put_u64(header.position);
    out.put_u64(header.synced_upto);
    out.extend_from_slice(payload);
    let crc = crc32c::crc32c(&out[start + 8..]);
    out[start + 4..start + 8].copy_from_slice(&crc.to_be_bytes());
    out.resize(start + frame_bytes(payload.len()), 0);
}

/// The version that the frame at the front of `bytes` was written in, as far as its magic can be believed.
pub(super) fn claimed_version(bytes: &[u8]) -> Option<u32> {
    let digit = bytes.strip_prefix(LETTERS)?.first()?;
    char::from(*digit).to_digit(10)
}

/// The size of the frame that the bytes begin with, as far as its header can be believed.
pub(super) fn claimed_bytes(bytes: &[u8]) -> Option<usize> {
    let mut reader = Reader::new(bytes);
    if reader.u32().ok()? != MAGIC {
        return None;
    }
    reader.u32().ok()?;
    reader.u32().ok().map(|length| frame_bytes(length as usize))
}

/// Whether the frame that the bytes begin with is loose, as far as its header can be believed.
pub(super) fn claims_to_be_loose(bytes: &[u8]) -> bool {
    bytes.get(HOW_FIELD) == Some(&LOOSE)
}

/// Reads the frame at the front of `bytes`, which lies at `position`.
pub(super) fn read_frame(bytes: &[u8], position: u64) -> Result<Frame<'_>, Malformed> {
    let mut reader = Reader::new(bytes);
    if reader.u32()? != MAGIC {
        return Err(Malformed);
    }
    let crc = reader.u32()?;
    let covered = reader.rest();
    let length = reader.u32()? as usize;
    let kind = reader.u8()?;
    let is_loose = reader.u8()? == LOOSE;
    reader.take(2)?;
    let (generation, claimed, synced_upto) = (reader.u64()?, reader.u64()?, reader.u64()?);
    let payload = reader.take(length)?;
    let covered = &covered[..covered.len() - reader.rest().len()];
    if claimed != position || crc32c::crc32c(covered) != crc {
        return Err(Malformed);
    }
    Ok(Frame { header: FrameHeader { kind, is_loose, generation, position, synced_upto }, payload })
}
