//! Writing the journal: two files that take turns, each beginning with the whole state.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk::{Create, Disk, DiskFile};
use crate::error::{Error, Result};

use super::entry::HEAD_KIND;
use super::frame::{FrameHeader, frame_bytes, put_frame};
use super::image::Image;

/// The directory of the journal's files.
pub(crate) const JOURNAL_DIR: &str = "journal";

/// The file grows by this much at a time, zeroed: a sync that need not change the file's size is faster.
const CHUNK_BYTES: u64 = 256 << 10;

/// One of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    First,
    Second,
}

impl Slot {
    pub(super) fn other(self) -> Slot {
        match self {
            Slot::First => Slot::Second,
            Slot::Second => Slot::First,
        }
    }

    pub(super) fn path(self) -> PathBuf {
        Path::new(JOURNAL_DIR).join(match self {
            Slot::First => "0",
            Slot::Second => "1",
        })
    }
}

/// The file that is being written.
pub(crate) struct JournalFile {
    disk: Arc<dyn Disk>,
    journal_bytes: u64,
    slot: Slot,
    /// `None` before the first head is written.
    file: Option<Arc<dyn DiskFile>>,
    generation: u64,
    head_bytes: u64,
    /// Where the next frame goes; all before is durable.
    position: u64,
    length: u64,
}

/// Where the reader of a journal found its end.
pub(super) struct Place {
    pub(super) slot: Slot,
    pub(super) generation: u64,
    pub(super) head_bytes: u64,
    pub(super) position: u64,
}

impl JournalFile {
    /// The journal of a new store, before its first head.
    pub(super) fn unborn(disk: Arc<dyn Disk>, journal_bytes: u64) -> Result<JournalFile> {
        let dir = Path::new(JOURNAL_DIR);
        disk.create_dir_all(dir).map_err(|error| io(&*disk, "make", dir, error))?;
        disk.sync_dir(Path::new("")).map_err(|error| io(&*disk, "sync", Path::new(""), error))?;
        Ok(JournalFile {
            disk,
            journal_bytes,
            slot: Slot::Second,
            file: None,
            generation: 0,
            head_bytes: 0,
            position: 0,
            length: 0,
        })
    }

    /// Goes on where a journal was read to.
    pub(super) fn resume(disk: Arc<dyn Disk>, journal_bytes: u64, place: &Place) -> Result<JournalFile> {
        let path = place.slot.path();
        let opened = disk.open(&path, Create::No).and_then(|file| Ok((file.len()?, file)));
        let (length, file) = opened.map_err(|error| io(&*disk, "open", &path, error))?;
        Ok(JournalFile {
            disk,
            journal_bytes,
            slot: place.slot,
            file: Some(file),
            generation: place.generation,
            head_bytes: place.head_bytes,
            position: place.position,
            length,
        })
    }

    /// Whether these entries should rather go to a new file.
    pub(super) fn is_full(&self, payloads: &[(u8, Vec<u8>)]) -> bool {
        let bytes: usize = payloads.iter().map(|(_, payload)| frame_bytes(payload.len())).sum();
        let used = self.position - self.head_bytes;
        used > 0 && used + bytes as u64 > self.journal_bytes
    }

    /// Writes the entries and syncs, once.
    pub(super) fn append(&mut self, payloads: &[(u8, Vec<u8>)]) -> Result<()> {
        let mut bytes = Vec::new();
        for (kind, payload) in payloads {
            let header = FrameHeader {
                kind: *kind,
                generation: self.generation,
                position: self.position + bytes.len() as u64,
                synced_upto: self.position,
            };
            put_frame(&mut bytes, &header, payload);
        }
        self.write(bytes)
    }

    /// Begins the other file with `image`. What this one holds is no longer needed then.
    pub(crate) fn rotate(&mut self, image: &Image) -> Result<()> {
        let slot = self.slot.other();
        let path = slot.path();
        let opened = self.disk.open(&path, Create::IfMissing).and_then(|file| Ok((file.len()?, file)));
        let (length, file) = opened.map_err(|error| io(&*self.disk, "open", &path, error))?;
        self.slot = slot;
        self.file = Some(file);
        self.generation += 1;
        self.position = 0;
        self.length = length;
        let header =
            FrameHeader { kind: HEAD_KIND, generation: self.generation, position: 0, synced_upto: 0 };
        let mut bytes = Vec::new();
        put_frame(&mut bytes, &header, &image.encode());
        self.head_bytes = bytes.len() as u64;
        self.write(bytes)?;
        if length == 0 {
            let dir = Path::new(JOURNAL_DIR);
            self.disk.sync_dir(dir).map_err(|error| io(&*self.disk, "sync", dir, error))?;
        }
        Ok(())
    }

    fn write(&mut self, mut bytes: Vec<u8>) -> Result<()> {
        let (path, end) = (self.slot.path(), self.position + bytes.len() as u64);
        let file = self.file.as_ref().expect("a journal is written to after its first head");
        if end > self.length {
            self.length = end.next_multiple_of(CHUNK_BYTES);
            bytes.resize((self.length - self.position) as usize, 0);
        }
        file.write_all_at(&bytes, self.position).map_err(|error| io(&*self.disk, "write", &path, error))?;
        file.sync_data().map_err(|error| io(&*self.disk, "sync", &path, error))?;
        self.position = end;
        Ok(())
    }
}

pub(super) fn io(disk: &dyn Disk, action: &'static str, path: &Path, error: std::io::Error) -> Error {
    Error::io(action, &disk.root().join(path), error)
}
