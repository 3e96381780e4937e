//! Writing the journal: two files that take turns, each beginning with the whole state.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk::{Create, Disk, DiskFile, read_up_to};
use crate::error::{Error, Result};

use super::entry::HEAD_KIND;
use super::frame::{FrameHeader, frame_bytes, put_frame};
use super::image::Image;
use super::vouch::{Vouch, Vouched};
use crate::codec::{Malformed, Put, Reader};

/// The directory of the journal's files.
pub(crate) const JOURNAL_DIR: &str = "journal";

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
    /// Where the next frame goes.
    position: u64,
    /// All before it is durable.
    synced_upto: u64,
    length: u64,
    /// Whether this store has itself made the other file durable at its length. What an earlier one wrote may
    /// be in the system's cache alone, if syncing it failed.
    other_is_known: bool,
    vouch: Vouch,
}

/// An entry as it is written.
pub(super) struct Payload {
    pub(super) kind: u8,
    /// Whether those who wait for it do not wait for the disk.
    pub(super) is_loose: bool,
    pub(super) bytes: Vec<u8>,
}

/// Where the reader of a journal found its end.
pub(super) struct Resumed {
    pub(super) slot: Slot,
    pub(super) generation: u64,
    pub(super) head_bytes: u64,
    pub(super) position: u64,
}

/// A file of the journal that is being synced.
pub(super) struct Syncing {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    upto: u64,
}

impl Syncing {
    /// Makes durable what was written before it was begun, without the journal's lock.
    pub(super) fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(|error| io(&*self.disk, "sync", &self.path, error))
    }
}

impl JournalFile {
    /// The journal of a new store, before its first head.
    pub(super) fn unborn(disk: Arc<dyn Disk>, journal_bytes: u64) -> Result<JournalFile> {
        let dir = Path::new(JOURNAL_DIR);
        disk.create_dir_all(dir).map_err(|error| io(&*disk, "make", dir, error))?;
        disk.sync_dir(Path::new("")).map_err(|error| io(&*disk, "sync", Path::new(""), error))?;
        let vouch = Vouch::open(&*disk)?;
        Ok(JournalFile {
            disk,
            vouch,
            journal_bytes,
            slot: Slot::Second,
            file: None,
            generation: 0,
            head_bytes: 0,
            position: 0,
            synced_upto: 0,
            length: 0,
            other_is_known: false,
        })
    }

    /// Goes on where a journal was read to.
    pub(super) fn resume(disk: Arc<dyn Disk>, journal_bytes: u64, place: &Resumed) -> Result<JournalFile> {
        let path = place.slot.path();
        let opened = disk.open(&path, Create::No).and_then(|file| Ok((file.len()?, file)));
        let (length, file) = opened.map_err(|error| io(&*disk, "open", &path, error))?;
        let vouch = Vouch::open(&*disk)?;
        Ok(JournalFile {
            disk,
            vouch,
            journal_bytes,
            slot: place.slot,
            file: Some(file),
            generation: place.generation,
            head_bytes: place.head_bytes,
            position: place.position,
            synced_upto: place.position,
            length,
            other_is_known: false,
        })
    }

    /// If these entries do not fit into the file, how much room the next one should have for entries. Files
    /// begin small and double up to the journal's size.
    pub(super) fn room_needed(&self, payloads: &[Payload]) -> Option<u64> {
        let bytes: usize = payloads.iter().map(|payload| frame_bytes(payload.bytes.len())).sum();
        let fits = self.position + bytes as u64 <= self.length;
        (!fits).then(|| (2 * self.length).min(self.journal_bytes).max(bytes as u64))
    }

    /// Writes entries. They are durable after [`JournalFile::sync`].
    pub(super) fn write_entries(&mut self, payloads: &[Payload]) -> Result<()> {
        if payloads.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::new();
        for Payload { kind, is_loose, bytes: payload } in payloads {
            let header = FrameHeader {
                kind: *kind,
                is_loose: *is_loose,
                generation: self.generation,
                position: self.position + bytes.len() as u64,
                synced_upto: self.synced_upto,
            };
            put_frame(&mut bytes, &header, payload);
        }
        self.write(bytes)
    }

    /// Makes durable what was written, if anything was since the last time, and says so in another place.
    pub(super) fn sync(&mut self) -> Result<()> {
        let Some(syncing) = self.begin_sync() else { return Ok(()) };
        syncing.sync()?;
        self.end_sync(&syncing)
    }

    /// Says in another place how far the file is written, before anybody is told who does not wait for the disk.
    pub(super) fn say_written(&self) -> Result<()> {
        self.vouch()
    }

    /// What has to be synced, if anything was written since the last time. Meanwhile entries may be written, but no other file begun.
    pub(super) fn begin_sync(&self) -> Option<Syncing> {
        let file = || self.file.clone().expect("a journal is synced after its first head");
        (self.synced_upto < self.position).then(|| Syncing {
            disk: self.disk.clone(),
            path: self.slot.path(),
            file: file(),
            upto: self.position,
        })
    }

    /// Takes note of what is durable, and says so in another place.
    pub(super) fn end_sync(&mut self, synced: &Syncing) -> Result<()> {
        self.synced_upto = synced.upto;
        self.vouch()
    }

