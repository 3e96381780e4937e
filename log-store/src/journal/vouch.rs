//! `journal/synced`: how far the journal is durable, said apart from it.
//!
//! The entries of the last group stand in one place only, and nothing behind them says that they were durable. So
//! without this file a damaged last entry looks like one that was being written. It is written after each sync of the
//! journal and before anybody is told, and never synced on purpose: it is there after the end of the process, and
//! the system writes it to the disk within half a minute.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::codec::{Malformed, Put, Reader};
use crate::disk::{BootId, Create, Disk, DiskFile, read_file};
use crate::error::Result;

use super::file::{JOURNAL_DIR, io};
use super::frame::{FrameHeader, put_frame, read_frame};

/// The kind of its one frame.
const VOUCH_KIND: u8 = 9;

/// How far a journal was durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Vouched {
    pub(super) generation: u64,
    /// Everything of the file before this position was durable.
    pub(super) upto: u64,
    /// Everything before this one was written, which outlives the end of the process, and somebody may have been told so.
    pub(super) written: u64,
    /// The size of the file's head.
    pub(super) head_bytes: u64,
    /// Under which start of the machine this was written.
    pub(super) boot: Option<BootId>,
}

/// The open file.
pub(super) struct Vouch {
    file: Arc<dyn DiskFile>,
    boot: Option<BootId>,
}

impl Vouch {
    pub(super) fn open(disk: &dyn Disk) -> Result<Vouch> {
        let path = path();
        let file = disk.open(&path, Create::IfMissing).map_err(|error| io(disk, "open", &path, error))?;
        Ok(Vouch { file, boot: disk.boot_id() })
    }

    /// Under which start of the machine it is written.
    pub(super) fn boot(&self) -> Option<BootId> {
        self.boot
    }

    /// Says how far the file of a generation is durable, and written.
    pub(super) fn write(&self, disk: &dyn Disk, vouched: &Vouched) -> Result<()> {
        let written = self.file.write_all_at(&vouched.encode(), 0);
        written.map_err(|error| io(disk, "write", &path(), error))
    }

    pub(super) fn sync(&self, disk: &dyn Disk) -> Result<()> {
        let path = path();
        self.file.sync_data().map_err(|error| io(disk, "sync", &path, error))
    }
}

/// What the file says; nothing if it is missing or damaged, which alone harms nothing.
pub(super) fn read_vouched(disk: &dyn Disk) -> Result<Option<Vouched>> {
    let path = path();
    let bytes = read_file(disk, &path).map_err(|error| io(disk, "read", &path, error))?;
    Ok(bytes.and_then(|bytes| Vouched::decode(&bytes).ok()))
}

impl Vouched {
    fn encode(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        payload.put_u64(self.head_bytes);
        if let Some(boot) = &self.boot {
            payload.extend_from_slice(&boot.0);
            // Under another start of the machine it says nothing; earlier versions do not read so far.
            if self.written > self.upto {
                payload.put_u64(self.written);
            }
        }
        let header = FrameHeader {
            kind: VOUCH_KIND,
            is_loose: false,
            generation: self.generation,
            position: 0,
            synced_upto: self.upto,
        };
        let mut bytes = Vec::new();
        put_frame(&mut bytes, &header, &payload);
        bytes
    }

    fn decode(bytes: &[u8]) -> std::result::Result<Vouched, Malformed> {
        let frame = read_frame(bytes, 0)?;
        let mut payload = Reader::new(frame.payload);
        let head_bytes = payload.u64()?;
        let boot = payload.array().ok().map(BootId);
        let FrameHeader { kind, generation, synced_upto: upto, .. } = frame.header;
        let written = payload.u64().map_or(upto, |written| written.max(upto));
        let vouched = Vouched { generation, upto, written, head_bytes, boot };
        if kind == VOUCH_KIND { Ok(vouched) } else { Err(Malformed) }
    }
}

fn path() -> PathBuf {
    Path::new(JOURNAL_DIR).join("synced")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_read_again_and_damage_is_silence() {
        let boot = Some(BootId([7; 16]));
        for (boot, written) in [(None, 4096), (boot, 4096), (boot, 5000)] {
            let vouched = Vouched { generation: 5, upto: 4096, written, head_bytes: 120, boot };
            let bytes = vouched.encode();
            assert_eq!(Vouched::decode(&bytes), Ok(vouched));
            for bit in 0..bytes.len() * 8 {
                let mut damaged = bytes.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(Vouched::decode(&damaged), Err(Malformed), "bit {bit}");
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_tells_the_starts_of_the_machine_apart() {
        let boot = crate::disk::RealDisk::new("anywhere").boot_id();
        assert!(boot.is_some_and(|boot| boot.0 != [0; 16]));
    }
}
