//! Reading the entries behind a journal's head, up to where the journal ends.

use crate::disk::Disk;
use crate::error::Result;

use super::entry::{Entry, HEAD_KIND};
use super::file::Slot;
use super::frame::{ALIGNMENT, Frame, read_frame};
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
    pub(super) torn: bool,
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
        behind.torn = self.begins_like_ours(behind.end);
        let mut durable = vouched_upto;
        for frame in self.later_frames(behind.end) {
            // A group is written after the one before it is durable.
            durable = durable.max(frame.header.synced_upto);
            behind.torn = true;
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

    /// A frame of this generation was begun at `position`. A whole one that lies there is of an older one.
    fn begins_like_ours(&self, position: u64) -> bool {
        self.rest(position).is_some_and(|rest| {
            is_nearly_ours(rest, position, Some(self.generation)) && read_frame(rest, position).is_err()
        })
    }

    fn rest(&self, position: u64) -> Option<&[u8]> {
        self.bytes.get(usize::try_from(position).ok()?..)
    }
}
