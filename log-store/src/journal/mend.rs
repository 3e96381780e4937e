//! Making damaged frames whole again: one flipped bit is found by the checksum, and lost records are in their segments.
//!
//! Nothing is guessed: what comes out fits the frame's own CRC-32C, its place and its generation, and the record
//! batches in it fit theirs.

use crate::codec::{Malformed, Reader};
use crate::disk::{Create, Disk, read_up_to};
use crate::ids::{Offset, PartitionId, TopicId};
use crate::partition::topic_dir;
use crate::record::parse_batch;
use crate::segment::log_path;

use super::entry::{COMMIT_KIND, COMMIT_OF_WRITER_KIND, COMMIT_WITH_PROPERTIES_KIND, Entry};
use super::frame::{CRC_FIELD, FRAME_BYTES, KIND_FIELD, LENGTH_FIELD, MAGIC, frame_bytes, read_frame};
use super::writers::WriterMoved;

/// The polynomial of CRC-32C, lowest power first.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// Mends the frame at the front of `rest`, which lies at `position`; of which generation, if that is known. Gives the
/// frame as it was, or nothing.
pub(super) fn mend(disk: &dyn Disk, rest: &[u8], position: u64, generation: Option<u64>) -> Option<Vec<u8>> {
    let header: [u8; FRAME_BYTES] = *rest.first_chunk()?;
    if !is_nearly_ours(&header, position, generation) {
        return None;
    }
    let fits = |bytes: &Vec<u8>| {
        read_frame(bytes, position).is_ok_and(|frame| {
            let same = generation.is_none_or(|generation| frame.header.generation == generation);
            same && is_sound(frame.header.kind, frame.payload)
        })
    };
    let as_claimed = frame_at(rest, length_of(&header));
    let flipped = as_claimed.and_then(unflip).filter(fits);
    let flipped = flipped.or_else(|| other_lengths(rest, &header).find(fits));
    flipped.or_else(|| as_claimed.and_then(|frame| from_segments(disk, frame)).filter(fits))
}

/// At most one bit of what is known of the header is wrong. This keeps zeros, and remains of other generations, from
/// being taken for a damaged frame.
pub(super) fn is_nearly_ours(rest: &[u8], position: u64, generation: Option<u64>) -> bool {
    let Some(header) = rest.first_chunk::<FRAME_BYTES>() else { return false };
    let differing = |at: usize, expected: &[u8]| -> u32 {
        let pairs = header[at..].iter().zip(expected);
        pairs.map(|(found, expected)| (found ^ expected).count_ones()).sum()
    };
    let generation = generation.map_or(0, |generation| differing(16, &generation.to_be_bytes()));
    differing(0, &MAGIC.to_be_bytes()) + generation + differing(24, &position.to_be_bytes()) <= 1
}

/// The frame with this payload length, if the file is long enough.
fn frame_at(rest: &[u8], length: u32) -> Option<&[u8]> {
    rest.get(..frame_bytes(length as usize))
}

fn length_of(header: &[u8]) -> u32 {
    u32::from_be_bytes(*header[LENGTH_FIELD..].first_chunk().expect("a header has a length"))
}

/// The frame without its flipped bit, supposing that there is one and that the length is right.
fn unflip(frame: &[u8]) -> Option<Vec<u8>> {
    let mut mended = frame.to_vec();
    mended[..CRC_FIELD].copy_from_slice(&MAGIC.to_be_bytes());
    let covered = LENGTH_FIELD..FRAME_BYTES + length_of(frame) as usize;
    let crc = crc32c::crc32c(&frame[covered.clone()]);
    let stored = u32::from_be_bytes(*frame[CRC_FIELD..].first_chunk()?);
    match crc ^ stored {
        0 => {}
        // In the checksum itself.
        wrong if wrong.count_ones() == 1 => {
            mended[CRC_FIELD..LENGTH_FIELD].copy_from_slice(&crc.to_be_bytes());
        }
        wrong => {
            let (byte, bit) = flipped_bit(wrong, covered.len())?;
            mended[covered.start + byte] ^= 1 << bit;
        }
    }
    Some(mended)
}

