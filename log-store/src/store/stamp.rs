//! What a data directory is: a store of a known version, nothing yet, or something that must be left alone.

use std::io::ErrorKind;
use std::path::Path;

use crate::disk::{Create, Disk, LOCK_FILE, read_file};
use crate::error::{Error, Result};
use crate::ids::TopicId;
use crate::journal::{self, JOURNAL_DIR};
use crate::partition::TOPICS_DIR;
use crate::remote::SOCKET_FILE;

use super::backup::RESTORING_FILE;
use super::claimed::CLAIMS_FILE;

const FORMAT_FILE: &str = "FORMAT";
const NEW_FORMAT_FILE: &str = "FORMAT.new";
const PREFIX: &str = "waterwheel-log ";
/// The version that this code writes, and the only one that it reads so far. From this one on, a later program reads what an
/// earlier one wrote; `docs/formats/README.md` has all versions in one table.
///
/// A new version needs another magic in the journal's frames too: where `FORMAT` is lost, the journal alone tells which
/// version a directory has.
const VERSION: u32 = 2;

/// What a data directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stamp {
    /// A store of a version that can be read.
    Known,
    /// Nothing yet.
    New,
    /// There is a journal, or there are topics, and `FORMAT` does not say of which version.
    Lost(LostStamp),
}

/// What became of the file `FORMAT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LostStamp {
    /// It is not there, nor are topics: the first opening may have been interrupted before it was written.
    PerhapsNeverWritten,
    /// It was there once.
    OfStore,
}

