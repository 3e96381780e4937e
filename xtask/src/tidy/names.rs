//! Names of files and folders.

use super::Finding;
use super::sources::Sources;

/// Names that say nothing about what is inside.
const EMPTY: [&str; 7] = ["util", "utils", "common", "helper", "helpers", "misc", "shared_code"];

pub(super) fn check(sources: &Sources) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in sources.rust() {
        for part in file.path.split('/') {
            let name = part.strip_suffix(".rs").unwrap_or(part);
            if EMPTY.contains(&name) {
                let message = format!("`{name}` says nothing about what is inside: name the thing");
                findings.push(Finding::of_file(&file.path, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_that_say_nothing_are_found() {
        let sources =
            Sources::of(&[("a/src/utils.rs", ""), ("a/src/common/b.rs", ""), ("a/src/utility.rs", "")]);
        let found: Vec<String> = check(&sources).iter().map(|finding| finding.file.clone()).collect();
        assert_eq!(found, ["a/src/utils.rs", "a/src/common/b.rs"]);
    }
}