/// Which bit of `bytes` bytes changes their checksum by `wrong`: each changes it in its own way, whatever the others
/// are. A bit's way follows from that of the bit after it, beginning with the last.
fn flipped_bit(wrong: u32, bytes: usize) -> Option<(usize, u32)> {
    let mut effect = POLYNOMIAL;
    for byte in (0..bytes).rev() {
        for bit in (0..8).rev() {
            if effect == wrong {
                return Some((byte, bit));
            }
            effect = (effect >> 1) ^ if effect & 1 == 1 { POLYNOMIAL } else { 0 };
        }
    }
    None
}

/// The frame with each length that one flipped bit may have made the one it claims.
fn other_lengths<'a>(rest: &'a [u8], header: &'a [u8; FRAME_BYTES]) -> impl Iterator<Item = Vec<u8>> + 'a {
    let claimed = length_of(header);
    (0..u32::BITS).filter_map(move |bit| {
        let length = claimed ^ (1 << bit);
        let frame = frame_at(rest, length)?;
        // Without a copy: most do not fit.
        let stored = u32::from_be_bytes(*header[CRC_FIELD..].first_chunk()?);
        let crc = crc32c::crc32c(&length.to_be_bytes());
        let crc = crc32c::crc32c_append(crc, &frame[LENGTH_FIELD + 4..FRAME_BYTES + length as usize]);
        (crc == stored).then(|| {
            let mut mended = frame.to_vec();
            mended[LENGTH_FIELD..LENGTH_FIELD + 4].copy_from_slice(&length.to_be_bytes());
            mended
        })
    })
}

/// The frame of a commit whose record batches, where they are damaged, are those that the segments have in their places.
fn from_segments(disk: &dyn Disk, frame: &[u8]) -> Option<Vec<u8>> {
    let kind = frame[KIND_FIELD];
    if ![COMMIT_KIND, COMMIT_WITH_PROPERTIES_KIND, COMMIT_OF_WRITER_KIND].contains(&kind) {
        return None;
    }
    let payload = &frame[FRAME_BYTES..FRAME_BYTES + length_of(frame) as usize];
    let mut mended = frame.to_vec();
    for place in bytes_of_parts(kind, payload).ok()? {
        if are_batches(&payload[place.from..place.from + place.bytes], place.base) {
            continue;
        }
        let dir = topic_dir(place.topic).join(place.partition.to_string());
        let file = disk.open(&log_path(&dir, place.segment), Create::No).ok()?;
        let at = FRAME_BYTES + place.from;
        let bytes = &mut mended[at..at + place.bytes];
        if read_up_to(&*file, bytes, place.position).ok()? < place.bytes {
            return None;
        }
    }
    Some(mended)
}

/// Where the record batches of a part lie: in the payload, and in a segment.
struct BytesOfPart {
    topic: TopicId,
    partition: PartitionId,
    segment: Offset,
    position: u64,
    base: Offset,
    from: usize,
    bytes: usize,
}

fn bytes_of_parts(kind: u8, payload: &[u8]) -> Result<Vec<BytesOfPart>, Malformed> {
    let from = &mut Reader::new(payload);
    if kind == COMMIT_OF_WRITER_KIND {
        WriterMoved::decode(from)?;
    }
    if kind != COMMIT_KIND {
        for _ in 0..from.u32()? {
            from.u64()?;
            from.bytes()?;
            from.bytes()?;
        }
    }
    let mut places = Vec::new();
    for _ in 0..from.u32()? {
        let (topic, partition) = (TopicId(from.u64()?), PartitionId(from.u32()?));
        let (segment, position) = (Offset(from.u64()?), from.u64()?);
        let base = Offset(from.u64()?);
        from.u64()?;
        let bytes = from.bytes()?.len();
        let end = payload.len() - from.rest().len();
        places.push(BytesOfPart { topic, partition, segment, position, base, from: end - bytes, bytes });
    }
    from.end()?;
    Ok(places)
}

