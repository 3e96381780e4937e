//! What stands, or must not stand, in the text of a file.

use super::Finding;
use super::sources::{File, Sources};

/// Beginnings of paths that exist on one machine only. In two parts, so that this file is not a finding of its own.
const MACHINE_PATHS: [(&str, &str); 4] = [("/wo", "rk/"), ("/ro", "ot/"), ("/ho", "me/"), ("/Us", "ers/")];

/// Words that announce work instead of doing it.
const UNDONE: [(&str, &str); 3] = [("TO", "DO"), ("FIX", "ME"), ("XX", "X:")];

/// Files that keep nothing of the type's name which they ask for: the one asks whether it is a pointer's, the next whether a type comes
/// again inside of itself, and the last is for pictures of a plan.
const NAMES_ASIDE: [&str; 3] = [
    "dsl-runtime/src/plan/constants.rs",
    "dsl-runtime/src/state/trace.rs",
    "dsl-runtime/src/handles/row_types.rs",
];

pub(super) fn check(sources: &Sources) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in sources.files() {
        machine_paths(file, &mut findings);
    }
    for file in sources.rust() {
        module_doc(file, &mut findings);
        undone(file, &mut findings);
        commented_out_modules(file, &mut findings);
        names_by_path(file, &mut findings);
        inner_names_in_examples(file, &mut findings);
    }
    findings
}

/// Every module opens with one sentence: what it is.
fn module_doc(file: &File, findings: &mut Vec<Finding>) {
    let first = file.text.lines().next().unwrap_or("");
    if !first.starts_with("//! ") {
        findings.push(Finding::of_line(
            &file.path,
            0,
            "the first line is no `//!` sentence that says what the module is",
        ));
    }
}

fn undone(file: &File, findings: &mut Vec<Finding>) {
    for (line, text) in file.text.lines().enumerate() {
        for (first, last) in UNDONE {
            let word = format!("{first}{last}");
            if text.contains(&word) {
                findings.push(Finding::of_line(
                    &file.path,
                    line,
                    format!("`{word}`: do it, or leave it out"),
                ));
            }
        }
    }
}

/// An example is to be copied, so it names what its reader depends on: the facade.
fn inner_names_in_examples(file: &File, findings: &mut Vec<Finding>) {
    if !file.path.starts_with("dsl-runtime/src/") {
        return;
    }
    for (line, text) in file.text.lines().enumerate() {
        let Some(doc) = text.trim_start().strip_prefix("//").filter(|doc| doc.starts_with(['/', '!'])) else {
            continue;
        };
        let code = doc[1..].trim_start().trim_start_matches("# ");
        let imports = code.starts_with("use ") || code.starts_with("extern crate ");
        if imports && ["dsl_macros", "dsl_runtime", "log_store"].iter().any(|inner| code.contains(inner)) {
            findings.push(Finding::of_line(
                &file.path,
                line,
                "an example that cannot be copied: users depend on `waterwheel`, so import through it",
            ));
        }
    }
}

/// What is kept beside a pipeline's state must not depend on where a type stands in our source.
fn names_by_path(file: &File, findings: &mut Vec<Finding>) {
    if !file.path.starts_with("dsl-runtime/src/") || NAMES_ASIDE.contains(&file.path.as_str()) {
        return;
    }
    let named = |(_, text): &(usize, &str)| text.contains("type_name::<") || text.contains("module_path!");
    for (line, _) in file.lines_without_tests().filter(named) {
        findings.push(Finding::of_line(
            &file.path,
            line,
            "a name made of a module's path changes when a file does, and would refuse users' state: let the type say its name",
        ));
    }
}

fn commented_out_modules(file: &File, findings: &mut Vec<Finding>) {
    for (line, text) in file.text.lines().enumerate() {
        let Some(comment) = text.trim_start().strip_prefix("//") else { continue };
        let code = comment.trim_start();
        let declaration = code.strip_prefix("pub ").unwrap_or(code).strip_prefix("mod ");
        if declaration.is_some_and(|rest| rest.trim_end().ends_with(';') && !rest.contains(' ')) {
            findings.push(Finding::of_line(
                &file.path,
                line,
                "a commented-out module: remove it, history keeps it",
            ));
        }
    }
}

fn machine_paths(file: &File, findings: &mut Vec<Finding>) {
    for (line, text) in file.text.lines().enumerate() {
        for (first, last) in MACHINE_PATHS {
            let path = format!("{first}{last}");
            if text.contains(&path) {
                findings.push(Finding::of_line(
                    &file.path,
                    line,
                    format!("`{path}` is a path of one machine"),
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(path: &str, text: &str) -> Vec<String> {
        check(&Sources::of(&[(path, text)])).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn a_module_without_a_sentence_is_found() {
        assert_eq!(messages("a/src/b.rs", "//! What it is.\n"), [""; 0]);
        assert!(messages("a/src/b.rs", "use std::fs;\n")[0].starts_with("a/src/b.rs:1: the first line"));
    }

    #[test]
    fn undone_work_and_dead_modules_are_found() {
        let text = concat!("//! A.\n// TO", "DO: later\n// mod old;\n//! a mod is a module;\n");
        let found = messages("a/src/b.rs", text);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[1].starts_with("a/src/b.rs:3: a commented-out module"));
    }

    #[test]
    fn names_made_of_paths_are_found_in_the_runtime() {
        let text = "//! A.\nlet name = std::any::type_name::<K>();\n";
        assert_eq!(messages("xtask/src/b.rs", text), [""; 0]);
        assert!(
            messages("dsl-runtime/src/key/b.rs", text)[0]
                .starts_with("dsl-runtime/src/key/b.rs:2: a name made")
        );
    }

    #[test]
    fn examples_that_name_inner_crates_are_found() {
        let text = "//! A.\n/// # use dsl_macros::Record;\n/// use waterwheel::Record;\n/// See [this](log_store::Error).\n";
        let found = messages("dsl-runtime/src/b.rs", text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("dsl-runtime/src/b.rs:2: an example"), "{found:?}");
    }

    #[test]
    fn paths_of_a_machine_are_found_in_any_file() {
        let found = messages("docs/a.md", concat!("see /ho", "me/me/file\n"));
        assert!(found[0].ends_with("is a path of one machine"), "{found:?}");
    }
}
