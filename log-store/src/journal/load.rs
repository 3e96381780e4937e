//! Reading the journal when a store is opened: which file counts, and where it ends.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use crate::disk::{BootId, Create, Disk, read_file, read_up_to};
use crate::error::{Error, Result};

use super::behind::{Remains, Source};
use super::entry::{Entry, HEAD_KIND};
use super::file::{JournalFile, Resumed, Slot, decode_head, empty_head_bytes, io};
use super::frame::{FRAME_BYTES, Frame, FrameHeader, claimed_bytes, claimed_version, read_frame};
use super::image::Image;
use super::mend::mend;
use super::vouch::{Vouched, read_vouched};

/// A journal that was read.
pub(crate) struct Loaded {
    /// The state that it begins with.
    pub(crate) head: Image,
    /// What came after, in order.
    pub(crate) entries: Vec<Entry>,
    /// To go on writing.
    pub(crate) file: JournalFile,
    /// How many frames were damaged and are whole again.
    pub(crate) mended: usize,
    /// Something was being written at the end and is not whole.
    pub(crate) torn: Option<Torn>,
}

/// What is known of the last that was written, when it is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Torn {
    /// Nobody was told that it was there.
    NeverAcknowledged,
    /// The machine was started anew since, and all that is left of it may go with the power: nobody was told that it was durable.
    LeftToTheSystem,
    /// The machine was started anew since, and who was told what just before that is not known for certain; or it was not, and somebody was told
    /// that it was written.
    PerhapsAcknowledged,
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
    mended: bool,
}

/// Reads the journal of a store that exists.
pub(crate) fn load(disk: Arc<dyn Disk>, journal_bytes: u64) -> Result<Loaded> {
    let vouched = read_vouched(&*disk)?;
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
            let is_gone = |slot: Slot| {
                disk.open(&slot.path(), Create::No).is_err_and(|error| error.kind() == ErrorKind::NotFound)
            };
            let reason = match is_gone(Slot::First) && is_gone(Slot::Second) {
                true => "it is gone, and so is the other journal file",
                false => "neither of the two journal files has a valid head",
            };
            return Err(corrupt(&*disk, Slot::First, 0, reason));
        }
    };
    check_newest(&*disk, &head, vouched.as_ref())?;
    let bytes = read_slot(&*disk, head.slot)?;
    if (bytes.len() as u64) < head.file_bytes {
        let reason = format!("the file had {} bytes and ends there", head.file_bytes);
        return Err(corrupt(&*disk, head.slot, bytes.len() as u64, &reason));
    }
    let source = Source { disk: &*disk, slot: head.slot, bytes: &bytes, generation: head.generation };
    let ours = vouched.filter(|vouched| vouched.generation == head.generation);
    let behind = source.read_behind(head.bytes, ours.map_or(0, |vouched| vouched.upto))?;
    let is_same_start = has_started_once(vouched.as_ref(), disk.boot_id());
    let is_gone = is_same_start && ours.is_some_and(|vouched| vouched.written > behind.end);
    let torn = match behind.torn {
        _ if is_gone => Some(Torn::PerhapsAcknowledged),
        None => None,
        Some(_) if is_same_start => Some(Torn::NeverAcknowledged),
        Some(Remains::LooseAlone) => Some(Torn::LeftToTheSystem),
        Some(Remains::Others) => Some(Torn::PerhapsAcknowledged),
    };
    let (position, mended) = (behind.end, behind.mended + usize::from(head.mended));
    let place = Resumed { slot: head.slot, generation: head.generation, head_bytes: head.bytes, position };
    let file = JournalFile::resume(disk, journal_bytes, &place)?;
    Ok(Loaded { head: head.image, entries: behind.entries, file, mended, torn })
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

/// The version of the directory as the journal tells it: the heads of both files say the same, which no damage of one of them does.
pub(crate) fn version(disk: &dyn Disk) -> Result<Option<u32>> {
    let claimed = |slot: Slot| {
        let (path, mut magic) = (slot.path(), [0; 4]);
        let read = match disk.open(&path, Create::No) {
            Ok(file) => read_up_to(&*file, &mut magic, 0),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        };
        read.map(|filled| claimed_version(&magic[..filled])).map_err(|error| io(disk, "read", &path, error))
    };
    let (first, second) = (claimed(Slot::First)?, claimed(Slot::Second)?);
    Ok(first.filter(|_| first == second))
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
        return mended_head(disk, slot);
    };
    bytes.resize(size, 0);
    let filled = read_up_to(&*file, &mut bytes, 0).map_err(failed)?;
    let Ok(frame) = read_frame(&bytes[..filled], 0) else { return mended_head(disk, slot) };
    head_of(disk, slot, &frame, false)
}

/// A head with one wrong bit is made whole.
fn mended_head(disk: &dyn Disk, slot: Slot) -> Result<Option<Head>> {
    let Some(mended) = mend(disk, &read_slot(disk, slot)?, 0, None) else { return Ok(None) };
    let frame = read_frame(&mended, 0).expect("what is mended is whole");
    head_of(disk, slot, &frame, true)
}

fn head_of(disk: &dyn Disk, slot: Slot, frame: &Frame<'_>, mended: bool) -> Result<Option<Head>> {
    if frame.header.kind != HEAD_KIND {
        return Ok(None);
    }
    let (other_bytes, image) =
        decode_head(frame.payload).map_err(|_| corrupt(disk, slot, 0, "its head cannot be understood"))?;
    let FrameHeader { generation, synced_upto: file_bytes, .. } = frame.header;
    Ok(Some(Head { slot, generation, bytes: frame.end(), file_bytes, other_bytes, image, mended }))
}

/// A newer journal than the one with the newest valid head must not have had entries.
fn check_newest(disk: &dyn Disk, head: &Head, vouched: Option<&Vouched>) -> Result<()> {
    match vouched {
        Some(vouched) if vouched.generation > head.generation && vouched.upto > vouched.head_bytes => {
            Err(corrupt(disk, head.slot.other(), 0, "its head is invalid, though entries followed"))
        }
        _ => Ok(()),
    }
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
    let source = Source { disk, slot, bytes: &bytes, generation: head.generation + 1 };
    if source.later_frames(0).next().is_some() {
        return Err(corrupt(disk, slot, 0, "its head is invalid, though entries follow"));
    }
    Ok(())
}

fn read_slot(disk: &dyn Disk, slot: Slot) -> Result<Vec<u8>> {
    let path = slot.path();
    let read = read_file(disk, &path).map_err(|error| io(disk, "read", &path, error))?;
    Ok(read.unwrap_or_default())
}

/// Whether the machine runs on since `synced` was written. As long as it does, what was written is there, and so is the last that was said of it,
/// if it was said at all.
fn has_started_once(vouched: Option<&Vouched>, now: Option<BootId>) -> bool {
    let then = vouched.and_then(|vouched| vouched.boot);
    then.is_some() && then == now
}

pub(super) fn corrupt(disk: &dyn Disk, slot: Slot, position: u64, reason: &str) -> Error {
    let file = disk.root().join::<&Path>(&slot.path());
    Error::CorruptJournal { file, position, reason: reason.to_owned() }
}
