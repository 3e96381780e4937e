//! How long a user waits for the compiler: a pipeline of some twenty operators of every kind, built anew, and after a line was changed.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::Failure;

const PACKAGE: &str = "mixed-pipeline";

/// The line that is changed, up to its number.
const LINE: &str = "paid.filter(|o| o.cents >= dear";

/// Copies the pipeline into a package of its own in a folder, which depends on Waterwheel as a user's does, and builds it once with
/// all it depends on.
pub(crate) fn prepare(workspace: &Path, folder: &Path) -> Result<(), Failure> {
    let package = format!(
        "[package]\nname = \"{PACKAGE}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nwaterwheel = {{ path = {:?} }}\n\n\
         [workspace]\n\n[profile.dev]\ndebug = \"line-tables-only\"\n",
        workspace
    );
    std::fs::create_dir(folder.join("src"))?;
    std::fs::write(folder.join("Cargo.toml"), package)?;
    std::fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    std::fs::copy(workspace.join("benches/mixed-pipeline/src/main.rs"), folder.join("src/main.rs"))?;
    cargo(folder, &["build"]).map(|_| ())
}

/// Builds the package anew, all that it depends on being there. In seconds.
pub(crate) fn anew(folder: &Path) -> Result<f64, Failure> {
    cargo(folder, &["clean", "--package", PACKAGE])?;
    cargo(folder, &["build"])
}

/// Changes a line of the pipeline, differently each time, and builds. In seconds.
pub(crate) fn after_a_change(folder: &Path) -> Result<f64, Failure> {
    let path = folder.join("src/main.rs");
    let text = std::fs::read_to_string(&path)?;
    let changed = text.replacen(LINE, &format!("{LINE} + 1"), 1);
    if changed == text {
        return Err(format!("the pipeline has no line `{LINE}`").into());
    }
    std::fs::write(path, changed)?;
    cargo(folder, &["build"])
}

fn cargo(folder: &Path, arguments: &[&str]) -> Result<f64, Failure> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env_remove("CARGO_TARGET_DIR").stdin(Stdio::null());
    let begun = Instant::now();
    let output = command.output()?;
    let seconds = begun.elapsed().as_secs_f64();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?} ended with {}; it said:\n{said}", output.status).into());
    }
    Ok(seconds)
}