/// Looks at a directory, and changes nothing in it.
///
/// # Errors
/// [`Error::OlderFormat`] and [`Error::NewerFormat`]; [`Error::ForeignFormat`] if it is a store but for what somebody wrote into
/// its `FORMAT`; [`Error::NotAStore`] if it holds something that is no store's.
pub(super) fn check(disk: &dyn Disk) -> Result<Stamp> {
    let content = |name: &'static str| {
        let path = Path::new(name);
        read_file(disk, path).map_err(|error| io(disk, "read", path, error))
    };
    let restoring =
        read_file(disk, Path::new(RESTORING_FILE)).map_err(|error| not_to_be_looked_at(disk, error))?;
    if restoring.is_some() {
        let found =
            "a backup was being restored into it, and that was cut short; remove it, and restore again"
                .to_owned();
        return Err(Error::NotAStore { dir: disk.root(), found });
    }
    // It is a hint, and whatever it says is right; but not what lies where a link leads.
    content(CLAIMS_FILE)?;
    let path = Path::new(FORMAT_FILE);
    let stored = read_file(disk, path).map_err(|error| io(disk, "read", path, error))?;
    let said = stored.as_deref().map(Said::of);
    // Whatever `FORMAT` says, a journal of another version is none that this code may touch.
    let journal = journal::version(disk)?;
    match (&said, journal) {
        (Some(Said::Newer(found)), _) => return Err(newer(disk, *found)),
        (Some(Said::Older(found)), None) => return Err(older(disk, *found)),
        (_, Some(found)) if found < VERSION => return Err(older(disk, found)),
        (_, Some(found)) if found > VERSION => return Err(newer(disk, found)),
        _ => {}
    }
    match said {
        Some(Said::Known) => Ok(Stamp::Known),
        Some(Said::Newer(_)) => unreachable!("it was refused just above"),
        // The journal knows better.
        Some(Said::Older(_)) => Ok(Stamp::Lost(LostStamp::OfStore)),
        Some(Said::Nothing) => check_content(disk, true),
        Some(Said::Foreign(found)) => {
            check_content(disk, true)?;
            Err(Error::ForeignFormat { dir: disk.root(), found, supported: VERSION })
        }
        None => check_content(disk, false),
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

/// What the content of a `FORMAT` says.
enum Said {
    Known,
    Newer(u32),
    Older(u32),
    /// It is damaged.
    Nothing,
    /// It is a text, and not what damage makes of ours: it begins like this.
    Foreign(String),
}

impl Said {
    fn of(stored: &[u8]) -> Said {
        let text = String::from_utf8_lossy(stored);
        let Some(said) = text.strip_prefix(PREFIX) else { return Said::of_unknown(stored) };
        // A newer version may have more to say behind its number.
        let digits = said.find(|character: char| !character.is_ascii_digit()).unwrap_or(said.len());
        match said[..digits].parse() {
            Ok(found) if found > VERSION => Said::Newer(found),
            Ok(found) if found > 0 && matches!(&said[digits..], "" | "\n" | "\r\n") => match found {
                VERSION => Said::Known,
                _ => Said::Older(found),
            },
            _ => Said::of_unknown(stored),
        }
    }

    /// What does not begin as ours does: one wrong byte, a lost end, or anything that is no text is damage.
    fn of_unknown(stored: &[u8]) -> Said {
        let ours = format!("{PREFIX}{VERSION}\n");
        let ours = ours.as_bytes();
        let wrong_bytes = stored.iter().zip(ours).filter(|(stored, ours)| stored != ours).count();
        let is_text = |text: &&str| {
            !text.trim().is_empty()
                && text.chars().all(|character| !character.is_control() || character.is_whitespace())
        };
        match std::str::from_utf8(stored).ok().filter(is_text) {
            Some(text) if stored.len() > ours.len() || wrong_bytes > 1 => {
                Said::Foreign(text.trim().chars().take(60).collect())
            }
            _ => Said::Nothing,
        }
    }
}

/// What a directory is in which `FORMAT` is missing or says nothing.
fn check_content(disk: &dyn Disk, has_format: bool) -> Result<Stamp> {
    let list = |path: &str| {
        let path = Path::new(path);
        disk.list(path).map_err(|error| io(disk, "list", path, error))
    };
    let has_journal = list(JOURNAL_DIR)?.iter().any(|name| name == "0" || name == "1");
    let has_topics = list(TOPICS_DIR)?.iter().any(|name| TopicId::of_dir(name).is_some());
    if has_topics || (has_journal && has_format) {
        return Ok(Stamp::Lost(LostStamp::OfStore));
    }
    if has_journal {
        return Ok(Stamp::Lost(LostStamp::PerhapsNeverWritten));
    }
    if has_format {
        let found = "its file FORMAT is not a log's, and there is no journal beside it".to_owned();
        return Err(Error::NotAStore { dir: disk.root(), found });
    }
    // Of a first opening that was interrupted.
    let known = [LOCK_FILE, SOCKET_FILE, CLAIMS_FILE, NEW_FORMAT_FILE, JOURNAL_DIR];
    match list("")?.iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(Error::NotAStore { dir: disk.root(), found: format!("it holds `{name}`") }),
        None => Ok(Stamp::New),
    }
}

fn older(disk: &dyn Disk, found: u32) -> Error {
    Error::OlderFormat { dir: disk.root(), found, supported: VERSION }
}

fn newer(disk: &dyn Disk, found: u32) -> Error {
    Error::NewerFormat { dir: disk.root(), found, supported: VERSION }
}

/// The first look at a directory failed. If it is because nothing in it can be got at, it is told of the directory: nobody has heard of the
/// file that was looked for.
fn not_to_be_looked_at(disk: &dyn Disk, error: std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::PermissionDenied => io(disk, "open", Path::new(""), error),
        _ => io(disk, "read", Path::new(RESTORING_FILE), error),
    }
}

fn io(disk: &dyn Disk, action: &'static str, path: &Path, error: std::io::Error) -> Error {
    let root = disk.root();
    // Without the slash that joining nothing leaves behind it.
    let path = if path == Path::new("") { root } else { root.join(path) };
    Error::io(action, &path, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_lets_nobody_in_is_told_itself() {
        let said = |kind: ErrorKind| {
            not_to_be_looked_at(&crate::RealDisk::new("some/data"), kind.into()).to_string()
        };
        let denied = said(ErrorKind::PermissionDenied);
        assert!(
            denied.starts_with("cannot open some/data: permission denied; the log must be able"),
            "{denied}"
        );
        assert!(said(ErrorKind::Other).starts_with("cannot read some/data/RESTORING: "));
    }
}
