//! Reading the entries behind a journal's head, up to where the journal ends.

use crate::disk::Disk;
use crate::error::Result;

use super::entry::{Entry, HEAD_KIND};
use super::file::Slot;
use super::frame::{ALIGNMENT, Frame, claims_to_be_loose, read_frame};
use super::load::corrupt;
use super::mend::{is_nearly_ours, mend};

/// A journal file that is read.
pub(super) struct Source<'a> {
    pub(super) disk: &'a dyn Disk,
    pub(super) slot: Slot,
    pub(super) bytes: &'a [u8],
    pub(super) generation: u64,
}

/// What stands behind a head.
#[derive(Default)]
pub(super) struct Behind {
    pub(super) entries: Vec<Entry>,
    /// Where the entries end.
    pub(super) end: u64,
    /// How many of them were damaged and are whole again.
    pub(super) mended: usize,
    /// Something was begun behind them and is not whole.
    pub(super) torn: Option<Remains>,
}

/// What can be told of what was begun and is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remains {
    /// Entries alone of which nobody was told that they are durable.
    LooseAlone,
    Others,
}

impl Source<'_> {
    /// Reads all entries from `position` on. What was durable, as later entries say or `vouched_upto`, must be there.
    pub(super) fn read_behind(&self, position: u64, vouched_upto: u64) -> Result<Behind> {
        let mut behind = Behind { end: position, ..Behind::default() };
        loop {
            if let Some(frame) = self.frame_at(behind.end) {
                self.take(&mut behind, &frame)?;
            } else if let Some(mended) = self.mend_at(behind.end) {
                let frame = read_frame(&mended, behind.end).expect("what is mended is whole");
                self.take(&mut behind, &frame)?;
                behind.mended += 1;
            } else {
                break;
            }
        }
        behind.torn = self.remains_at(behind.end);
        let mut durable = vouched_upto;
        for frame in self.later_frames(behind.end) {
            // It was written when all before that place was durable.
            durable = durable.max(frame.header.synced_upto);
            behind.torn.get_or_insert(Remains::Others);
        }
        if durable > behind.end {
            return Err(corrupt(
                self.disk,
                self.slot,
                behind.end,
                "an entry there was durable, and is damaged beyond repair",
            ));
        }
        Ok(behind)
    }

    /// Whole frames of the generation anywhere behind `from`.
    pub(super) fn later_frames(&self, from: u64) -> impl Iterator<Item = Frame<'_>> {
        let places = (from..self.bytes.len() as u64).step_by(ALIGNMENT);
        places.filter_map(move |position| self.frame_at(position))
    }

    fn take(&self, behind: &mut Behind, frame: &Frame<'_>) -> Result<()> {
        let entry = Entry::decode(frame.header.kind, frame.payload)
            .map_err(|_| corrupt(self.disk, self.slot, behind.end, "an entry cannot be understood"))?;
        behind.entries.push(entry);
        behind.end = frame.end();
        Ok(())
    }

    fn frame_at(&self, position: u64) -> Option<Frame<'_>> {
        let frame = read_frame(self.rest(position)?, position).ok()?;
        (frame.header.generation == self.generation && frame.header.kind != HEAD_KIND).then_some(frame)
    }

    fn mend_at(&self, position: u64) -> Option<Vec<u8>> {
        let mended = mend(self.disk, self.rest(position)?, position, Some(self.generation))?;
        let is_head = read_frame(&mended, position).is_ok_and(|frame| frame.header.kind == HEAD_KIND);
        (!is_head).then_some(mended)
    }

    /// What is left of a frame of this generation that was begun at `position`, and of those behind it.
    fn remains_at(&self, position: u64) -> Option<Remains> {
        let first = self.rest(position).filter(|rest| self.begins_like_ours(rest, position))?;
        // Also of those that are not whole: one that somebody was told to be durable makes all before it so.
        let mut behind = (position..self.bytes.len() as u64).step_by(ALIGNMENT).skip(1);
        let is_other = |position| {
            let rest = self.rest(position).filter(|rest| !claims_to_be_loose(rest));
            rest.is_some_and(|rest| {
                self.begins_like_ours(rest, position) || self.frame_at(position).is_some()
            })
        };
        let are_loose = claims_to_be_loose(first) && !behind.any(is_other);
        Some(if are_loose { Remains::LooseAlone } else { Remains::Others })
    }

    /// A frame of this generation was begun there. A whole one that lies there is of an older one.
    fn begins_like_ours(&self, rest: &[u8], position: u64) -> bool {
        is_nearly_ours(rest, position, Some(self.generation)) && read_frame(rest, position).is_err()
    }

    fn rest(&self, position: u64) -> Option<&[u8]> {
        self.bytes.get(usize::try_from(position).ok()?..)
    }
}
