//! What a backup holds: the state of the log as of one instant, and which bytes of which files belong to it.
//!
//! ```text
//! manifest   "WWB1" | crc-32c u32 | length u32 | taken ms i64 | image (bytes) | files: topic, partition, base, name, bytes, crc-32c
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::codec::{Malformed, Put, Reader};
use crate::disk::{Create, Disk, read_file};
use crate::error::{Error, Result};
use crate::ids::{Offset, PartitionId, TopicId};
use crate::journal::Image;

/// Its name in the backup's directory.
pub(super) const MANIFEST_FILE: &str = "manifest";
pub(super) const NEW_MANIFEST_FILE: &str = "manifest.new";
/// The directory of the files that it names.
pub(super) const SEGMENTS_DIR: &str = "segments";

/// The digit is the version of the format.
const MAGIC: u32 = u32::from_be_bytes(*b"WWB1");

/// A backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(super) taken_ms: i64,
    pub(super) image: Image,
    pub(super) files: Vec<SegmentCopy>,
}

/// The files of a backup by topic, partition and base offset.
pub(super) type BySegment<'m> = BTreeMap<(TopicId, PartitionId, Offset), &'m SegmentCopy>;

/// A segment in a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SegmentCopy {
    pub(super) topic: TopicId,
    pub(super) partition: PartitionId,
    /// The segment's base offset.
    pub(super) base: Offset,
    /// The file's name in the directory of its partition.
    pub(super) name: String,
    /// So many of the file's first bytes belong to the backup, and this is their checksum.
    pub(super) bytes: u64,
    pub(super) crc: u32,
}

impl SegmentCopy {
    pub(super) fn path(&self) -> PathBuf {
        partition_dir(self.topic, self.partition).join(&self.name)
    }
}

/// Where a backup has the segments of a partition.
pub(super) fn partition_dir(topic: TopicId, partition: PartitionId) -> PathBuf {
    Path::new(SEGMENTS_DIR).join(topic.to_string()).join(partition.to_string())
}

impl Manifest {
    /// Reads that of a directory; `None` if there is none.
    pub(super) fn load(disk: &dyn Disk) -> Result<Option<Manifest>> {
        let path = Path::new(MANIFEST_FILE);
        let bytes = read_file(disk, path).map_err(|error| io(disk, "read", path, error))?;
        let Some(bytes) = bytes else { return Ok(None) };
        let damaged = |reason: &str| Error::CorruptBackup {
            file: disk.root().join(path),
            position: 0,
            reason: reason.to_owned(),
        };
        let magic = Reader::new(&bytes).u32().unwrap_or(0);
        if magic != MAGIC && magic >> 8 == MAGIC >> 8 {
            return Err(damaged("it is of another version; use the release that wrote it"));
        }
        let decoded = Manifest::decode(&bytes).map_err(|Malformed| damaged("it is not as it was written"));
        decoded.map(Some)
    }

    /// Puts this one in the place of the one before, in one step.
    pub(super) fn store(&self, disk: &dyn Disk) -> Result<()> {
        let (new, path) = (Path::new(NEW_MANIFEST_FILE), Path::new(MANIFEST_FILE));
        let bytes = self.encode();
        let written = disk.open(new, Create::IfMissing).and_then(|file| {
            file.set_len(0)?;
            file.write_all_at(&bytes, 0)?;
            file.sync_data()
        });
        written.map_err(|error| io(disk, "write", new, error))?;
        disk.rename(new, path).map_err(|error| io(disk, "rename", new, error))?;
        disk.sync_dir(Path::new("")).map_err(|error| io(disk, "sync", Path::new(""), error))
    }

    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    pub(super) fn by_segment(&self) -> BySegment<'_> {
        self.files.iter().map(|file| ((file.topic, file.partition, file.base), file)).collect()
    }

    fn encode(&self) -> Vec<u8> {
        Manifest::framed(&self.content())
    }

    /// What it says.
    pub(crate) fn content(&self) -> Vec<u8> {
        let mut content = Vec::new();
        content.put_i64(self.taken_ms);
        let mut image = Vec::new();
        self.image.encode(&mut image);
        content.put_bytes(&image);
        content.put_count(self.files.len());
        for file in &self.files {
            content.put_u64(file.topic.0);
            content.put_u32(file.partition.0);
            content.put_u64(file.base.0);
            content.put_bytes(file.name.as_bytes());
            content.put_u64(file.bytes);
            content.put_u32(file.crc);
        }
        content
    }

    /// The file of what it says.
    pub(crate) fn framed(content: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(content.len() + 12);
        out.put_u32(MAGIC);
        out.put_u32(crc32c::crc32c(content));
        out.put_bytes(content);
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Manifest, Malformed> {
        let mut from = Reader::new(bytes);
        let (magic, crc, content) = (from.u32()?, from.u32()?, from.bytes()?);
        from.end()?;
        if magic != MAGIC || crc != crc32c::crc32c(content) {
            return Err(Malformed);
        }
        let mut from = Reader::new(content);
        let taken_ms = from.i64()?;
        let image = Image::decode(&mut Reader::new(from.bytes()?))?;
        let mut files = Vec::new();
        for _ in 0..from.u32()? {
            let file = SegmentCopy {
                topic: TopicId(from.u64()?),
                partition: PartitionId(from.u32()?),
                base: Offset(from.u64()?),
                name: from.string()?,
                bytes: from.u64()?,
                crc: from.u32()?,
            };
            // It is joined to a path.
            if file.name.contains(['/', '\\']) || file.name.starts_with('.') {
                return Err(Malformed);
            }
            files.push(file);
        }
        from.end()?;
        Ok(Manifest { taken_ms, image, files })
    }
}

pub(super) fn io(disk: &dyn Disk, action: &'static str, path: &Path, error: std::io::Error) -> Error {
    Error::io(action, &disk.root().join(path), error)
}

#[cfg(test)]
impl Manifest {
    /// One of so many files.
    pub(crate) fn with_files(image: Image, files: u64) -> Manifest {
        let file = |base| SegmentCopy {
            topic: TopicId(3),
            partition: PartitionId(1),
            base: Offset(base),
            name: format!("{base:020}.log"),
            bytes: 99,
            crc: 0x1234_5678,
        };
        Manifest { taken_ms: 5, image, files: (7..7 + files).map(file).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_damage_is_seen() {
        let manifest = Manifest::with_files(Image::default(), 1);
        let file = manifest.files[0].clone();
        let bytes = manifest.encode();
        assert_eq!(Manifest::decode(&bytes), Ok(manifest.clone()));
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Manifest::decode(&damaged), Err(Malformed), "bit {bit}");
        }
        for name in ["../../etc/passwd", "..", "a/b"] {
            let files = vec![SegmentCopy { name: name.to_owned(), ..file.clone() }];
            let bytes = Manifest { files, ..manifest.clone() }.encode();
            assert_eq!(Manifest::decode(&bytes), Err(Malformed), "{name}");
        }
    }
}