    /// Begins the other file with `image`, and has `room` bytes for entries. What this file holds is no longer
    /// needed then.
    pub(crate) fn rotate(&mut self, image: &Image, room: u64) -> Result<()> {
        let (slot, other_bytes) = (self.slot.other(), self.length);
        let path = slot.path();
        let opened = self.disk.open(&path, Create::IfMissing).and_then(|file| Ok((file.len()?, file)));
        let (length, file) = opened.map_err(|error| io(&*self.disk, "open", &path, error))?;
        self.slot = slot;
        self.file = Some(file);
        self.generation += 1;
        (self.position, self.synced_upto) = (0, 0);
        if self.other_is_known {
            self.length = length;
        } else {
            self.length = 0;
            self.lengthen(length)?;
        }
        // The file before this one was synced all along, but for the first of a new store.
        self.other_is_known = self.generation > 1;
        let payload = encode_head(other_bytes, image);
        self.head_bytes = frame_bytes(payload.len()) as u64;
        // A head tells how long its file is, so that a shortened file is noticed. It must be that long before.
        let synced_upto = self.length_for(self.head_bytes + room);
        self.lengthen(synced_upto)?;
        let header = FrameHeader {
            kind: HEAD_KIND,
            is_loose: false,
            generation: self.generation,
            position: 0,
            synced_upto,
        };
        let mut bytes = Vec::new();
        put_frame(&mut bytes, &header, &payload);
        self.write(bytes)?;
        self.sync()
    }

    /// Writes and syncs the head again as it is, when there is no need for another file: an earlier process may have left
    /// it in the system's cache alone, if its sync failed.
    pub(crate) fn confirm(&mut self) -> Result<()> {
        let path = self.slot.path();
        let file = self.file.as_ref().expect("a journal that was read has a file");
        let mut head = vec![0; self.head_bytes as usize];
        read_up_to(&**file, &mut head, 0).map_err(|error| io(&*self.disk, "read", &path, error))?;
        self.write_at(&head, 0)?;
        self.sync_file()?;
        self.vouch()
    }

    /// Makes durable what was said of the last sync, too.
    pub(super) fn sync_vouch(&self) -> Result<()> {
        self.vouch.sync(&*self.disk)
    }

    /// Makes the names of both files durable, once they exist.
    pub(super) fn sync_names(&self) -> Result<()> {
        let dir = Path::new(JOURNAL_DIR);
        self.disk.sync_dir(dir).map_err(|error| io(&*self.disk, "sync", dir, error))
    }

    /// The length of the file when it reaches to `end`. It is filled with zeros in advance: a sync that need not
    /// change the file's size is faster.
    fn length_for(&self, end: u64) -> u64 {
        let step = (self.journal_bytes / 32).clamp(4 << 10, 256 << 10);
        self.length.max(end.next_multiple_of(step))
    }

    fn vouch(&self) -> Result<()> {
        let vouched = Vouched {
            generation: self.generation,
            upto: self.synced_upto,
            written: self.position,
            head_bytes: self.head_bytes,
            boot: self.vouch.boot(),
        };
        self.vouch.write(&*self.disk, &vouched)
    }

    fn lengthen(&mut self, length: u64) -> Result<()> {
        if length > self.length {
            let zeros = vec![0; (length - self.length) as usize];
            self.write_at(&zeros, self.length)?;
            self.sync_file()?;
            self.length = length;
        }
        Ok(())
    }

    fn write(&mut self, mut bytes: Vec<u8>) -> Result<()> {
        let end = self.position + bytes.len() as u64;
        // Only where no other file could be begun.
        if end > self.length {
            self.length = self.length_for(end);
            bytes.resize((self.length - self.position) as usize, 0);
        }
        self.write_at(&bytes, self.position)?;
        self.position = end;
        Ok(())
    }

    fn write_at(&self, bytes: &[u8], position: u64) -> Result<()> {
        let file = self.file.as_ref().expect("a journal is written to after its first head");
        let written = file.write_all_at(bytes, position);
        written.map_err(|error| io(&*self.disk, "write", &self.slot.path(), error))
    }

    fn sync_file(&self) -> Result<()> {
        let file = self.file.as_ref().expect("a journal is synced after its first head");
        file.sync_data().map_err(|error| io(&*self.disk, "sync", &self.slot.path(), error))
    }
}

/// A head tells the length of the other file, too: should this one become the other, and that one lose its
/// head, it is known whether it was shortened.
fn encode_head(other_bytes: u64, image: &Image) -> Vec<u8> {
    let mut payload = Vec::new();
    payload.put_u64(other_bytes);
    image.encode(&mut payload);
    payload
}

/// The size of the first head of a new store.
pub(super) fn empty_head_bytes() -> usize {
    frame_bytes(encode_head(0, &Image::default()).len())
}

pub(super) fn decode_head(payload: &[u8]) -> Result<(u64, Image), Malformed> {
    let mut from = Reader::new(payload);
    let other_bytes = from.u64()?;
    Ok((other_bytes, Image::decode(&mut from)?))
}

pub(super) fn io(disk: &dyn Disk, action: &'static str, path: &Path, error: std::io::Error) -> Error {
    Error::io(action, &disk.root().join(path), error)
}
