//! Where the workspace lies, and running cargo in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};

/// The profile that a program is built with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Dev,
    Release,
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().expect("xtask is a folder of the workspace").to_owned()
}

/// Builds an example of the root package, and gives the path of its program.
pub(crate) fn build_example(name: &str, profile: Profile) -> Result<PathBuf> {
    build(&["--example", name], profile).map(|folder| folder.join("examples").join(name))
}

/// Builds the program of a package of the same name.
pub(crate) fn build_binary(name: &str, profile: Profile) -> Result<PathBuf> {
    let package: &[&str] = match profile {
        Profile::Dev => &["--bin", name],
        Profile::Release => &["--bin", name, "--package", name],
    };
    build(package, profile).map(|folder| folder.join(name))
}

/// Builds the facade with all that its own programs have of it, and gives the path of the library.
pub(crate) fn build_library() -> Result<PathBuf> {
    build(&["--lib"], Profile::Dev).map(|folder| folder.join("libwaterwheel.rlib"))
}

/// Builds what is chosen so, and gives the folder of the profile.
fn build(what: &[&str], profile: Profile) -> Result<PathBuf> {
    // In the dev profile this stands beside `cargo test --workspace`: the same selection of packages unifies features in the
    // same way, so that nothing is built twice.
    let (selection, folder): (&[&str], _) = match profile {
        Profile::Dev => (&["--workspace"], "debug"),
        Profile::Release => (&["--release"], "release"),
    };
    let mut cargo = cargo();
    cargo.args(["build", "--quiet"]).args(what).args(selection);
    succeed(&mut cargo)?;
    Ok(target()?.join(folder))
}

/// Cargo, in the workspace's root.
pub(crate) fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// Runs a program whose output goes to the terminal, to its end.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let program = format!("{command:?}");
    let status = command.status().map_err(Error::start(&program))?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::Program { program, status: status.to_string(), stderr: String::new() })
    }
}

/// The target directory: this program lies in `<target>/<profile>/`.
pub(crate) fn target() -> Result<PathBuf> {
    let program = std::env::current_exe().map_err(Error::path("the program's own path"))?;
    match program.parent().and_then(Path::parent) {
        Some(target) => Ok(target.to_owned()),
        None => {
            Err(Error::Input { path: program, reason: "the program lies in no target directory".to_owned() })
        }
    }
}
