//! Copying segments into a backup, as far as they are not there.

use std::collections::BTreeSet;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use crate::disk::{Create, Disk, DiskFile, read_up_to};
use crate::error::{Error, Result};
use crate::ids::Offset;
use crate::segment::{WalkError, Walker};

use super::manifest::{Manifest, SEGMENTS_DIR, SegmentCopy, io as failed, partition_dir};
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
        let source = self.from.open(&planned.path, Create::No).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                Error::Disturbed { what: format!("a segment of topic `{}` went away", planned.topic_name) }
            }
            _ => failed(self.from, "open", &planned.path, error),
        })?;
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
            crc = self.copy((&*source, &planned.path), (&copy, &path), had.bytes..planned.bytes, crc)?;
            verify(&*copy, had.bytes..planned.bytes, planned.base)
                .map_err(|error| of_source(error, self.from, planned))?;
        }
        let (topic, partition, base) = (planned.topic, planned.partition, planned.base);
        Ok(SegmentCopy { topic, partition, base, name: had.name, bytes: planned.bytes, crc })
    }

    /// What of an earlier copy this one can begin with.
    fn usable(&self, source: &dyn DiskFile, planned: &Planned, earlier: &SegmentCopy) -> Result<Option<Had>> {
        let path = earlier.path();
        let copy = match self.to.open(&path, Create::No) {
            Ok(copy) => copy,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(self.to, "open", &path, error)),
        };
        let length = copy.len().map_err(|error| failed(self.to, "read", &path, error))?;
        let probe = PROBE_BYTES.min(earlier.bytes);
        let same = |at: u64| -> Result<bool> {
            let (mut here, mut there) = (vec![0; probe as usize], vec![0; probe as usize]);
            let read = read_up_to(source, &mut here, at);
            read.map_err(|error| failed(self.from, "read", &planned.path, error))?;
            read_up_to(&*copy, &mut there, at).map_err(|error| failed(self.to, "read", &path, error))?;
            Ok(here == there)
        };
        if length >= probe && planned.bytes >= probe && !same(0)? {
            let found = "it has the backup of another log".to_owned();
            return Err(Error::NotABackup { dir: self.to.root(), found });
        }
        let fits = length >= earlier.bytes && planned.bytes >= earlier.bytes && same(earlier.bytes - probe)?;
        Ok(fits.then(|| Had { name: earlier.name.clone(), bytes: earlier.bytes, crc: earlier.crc }))
    }

    /// Copies a stretch, and makes it durable; gives the checksum of all before its end.
    pub(super) fn copy(
        &mut self,
        (source, source_path): (&dyn DiskFile, &Path),
        (copy, path): (&Arc<dyn DiskFile>, &Path),
        stretch: std::ops::Range<u64>,
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

    fn advance(&mut self, bytes: u64) -> Result<()> {
        self.progress.bytes += bytes;
        match (self.tell)(self.progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::Stopped),
        }
    }
}

/// Goes through the batches of a stretch, and verifies each.
pub(super) fn verify(
    file: &dyn DiskFile,
    stretch: std::ops::Range<u64>,
    base: Offset,
) -> Result<(), WalkError> {
    let expected = (stretch.start == 0).then_some(base);
    let mut walker = Walker::new(file, stretch.start, stretch.end, expected);
    while walker.next()?.is_some() {}
    Ok(())
}

/// What is wrong with a copy that is as its segment is.
fn of_source(error: WalkError, from: &dyn Disk, planned: &Planned) -> Error {
    match error {
        WalkError::Io(error) => failed(from, "read", &planned.path, error),
        WalkError::Damaged { position, reason } => Error::Corrupt {
            topic: planned.topic_name.clone(),
            partition: planned.partition,
            file: from.root().join(&planned.path),
            offset: planned.base,
            position,
            reason,
        },
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
