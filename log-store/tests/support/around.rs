//! A disk whose files do more than those of the disk below.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use log_store::{Create, Disk, DiskFile, LockError};

/// What becomes of the files of a disk.
pub(crate) trait Files: Send + Sync {
    fn around(&self, path: &Path, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile>;
}

/// The disk; all but its files is as it is below.
#[derive(Clone, Default)]
pub(crate) struct Around<D, F> {
    pub(crate) inner: D,
    pub(crate) files: F,
}

impl<D: Disk, F: Files> Disk for Around<D, F> {
    fn root(&self) -> PathBuf {
        self.inner.root()
    }

    fn open(&self, path: &Path, create: Create) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.files.around(path, self.inner.open(path, create)?))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.inner.create_dir_all(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.inner.list(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.inner.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.inner.remove_file(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.inner.remove_dir_all(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.inner.sync_dir(path)
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn Send + Sync>, LockError> {
        self.inner.lock(path)
    }
}
