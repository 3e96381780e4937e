//! The seam between the log and the file system: a real disk, one in memory, and a faulty one for tests.

mod access;
mod faulty;
mod memory;
mod real;
mod size_limit;
mod window;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use faulty::{Fault, FaultyDisk};
pub use memory::MemDisk;
pub use real::RealDisk;
pub(crate) use window::Window;

/// The name of the file that the process keeps locked while it has the store open.
pub(crate) const LOCK_FILE: &str = "LOCK";

/// A file system as the log needs it. All paths are relative to the data directory.
pub trait Disk: Send + Sync {
    /// The data directory, for messages.
    fn root(&self) -> PathBuf;

    /// Opens a file for reading and writing.
    ///
    /// # Errors
    /// `NotFound` if it does not exist and `create` is not asked for.
    fn open(&self, path: &Path, create: Create) -> io::Result<Arc<dyn DiskFile>>;

    /// Makes the directory and those above it.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;

    /// Takes the data directory, and each file of it that is opened from now on, away from other users, where the system
    /// knows of any. Called once the directory is known to be a store's or empty.
    ///
    /// # Errors
    /// `PermissionDenied` if other users can get at it and it is not this process's to change.
    fn close_to_others(&self) -> io::Result<()> {
        Ok(())
    }

    /// The names in a directory, in no order; none if there is no such directory.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;

    /// Gives a file a new name, replacing what has it.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file. It stays readable for those who have it open.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes a directory with everything in it.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn remove_dir_all(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Which start of the machine this is, if that can be known. What was written under the same one is there, synced or
    /// not.
    fn boot_id(&self) -> Option<BootId> {
        None
    }

    /// Takes the directory for this store, until the guard is dropped.
    ///
    /// # Errors
    /// [`LockError::Held`] if another has it.
    fn lock(&self, path: &Path) -> Result<Box<dyn Send + Sync>, LockError>;

    /// The store that has the directory begins to close, which can take long: whoever wants the directory next may wait for it rather
    /// than be refused. Where nobody else can want it, there is nothing to do.
    fn note_closing(&self) {}
}

/// An open file. Positions are in bytes from its beginning.
pub trait DiskFile: Send + Sync {
    /// Reads at most `buffer.len()` bytes; 0 at the end of the file.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize>;

    /// Writes all of `bytes`, extending the file if need be.
    ///
    /// # Errors
    /// Whatever the file system says; part of the bytes may have been written.
    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()>;

    /// Makes the content durable (`fdatasync`).
    ///
    /// # Errors
    /// Whatever the file system says. Then it is unknown whether what was written since the last success is durable, and
    /// a second sync that succeeds proves nothing: the system may have dropped what it could not write.
    fn sync_data(&self) -> io::Result<()>;

    /// Cuts or extends the file.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn set_len(&self, length: u64) -> io::Result<()>;

    /// Its length in bytes.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn len(&self) -> io::Result<u64>;

    /// Whether it holds nothing.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
}

/// Tells the starts of a machine apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootId(pub [u8; 16]);

/// Whether opening a file makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Create {
    /// The file must exist.
    No,
    /// The file is made, empty, if it does not exist.
    IfMissing,
}

/// Why a directory could not be taken.
#[derive(Debug)]
pub enum LockError {
    /// Somebody else has it; the text says who, as far as can be known.
    Held(String),
    /// The file system refused.
    Io(io::Error),
}

/// Reads until `buffer` is full or the file ends; returns how much was read.
pub(crate) fn read_up_to(file: &dyn DiskFile, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], position + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Reads a whole file; `None` if there is none.
pub(crate) fn read_file(disk: &dyn Disk, path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match disk.open(path, Create::No) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let length = usize::try_from(file.len()?).map_err(|_| io::ErrorKind::OutOfMemory)?;
    let mut bytes = vec![0; length];
    let filled = read_up_to(&*file, &mut bytes, 0)?;
    bytes.truncate(filled);
    Ok(Some(bytes))
}
