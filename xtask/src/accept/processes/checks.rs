//! What must hold at the end of a round.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::cast::{Lines, Member};
use crate::error::{Error, Result};

/// What a command of the log prints, a line each; it must succeed.
pub(super) fn printed(mut command: Command) -> Result<Vec<String>> {
    let name = format!("{command:?}");
    let output = command.stdin(Stdio::null()).output().map_err(Error::start(&name))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(Error::Program { program: name, status: output.status.to_string(), stderr });
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

/// The lines of the producer are there, each once and in order; and each that was acknowledged is where it was said to be, which no
/// other was. Gives how many were acknowledged.
pub(super) fn notes(there: &[String], count: u64, acks: &[PathBuf]) -> Result<u64> {
    let mut numbers = BTreeMap::new();
    for (number, line) in there.iter().enumerate() {
        let record: Value = serde_json::from_str(line).map_err(|_| refuted(format!("no record: {line}")))?;
        let expected = Lines::text(number as u64);
        if record["value"] != Value::String(expected.clone()) {
            return Err(refuted(format!(
                "`{expected}` was expected, each once and in order; there is {line}"
            )));
        }
        numbers.insert(record["offset"].as_u64(), number);
    }
    if there.len() as u64 != count {
        return Err(refuted(format!("{count} lines were produced, and {} are there", there.len())));
    }
    let mut told = BTreeSet::new();
    for file in acks {
        let mut last = None;
        for line in Member::lines(file)? {
            let ack: Value = serde_json::from_str(&line).map_err(|_| refuted(format!("no ack: {line}")))?;
            let number = numbers.get(&ack["offset"].as_u64()).copied();
            let Some(number) = number.filter(|number| last.is_none_or(|last| *number == last + 1)) else {
                return Err(refuted(format!("what was acknowledged by {line} is not there")));
            };
            if !told.insert(number) {
                return Err(refuted(format!("two lines were acknowledged by {line}: the first was lost")));
            }
            last = Some(number);
        }
    }
    Ok(told.len() as u64)
}

/// What one who followed has printed is of the results, and nothing of it twice. Gives how much it was.
pub(super) fn followed(file: &Path, results: &BTreeSet<String>) -> Result<u64> {
    let mut seen = BTreeSet::new();
    for line in Member::lines(file)? {
        if !results.contains(&line) {
            return Err(refuted(format!("one who followed was shown what is not there: {line}")));
        }
        if let Some(line) = seen.replace(line) {
            return Err(refuted(format!("one who followed was shown twice: {line}")));
        }
    }
    Ok(seen.len() as u64)
}

fn refuted(what: String) -> Error {
    Error::Refuted(what)
}
