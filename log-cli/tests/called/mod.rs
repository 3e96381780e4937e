//! Calls of the program on a directory of a test's own.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A data directory, which is not there yet.
pub(crate) struct Dir {
    _around: Option<TempDir>,
    path: PathBuf,
}

/// What came of a call.
pub(crate) struct Called {
    arguments: String,
    output: Output,
}

impl Dir {
    pub(crate) fn new() -> Dir {
        let around = tempfile::tempdir().unwrap();
        let path = around.path().join("data");
        Dir { _around: Some(around), path }
    }

    /// One that is there, and looked after by somebody else.
    pub(crate) fn at(path: PathBuf) -> Dir {
        Dir { _around: None, path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The program with these arguments, which have no spaces in them.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_waterwheel-log"));
        command.args(arguments.split_whitespace()).stdin(Stdio::null());
        if !arguments.is_empty() {
            command.arg("--data-dir").arg(&self.path);
        }
        command
    }

    pub(crate) fn call(&self, arguments: &str) -> Called {
        self.call_with(arguments, "")
    }

    /// As [`Dir::call`], with a text on stdin.
    pub(crate) fn call_with(&self, arguments: &str, stdin: &str) -> Called {
        let mut command = self.command(arguments);
        let mut program =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut to = program.stdin.take().unwrap();
        let text = stdin.to_owned();
        // A program that does not want all of it closes it.
        let writer = std::thread::spawn(move || drop(to.write_all(text.as_bytes())));
        let output = program.wait_with_output().unwrap();
        writer.join().unwrap();
        Called { arguments: arguments.to_owned(), output }
    }
}

impl Called {
    /// It ended with 0; gives what it printed.
    #[track_caller]
    pub(crate) fn succeeded(&self) -> String {
        assert_eq!(self.output.status.code(), Some(0), "{}: {}", self.arguments, self.said());
        self.printed()
    }

    /// It ended with 0, and printed that.
    #[track_caller]
    pub(crate) fn succeeds(&self, printed: &str) {
        assert_eq!(self.succeeded(), printed, "{}", self.arguments);
    }

    /// It printed that.
    #[track_caller]
    pub(crate) fn prints(self, printed: &str) -> Called {
        assert_eq!(self.printed(), printed, "{}: {}", self.arguments, self.said());
        self
    }

    /// It ended with 1, and said that.
    #[track_caller]
    pub(crate) fn fails_with(&self, said: &str) {
        self.ends_with(1, said);
    }

    /// It ended with 1, and said that; gives what it printed.
    #[track_caller]
    pub(crate) fn fails_printing(&self, said: &str) -> String {
        self.ends_with(1, said);
        self.printed()
    }

    /// It ended with 2, and said that.
    #[track_caller]
    pub(crate) fn is_wrong(&self, said: &str) {
        self.ends_with(2, said);
    }

    #[track_caller]
    fn ends_with(&self, code: i32, said: &str) {
        assert_eq!(self.output.status.code(), Some(code), "{}: {}", self.arguments, self.said());
        assert!(
            self.said().contains(said),
            "{}: expected `{said}`, it said: {}",
            self.arguments,
            self.said()
        );
    }

    fn printed(&self) -> String {
        String::from_utf8(self.output.stdout.clone()).unwrap()
    }

    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }
}

/// A topic whose partition has several segments, and their files.
pub(crate) fn with_segments(dir: &Dir) -> Vec<PathBuf> {
    dir.call("topic create orders --config segment.bytes=450").succeeds("");
    for number in 0..6 {
        let lines = format!(
            "{number} is a value of some length, so that two make a segment of their own: {number:0>60}\n"
        );
        dir.call_with("produce orders", &lines).succeeds("");
    }
    let folder = dir.path().join("topics");
    let topic = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of_partition =
        topic.map(|topic| topic.join("0")).find(|folder| folder.join(format!("{:020}.log", 2)).exists());
    let files = std::fs::read_dir(of_partition.unwrap()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|file| file.extension().is_some_and(|end| end == "log")).collect();
    files.sort();
    files
}

/// Turns over a bit of a byte.
pub(crate) fn damage(file: &Path, at: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[at] ^= 0x10;
    std::fs::write(file, bytes).unwrap();
}
