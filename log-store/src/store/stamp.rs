//! The data directory's format version.

use std::path::Path;

use crate::disk::{Create, Disk, read_file};
use crate::error::{Error, Result};
use crate::journal::JOURNAL_DIR;
use crate::partition::TOPICS_DIR;

const FORMAT_FILE: &str = "FORMAT";
const NEW_FORMAT_FILE: &str = "FORMAT.new";
pub(super) const LOCK_FILE: &str = "LOCK";
const PREFIX: &str = "waterwheel-log ";
/// The version that this code writes, and the newest that it reads.
const VERSION: u32 = 1;

/// What a data directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stamp {
    /// A store of a version that can be read.
    Known,
    /// Nothing yet.
    New,
}

/// Reads the stamp.
pub(super) fn check(disk: &dyn Disk) -> Result<Stamp> {
    let path = Path::new(FORMAT_FILE);
    let stored = read_file(disk, path).map_err(|error| io(disk, "read", path, error))?;
    let Some(stored) = stored else {
        return check_empty(disk);
    };
    let text = String::from_utf8_lossy(&stored);
    match text.trim_end().strip_prefix(PREFIX).and_then(|version| version.parse::<u32>().ok()) {
        Some(version @ 1..=VERSION) => {
            debug_assert_eq!(version, VERSION);
            Ok(Stamp::Known)
        }
        Some(found) if found > VERSION => {
            Err(Error::NewerFormat { dir: disk.root(), found, supported: VERSION })
        }
        _ => Err(Error::NotAStore {
            dir: disk.root(),
            found: "its file FORMAT does not say which version of a log it holds".to_owned(),
        }),
    }
}

/// Stamps the directory; it is a store from now on.
pub(super) fn write(disk: &dyn Disk) -> Result<()> {
    let (new, path) = (Path::new(NEW_FORMAT_FILE), Path::new(FORMAT_FILE));
    let text = format!("{PREFIX}{VERSION}\n");
    let written = disk.open(new, Create::IfMissing).and_then(|file| {
        file.set_len(0)?;
        file.write_all_at(text.as_bytes(), 0)?;
        file.sync_data()
    });
    written.map_err(|error| io(disk, "write", new, error))?;
    disk.rename(new, path).map_err(|error| io(disk, "rename", new, error))?;
    disk.sync_dir(Path::new("")).map_err(|error| io(disk, "sync", Path::new(""), error))
}

/// Without a stamp there may be what a first opening left that was interrupted, but no data.
fn check_empty(disk: &dyn Disk) -> Result<Stamp> {
    let root = Path::new("");
    let names = disk.list(root).map_err(|error| io(disk, "list", root, error))?;
    let known = [LOCK_FILE, NEW_FORMAT_FILE, JOURNAL_DIR];
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(Stamp::New),
        Some(name) if name == TOPICS_DIR => Err(Error::NotAStore {
            dir: disk.root(),
            found: "it has topics, but its file FORMAT is missing".to_owned(),
        }),
        Some(name) => Err(Error::NotAStore { dir: disk.root(), found: format!("it holds `{name}`") }),
    }
}

fn io(disk: &dyn Disk, action: &'static str, path: &Path, error: std::io::Error) -> Error {
    Error::io(action, &disk.root().join(path), error)
}
