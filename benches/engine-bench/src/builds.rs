//! A build of this program, and having it do a job in a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Failure;
use crate::report::Report;

/// A build of this program.
pub(crate) struct Build {
    /// What it is called in tables.
    pub(crate) name: &'static str,
    pub(crate) program: PathBuf,
}

/// A build in a folder of its own: builds may differ in what they write.
pub(crate) struct Runner<'b> {
    pub(crate) build: &'b Build,
    pub(crate) folder: PathBuf,
}

impl Runner<'_> {
    /// Has the build do a job in the data directory of that name, with these options of the command line.
    pub(crate) fn job(
        &self,
        job: &str,
        dir: impl AsRef<Path>,
        options: &[(&str, u64)],
    ) -> Result<Report, Failure> {
        let mut command = Command::new(&self.build.program);
        command.args(["job", job, "--dir"]).arg(self.folder.join(dir));
        for (name, value) in options {
            command.arg(format!("--{name}")).arg(value.to_string());
        }
        let output = command.stdin(Stdio::null()).output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{command:?} ended with {}; it said:\n{said}", output.status).into());
        }
        Ok(Report::parse(&String::from_utf8(output.stdout)?))
    }
}
