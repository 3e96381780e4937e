//! Every package takes its lints and versions from the workspace, and one that is published has what people look for.

use super::Finding;
use super::sources::{File, Sources};

/// What is said of a package where it is published.
const OF_A_PUBLISHED_ONE: [&str; 4] = ["description", "readme", "keywords", "categories"];

pub(super) fn check(sources: &Sources) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in sources.files().iter().filter(|file| file.name() == "Cargo.toml") {
        if !section(file, "[lints]").any(|line| line == "workspace = true") {
            findings.push(Finding::of_file(
                &file.path,
                "does not take the workspace's lints: add `[lints]` `workspace = true`",
            ));
        }
        if !section(file, "[package]").any(|line| line == "publish = false") {
            findings.extend(published(file, sources));
        }
    }
    findings
}

/// What a package lacks that is published.
fn published(file: &File, sources: &Sources) -> Vec<Finding> {
    let mut lacking = Vec::new();
    for key in OF_A_PUBLISHED_ONE {
        if !section(file, "[package]").any(|line| line.split(['=', '.']).next() == Some(&format!("{key} "))) {
            lacking.push(format!("is published without `{key}`: say it, or `publish = false`"));
        }
    }
    if !section(file, "[package.metadata.docs.rs]").any(|line| line == "all-features = true") {
        lacking.push(
            "is published, and its documentation would lack what the features bring: add `[package.metadata.docs.rs]` `all-features = true`"
                .to_owned(),
        );
    }
    let folder = file.path.strip_suffix("Cargo.toml").unwrap_or("");
    let library = format!("{folder}src/lib.rs");
    let front_page: String = sources
        .files()
        .iter()
        .filter(|source| source.path == library)
        .flat_map(|source| source.text.lines().filter(|line| line.starts_with("//!")))
        .collect();
    for line in section(file, "[features]") {
        let name = line.split('=').next().unwrap_or("").trim();
        let is_name = !name.is_empty() && name != "default" && !name.starts_with('#');
        if is_name && !front_page.contains(&format!("`{name}`")) {
            lacking.push(format!("has a feature `{name}` of which the front page, {library}, says nothing"));
        }
    }
    lacking.into_iter().map(|message| Finding::of_file(&file.path, message)).collect()
}

/// The lines of a section.
fn section<'f>(file: &'f File, head: &'f str) -> impl Iterator<Item = &'f str> {
    let lines = file.text.lines().map(str::trim).skip_while(move |line| *line != head).skip(1);
    lines.take_while(|line| !line.starts_with('['))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        check(&Sources::of(files)).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn a_package_without_the_lints_of_the_workspace_is_found() {
        let with = "[package]\npublish = false\n[lints]\nworkspace = true\n";
        let without =
            "[package]\npublish = false\nworkspace = true\n[lints]\n[dependencies]\nworkspace = true\n";
        let found = found(&[("a/Cargo.toml", with), ("b/Cargo.toml", without)]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("b/Cargo.toml: does not take"), "{found:?}");
    }

    #[test]
    fn what_a_published_package_lacks_is_found() {
        let manifest = "[package]\nname = \"a\"\ndescription = \"A.\"\nreadme = \"README.md\"\nkeywords = [\"a\"]\n\
                        categories = [\"b\"]\n[package.metadata.docs.rs]\nall-features = true\n[features]\n\
                        # Of old.\ndefault = [\"cli\"]\ncli = []\nsvg = []\n[lints]\nworkspace = true\n";
        let library = "//! A.\n//! With `cli` and `svg`.\n";
        assert_eq!(found(&[("a/Cargo.toml", manifest), ("a/src/lib.rs", library)]), [""; 0]);
        let found =
            found(&[("a/Cargo.toml", &manifest.replace("readme", "read")), ("a/src/lib.rs", "//! `cli`\n")]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("without `readme`"), "{found:?}");
        assert!(found[1].contains("feature `svg`"), "{found:?}");
    }
}
