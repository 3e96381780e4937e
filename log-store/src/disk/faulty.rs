//! A disk in memory that loses power, tears writes and returns errors, as told and by a seed.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::memory::{Guard, copy_in, copy_out, in_memory};
use super::{BootId, Create, Disk, DiskFile, LockError};
use crate::random::Random;

/// So many bytes a disk writes whole or not at all; a longer write can be cut short between two such sectors.
const SECTOR_BYTES: usize = 512;

/// A disk for tests. It keeps two images: what is visible, and what is durable; between them lie the changes
/// that no sync has covered. [`FaultyDisk::crash`] keeps any part of those. A clone is the same disk.
///
/// ```
/// use log_store::{FaultyDisk, Offset, RecordsBuilder, Store, StoreConfig, TopicConfig};
/// use std::sync::Arc;
///
/// let disk = FaultyDisk::new();
/// let store = Store::open_on(Arc::new(disk.clone()), StoreConfig::default())?;
/// let partition = store.create_topic("orders", TopicConfig::default())?.partition(0)?;
/// let mut records = RecordsBuilder::new();
/// records.push(0, None, Some(b"acknowledged"));
/// partition.append(records)?;
///
/// // The power goes off; what was acknowledged is there, whatever else has survived.
/// let store = Store::open_on(Arc::new(disk.crash(7)), StoreConfig::default())?;
/// assert_eq!(store.topic("orders")?.partition(0)?.last_stable_offset(), Offset(1));
/// # Ok::<(), log_store::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct FaultyDisk {
    state: Arc<Mutex<State>>,
    locked: Arc<AtomicBool>,
}

/// An error that the disk can be told to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The device failed. What a failing sync should have made durable is lost, though still visible, and the
    /// next sync succeeds without it, as on Linux.
    Io,
    /// The device is full. Part of a write may have happened.
    NoSpace,
}

#[derive(Clone, Default)]
struct State {
    visible: Names,
    durable: Names,
    contents: BTreeMap<Inode, Content>,
    next_inode: u64,
    /// How often power was lost.
    boots: u128,
    pending: Vec<Change>,
    changes: u64,
    reads: u64,
    syncs: u64,
    power_off_at: Option<u64>,
    faults: BTreeMap<u64, Fault>,
    read_faults: BTreeSet<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Inode(u64);

#[derive(Clone, Default)]
struct Content {
    visible: Vec<u8>,
    durable: Vec<u8>,
}

#[derive(Clone, Default)]
struct Names {
    files: BTreeMap<PathBuf, Inode>,
    dirs: BTreeSet<PathBuf>,
}

/// A change that is visible but not durable.
#[derive(Clone)]
enum Change {
    Write { inode: Inode, position: u64, bytes: Vec<u8> },
    Length { inode: Inode, length: u64 },
    Name(NameChange),
}

#[derive(Clone)]
enum NameChange {
    Link { path: PathBuf, inode: Inode },
    Unlink { path: PathBuf },
    Rename { from: PathBuf, to: PathBuf, inode: Inode },
    MakeDir { path: PathBuf },
    RemoveTree { path: PathBuf },
}

impl FaultyDisk {
    /// An empty disk without faults.
    #[must_use]
    pub fn new() -> FaultyDisk {
        FaultyDisk::default()
    }

    /// How many changes (writes, syncs, new names, ...) were asked for so far.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.state().changes
    }

