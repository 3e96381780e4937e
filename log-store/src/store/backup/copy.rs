//! Copying segments into a backup, as far as they are not there.

use std::collections::BTreeSet;
use std::io;
use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::Arc;

use crate::disk::{Create, Disk, DiskFile, read_up_to};
use crate::error::{Error, Result};
use crate::ids::Offset;
use crate::record::HEADER_BYTES;
use crate::segment::{WalkError, Walker};

use super::manifest::{BySegment, Manifest, SEGMENTS_DIR, SegmentCopy, io as failed, partition_dir};
use super::{BackupProgress, Planned};

/// How much is copied at once.
const CHUNK_BYTES: usize = 1 << 20;

/// How much of the beginning and the end of a copy is held against its segment, to see that it is one.
const PROBE_BYTES: u64 = 4096;

/// Copies from one disk to another.
pub(super) struct Copier<'a> {
    pub(super) from: &'a dyn Disk,
    pub(super) to: &'a dyn Disk,
    pub(super) progress: BackupProgress,
    pub(super) tell: &'a mut dyn FnMut(BackupProgress) -> ControlFlow<()>,
    pub(super) copied_bytes: u64,
}

/// What an earlier backup has of a segment.
struct Had {
    name: String,
    bytes: u64,
    crc: u32,
}

impl Copier<'_> {
    /// Has a segment in the backup. What an earlier one has is not written over: it stays whole whatever becomes of this.
    pub(super) fn back_up(
        &mut self,
        planned: &Planned,
        earlier: Option<&SegmentCopy>,
    ) -> Result<SegmentCopy> {
        let Some(source) = open(self.from, &planned.path)? else {
            return Err(Error::Disturbed {
                what: format!("a segment of topic `{}` went away", planned.topic_name),
            });
        };
        let dir = partition_dir(planned.topic, planned.partition);
        let had = match earlier {
            Some(earlier) => self.usable(&*source, planned, earlier)?,
            None => None,
        };
        let had = had.unwrap_or_else(|| {
            let name = format!("{:020}.log", planned.base.0);
            // The earlier one needs its file.
            let is_taken = earlier.is_some_and(|earlier| earlier.name == name);
            Had {
                name: if is_taken { format!("{:020}-1.log", planned.base.0) } else { name },
                bytes: 0,
                crc: 0,
            }
        });
        self.advance(had.bytes)?;
        let path = dir.join(&had.name);
        let mut crc = had.crc;
        if had.bytes < planned.bytes {
            self.to.create_dir_all(&dir).map_err(|error| failed(self.to, "make", &dir, error))?;
            let copy = self.to.open(&path, Create::IfMissing);
            let copy = copy.map_err(|error| failed(self.to, "open", &path, error))?;
            crc = self
                .copy((&*source, &planned.path), (&copy, &path), had.bytes..planned.bytes, crc)
                .map_err(|error| self.of_short_source(error, planned))?;
            verify(&*copy, had.bytes..planned.bytes, planned.base)
                .map_err(|error| of_source(error, self.from, planned))?;
        }
        let (topic, partition, base) = (planned.topic, planned.partition, planned.base);
        Ok(SegmentCopy { topic, partition, base, name: had.name, bytes: planned.bytes, crc })
    }

    /// Fails if an earlier backup is of another log: none of its segments begins as one of this log does.
    pub(super) fn check_same_log(&self, planned: &[Planned], before: &BySegment<'_>) -> Result<()> {
        let mut others = 0;
        for one in planned {
            let Some(earlier) = before.get(&(one.topic, one.partition, one.base)) else { continue };
            let (Some(here), Some(there)) = (open(self.from, &one.path)?, open(self.to, &earlier.path())?)
            else {
                continue;
            };
            let bytes = (HEADER_BYTES as u64).min(one.bytes).min(earlier.bytes);
            if self.same((&*here, &one.path), (&*there, &earlier.path()), 0..bytes)? {
                return Ok(());
            }
            others += 1;
        }
        if others == 0 {
            return Ok(());
        }
        Err(Error::NotABackup { dir: self.to.root(), found: "it has the backup of another log".to_owned() })
    }

    /// What of an earlier copy this one can begin with: nothing if the log went back since, and another way.
    fn usable(&self, source: &dyn DiskFile, planned: &Planned, earlier: &SegmentCopy) -> Result<Option<Had>> {
        let path = earlier.path();
        let Some(copy) = open(self.to, &path)? else { return Ok(None) };
        let length = copy.len().map_err(|error| failed(self.to, "read", &path, error))?;
        if length < earlier.bytes || planned.bytes < earlier.bytes {
            return Ok(None);
        }
        let probe = PROBE_BYTES.min(earlier.bytes);
        let (source, copy) = ((source, &*planned.path), (&*copy, &*path));
        let fits = self.same(source, copy, 0..probe)?
            && self.same(source, copy, earlier.bytes - probe..earlier.bytes)?;
        Ok(fits.then(|| Had { name: earlier.name.clone(), bytes: earlier.bytes, crc: earlier.crc }))
    }

    /// Whether a stretch is the same in both.
    fn same(
        &self,
        (source, source_path): (&dyn DiskFile, &Path),
        (copy, path): (&dyn DiskFile, &Path),
        stretch: Range<u64>,
    ) -> Result<bool> {
        let length = (stretch.end - stretch.start) as usize;
        let (mut here, mut there) = (vec![0; length], vec![0; length]);
        let read = read_up_to(source, &mut here, stretch.start);
        read.map_err(|error| failed(self.from, "read", source_path, error))?;
        let read = read_up_to(copy, &mut there, stretch.start);
        read.map_err(|error| failed(self.to, "read", path, error))?;
        Ok(here == there)
    }

    /// Copies a stretch, and makes it durable; gives the checksum of all before its end.
    pub(super) fn copy(
        &mut self,
        (source, source_path): (&dyn DiskFile, &Path),
        (copy, path): (&Arc<dyn DiskFile>, &Path),
        stretch: Range<u64>,
        mut crc: u32,
    ) -> Result<u32> {
        let (mut at, mut chunk) = (stretch.start, vec![0; CHUNK_BYTES]);
        while at < stretch.end {
            let wanted = (stretch.end - at).min(CHUNK_BYTES as u64) as usize;
            let read = read_up_to(source, &mut chunk[..wanted], at);
            let read = read.map_err(|error| failed(self.from, "read", source_path, error))?;
            if read < wanted {
                let reason = format!("it ends at byte {}, and had {} bytes", at + read as u64, stretch.end);
                let file = self.from.root().join(source_path);
                return Err(Error::CorruptBackup { file, position: at + read as u64, reason });
            }
            crc = crc32c::crc32c_append(crc, &chunk[..wanted]);
            copy.write_all_at(&chunk[..wanted], at).map_err(|error| failed(self.to, "write", path, error))?;
            at += wanted as u64;
            self.copied_bytes += wanted as u64;
            self.advance(wanted as u64)?;
        }
        let done = copy.set_len(stretch.end).and_then(|()| copy.sync_data());
        done.map_err(|error| failed(self.to, "sync", path, error))?;
        Ok(crc)
    }

    /// A file that ends too early is none of a backup here.
    fn of_short_source(&self, error: Error, planned: &Planned) -> Error {
        match error {
            Error::CorruptBackup { position, reason, .. } => damaged(self.from, planned, position, reason),
            other => other,
        }
    }

    fn advance(&mut self, bytes: u64) -> Result<()> {
        self.progress.bytes += bytes;
        match (self.tell)(self.progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::Stopped),
        }
    }
}

