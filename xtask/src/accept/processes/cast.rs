//! The processes of a round, and what is done to them.

use std::fmt;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::error::{Error, Result};

pub(super) const SIGINT: i32 = 2;
const SIGKILL: i32 = 9;

/// Linux cuts the names of threads to 15 bytes; those of the log begin with this.
const LOG_THREADS: &str = "log-store-";

/// How long is waited between two lines that are produced.
const LINE_EVERY: Duration = Duration::from_millis(2);

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// `departures run`.
    Run,
    /// `departures load PIECE`.
    Load,
    /// `waterwheel-log produce notes --writer notes --acks`.
    Produce,
    /// `departures read departures-per-hour --follow`.
    Read,
    /// `waterwheel-log consume departures-per-hour --from-beginning --json`.
    Consume,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Run => "run",
            Role::Load => "load",
            Role::Produce => "produce",
            Role::Read => "read --follow",
            Role::Consume => "consume",
        })
    }
}

/// A process that is under way.
pub(super) struct Member {
    pub(super) role: Role,
    name: String,
    child: Child,
    pub(super) stdout: PathBuf,
    stderr: PathBuf,
}

impl Member {
    /// Starts it; what it says goes to files.
    pub(super) fn start(role: Role, mut command: Command, said: &Path, number: u64) -> Result<Member> {
        let name = format!("{command:?}");
        let file = |kind: &str| said.join(format!("{number}.{kind}"));
        let (stdout, stderr) = (file("out"), file("err"));
        let open = |path: &PathBuf| File::create(path).map_err(Error::path(path));
        let stdin = if role == Role::Produce { Stdio::piped() } else { Stdio::null() };
        let child = command.stdin(stdin).stdout(open(&stdout)?).stderr(open(&stderr)?).spawn();
        Ok(Member { role, child: child.map_err(Error::start(&name))?, name, stdout, stderr })
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it reads, for whoever writes that.
    pub(super) fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().map_err(Error::start(&self.name))
    }

    /// Whether it has the directory open, by itself or through its owner: it runs the log's threads.
    pub(super) fn is_at_work(&self) -> bool {
        let threads = fs::read_dir(format!("/proc/{}/task", self.id())).into_iter().flatten().flatten();
        let mut names = threads.filter_map(|thread| fs::read_to_string(thread.path().join("comm")).ok());
        names.any(|name| name.starts_with(LOG_THREADS))
    }

    /// Kills it; false if it had ended by itself.
    pub(super) fn kill(&mut self) -> Result<bool> {
        self.child.kill().map_err(Error::start(&self.name))?;
        let status = self.child.wait().map_err(Error::start(&self.name))?;
        Ok(status.signal() == Some(SIGKILL))
    }

    /// Sends a signal, as a person does.
    pub(super) fn signal(&self, signal: &str) -> Result<()> {
        let mut kill = Command::new("kill");
        crate::workspace::succeed(kill.args([signal, &self.id().to_string()]))
    }

    /// Waits for its end.
    pub(super) fn wait(&mut self) -> Result<ExitStatus> {
        self.child.wait().map_err(Error::start(&self.name))
    }

    pub(super) fn said(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap_or_default()
    }

    /// That it ended as it must not.
    pub(super) fn failure(&self, status: ExitStatus) -> Error {
        Error::Program { program: self.name.clone(), status: status.to_string(), stderr: self.said() }
    }

    /// The whole lines that it has printed.
    pub(super) fn lines(path: &Path) -> Result<Vec<String>> {
        let text = fs::read_to_string(path).map_err(Error::path(path))?;
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        Ok(whole.lines().map(str::to_owned).collect())
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines that are produced: all of them from the first on, for each process anew.
#[derive(Clone, Default)]
pub(super) struct Lines {
    /// How many there are by now.
    count: Arc<AtomicU64>,
    finished: Arc<AtomicBool>,
}

impl Lines {
    pub(super) fn text(number: u64) -> String {
        format!("note {number}")
    }

    /// Writes them to a process until they end, or it does.
    pub(super) fn feed(&self, mut to: ChildStdin) -> JoinHandle<()> {
        let lines = self.clone();
        thread::spawn(move || {
            for number in 0.. {
                if number >= lines.count.load(Ordering::Acquire) {
                    if lines.finished.load(Ordering::Acquire) {
                        return;
                    }
                    thread::sleep(LINE_EVERY);
                    lines.count.fetch_max(number + 1, Ordering::AcqRel);
                }
                if writeln!(to, "{}", Lines::text(number)).is_err() {
                    return;
                }
            }
        })
    }

    /// There will be no more.
    pub(super) fn finish(&self) -> u64 {
        self.finished.store(true, Ordering::Release);
        self.count.load(Ordering::Acquire)
    }

    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }
}
