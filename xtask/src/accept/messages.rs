//! What rustc says of the mistakes in `ui-tests/mistakes`: whether each is refused, by how many errors, and where the first one lies.
//!
//! A set is a folder: programs that are right (`*.txt`), and `mistakes.jsonl`, a line for each mistake with the lines that it changes
//! in one of them. What was told of them stands beside it in `told.tsv`. Words are not compared here, but in `ui-tests/tests/fail`.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::error::{Error, Result};
use crate::workspace;

/// Where the sets lie.
const SETS: &str = "ui-tests/mistakes";

/// What was told of a set's mistakes, a line each.
const TOLD: &str = "told.tsv";

/// What to do.
pub(super) struct Settings {
    /// One of so many, beginning with the day's: all, if it is 1.
    pub(super) one_in: u64,
    /// What is told now becomes what has to be told.
    pub(super) write: bool,
}

/// A program to give to rustc, and what is known of it.
struct Case {
    set: String,
    /// None for a program that is right.
    mistake: Option<Mistake>,
    /// How messages call it.
    name: String,
    text: String,
}

struct Mistake {
    /// From 1 on.
    line: u64,
    told: Option<Told>,
}

/// What rustc said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Told {
    errors: u64,
    /// The first error lies in the line of the mistake, or beside it.
    is_at: bool,
}

/// What is told of a set.
#[derive(Debug, Default)]
struct Totals {
    mistakes: u64,
    /// By the number of errors: none, one, two, more.
    by_errors: [u64; 4],
    at: u64,
}

/// Gives each mistake to rustc. Fails where one is told worse than it was: not refused any more, by more errors, or elsewhere.
pub(super) fn run(settings: &Settings) -> Result<()> {
    let library = workspace::build_library()?;
    let cases = cases(settings)?;
    let dir = tempfile::tempdir().map_err(Error::path("a directory to work in"))?;
    let told = all(&cases, &library, dir.path())?;
    let (mut refused, mut worse) = (Vec::new(), Vec::new());
    let mut totals: BTreeMap<&str, Totals> = BTreeMap::new();
    let mut lines: BTreeMap<&str, String> = BTreeMap::new();
    for (case, told) in cases.iter().zip(told) {
        let Some(mistake) = &case.mistake else {
            if told.errors > 0 {
                refused.push(case.to_string());
            }
            continue;
        };
        totals.entry(&case.set).or_default().add(told);
        *lines.entry(&case.set).or_default() += &format!("{}\t{told}\n", case.name);
        worse.extend(mistake.told.and_then(|was| told.is_worse_than(was)).map(|how| format!("{case} {how}")));
    }
    for (set, totals) in &totals {
        println!("{set}: {totals}");
    }
    if !refused.is_empty() {
        return Err(Error::Refuted(format!("programs that are right are refused: {}", refused.join(", "))));
    }
    if settings.write {
        for (set, lines) in lines {
            let path = workspace::root().join(SETS).join(set).join(TOLD);
            fs::write(&path, lines).map_err(Error::path(path))?;
        }
        return Ok(());
    }
    if worse.is_empty() {
        return Ok(());
    }
    Err(Error::Refuted(format!(
        "{} programs are told worse than they were; if that is meant, `cargo xtask accept messages --write` records it:\n{}",
        worse.len(),
        worse.join("\n")
    )))
}

/// What rustc says of each, in their order.
fn all(cases: &[Case], library: &Path, dir: &Path) -> Result<Vec<Told>> {
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || -> Result<Vec<(usize, Told)>> {
        let mut done = Vec::new();
        while let Some((index, case)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|n| Some((n, cases.get(n)?)))
        {
            done.push((index, tell(case, index, library, dir)?));
        }
        Ok(done)
    };
    let mut told = std::thread::scope(|scope| -> Result<Vec<_>> {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let mut told = Vec::new();
        for worker in workers {
            told.extend(worker.join().expect("nothing here panics but by a bug")?);
        }
        Ok(told)
    })?;
    told.sort_by_key(|(index, _)| *index);
    Ok(told.into_iter().map(|(_, told)| told).collect())
}

