//! A disk in memory: fast, shared by its clones, and gone with the last of them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{BootId, Create, Disk, DiskFile, LockError};

/// A disk in memory. A clone is the same disk, so that a store can be opened on it again; everything
/// written is kept, synced or not.
#[derive(Clone, Default)]
pub struct MemDisk {
    tree: Arc<Mutex<Tree>>,
    locked: Arc<AtomicBool>,
}

impl MemDisk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> MemDisk {
        MemDisk::default()
    }

    /// Another disk, with what is on this one now: for trying something without it.
    #[must_use]
    pub fn copied(&self) -> MemDisk {
        let tree = self.tree();
        let copied = |(path, file): (&PathBuf, &Arc<MemFile>)| {
            (path.clone(), Arc::new(MemFile { bytes: Mutex::new(file.bytes().clone()) }))
        };
        let tree = Tree { files: tree.files.iter().map(copied).collect(), dirs: tree.dirs.clone() };
        MemDisk { tree: Arc::new(Mutex::new(tree)), locked: Arc::default() }
    }

    /// Frees the lock of a store that was leaked, as the end of its process would.
    pub fn unlock(&self) {
        self.locked.store(false, Ordering::Release);
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk for MemDisk {
    fn root(&self) -> PathBuf {
        PathBuf::from("memory:")
    }

    /// Always the same: such a disk loses nothing.
    fn boot_id(&self) -> Option<BootId> {
        Some(BootId([0; 16]))
    }

    fn open(&self, path: &Path, create: Create) -> io::Result<Arc<dyn DiskFile>> {
        let mut tree = self.tree();
        if let Some(file) = tree.files.get(path) {
            return Ok(file.clone());
        }
        let parent = path.parent().unwrap_or(Path::new(""));
        if create == Create::No || !(parent == Path::new("") || tree.dirs.contains(parent)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let file = Arc::new(MemFile::default());
        tree.files.insert(path.to_owned(), file.clone());
        Ok(file)
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut tree = self.tree();
        for dir in path.ancestors().filter(|dir| *dir != Path::new("")) {
            tree.dirs.insert(dir.to_owned());
        }
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let tree = self.tree();
        let inside = tree.files.keys().chain(&tree.dirs).filter(|entry| entry.parent() == Some(path));
        Ok(inside.filter_map(|entry| Some(entry.file_name()?.to_string_lossy().into_owned())).collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut tree = self.tree();
        let file = tree.files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        tree.files.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.tree().files.remove(path).map(drop).ok_or(io::ErrorKind::NotFound.into())
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut tree = self.tree();
        tree.files.retain(|file, _| !file.starts_with(path));
        tree.dirs.retain(|dir| !dir.starts_with(path));
        Ok(())
    }

    fn sync_dir(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, _path: &Path) -> Result<Box<dyn Send + Sync>, LockError> {
        Guard::take(&self.locked)
    }
}

#[derive(Default)]
struct Tree {
    files: BTreeMap<PathBuf, Arc<MemFile>>,
    dirs: BTreeSet<PathBuf>,
}

#[derive(Default)]
struct MemFile {
    bytes: Mutex<Vec<u8>>,
}

impl MemFile {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DiskFile for MemFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        Ok(copy_out(&self.bytes(), buffer, position))
    }

    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        copy_in(&mut self.bytes(), bytes, position);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.bytes().resize(in_memory(length), 0);
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes().len() as u64)
    }
}

/// Does what `read_at` promises, on the bytes of a file in memory.
pub(super) fn copy_out(content: &[u8], buffer: &mut [u8], position: u64) -> usize {
    let start = in_memory(position).min(content.len());
    let count = buffer.len().min(content.len() - start);
    buffer[..count].copy_from_slice(&content[start..start + count]);
    count
}

/// Does what `write_all_at` promises, on the bytes of a file in memory.
pub(super) fn copy_in(content: &mut Vec<u8>, bytes: &[u8], position: u64) {
    let start = in_memory(position);
    let end = start + bytes.len();
    if start == content.len() {
        content.extend_from_slice(bytes);
        return;
    }
    if content.len() < end {
        content.resize(end, 0);
    }
    content[start..end].copy_from_slice(bytes);
}

pub(super) fn in_memory(position: u64) -> usize {
    usize::try_from(position).expect("a file in memory is no larger than memory")
}

/// The lock of a disk in memory, free again when dropped.
pub(super) struct Guard {
    locked: Arc<AtomicBool>,
}

impl Guard {
    pub(super) fn take(locked: &Arc<AtomicBool>) -> Result<Box<dyn Send + Sync>, LockError> {
        if locked.swap(true, Ordering::AcqRel) {
            let pid = std::process::id();
            return Err(LockError::Held(format!("this process (pid {pid}), through another store")));
        }
        Ok(Box::new(Guard { locked: locked.clone() }))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.locked.store(false, Ordering::Release);
    }
}
