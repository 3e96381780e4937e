//! The log's simulated crashes, with their number raised.

use std::process::Stdio;

use crate::error::{Error, Result};
use crate::workspace::cargo;

/// Runs the log's crash test, in release mode, with so many crashes; prints what it counts.
pub(super) fn run(crashes: u64) -> Result<()> {
    let mut command = cargo();
    command
        .args([
            "test",
            "--quiet",
            "--release",
            "--package",
            "log-store",
            "--test",
            "crash",
            "--",
            "--nocapture",
        ])
        .env("LOG_STORE_CRASHES", crashes.to_string())
        .stdout(Stdio::piped());
    let program = format!("{command:?}");
    let output =
        command.spawn().and_then(std::process::Child::wait_with_output).map_err(Error::start(&program))?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(Error::Program {
            program,
            status: output.status.to_string(),
            stderr: stdout.into_owned(),
        });
    }
    let totals = stdout.lines().find(|line| line.contains(" crashes: "));
    let Some(totals) = totals else {
        return Err(Error::Refuted(format!(
            "the crash test did not say what it counted; it said:\n{stdout}"
        )));
    };
    println!("{totals}");
    println!("after each: exactly what was acknowledged is there, anything else whole or not at all");
    Ok(())
}