fn tell(case: &Case, index: usize, library: &Path, dir: &Path) -> Result<Told> {
    let source = dir.join(format!("mistake_{index}.rs"));
    fs::write(&source, &case.text).map_err(Error::path(&source))?;
    let dependencies = library.with_file_name("deps");
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition=2024", "--test", "--emit=metadata", "--error-format=json", "--cap-lints=allow"]);
    rustc.arg("--extern").arg(format!("waterwheel={}", library.display()));
    rustc.arg("-L").arg(format!("dependency={}", dependencies.display()));
    rustc.arg("--out-dir").arg(dir).arg(&source).current_dir(dir);
    let output = rustc.output().map_err(Error::start("rustc"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let messages = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    // "aborting due to .." has no place.
    let errors: Vec<u64> = messages
        .filter(|message| message["level"] == "error")
        .filter_map(|message| line_of(&message))
        .collect();
    if errors.is_empty() != output.status.success() {
        return Err(Error::Refuted(format!("rustc says nothing readable of {case}:\n{said}")));
    }
    let line = case.mistake.as_ref().map_or(0, |mistake| mistake.line);
    let is_at = errors.first().is_some_and(|first| first.abs_diff(line) <= 1);
    Ok(Told { errors: errors.len() as u64, is_at })
}

/// Where an error lies.
fn line_of(message: &Value) -> Option<u64> {
    let spans = message["spans"].as_array()?;
    spans.iter().find(|span| span["is_primary"] == true)?["line_start"].as_u64()
}

/// The programs that are right, and the mistakes whose turn it is.
fn cases(settings: &Settings) -> Result<Vec<Case>> {
    let today = jiff::Timestamp::now().as_second().unsigned_abs() / 86_400;
    let mut cases = Vec::new();
    for set in files(&workspace::root().join(SETS))?.into_iter().filter(|set| set.is_dir()) {
        let name = set.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let right = programs(&set)?;
        cases.extend(right.iter().map(|(base, text)| Case {
            set: name.clone(),
            mistake: None,
            name: base.clone(),
            text: text.clone(),
        }));
        let told = told_of(&set)?;
        let path = set.join("mistakes.jsonl");
        let lines = read(&path)?;
        for (at, line) in
            lines.lines().enumerate().filter(|(at, _)| (*at as u64 + today).is_multiple_of(settings.one_in))
        {
            let reason = || format!("line {} is no mistake: a name, a base, a line and edits", at + 1);
            let case = mistake(&name, line, &right, &told);
            cases.push(case.ok_or_else(|| Error::Input { path: path.clone(), reason: reason() })?);
        }
    }
    Ok(cases)
}

fn mistake(
    set: &str,
    line: &str,
    right: &BTreeMap<String, String>,
    told: &BTreeMap<String, Told>,
) -> Option<Case> {
    let value: Value = serde_json::from_str(line).ok()?;
    let name = value["name"].as_str()?;
    let mut text: Vec<&str> = right.get(value["base"].as_str()?)?.lines().collect();
    // From behind, so that the numbers of lines hold.
    for edit in value["edits"].as_array()?.iter().rev() {
        let at = usize::try_from(edit["at"].as_u64()?).ok()?.checked_sub(1)?;
        let end = at + usize::try_from(edit["takes"].as_u64()?).ok()?;
        let puts: Option<Vec<&str>> = edit["puts"].as_array()?.iter().map(Value::as_str).collect();
        if end > text.len() {
            return None;
        }
        text.splice(at..end, puts?);
    }
    Some(Case {
        set: set.to_owned(),
        mistake: Some(Mistake { line: value["line"].as_u64()?, told: told.get(name).copied() }),
        name: name.to_owned(),
        text: text.join("\n") + "\n",
    })
}

/// The programs of a set that are right, by their names.
fn programs(set: &Path) -> Result<BTreeMap<String, String>> {
    let is_program = |path: &PathBuf| path.extension().is_some_and(|found| found == "txt");
    let name =
        |path: &Path| path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    files(set)?.into_iter().filter(is_program).map(|path| Ok((name(&path), read(&path)?))).collect()
}

/// What was told of a set; nothing, before that was recorded.
fn told_of(set: &Path) -> Result<BTreeMap<String, Told>> {
    let path = set.join(TOLD);
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let line = |line: &str| -> Option<(String, Told)> {
        let mut words = line.split('\t');
        let (name, errors, place) = (words.next()?, words.next()?, words.next()?);
        Some((name.to_owned(), Told { errors: errors.parse().ok()?, is_at: place == "there" }))
    };
    let lines = read(&path)?;
    let told: Option<BTreeMap<String, Told>> = lines.lines().map(line).collect();
    told.ok_or_else(|| Error::Input { path, reason: "each line is a name, a number and a place".to_owned() })
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(Error::path(path))
}

/// What lies in a folder, in order.
fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).map_err(Error::path(dir))?;
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(Error::path(dir))?;
    files.sort();
    Ok(files)
}

impl Told {
    /// How it is worse than it was, if it is.
    fn is_worse_than(self, was: Told) -> Option<String> {
        match (self, was) {
            (Told { errors: 0, .. }, Told { errors: 1.., .. }) => Some("is not refused any more".to_owned()),
            _ if self.errors > was.errors => {
                Some(format!("has {} errors, and had {}", self.errors, was.errors))
            }
            (Told { is_at: false, .. }, Told { is_at: true, .. }) => {
                Some("has its first error elsewhere, and had it at the mistake".to_owned())
            }
            _ => None,
        }
    }
}

impl Totals {
    fn add(&mut self, told: Told) {
        self.mistakes += 1;
        self.by_errors[told.errors.min(3) as usize] += 1;
        self.at += u64::from(told.is_at);
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.is_at { "there" } else { "elsewhere" };
        write!(f, "{}\t{place}", self.errors)
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Totals { mistakes, by_errors: [none, one, two, more], at } = self;
        write!(
            f,
            "{mistakes} mistakes; {none} build, {one} have one error, {two} two, {more} more; of {at} the first lies at the mistake"
        )
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` of `{}`", self.name, self.set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_made_from_behind() {
        let right = BTreeMap::from([("base".to_owned(), "a\nb\nc\n".to_owned())]);
        let line = r#"{"name":"n","base":"base","line":2,"edits":[{"at":1,"takes":1,"puts":["x","y"]},{"at":3,"takes":0,"puts":["z"]}]}"#;
        let case = mistake("set", line, &right, &BTreeMap::new()).unwrap();
        assert_eq!(case.text, "x\ny\nb\nz\nc\n");
        assert!(mistake("set", &line.replace("\"at\":3", "\"at\":5"), &right, &BTreeMap::new()).is_none());
    }

    #[test]
    fn more_errors_none_and_one_elsewhere_are_worse() {
        let one = Told { errors: 1, is_at: true };
        assert_eq!(one.is_worse_than(one), None);
        assert_eq!(one.is_worse_than(Told { errors: 2, is_at: true }), None);
        assert!(Told { errors: 0, is_at: false }.is_worse_than(one).is_some());
        assert!(Told { errors: 2, is_at: true }.is_worse_than(one).is_some());
        assert!(Told { errors: 1, is_at: false }.is_worse_than(one).is_some());
    }
}