/// Opens a file that may not be there.
fn open(disk: &dyn Disk, path: &Path) -> Result<Option<Arc<dyn DiskFile>>> {
    match disk.open(path, Create::No) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(disk, "open", path, error)),
    }
}

/// Goes through the batches of a stretch, and verifies each.
pub(super) fn verify(file: &dyn DiskFile, stretch: Range<u64>, base: Offset) -> Result<(), WalkError> {
    let expected = (stretch.start == 0).then_some(base);
    let mut walker = Walker::new(file, stretch.start, stretch.end, expected);
    while walker.next()?.is_some() {}
    Ok(())
}

/// What is wrong with a copy that is as its segment is.
fn of_source(error: WalkError, from: &dyn Disk, planned: &Planned) -> Error {
    match error {
        WalkError::Io(error) => failed(from, "read", &planned.path, error),
        WalkError::Damaged { position, reason } => damaged(from, planned, position, reason),
    }
}

fn damaged(from: &dyn Disk, planned: &Planned, position: u64, reason: String) -> Error {
    Error::DamagedSegment {
        topic: planned.topic_name.clone(),
        partition: planned.partition,
        file: from.root().join(&planned.path),
        position,
        reason,
        next: planned.next,
    }
}

/// Makes the names of files durable, and those of the directories above them.
pub(super) fn sync_dirs(disk: &dyn Disk, files: &[SegmentCopy]) -> Result<()> {
    let paths: Vec<_> = files.iter().map(SegmentCopy::path).collect();
    let dirs: BTreeSet<_> = paths.iter().flat_map(|path| path.ancestors().skip(1)).collect();
    // From the bottom to the top.
    for dir in dirs.into_iter().rev() {
        disk.sync_dir(dir).map_err(|error| failed(disk, "sync", dir, error))?;
    }
    Ok(())
}

/// Removes what the backup has no use for any more.
pub(super) fn prune(disk: &dyn Disk, manifest: &Manifest) -> Result<()> {
    let needed: BTreeSet<_> = manifest.files.iter().map(SegmentCopy::path).collect();
    let dirs: BTreeSet<_> = needed.iter().flat_map(|path| path.ancestors()).collect();
    let list = |dir: &Path| disk.list(dir).map_err(|error| failed(disk, "list", dir, error));
    let segments = Path::new(SEGMENTS_DIR);
    for topic in list(segments)? {
        let topic = segments.join(topic);
        if !dirs.contains(&*topic) {
            disk.remove_dir_all(&topic).map_err(|error| failed(disk, "remove", &topic, error))?;
            continue;
        }
        for partition in list(&topic)? {
            let partition = topic.join(partition);
            for name in list(&partition)? {
                let path = partition.join(name);
                if !needed.contains(&path) {
                    disk.remove_file(&path).map_err(|error| failed(disk, "remove", &path, error))?;
                }
            }
        }
    }
    Ok(())
}
