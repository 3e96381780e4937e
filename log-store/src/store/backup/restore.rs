//! Making a log of a backup.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use crate::config::StoreConfig;
use crate::disk::{Create, Disk, RealDisk};
use crate::error::{Error, Result};
use crate::journal;
use crate::partition::{TOPICS_DIR, topic_dir};
use crate::segment::{WalkError, log_path};

use super::copy::{Copier, verify};
use super::manifest::{MANIFEST_FILE, Manifest, SegmentCopy, io};
use super::{BackupProgress, BackupReport, Store, lock, make_durably};
use crate::store::stamp;

/// In a directory that is no store yet, and may never become one.
pub(in crate::store) const RESTORING_FILE: &str = "RESTORING";

impl Store {
    /// Makes a data directory of a backup: an empty or a new one. It holds what the log held when the backup was taken, and is opened as
    /// any other; transactions that were open then are aborted. Each byte is held against the checksums of the backup, and each batch
    /// against its own. If it is cut short, the directory is refused by whoever opens it.
    ///
    /// # Errors
    /// [`Error::NotABackup`]; [`Error::CorruptBackup`] at the first byte that is not as it was; [`Error::NotEmpty`]; [`Error::Stopped`] if `tell` ended
    /// it; [`Error::Io`].
    pub fn restore(
        backup: impl AsRef<Path>,
        to: impl AsRef<Path>,
        tell: impl FnMut(BackupProgress) -> ControlFlow<()>,
    ) -> Result<BackupReport> {
        Store::restore_on(
            Arc::new(RealDisk::new(backup.as_ref())),
            Arc::new(RealDisk::new(to.as_ref())),
            tell,
        )
    }

    /// As [`Store::restore`], from any disk to any disk.
    ///
    /// # Errors
    /// As [`Store::restore`].
    pub fn restore_on(
        backup: Arc<dyn Disk>,
        to: Arc<dyn Disk>,
        mut tell: impl FnMut(BackupProgress) -> ControlFlow<()>,
    ) -> Result<BackupReport> {
        let Some(manifest) = Manifest::load(&*backup)? else {
            let found = format!("it has no file `{MANIFEST_FILE}`");
            return Err(Error::NotABackup { dir: backup.root(), found });
        };
        let root = Path::new("");
        to.create_dir_all(root).map_err(|error| io(&*to, "make", root, error))?;
        let names = to.list(root).map_err(|error| io(&*to, "list", root, error))?;
        if let Some(name) = names.first() {
            return Err(Error::NotEmpty { dir: to.root(), found: name.clone() });
        }
        make_durably(&*to, Path::new(RESTORING_FILE))?;
        to.close_to_others().map_err(|error| io(&*to, "keep private", root, error))?;
        let lock = lock(&*to)?;
        let progress = BackupProgress { bytes: 0, bytes_total: manifest.bytes() };
        let mut copier = Copier { from: &*backup, to: &*to, progress, tell: &mut tell, copied_bytes: 0 };
        manifest.files.iter().try_for_each(|file| restore_segment(&mut copier, file))?;
        sync_topics(&*to, &manifest)?;
        journal::create_of(to.clone(), StoreConfig::default().journal_bytes, &manifest.image)?;
        stamp::write(&*to)?;
        let marker = Path::new(RESTORING_FILE);
        to.remove_file(marker).map_err(|error| io(&*to, "remove", marker, error))?;
        to.sync_dir(root).map_err(|error| io(&*to, "sync", root, error))?;
        drop(lock);
        Ok(manifest.report(manifest.bytes()))
    }
}

fn restore_segment(copier: &mut Copier<'_>, file: &SegmentCopy) -> Result<()> {
    let (from, to) = (copier.from, copier.to);
    let source_path = file.path();
    let corrupt = |position: u64, reason: String| Error::CorruptBackup {
        file: from.root().join(&source_path),
        position,
        reason,
    };
    let source = from.open(&source_path, Create::No).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => corrupt(0, "it is missing".to_owned()),
        _ => io(from, "open", &source_path, error),
    })?;
    let dir = topic_dir(file.topic).join(file.partition.to_string());
    to.create_dir_all(&dir).map_err(|error| io(to, "make", &dir, error))?;
    let path = log_path(&dir, file.base);
    let made = to.open(&path, Create::IfMissing).map_err(|error| io(to, "open", &path, error))?;
    let crc = copier.copy((&*source, &source_path), (&made, &path), 0..file.bytes, 0)?;
    match verify(&*made, 0..file.bytes, file.base) {
        Err(WalkError::Damaged { position, reason }) => return Err(corrupt(position, reason)),
        Err(WalkError::Io(error)) => return Err(io(to, "read", &path, error)),
        Ok(()) => {}
    }
    if crc != file.crc {
        return Err(corrupt(0, format!("its checksum is {crc:08x}, and was {:08x}", file.crc)));
    }
    Ok(())
}

fn sync_topics(disk: &dyn Disk, manifest: &Manifest) -> Result<()> {
    let mut dirs: Vec<_> = manifest
        .files
        .iter()
        .flat_map(|file| {
            let topic = topic_dir(file.topic);
            [topic.join(file.partition.to_string()), topic]
        })
        .collect();
    dirs.sort();
    dirs.dedup();
    let has_topics = !dirs.is_empty();
    dirs.into_iter()
        .rev()
        .try_for_each(|dir| disk.sync_dir(&dir).map_err(|error| io(disk, "sync", &dir, error)))?;
    for dir in [TOPICS_DIR, ""].into_iter().skip(usize::from(!has_topics)) {
        disk.sync_dir(Path::new(dir)).map_err(|error| io(disk, "sync", Path::new(dir), error))?;
    }
    Ok(())
}
