//! The events and Flink's answers: see README.md beside this file.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::GzDecoder;

const ARCHIVE: &[u8] = include_bytes!("nexmark.tar.gz");

/// The query whose windows are those of the clock: what it answers hangs on when it is run.
pub(crate) const BY_CLOCK: &str = "q12";

/// Files by their names, such as `in-order/q5`.
pub(crate) struct Data {
    files: BTreeMap<String, String>,
}

/// One order of the events.
#[derive(Clone, Copy)]
pub(crate) struct Set<'d> {
    pub(crate) name: &'static str,
    data: &'d Data,
}

impl Data {
    pub(crate) fn unpack() -> Data {
        let mut archive = tar::Archive::new(GzDecoder::new(ARCHIVE));
        let files = archive.entries().unwrap().map(|file| {
            let mut file = file.unwrap();
            let name = file.path().unwrap().with_extension("").to_str().unwrap().to_owned();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            (name, text)
        });
        Data { files: files.collect() }
    }

    pub(crate) fn in_order(&self) -> Set<'_> {
        Set { name: "in-order", data: self }
    }

    pub(crate) fn sets(&self) -> [Set<'_>; 2] {
        [self.in_order(), Set { name: "out-of-order", data: self }]
    }
}

impl<'d> Set<'d> {
    pub(crate) fn events(self) -> &'d str {
        &self.data.files[&format!("{}/events", self.name)]
    }

    /// Flink's answer, if it gives one on this set.
    pub(crate) fn answer(self, query: &str) -> Option<Vec<String>> {
        let text = self.data.files.get(&format!("{}/{query}", self.name))?;
        Some(text.lines().map(str::to_owned).collect())
    }
}

/// Fails with the first row that only one side has.
#[track_caller]
pub(crate) fn assert_same(found: &[String], expected: &[String], what: &str) {
    let differs = found.iter().zip(expected).position(|(found, expected)| found != expected);
    let at = differs.unwrap_or(found.len().min(expected.len()));
    assert!(
        found == expected,
        "{what}: {} rows instead of {}; in order, row {at} is {:?} instead of {:?}",
        found.len(),
        expected.len(),
        found.get(at),
        expected.get(at),
    );
}
