//! An example's program, called as people call it: what the tests of the command lines share.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

/// A directory for one test, and the program that is called in it.
pub(crate) struct Place {
    dir: TempDir,
    program: &'static Path,
}

/// What a call came to.
pub(crate) struct Called {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn of(example: &str) -> Place {
        Place { dir: tempfile::tempdir().unwrap(), program: program(example) }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The program with its log in this place: a working directory of its own, and the default data directory.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.program);
        command
            .args(arguments)
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn call(&self, arguments: &[&str]) -> Called {
        Called::of(self.command(arguments).output().unwrap())
    }

    #[track_caller]
    pub(crate) fn succeed(&self, arguments: &[&str]) -> Called {
        let called = self.call(arguments);
        assert_eq!(called.code, Some(0), "{arguments:?}: {}", called.stderr);
        called
    }
}

impl Called {
    pub(crate) fn of(output: Output) -> Called {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Called { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    #[track_caller]
    pub(crate) fn check(&self, code: i32, said: &str) {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        assert!(self.stderr.contains(said), "expected `{said}` in:\n{}", self.stderr);
        assert_eq!(self.stdout, "");
    }
}

/// The example, built as it is now: a test program calls one. `cargo test` has built it, unless it was told which tests to build.
pub(crate) fn program(example: &str) -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().and_then(Path::parent).unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        // With the whole workspace the dependencies have the features that they have in its tests, and are not built again.
        cargo.args(["build", "--quiet", "--workspace", "--example", example]);
        cargo.arg("--target-dir").arg(profile.parent().unwrap()).current_dir(env!("CARGO_MANIFEST_DIR"));
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().unwrap().success(), "the example does not build");
        profile.join("examples").join(example)
    })
}
