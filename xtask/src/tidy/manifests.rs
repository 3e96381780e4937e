//! Every package takes its lints and versions from the workspace.

use super::Finding;
use super::sources::{File, Sources};

pub(super) fn check(sources: &Sources) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in sources.files().iter().filter(|file| file.name() == "Cargo.toml") {
        if !section(file, "[lints]").any(|line| line == "workspace = true") {
            findings.push(Finding::of_file(
                &file.path,
                "does not take the workspace's lints: add `[lints]` `workspace = true`",
            ));
        }
    }
    findings
}

/// The lines of a section.
fn section<'f>(file: &'f File, head: &'f str) -> impl Iterator<Item = &'f str> {
    let lines = file.text.lines().map(str::trim).skip_while(move |line| *line != head).skip(1);
    lines.take_while(|line| !line.starts_with('['))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_without_the_lints_of_the_workspace_is_found() {
        let with = "[package]\n[lints]\nworkspace = true\n";
        let without = "[package]\nworkspace = true\n[lints]\n[dependencies]\nworkspace = true\n";
        let found = check(&Sources::of(&[("a/Cargo.toml", with), ("b/Cargo.toml", without)]));
        assert_eq!(found.iter().map(|finding| finding.file.as_str()).collect::<Vec<_>>(), ["b/Cargo.toml"]);
    }
}
