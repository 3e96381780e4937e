//! Decision records: `docs/decisions/NNNN-title.md`, each number once.

use std::collections::BTreeMap;

use super::Finding;
use super::sources::Sources;

const FOLDER: &str = "docs/decisions/";

pub(super) fn check(sources: &Sources) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut numbers: BTreeMap<&str, &str> = BTreeMap::new();
    for file in sources.files() {
        let Some(name) = file.path.strip_prefix(FOLDER).filter(|name| *name != "README.md") else { continue };
        let Some(number) = number_of(name) else {
            findings.push(Finding::of_file(&file.path, "a decision record is named `NNNN-title.md`"));
            continue;
        };
        if let Some(other) = numbers.insert(number, name) {
            findings.push(Finding::of_file(
                &file.path,
                format!("number {number} is taken by `{other}`: take the next one"),
            ));
        }
        if !file.text.starts_with(&format!("# {number}: ")) {
            let opens = format!("a decision record opens with its number and title, `# {number}: ...`");
            findings.push(Finding::of_line(&file.path, 0, opens));
        }
    }
    findings
}

/// The number of a record, from its file's name.
fn number_of(name: &str) -> Option<&str> {
    let (number, title) = name.strip_suffix(".md")?.split_once('-')?;
    let is_number = number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !title.is_empty() && !title.contains('/')).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_four_digits_and_unique() {
        let sources = Sources::of(&[
            ("docs/decisions/0001-a.md", "# 0001: A\n"),
            ("docs/decisions/0001-b.md", "# 0001: B\n"),
            ("docs/decisions/2-c.md", "# 2: C\n"),
            ("docs/decisions/0003-d.md", "no title\n"),
            ("docs/decisions/0004-e.md", "# 0003: E\n"),
        ]);
        let found: Vec<String> = check(&sources).iter().map(Finding::to_string).collect();
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(found[0].contains("0001 is taken by `0001-a.md`"), "{found:?}");
    }
}