    /// How many reads were asked for so far.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.state().reads
    }

    /// How many syncs of files were asked for so far.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.state().syncs
    }

    /// Turns the power off at that change, counted from the first ever: it and all after it, reads included,
    /// fail.
    pub fn power_off_at(&self, change: u64) {
        self.state().power_off_at = Some(change);
    }

    /// Makes that change fail, counted from the first ever.
    pub fn fail_at(&self, change: u64, fault: Fault) {
        self.state().faults.insert(change, fault);
    }

    /// Makes that read fail, counted from the first ever.
    pub fn fail_read_at(&self, read: u64) {
        self.state().read_faults.insert(read);
    }

    /// The disk after a loss of power: all that was synced, and of the rest whatever `seed` chooses, writes
    /// torn at 512 bytes. It is a new disk, without faults.
    #[must_use]
    pub fn crash(&self, seed: u64) -> FaultyDisk {
        let mut random = Random(seed ^ 0x9e37_79b9_7f4a_7c15);
        let mut state = self.state().clone();
        // Of what was not synced sometimes nothing survives, sometimes all, and else each piece with this chance (in 1000).
        let keep = match random.below(8) {
            0 => 0,
            1 => 1000,
            _ => random.below(1001),
        };
        for change in std::mem::take(&mut state.pending) {
            match change {
                Change::Write { inode, position, bytes } => {
                    state.tear(inode, position, &bytes, keep, &mut random);
                }
                other => {
                    if random.below(1000) < keep {
                        state.make_durable(other);
                    }
                }
            }
        }
        state.boots += 1;
        state.restart();
        FaultyDisk { state: Arc::new(Mutex::new(state)), locked: Arc::default() }
    }

    /// The disk after the end of the process alone: all that was written, as another disk, without faults.
    #[must_use]
    pub fn copy(&self) -> FaultyDisk {
        let mut state = self.state().clone();
        let pending = std::mem::take(&mut state.pending);
        pending.into_iter().for_each(|change| state.make_durable(change));
        state.restart();
        FaultyDisk { state: Arc::new(Mutex::new(state)), locked: Arc::default() }
    }

    /// The paths of all files.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        self.state().visible.files.keys().cloned().collect()
    }

    /// What a file holds.
    #[must_use]
    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state();
        let inode = state.visible.files.get(path)?;
        Some(state.contents[inode].visible.clone())
    }

    /// Replaces what a file holds, durably: damage, or its repair.
    ///
    /// # Panics
    /// If there is no such file.
    pub fn set_content(&self, path: &Path, bytes: Vec<u8>) {
        let mut state = self.state();
        let inode = state.visible.files[path];
        state.contents.insert(inode, Content { visible: bytes.clone(), durable: bytes });
    }

    /// Inverts one bit of a file, counted from its beginning.
    ///
    /// # Panics
    /// If there is no such file, or no such bit.
    pub fn flip_bit(&self, path: &Path, bit: u64) {
        let mut state = self.state();
        let inode = state.visible.files[path];
        let content = state.contents.get_mut(&inode).expect("a file has content");
        let (byte, mask) = ((bit / 8) as usize, 1 << (bit % 8));
        content.visible[byte] ^= mask;
        if let Some(durable) = content.durable.get_mut(byte) {
            *durable ^= mask;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a change and gives the fault it meets.
    fn begin_change(&self) -> (MutexGuard<'_, State>, Option<io::Error>) {
        let mut state = self.state();
        let number = state.changes;
        state.changes += 1;
        let error = if state.power_off_at.is_some_and(|off| number >= off) {
            Some(io::Error::other("the power is off"))
        } else {
            state.faults.get(&number).map(|fault| fault.error())
        };
        (state, error)
    }

    fn change(&self) -> io::Result<MutexGuard<'_, State>> {
        match self.begin_change() {
            (state, None) => Ok(state),
            (_, Some(error)) => Err(error),
        }
    }

    fn read(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        let number = state.reads;
        state.reads += 1;
        if state.power_off_at.is_some_and(|off| state.changes > off) {
            return Err(io::Error::other("the power is off"));
        }
        if state.read_faults.contains(&number) { Err(Fault::Io.error()) } else { Ok(state) }
    }
}

impl Fault {
    fn error(self) -> io::Error {
        match self {
            Fault::Io => io::Error::other("input/output error"),
            Fault::NoSpace => io::ErrorKind::StorageFull.into(),
        }
    }
}

impl State {
    fn rename_visible(&mut self, change: NameChange) {
        self.visible.apply(&change);
        self.pending.push(Change::Name(change));
    }

    fn make_durable(&mut self, change: Change) {
        match change {
            Change::Write { inode, position, bytes } => copy_in(self.durable(inode), &bytes, position),
            Change::Length { inode, length } => self.durable(inode).resize(in_memory(length), 0),
            Change::Name(change) => self.durable.apply(&change),
        }
    }

    /// Makes some sectors of a write durable. What lies between them in a file that grew is zero.
    fn tear(&mut self, inode: Inode, position: u64, bytes: &[u8], keep: u64, random: &mut Random) {
        let mut start = 0;
        while start < bytes.len() {
            let to_boundary = SECTOR_BYTES - (in_memory(position) + start) % SECTOR_BYTES;
            let end = bytes.len().min(start + to_boundary);
            if random.below(1000) < keep {
                copy_in(self.durable(inode), &bytes[start..end], position + start as u64);
            }
            start = end;
        }
    }

    fn sync_inode(&mut self, inode: Inode) {
        let pending = std::mem::take(&mut self.pending);
        let (synced, rest) = pending.into_iter().partition(|change| change.is_of(inode));
        self.pending = rest;
        Vec::into_iter(synced).for_each(|change| self.make_durable(change));
    }

    fn durable(&mut self, inode: Inode) -> &mut Vec<u8> {
        &mut self.contents.entry(inode).or_default().durable
    }

    /// Begins anew from the durable image.
    fn restart(&mut self) {
        // A file whose directory did not survive is not reachable.
        let durable = self.durable.clone();
        self.durable.files.retain(|path, _| durable.has_parent(path));
        self.durable.dirs.retain(|path| path.ancestors().skip(1).all(|dir| durable.has_dir(dir)));
        self.visible = self.durable.clone();
        self.contents.values_mut().for_each(|content| content.visible = content.durable.clone());
        self.pending.clear();
        (self.changes, self.reads, self.syncs, self.power_off_at) = (0, 0, 0, None);
        self.faults.clear();
        self.read_faults.clear();
    }
}

