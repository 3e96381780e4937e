//! The topics of an example, printed by its own `read` and by `waterwheel-log consume`: line by line the same.

mod called;

use std::path::{Path, PathBuf};
use std::process::Command;

use called::Dir;

/// The example `rides`, built as it is now. `cargo test` has built it, unless it was told which packages to test.
fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    // With the whole workspace the dependencies have the features that they have in its tests, and are not built again.
    cargo.args(["build", "--quiet", "--workspace", "--example", "rides"]);
    cargo.arg("--target-dir").arg(profile.parent().unwrap()).current_dir(env!("CARGO_MANIFEST_DIR"));
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().unwrap().success(), "the example does not build");
    profile.join("examples/rides")
}

#[test]
fn both_command_lines_print_the_same_rows() {
    let around = tempfile::tempdir().unwrap();
    // Where programs have it that are not told otherwise, as the example without a command is not.
    let dir = Dir::at(around.path().join("waterwheel-data"));
    let example = example();
    let call = |arguments: &[&str]| {
        let output =
            Command::new(&example).args(arguments).arg("--data-dir").arg(dir.path()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let made = Command::new(&example).current_dir(around.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    for topic in ["rides", "zone-minutes", "busiest-zones", "late-rides"] {
        let read = call(&["read", topic]);
        let consumed = dir.call(&format!("consume {topic} --until-end --json"));
        assert_eq!(consumed.said(), "");
        let value = |line: &str| {
            let (_, behind) = line.split_once(",\"value\":").unwrap();
            behind.split_once(",\"headers\":{").unwrap().0.to_owned()
        };
        let (mut read, mut consumed) = (
            read.lines().map(str::to_owned).collect::<Vec<_>>(),
            consumed.succeeded().lines().map(value).collect::<Vec<_>>(),
        );
        // Either goes through the partitions in its own way.
        read.sort_unstable();
        consumed.sort_unstable();
        assert!(!read.is_empty() && read == consumed, "topic `{topic}`: {read:?} and {consumed:?}");
    }
}
