//! A running program that is to be killed, and what it was at when it was.

use std::fs;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

const SIGKILL: i32 = 9;

/// Linux cuts the names of threads to 15 bytes; the engine's begin with this.
const ENGINE_THREADS: &str = "waterwheel-";

/// A program at work.
pub(super) struct Victim {
    name: String,
    child: Child,
    /// Its data directory, without symbolic links.
    dir: PathBuf,
}

/// How a victim ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// SIGKILL met a live process that had the store open.
    Hit(Work),
    /// It was killed before it had the store open.
    TooEarly,
    /// It had ended by itself, with success.
    Finished(Duration),
}

/// What a victim was at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Work {
    /// It had the store open, and no thread of the engine ran: it opened or closed the store, recovered it, or loaded.
    Store,
    /// The engine's threads ran: it recovered the pipeline, or processed rows.
    Engine,
}

impl Victim {
    pub(super) fn start(mut command: Command, dir: &Path) -> Result<Self> {
        let name = format!("{command:?}");
        let dir = fs::canonicalize(dir).map_err(Error::path(dir))?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn().map_err(Error::start(&name))?;
        Ok(Victim { name, child, dir })
    }

    /// Kills it when it has lived so long, unless it ends by itself before.
    ///
    /// # Errors
    /// If it ends by itself with anything but success.
    pub(super) fn kill_after(mut self, life: Duration) -> Result<End> {
        let begun = Instant::now();
        while let Some(left) = life.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) {
            // Short naps, to see soon when it ends by itself.
            thread::sleep(left.min(Duration::from_millis(2)));
            if self.child.try_wait().map_err(Error::start(&self.name))?.is_some() {
                return self.bury(None, begun.elapsed());
            }
        }
        let work = self.work();
        self.child.kill().map_err(Error::start(&self.name))?;
        self.bury(work, begun.elapsed())
    }

    /// Reads how it ended.
    fn bury(mut self, work: Option<Work>, lived: Duration) -> Result<End> {
        let status = self.child.wait().map_err(Error::start(&self.name))?;
        if status.signal() == Some(SIGKILL) {
            return Ok(work.map_or(End::TooEarly, End::Hit));
        }
        if status.success() {
            return Ok(End::Finished(lived));
        }
        let mut stderr = String::new();
        if let Some(pipe) = &mut self.child.stderr {
            pipe.read_to_string(&mut stderr).map_err(Error::start(&self.name))?;
        }
        Err(Error::Program { program: self.name, status: status.to_string(), stderr })
    }

    /// What it is at just now, as Linux tells; nothing, if it has no file of the data directory open.
    fn work(&self) -> Option<Work> {
        let process = PathBuf::from(format!("/proc/{}", self.child.id()));
        let open = fs::read_dir(process.join("fd")).ok()?.flatten();
        let mut open = open.filter_map(|entry| fs::read_link(entry.path()).ok());
        if !open.any(|file| file.starts_with(&self.dir)) {
            return None;
        }
        let threads = fs::read_dir(process.join("task")).ok()?.flatten();
        let mut names = threads.filter_map(|entry| fs::read_to_string(entry.path().join("comm")).ok());
        Some(if names.any(|name| name.starts_with(ENGINE_THREADS)) { Work::Engine } else { Work::Store })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, dir: &Path) -> Victim {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).current_dir(dir);
        Victim::start(command, dir).unwrap()
    }

    #[test]
    fn a_kill_counts_if_a_file_of_the_directory_was_open() {
        let dir = tempfile::tempdir().unwrap();
        let kill = |script: &str| {
            let mut victim = shell(script, dir.path());
            // It is where it shall be killed when it has said so.
            let mut said = [0; 6];
            victim.child.stderr.as_mut().unwrap().read_exact(&mut said).unwrap();
            assert_eq!(&said, b"ready\n");
            victim.kill_after(Duration::ZERO).unwrap()
        };
        assert_eq!(kill("exec 3>file; echo ready >&2; exec sleep 60"), End::Hit(Work::Store));
        assert_eq!(kill("echo ready >&2; exec sleep 60"), End::TooEarly);
    }

    #[test]
    fn an_end_of_its_own_is_no_hit() {
        let dir = tempfile::tempdir().unwrap();
        let minute = Duration::from_secs(60);
        assert!(matches!(shell("exit 0", dir.path()).kill_after(minute).unwrap(), End::Finished(_)));
        let error = shell("echo no space >&2; exit 1", dir.path()).kill_after(minute).unwrap_err();
        assert!(error.to_string().ends_with("it said:\nno space"), "{error}");
    }
}