impl Names {
    fn apply(&mut self, change: &NameChange) {
        match change {
            NameChange::Link { path, inode } => {
                self.files.insert(path.clone(), *inode);
            }
            NameChange::Unlink { path } => {
                self.files.remove(path);
            }
            NameChange::Rename { from, to, inode } => {
                self.files.remove(from);
                self.files.insert(to.clone(), *inode);
            }
            NameChange::MakeDir { path } => {
                self.dirs.insert(path.clone());
            }
            NameChange::RemoveTree { path } => {
                self.files.retain(|file, _| !file.starts_with(path));
                self.dirs.retain(|dir| !dir.starts_with(path));
            }
        }
    }

    fn has_dir(&self, dir: &Path) -> bool {
        dir == Path::new("") || self.dirs.contains(dir)
    }

    fn has_parent(&self, path: &Path) -> bool {
        path.ancestors().skip(1).all(|dir| self.has_dir(dir))
    }
}

impl Change {
    fn is_of(&self, file: Inode) -> bool {
        match self {
            Change::Write { inode, .. } | Change::Length { inode, .. } => *inode == file,
            Change::Name(_) => false,
        }
    }

    fn is_in(&self, dir: &Path) -> bool {
        let Change::Name(change) = self else { return false };
        let path = match change {
            NameChange::Link { path, .. }
            | NameChange::Unlink { path }
            | NameChange::Rename { to: path, .. }
            | NameChange::MakeDir { path }
            | NameChange::RemoveTree { path } => path,
        };
        path.parent() == Some(dir)
    }
}

impl Disk for FaultyDisk {
    fn root(&self) -> PathBuf {
        PathBuf::from("faulty:")
    }

    fn boot_id(&self) -> Option<BootId> {
        Some(BootId(self.state().boots.to_be_bytes()))
    }

    fn open(&self, path: &Path, create: Create) -> io::Result<Arc<dyn DiskFile>> {
        let file = |inode| Arc::new(FaultyFile { disk: self.clone(), inode });
        if let Some(inode) = self.state().visible.files.get(path) {
            return Ok(file(*inode));
        }
        let mut state = self.change()?;
        let parent = path.parent().unwrap_or(Path::new(""));
        if create == Create::No || !state.visible.has_dir(parent) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let inode = Inode(state.next_inode);
        state.next_inode += 1;
        state.contents.insert(inode, Content::default());
        state.rename_visible(NameChange::Link { path: path.to_owned(), inode });
        Ok(file(inode))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut state = self.change()?;
        let mut missing: Vec<_> = path.ancestors().filter(|dir| !state.visible.has_dir(dir)).collect();
        missing.reverse();
        for dir in missing {
            state.rename_visible(NameChange::MakeDir { path: dir.to_owned() });
        }
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let state = self.read()?;
        let names = &state.visible;
        let inside = names.files.keys().chain(&names.dirs).filter(|entry| entry.parent() == Some(path));
        Ok(inside.filter_map(|entry| Some(entry.file_name()?.to_string_lossy().into_owned())).collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.change()?;
        let inode = *state.visible.files.get(from).ok_or(io::ErrorKind::NotFound)?;
        state.rename_visible(NameChange::Rename { from: from.to_owned(), to: to.to_owned(), inode });
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut state = self.change()?;
        if !state.visible.files.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        state.rename_visible(NameChange::Unlink { path: path.to_owned() });
        Ok(())
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.change()?.rename_visible(NameChange::RemoveTree { path: path.to_owned() });
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.change()?;
        if !state.visible.has_dir(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let pending = std::mem::take(&mut state.pending);
        let (synced, rest) = pending.into_iter().partition(|change| change.is_in(path));
        state.pending = rest;
        Vec::into_iter(synced).for_each(|change| state.make_durable(change));
        Ok(())
    }

    fn lock(&self, _path: &Path) -> Result<Box<dyn Send + Sync>, LockError> {
        Guard::take(&self.locked)
    }
}

struct FaultyFile {
    disk: FaultyDisk,
    inode: Inode,
}

impl DiskFile for FaultyFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let state = self.disk.read()?;
        Ok(copy_out(&state.contents[&self.inode].visible, buffer, position))
    }

    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        let (mut state, error) = self.disk.begin_change();
        // A write that fails may have been done in part.
        let done = if error.is_some() { &bytes[..bytes.len() / 2] } else { bytes };
        let content = state.contents.get_mut(&self.inode).expect("an open file has content");
        copy_in(&mut content.visible, done, position);
        state.pending.push(Change::Write { inode: self.inode, position, bytes: done.to_vec() });
        error.map_or(Ok(()), Err)
    }

    fn sync_data(&self) -> io::Result<()> {
        let (mut state, error) = self.disk.begin_change();
        state.syncs += 1;
        let powered = state.power_off_at.is_none_or(|off| state.changes <= off);
        match error {
            None => state.sync_inode(self.inode),
            Some(_) if powered => state.pending.retain(|change| !change.is_of(self.inode)),
            Some(_) => {}
        }
        error.map_or(Ok(()), Err)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut state = self.disk.change()?;
        let content = state.contents.get_mut(&self.inode).expect("an open file has content");
        content.visible.resize(in_memory(length), 0);
        state.pending.push(Change::Length { inode: self.inode, length });
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.read()?.contents[&self.inode].visible.len() as u64)
    }
}
