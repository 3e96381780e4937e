//! What other processes have claimed, in a file of the directory: an owner that is killed cannot tell the next one.
//!
//! A line each, the process's id and the name. It is a hint, and never synced: what it says too much makes somebody wait for a
//! moment, and what is missing is free at once.

use std::collections::BTreeMap;
use std::path::Path;

use crate::disk::{Create, Disk, read_file};
use crate::remote::is_alive;

/// Its name in the data directory.
pub(super) const CLAIMS_FILE: &str = "claims";

/// Names as they stand in the file, with the process that has each.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Names(BTreeMap<String, u32>);

impl Names {
    /// Those of some processes, each with its connections.
    pub(super) fn of(processes: &[(u32, u32, Vec<String>)]) -> Names {
        let names =
            processes.iter().flat_map(|(pid, _, names)| names.iter().map(|name| (written(name), *pid)));
        Names(names.collect())
    }

    /// The process that has a name.
    pub(super) fn holder_of(&self, name: &str) -> Option<u32> {
        self.0.get(&written(name)).copied()
    }

    /// Takes a name away from a process, if it has it.
    pub(super) fn remove(&mut self, name: &str, pid: u32) {
        if self.holder_of(name) == Some(pid) {
            self.0.remove(&written(name));
        }
    }

    /// All of them as they were given, with the process that has each.
    pub(super) fn all(&self) -> Vec<(String, u32)> {
        self.0.iter().map(|(name, pid)| (read(name), *pid)).collect()
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|name, _| keep(&read(name)));
    }

    pub(super) fn extend(&mut self, names: impl IntoIterator<Item = (String, u32)>) {
        self.0.extend(names.into_iter().map(|(name, pid)| (written(&name), pid)));
    }

    /// Adds those of others that it does not have.
    pub(super) fn add(&mut self, others: &Names) {
        others.0.iter().for_each(|(name, pid)| {
            self.0.entry(name.clone()).or_insert(*pid);
        });
    }
}

/// Writes names down, in place of what was there. That they cannot be written is no failure of a claim.
pub(super) fn note(disk: &dyn Disk, names: &Names) {
    let text: String = names.0.iter().map(|(name, pid)| format!("{pid} {name}\n")).collect();
    // In this order, so that who is killed between the two leaves too much, and not nothing.
    let _ = disk.open(Path::new(CLAIMS_FILE), Create::IfMissing).and_then(|file| {
        file.write_all_at(text.as_bytes(), 0)?;
        file.set_len(text.len() as u64)
    });
}

/// What processes that are still there had claimed.
pub(super) fn left(disk: &dyn Disk) -> Names {
    let bytes = read_file(disk, Path::new(CLAIMS_FILE)).ok().flatten().unwrap_or_default();
    of_the_living(&String::from_utf8_lossy(&bytes), is_alive)
}

fn of_the_living(text: &str, is_alive: impl Fn(u32) -> bool) -> Names {
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    let named = lines.filter_map(|(pid, name)| Some((name.to_owned(), pid.parse().ok()?)));
    Names(named.filter(|(_, pid)| is_alive(*pid)).collect())
}

fn written(name: &str) -> String {
    name.escape_default().to_string()
}

/// What [`written`] was made of. What was not made by it stays as it is.
fn read(written: &str) -> String {
    let (mut read, mut rest) = (String::new(), written);
    while let Some((before, escaped)) = rest.split_once('\\') {
        read.push_str(before);
        let one = match escaped.as_bytes().first() {
            Some(b'u') => escaped.strip_prefix("u{").and_then(|hex| {
                let (hex, _) = hex.split_once('}')?;
                Some((char::from_u32(u32::from_str_radix(hex, 16).ok()?)?, hex.len() + 3))
            }),
            Some(b't') => Some(('\t', 1)),
            Some(b'r') => Some(('\r', 1)),
            Some(b'n') => Some(('\n', 1)),
            Some(&quoted @ (b'\\' | b'\'' | b'"')) => Some((quoted.into(), 1)),
            _ => None,
        };
        let (char, length) = one.unwrap_or(('\\', 0));
        read.push(char);
        rest = &escaped[length..];
    }
    read + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemDisk;

    #[test]
    fn what_is_noted_is_found_if_its_process_is_there() {
        let disk = MemDisk::new();
        assert_eq!(left(&disk), Names::default());
        let here = std::process::id();
        note(
            &disk,
            &Names::of(&[(here, 1, vec!["a long name of a job".to_owned(), "two\nlines".to_owned()])]),
        );
        let mut names = Names::of(&[(u32::MAX, 2, vec!["of nobody".to_owned()])]);
        names.add(&Names::of(&[(here, 1, vec!["two\nlines".to_owned(), "of nobody".to_owned()])]));
        note(&disk, &names);
        let names = left(&disk);
        assert_eq!(names.holder_of("two\nlines"), Some(here));
        for name in ["a long name of a job", "lines", "of nobody"] {
            assert_eq!(names.holder_of(name), None, "{name}");
        }
        let mut names = names;
        names.remove("two\nlines", here + 1);
        assert_eq!(names.holder_of("two\nlines"), Some(here));
        names.remove("two\nlines", here);
        assert_eq!(names, Names::default());
    }

    #[test]
    fn what_is_written_is_read_again() {
        for name in ["job", "a 'b' \"c\" \\ d", "\t\r\n\u{0}\u{7f}", "größer — ✓", "", "\\u{41}"] {
            assert_eq!(read(&written(name)), name);
        }
        assert_eq!(read("cut \\u{zz} \\"), "cut \\u{zz} \\");
    }

    #[test]
    fn whatever_else_stands_there_is_passed_over() {
        let names = of_the_living("\n7\nx job\n8 other\n7 job\n\n7 cut", |pid| pid == 7);
        assert_eq!(names.0.into_keys().collect::<Vec<_>>(), ["cut", "job"]);
    }
}
