//! The records of a batch, compressed as Kafka's clients do it, and back.

use std::io::{Read, Write};

use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};
use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use crate::codec::Malformed;
use crate::config::Compression;

use super::builder::MAX_RECORD_BYTES;
use super::header::{BatchHeader, HEADER_BYTES};

/// The records of one batch take no more than this: a largest record, or about a megabyte of smaller ones.
const RECORDS_BYTES_MAX: usize = MAX_RECORD_BYTES + (1 << 20);

/// What Java's clients put before the blocks of snappy: a name, a version, and the oldest version that can read it.
const XERIAL_HEADER: [u8; 16] = *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";
/// The name alone.
const XERIAL_MAGIC_BYTES: usize = 8;
/// How much of the records such a block holds.
const XERIAL_BLOCK_BYTES: usize = 32 << 10;
/// No block of snappy is larger than so many times what it was made of: an element of three bytes stands for 64.
const SNAPPY_RATIO_MAX: usize = 22;

/// How far back what is compressed by zstd may reach. A frame that asks for more is damage: this is what every decoder is to take.
const ZSTD_WINDOW_BYTES_MAX: u64 = 8 << 20;

/// The records, compressed; `None` if that makes them no smaller.
pub(super) fn compress(codec: Compression, records: &[u8]) -> Option<Vec<u8>> {
    // The memory that is written to cannot refuse.
    let written = "memory takes what is written to it";
    let compressed = match codec {
        Compression::None => return None,
        Compression::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(records).and_then(|()| encoder.finish()).expect(written)
        }
        Compression::Snappy => snappy(records),
        Compression::Lz4 => {
            // What Kafka's own decoder takes: independent blocks of 64 KiB.
            let frame = FrameInfo::new().block_mode(BlockMode::Independent).block_size(BlockSize::Max64KB);
            let mut encoder = FrameEncoder::with_frame_info(frame, Vec::new());
            encoder.write_all(records).expect(written);
            encoder.finish().expect(written)
        }
        Compression::Zstd => compress_to_vec(records, CompressionLevel::Fastest),
    };
    Some(compressed).filter(|compressed| compressed.len() < records.len())
}

/// Adds a whole batch to `out` as it was before its records were compressed. What it claims is not believed: no more memory is
/// taken than is filled.
pub(crate) fn inflate_batch(batch: &[u8], header: &BatchHeader, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let (head, records) = batch.split_at_checked(HEADER_BYTES).ok_or(Malformed)?;
    let before = out.len();
    out.extend_from_slice(head);
    let inflated = inflate(header.compression(), records, RECORDS_BYTES_MAX, out);
    if inflated.is_err() {
        out.truncate(before);
    }
    inflated
}

fn inflate(codec: Compression, mut records: &[u8], most: usize, out: &mut Vec<u8>) -> Result<(), Malformed> {
    match codec {
        Compression::None => {
            out.extend_from_slice(records);
            Ok(())
        }
        Compression::Gzip => read(MultiGzDecoder::new(records), most, out),
        Compression::Snappy => inflate_snappy(records, most, out),
        Compression::Lz4 => read(FrameDecoder::new(records), most, out),
        Compression::Zstd => {
            let decoder = StreamingDecoder::new_with_max_window_size(&mut records, ZSTD_WINDOW_BYTES_MAX);
            read(decoder.map_err(|_| Malformed)?, most, out)
        }
    }
}

/// Reads all of it, unless it is too much.
fn read(from: impl Read, most: usize, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let read = from.take(most as u64 + 1).read_to_end(out);
    match read {
        Ok(count) if count <= most => Ok(()),
        Ok(_) | Err(_) => Err(Malformed),
    }
}

fn snappy(records: &[u8]) -> Vec<u8> {
    let mut out = XERIAL_HEADER.to_vec();
    let mut encoder = snap::raw::Encoder::new();
    for block in records.chunks(XERIAL_BLOCK_BYTES) {
        let start = out.len() + 4;
        out.resize(start + snap::raw::max_compress_len(block.len()), 0);
        let bytes = encoder.compress(block, &mut out[start..]).expect("there is room for the worst case");
        out[start - 4..start].copy_from_slice(&(bytes as u32).to_be_bytes());
        out.truncate(start + bytes);
    }
    out
}

