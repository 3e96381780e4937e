//! Each family of rules in the macros' `check` stage has cases whose message is kept, and a message that is kept is the same on every machine.

use super::Finding;
use super::sources::Sources;

const RULES: &str = "dsl-macros/src/check/";
const CASES: &str = "ui-tests/tests/fail/";

/// What stands in a kept message for the folder of Rust's own library.
const OF_RUST: &str = "$RUST";

pub(super) fn check(sources: &Sources) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in sources.rust() {
        let family = file.path.strip_prefix(RULES).and_then(|name| name.strip_suffix(".rs"));
        let Some(family) = family.filter(|family| *family != "mod") else { continue };
        let folder = format!("{CASES}{family}/");
        if !sources.files().iter().any(|case| case.path.starts_with(&folder) && case.path.ends_with(".rs")) {
            findings.push(Finding::of_file(
                &file.path,
                format!("no case in `{folder}` shows a message of these rules"),
            ));
        }
    }
    for file in sources.files() {
        let is_kept = file.path.starts_with(CASES) && file.path.ends_with(".stderr");
        let line = file.text.lines().position(|line| is_kept && line.contains(OF_RUST));
        findings.extend(line.map(|line| Finding {
            file: file.path.clone(),
            line: line + 1,
            message: "it shows a place in Rust's own library, whose lines are there with the component `rust-src` alone: have the error lie \
                      elsewhere, or keep another case"
                .to_owned(),
        }));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_without_a_case_are_found() {
        let sources = Sources::of(&[
            ("dsl-macros/src/check/mod.rs", ""),
            ("dsl-macros/src/check/names.rs", ""),
            ("dsl-macros/src/check/keys.rs", ""),
            ("ui-tests/tests/fail/names/twice.rs", ""),
        ]);
        let found: Vec<String> = check(&sources).iter().map(|finding| finding.file.clone()).collect();
        assert_eq!(found, ["dsl-macros/src/check/keys.rs"]);
    }

    #[test]
    fn messages_that_differ_by_machine_are_found() {
        let sources = Sources::of(&[
            ("ui-tests/tests/fail/join/ends.stderr", "error\n --> $RUST/core/src/panic.rs\n  |\n"),
            ("ui-tests/tests/fail/join/keys.stderr", "error\n --> tests/fail/join/keys.rs:4:1\n"),
        ]);
        let found: Vec<_> =
            check(&sources).iter().map(|finding| (finding.file.clone(), finding.line)).collect();
        assert_eq!(found, [("ui-tests/tests/fail/join/ends.stderr".to_owned(), 2)]);
    }
}
