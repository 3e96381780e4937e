//! What programs with a command line say of opening a store: for whom it waits, and what there was to do.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::disk::RealDisk;
use crate::error::Result;

use super::processes::describe;
use super::{RecoveryReport, Store};

/// How long nothing is said while a store is opened.
const SILENCE: Duration = Duration::from_secs(2);

impl Store {
    /// As [`Store::open`]; if that takes longer than two seconds, `say` is given a line to show, which says what is waited for, such
    /// as the answer of an owner that is stopped. It is called once at most, from a thread of its own.
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let dir = dir.path();
    /// let store = log_store::Store::open_saying(dir, |line| eprintln!("{line}"))?;
    /// # store.close()?;
    /// # Ok::<(), log_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_saying(dir: impl AsRef<Path>, say: impl FnOnce(&str) + Send) -> Result<Store> {
        let dir = dir.as_ref();
        let (opened, waiting) = channel::<()>();
        thread::scope(|scope| {
            let tell = move || {
                if waiting.recv_timeout(SILENCE) == Err(RecvTimeoutError::Timeout) {
                    say(&waited_for(dir));
                }
            };
            // Where the system has no thread for it, nothing is said.
            let _ = thread::Builder::new().name("log-store-opening".to_owned()).spawn_scoped(scope, tell);
            let store = Store::open(dir);
            drop(opened);
            store
        })
    }
}

impl Store {
    /// Why there is no store to be found at a directory, where that can be said without opening it, which would make one: it is not there,
    /// or is empty, as where a disk is not mounted, or is a file. For programs that want one that is there.
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let dir = dir.path();
    /// let absent = log_store::Store::absent_at(dir).unwrap();
    /// assert!(absent.starts_with("there is no data directory ") && absent.ends_with(": it is empty"));
    /// log_store::Store::open(dir)?.close()?;
    /// assert_eq!(log_store::Store::absent_at(dir), None);
    /// # Ok::<(), log_store::Error>(())
    /// ```
    #[must_use]
    pub fn absent_at(dir: impl AsRef<Path>) -> Option<String> {
        let dir = dir.as_ref();
        let why = match dir.read_dir().map(|mut entries| entries.next().is_none()) {
            Ok(true) => ": it is empty",
            Err(error) if error.kind() == ErrorKind::NotADirectory => ": it is a file",
            // A link to what is not there is told by opening it.
            Err(error) if error.kind() == ErrorKind::NotFound && !dir.is_symlink() => "",
            // What else is the matter is told by opening it.
            Ok(false) | Err(_) => return None,
        };
        Some(format!("there is no data directory {}{why}", dir.display()))
    }
}

impl RecoveryReport {
    /// What of it is worth knowing, a line each. Possible losses and damage are not among them: what to do about these depends on the
    /// program, see [`Store::possible_losses`] and [`RecoveryReport::damaged`].
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use log_store::{MemDisk, Store, StoreConfig};
    /// let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default())?;
    /// assert!(store.recovery().lines(&store.dir()).is_empty());
    /// # Ok::<(), log_store::Error>(())
    /// ```
    #[must_use]
    pub fn lines(&self, dir: &Path) -> Vec<String> {
        let mut lines = Vec::new();
        if self.format_restored {
            let file = dir.join("FORMAT");
            lines.push(format!(
                "recovered: {} was missing or damaged, and was written again; all data is there",
                file.display()
            ));
        }
        if self.journal_mended > 0 {
            let places = match self.journal_mended {
                1 => "1 place".to_owned(),
                several => format!("{several} places"),
            };
            lines.push(format!(
                "warning: the commit journal was damaged in {places} and could be mended: nothing is lost, but check the disk and \
                 have a copy of the data"
            ));
        }
        // What belongs to a possible loss is told with it.
        for cut in self.cut.iter().filter(|_| self.possible_loss.is_none()) {
            let (topic, partition) = (&cut.topic_name, cut.partition);
            let bytes = if cut.bytes == 1 { "1 byte".to_owned() } else { format!("{} bytes", cut.bytes) };
            let was = if cut.bytes == 1 { "was" } else { "were" };
            lines.push(format!(
                "recovered: cut {bytes} that {was} never acknowledged from topic `{topic}` partition {partition}"
            ));
        }
        lines
    }
}

/// What is said of a directory that takes long to open.
fn waited_for(dir: &Path) -> String {
    let (shown, here) = (dir.display(), std::process::id());
    match RealDisk::new(dir).holder().filter(|&(owner, _)| owner != here) {
        Some((owner, true)) => {
            format!(
                "{} is closing {shown}, and its disk takes long for that; waiting for it",
                describe(owner)
            )
        }
        Some((owner, false)) => {
            format!("{shown} belongs to {}, which has not answered yet; waiting for it", describe(owner))
        }
        None => format!("{shown} is being opened, which takes long"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{PartitionId, TopicId};
    use crate::loss::CutTail;

    #[test]
    fn one_of_something_is_told_as_one() {
        let cut = |bytes| CutTail {
            topic: TopicId(0),
            topic_name: "orders".to_owned(),
            partition: PartitionId(2),
            bytes,
        };
        let report = |journal_mended, bytes| RecoveryReport {
            journal_mended,
            cut: vec![cut(bytes)],
            ..RecoveryReport::default()
        };
        let lines = report(1, 1).lines(Path::new("data"));
        assert!(lines[0].contains("was damaged in 1 place and could"), "{lines:?}");
        assert_eq!(
            lines[1],
            "recovered: cut 1 byte that was never acknowledged from topic `orders` partition 2"
        );
        let lines = report(3, 40).lines(Path::new("data"));
        assert!(lines[0].contains("was damaged in 3 places and could"), "{lines:?}");
        assert!(lines[1].contains("cut 40 bytes that were never"), "{lines:?}");
    }

    #[test]
    fn a_directory_that_takes_long_is_told_with_who_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let said = |lock: &str| {
            std::fs::write(dir.path().join("LOCK"), lock).unwrap();
            waited_for(dir.path())
        };
        let shown = dir.path().display();
        // No process has this number.
        let nobody = u32::MAX;
        assert_eq!(
            said(&format!("{nobody}\n")),
            format!("{shown} belongs to process {nobody}, which has not answered yet; waiting for it")
        );
        let closing = said(&format!("{nobody} closing\n"));
        assert!(closing.starts_with(&format!("process {nobody} is closing {shown}, and")), "{closing}");
        for own in [format!("{}\n", std::process::id()), String::new()] {
            assert_eq!(said(&own), format!("{shown} is being opened, which takes long"));
        }
    }
}