/// With the frame of Java's clients, or without one, as others write it.
fn inflate_snappy(records: &[u8], most: usize, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let mut left = most;
    if !records.starts_with(&XERIAL_HEADER[..XERIAL_MAGIC_BYTES]) {
        return inflate_snappy_block(records, &mut left, out);
    }
    let mut rest = records.get(XERIAL_HEADER.len()..).ok_or(Malformed)?;
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let (block, behind) = behind.split_at_checked(length).ok_or(Malformed)?;
        inflate_snappy_block(block, &mut left, out)?;
        rest = behind;
    }
    if rest.is_empty() { Ok(()) } else { Err(Malformed) }
}

fn inflate_snappy_block(block: &[u8], left: &mut usize, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let claimed = snap::raw::decompress_len(block).map_err(|_| Malformed)?;
    if claimed > *left || claimed > block.len().saturating_mul(SNAPPY_RATIO_MAX) {
        return Err(Malformed);
    }
    *left -= claimed;
    let start = out.len();
    out.resize(start + claimed, 0);
    let bytes = snap::raw::Decoder::new().decompress(block, &mut out[start..]);
    bytes.ok().filter(|bytes| *bytes == claimed).map(drop).ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODECS: [Compression; 4] =
        [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

    const MOST: usize = 1 << 20;

    fn text(bytes: usize) -> Vec<u8> {
        let mut text = Vec::new();
        let mut number = 7_u64;
        while text.len() < bytes {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            write!(text, "bid {} on auction {}; ", number >> 50, number >> 58).unwrap();
        }
        text.truncate(bytes);
        text
    }

    #[test]
    fn what_is_compressed_comes_back() {
        for codec in CODECS {
            for bytes in [200, 40_000, 300_000] {
                let text = text(bytes);
                let compressed = compress(codec, &text).unwrap();
                let mut out = vec![9];
                inflate(codec, &compressed, MOST, &mut out).unwrap();
                assert_eq!((out[0], &out[1..]), (9, &*text), "{codec:?}");
            }
            // What gains nothing is left as it is.
            assert_eq!(compress(codec, b"a"), None);
        }
        // As clients in other languages write it.
        let mut out = Vec::new();
        let raw = snap::raw::Encoder::new().compress_vec(&text(500)).unwrap();
        inflate(Compression::Snappy, &raw, MOST, &mut out).unwrap();
        assert_eq!(out, text(500));
    }

    #[test]
    fn what_is_cut_or_changed_is_told_or_something_else_and_never_a_panic() {
        for codec in CODECS {
            let compressed = compress(codec, &text(2_000)).unwrap();
            let mut refused = 0;
            for at in (0..compressed.len()).step_by(3) {
                let mut out = Vec::new();
                refused += u32::from(inflate(codec, &compressed[..at], MOST, &mut out).is_err());
                for bit in [0, 3, 7] {
                    let mut changed = compressed.clone();
                    changed[at] ^= 1 << bit;
                    let mut out = Vec::new();
                    refused += u32::from(inflate(codec, &changed, MOST, &mut out).is_err());
                    assert!(out.capacity() <= 4 << 20, "{codec:?}: {} bytes were taken", out.capacity());
                }
            }
            assert!(refused as usize > compressed.len() / 3, "{codec:?}: {refused}");
        }
    }

    #[test]
    fn a_batch_that_becomes_too_large_is_refused() {
        let zeros = vec![0; MOST + 1];
        for codec in CODECS {
            let mut out = Vec::new();
            assert_eq!(inflate(codec, &compress(codec, &zeros[1..]).unwrap(), MOST, &mut out), Ok(()));
            assert_eq!(out.len(), MOST);
            assert_eq!(
                inflate(codec, &compress(codec, &zeros).unwrap(), MOST, &mut Vec::new()),
                Err(Malformed)
            );
        }
        // 4 GiB, it says.
        let claim = [0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0];
        let mut out = Vec::new();
        assert_eq!(inflate(Compression::Snappy, &claim, MOST, &mut out), Err(Malformed));
        assert_eq!(out.capacity(), 0);
    }
}
