//! Each family of rules in the macros' `check` stage has cases whose message is kept.

use super::Finding;
use super::sources::Sources;

const RULES: &str = "dsl-macros/src/check/";
const CASES: &str = "ui-tests/tests/fail/";

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
}
