//! The files that the rules are about.

use std::fs;
use std::path::Path;

use crate::error::{Error, Result};

/// What holds no sources, at any depth.
const SKIPPED: [&str; 4] = [".git", "target", "waterwheel-data", "wip"];

/// All text files of the workspace.
pub(super) struct Sources {
    files: Vec<File>,
}

/// A text file.
pub(super) struct File {
    /// Relative to the workspace's root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

impl Sources {
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut files = Vec::new();
        read_folder(root, "", &mut files)?;
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(Sources { files })
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File { path: (*path).to_owned(), text: (*text).to_owned() };
        Sources { files: files.iter().map(file).collect() }
    }

    pub(super) fn files(&self) -> &[File] {
        &self.files
    }

    /// The Rust files that are compiled as the project's own code: not the cases that tests read as text.
    pub(super) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".rs") && !file.is_test_case())
    }
}

impl File {
    /// The file's name without its folder.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether the file is the input or the expected output of a test.
    fn is_test_case(&self) -> bool {
        let in_folder = |name: &str| self.path.contains(&format!("/{name}/"));
        in_folder("cases") || in_folder("fail") || in_folder("pass")
    }

    /// Whether the whole file is test code.
    pub(super) fn is_test(&self) -> bool {
        self.path.starts_with("tests/") || self.path.contains("/tests/")
    }

    /// The lines before the tests at the file's foot.
    pub(super) fn lines_without_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines: Vec<&str> = self.text.lines().collect();
        let is_tests = |pair: &[&str]| {
            pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{')
        };
        let end = lines.windows(2).position(is_tests).unwrap_or(lines.len());
        lines.into_iter().take(end).enumerate()
    }
}

fn read_folder(root: &Path, folder: &str, files: &mut Vec<File>) -> Result<()> {
    let at = root.join(folder);
    for entry in fs::read_dir(&at).map_err(Error::path(&at))? {
        let entry = entry.map_err(Error::path(&at))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        let kind = entry.file_type().map_err(Error::path(entry.path()))?;
        // In a linked work tree `.git` is a file.
        if SKIPPED.contains(&name.as_str()) {
            continue;
        }
        if kind.is_dir() {
            read_folder(root, &path, files)?;
        } else if kind.is_file() && name != "Cargo.lock" && name != ".git" {
            let bytes = fs::read(entry.path()).map_err(Error::path(entry.path()))?;
            // What is not text (compressed data, golden bytes) has no lines to judge.
            if let Ok(text) = String::from_utf8(bytes) {
                files.push(File { path, text });
            }
        }
    }
    Ok(())
}
