//! Reading the journal when a store is opened: which file counts, and where it ends.

use std::path::Path;
use std::sync::Arc;

use crate::disk::{Create, Disk, read_file, read_up_to};
use crate::error::{Error, Result};

use super::entry::{Entry, HEAD_KIND};
use super::file::{JournalFile, Place, Slot, decode_head, empty_head_bytes, io};
use super::frame::{ALIGNMENT, FRAME_BYTES, Frame, FrameHeader, claimed_bytes, read_frame};
use super::image::Image;

/// A journal that was read.
pub(crate) struct Loaded {
    /// The state that it begins with.
    pub(crate) head: Image,
    /// What came after, in order.
    pub(crate) entries: Vec<Entry>,
    /// To go on writing.
    pub(crate) file: JournalFile,
    /// Something was being written at the end and is not whole.
    pub(crate) torn: bool,
}

struct Head {
    slot: Slot,
    generation: u64,
    bytes: u64,
    /// How long the file was at least.
    file_bytes: u64,
    /// How long the other file was when this head was written.
    other_bytes: u64,
    image: Image,
}

/// Reads the journal of a store that exists.
pub(crate) fn load(disk: Arc<dyn Disk>, journal_bytes: u64) -> Result<Loaded> {
    let (first, second) = (read_head(&*disk, Slot::First)?, read_head(&*disk, Slot::Second)?);
    let head = match (first, second) {
        (Some(first), Some(second)) => {
            if first.generation > second.generation {
                first
            } else {
                second
            }
        }
        (Some(head), None) | (None, Some(head)) => {
            check_other(&*disk, &head)?;
            head
        }
        (None, None) => {
            return Err(corrupt(&*disk, Slot::First, 0, "neither of the two journal files has a valid head"));
        }
    };
    let bytes = read_slot(&*disk, head.slot)?;
    if (bytes.len() as u64) < head.file_bytes {
        let reason = format!("the file had {} bytes and ends there", head.file_bytes);
        return Err(corrupt(&*disk, head.slot, bytes.len() as u64, &reason));
    }
    let mut entries = Vec::new();
    let mut position = head.bytes;
    while let Some(frame) = frame_at(&bytes, position, head.generation) {
        let entry = Entry::decode(frame.header.kind, frame.payload)
            .map_err(|_| corrupt(&*disk, head.slot, position, "an entry cannot be understood"))?;
        entries.push(entry);
        position = frame.end();
    }
    let mut torn = begins_like_ours(&bytes, position);
    for frame in later_frames(&bytes, position, head.generation) {
        // A group is written after the one before it is durable, so this was lost since.
        if frame.header.synced_upto > position {
            return Err(corrupt(
                &*disk,
                head.slot,
                position,
                "later entries were written after this was durable",
            ));
        }
        torn = true;
    }
    let place = Place { slot: head.slot, generation: head.generation, head_bytes: head.bytes, position };
    let file = JournalFile::resume(disk, journal_bytes, &place)?;
    Ok(Loaded { head: head.image, entries, file, torn })
}

/// Whether the journal's files hold nothing but, at most, the heads of a store without topics, whole or not: all that
/// an interrupted first opening can leave.
pub(crate) fn is_unborn(disk: &dyn Disk) -> Result<bool> {
    for slot in [Slot::First, Slot::Second] {
        if read_slot(disk, slot)?.iter().skip(empty_head_bytes()).any(|byte| *byte != 0) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn read_head(disk: &dyn Disk, slot: Slot) -> Result<Option<Head>> {
    let path = slot.path();
    let failed = |error| io(disk, "read", &path, error);
    let file = match disk.open(&path, Create::No) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let length = file.len().map_err(failed)?;
    let mut bytes = vec![0; FRAME_BYTES];
    let filled = read_up_to(&*file, &mut bytes, 0).map_err(failed)?;
    let Some(size) = claimed_bytes(&bytes[..filled]).filter(|size| *size as u64 <= length) else {
        return Ok(None);
    };
    bytes.resize(size, 0);
    let filled = read_up_to(&*file, &mut bytes, 0).map_err(failed)?;
    let Ok(frame) = read_frame(&bytes[..filled], 0) else { return Ok(None) };
    if frame.header.kind != HEAD_KIND {
        return Ok(None);
    }
    let (other_bytes, image) =
        decode_head(frame.payload).map_err(|_| corrupt(disk, slot, 0, "its head cannot be understood"))?;
    let FrameHeader { generation, synced_upto: file_bytes, .. } = frame.header;
    Ok(Some(Head { slot, generation, bytes: frame.end(), file_bytes, other_bytes, image }))
}

/// The other file has no valid head. That is so when its first head was not finished, and then this one has
/// everything; but if entries follow it, it was finished, and they must not be lost.
fn check_other(disk: &dyn Disk, head: &Head) -> Result<()> {
    let slot = head.slot.other();
    let bytes = read_slot(disk, slot)?;
    if (bytes.len() as u64) < head.other_bytes {
        let reason = format!("the file had {} bytes and ends there", head.other_bytes);
        return Err(corrupt(disk, slot, bytes.len() as u64, &reason));
    }
    if later_frames(&bytes, 0, head.generation + 1).next().is_some() {
        return Err(corrupt(disk, slot, 0, "its head is invalid, though entries follow"));
    }
    Ok(())
}

fn read_slot(disk: &dyn Disk, slot: Slot) -> Result<Vec<u8>> {
    let path = slot.path();
    let read = read_file(disk, &path).map_err(|error| io(disk, "read", &path, error))?;
    Ok(read.unwrap_or_default())
}

fn frame_at(bytes: &[u8], position: u64, generation: u64) -> Option<Frame<'_>> {
    let rest = bytes.get(usize::try_from(position).ok()?..)?;
    let frame = read_frame(rest, position).ok()?;
    (frame.header.generation == generation && frame.header.kind != HEAD_KIND).then_some(frame)
}

/// Whole frames of the generation anywhere behind `from`.
fn later_frames(bytes: &[u8], from: u64, generation: u64) -> impl Iterator<Item = Frame<'_>> {
    let places = (from..bytes.len() as u64).step_by(ALIGNMENT);
    places.filter_map(move |position| frame_at(bytes, position, generation))
}

/// A frame was begun at `position`; one of an older generation is not told from one of ours.
fn begins_like_ours(bytes: &[u8], position: u64) -> bool {
    let rest = usize::try_from(position).ok().and_then(|position| bytes.get(position..));
    rest.and_then(claimed_bytes).is_some()
}

fn corrupt(disk: &dyn Disk, slot: Slot, position: u64, reason: &str) -> Error {
    let file = disk.root().join::<&Path>(&slot.path());
    Error::CorruptJournal { file, position, reason: reason.to_owned() }
}