/// Whether an entry can be understood, down to the checksums of its record batches. A head has none.
fn is_sound(kind: u8, payload: &[u8]) -> bool {
    let Ok(entry) = Entry::decode(kind, payload) else { return kind == super::entry::HEAD_KIND };
    let Entry::Commit(commit) = entry else { return true };
    commit.parts.iter().all(|part| are_batches(&part.bytes, part.base))
}

fn are_batches(bytes: &[u8], base: Offset) -> bool {
    let (mut rest, mut expected) = (bytes, base);
    while !rest.is_empty() {
        let Ok(batch) = parse_batch(rest, Some(expected)) else { return false };
        (rest, expected) = (&rest[batch.bytes..], batch.header.next_offset());
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::{DiskFile, MemDisk};
    use crate::ids::ProducerEpoch;
    use crate::ids::ProducerId;
    use crate::journal::entry::{Commit, Part, Property};
    use crate::journal::frame::{FrameHeader, put_frame};
    use crate::journal::writers::{Appended, Sequenced};
    use crate::record::{RecordsBuilder, Stamp};

    const POSITION: u64 = 4096;
    const GENERATION: u64 = 7;

    /// A commit to two partitions, as a frame, with other bytes behind it, and the disk with their segments.
    fn sample() -> (MemDisk, Vec<u8>) {
        sample_of(Commit::default())
    }

    /// As [`sample`], of a commit that has this beside its records.
    fn sample_of(beside: Commit) -> (MemDisk, Vec<u8>) {
        let disk = MemDisk::new();
        let part = |partition: u32| {
            let mut records = RecordsBuilder::new();
            for number in 0..5 + partition {
                records.push(3, Some(b"key"), Some(format!("value {number}").as_bytes()));
            }
            let stamp = Stamp {
                base_offset: Offset(20),
                transactional: false,
                producer_id: ProducerId(-1),
                producer_epoch: ProducerEpoch(-1),
                base_sequence: -1,
            };
            let end = Offset(25 + u64::from(partition));
            let (bytes, ..) = records.seal(stamp);
            let dir = topic_dir(TopicId(3)).join(partition.to_string());
            disk.create_dir_all(&dir).unwrap();
            let file = disk.open(&log_path(&dir, Offset(0)), Create::IfMissing).unwrap();
            DiskFile::write_all_at(&*file, &bytes, 100).unwrap();
            let (topic, partition) = (TopicId(3), PartitionId(partition));
            Part { topic, partition, segment: Offset(0), position: 100, base: Offset(20), end, bytes }
        };
        let entry = Entry::Commit(Commit { parts: vec![part(0), part(1)], ..beside });
        let header = FrameHeader {
            kind: entry.kind(),
            is_loose: false,
            generation: GENERATION,
            position: POSITION,
            synced_upto: POSITION,
        };
        let mut bytes = Vec::new();
        put_frame(&mut bytes, &header, &entry.encode());
        (disk, bytes)
    }

    fn behind(frame: &[u8]) -> Vec<u8> {
        [frame, &[0xa5; 300]].concat()
    }

    #[test]
    fn any_flipped_bit_is_found() {
        let (_, frame) = sample();
        let elsewhere = MemDisk::new();
        let whole = read_frame(&frame, POSITION).unwrap();
        let covered = FRAME_BYTES + whole.payload.len();
        for bit in 0..covered * 8 {
            let mut damaged = behind(&frame);
            damaged[bit / 8] ^= 1 << (bit % 8);
            let mended = mend(&elsewhere, &damaged, POSITION, Some(GENERATION));
            // The three bytes behind the kind are covered but say nothing; all else must be as it was.
            assert_eq!(
                mended.as_deref().map(|bytes| &bytes[..covered]),
                Some(&frame[..covered]),
                "bit {bit}"
            );
        }
    }

    #[test]
    fn lost_records_are_taken_from_the_segments() {
        let property = Property { topic: TopicId(3), name: "p".to_owned(), value: vec![7; 9] };
        let (name, id, epoch) = ("w".to_owned(), ProducerId(4), ProducerEpoch(0));
        let batch = Sequenced { topic: TopicId(3), name, id, epoch, first: 2, end: 9 };
        let place = Appended { partition: PartitionId(1), first: Offset(20), end: Offset(25) };
        let writer = Some(WriterMoved { batch, now_ms: 5, places: vec![place; 2] });
        let properties = vec![property];
        let kinds = [
            Commit::default(),
            Commit { properties: properties.clone(), ..Commit::default() },
            Commit { writer: writer.clone(), ..Commit::default() },
            Commit { properties, writer, ..Commit::default() },
        ];
        for beside in kinds {
            check_lost_records(beside);
        }
    }

    fn check_lost_records(beside: Commit) {
        let (disk, frame) = sample_of(beside);
        let whole = read_frame(&frame, POSITION).unwrap();
        let places = bytes_of_parts(whole.header.kind, whole.payload).unwrap();
        assert_eq!(places.len(), 2);
        for place in places {
            let mut damaged = behind(&frame);
            damaged[FRAME_BYTES + place.from..][..place.bytes].fill(0);
            assert_eq!(mend(&disk, &damaged, POSITION, Some(GENERATION)), Some(frame.clone()));
            // Without the segments, or with others, nothing is made up.
            assert_eq!(mend(&MemDisk::new(), &damaged, POSITION, Some(GENERATION)), None);
            let dir = topic_dir(place.topic).join(place.partition.to_string());
            let file = disk.open(&log_path(&dir, place.segment), Create::No).unwrap();
            file.write_all_at(b"other", 150).unwrap();
            assert_eq!(mend(&disk, &damaged, POSITION, Some(GENERATION)), None);
        }
    }

    #[test]
    fn damage_of_any_kind_is_mended_or_not_but_never_a_panic() {
        let (disk, frame) = sample();
        let mut state = 1_u64;
        let mut random = move |bound: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % bound
        };
        let mut mended = 0;
        for _ in 0..20_000 {
            let mut damaged = behind(&frame);
            // Mostly where lengths and counts stand, and in a few bytes.
            for _ in 0..1 + random(3) {
                let at = if random(2) == 0 { random(FRAME_BYTES + 60) } else { random(frame.len()) };
                damaged[at] = random(256) as u8;
            }
            damaged.truncate(damaged.len() - random(damaged.len()));
            if let Some(bytes) = mend(&disk, &damaged, POSITION, Some(GENERATION)) {
                assert_eq!(bytes[..frame.len() - 8], frame[..frame.len() - 8]);
                mended += 1;
            }
        }
        assert!(mended > 1_000, "{mended}");
    }

    #[test]
    fn nothing_is_made_of_what_was_no_frame_there() {
        let (disk, frame) = sample();
        let mut two = behind(&frame);
        two[60] ^= 4;
        two[70] ^= 4;
        // The segments of a commit with a wrong structure are not to be found either.
        two[FRAME_BYTES] ^= 1;
        assert_eq!(mend(&disk, &two, POSITION, Some(GENERATION)), None);
        let damaged = |at: usize| {
            let mut bytes = behind(&frame);
            bytes[at] ^= 1;
            bytes
        };
        assert_eq!(mend(&disk, &damaged(60), POSITION + 8, Some(GENERATION)), None);
        assert_eq!(mend(&disk, &damaged(60), POSITION, Some(GENERATION + 1)), None);
        assert_eq!(mend(&disk, &[0; 500], POSITION, Some(GENERATION)), None);
        assert_eq!(mend(&disk, &frame[..30], POSITION, Some(GENERATION)), None);
        assert_eq!(mend(&disk, &damaged(60)[..frame.len() - 100], POSITION, Some(GENERATION)), None);
    }
}
