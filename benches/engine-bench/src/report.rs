//! What a process that does one job tells the one that started it: a line of name and value each.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use crate::Failure;

/// Values by name.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Report(BTreeMap<String, String>);

impl Report {
    pub(crate) fn put(&mut self, name: &str, value: impl Display) {
        self.0.insert(name.to_owned(), value.to_string());
    }

    pub(crate) fn parse(text: &str) -> Self {
        let pairs = text.lines().filter_map(|line| line.split_once(' '));
        Report(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// The value as it was put.
    pub(crate) fn text(&self, name: &str) -> Result<&str, Failure> {
        self.0.get(name).map(String::as_str).ok_or_else(|| format!("the job has not told `{name}`").into())
    }

    pub(crate) fn number(&self, name: &str) -> Result<f64, Failure> {
        let text = self.text(name)?;
        text.parse().map_err(|_| format!("the job has told `{text}` for `{name}`: no number").into())
    }

    /// Checks what the job has come to against what it must: under each of the names both tell the same.
    pub(crate) fn expect(&self, names: &[&str], oracle: &Report) -> Result<(), Failure> {
        for name in names {
            let (is, must) = (self.text(name)?, oracle.text(name)?);
            if is != must {
                return Err(format!("`{name}` is {is} and must be {must}: what was measured is wrong").into());
            }
        }
        Ok(())
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(name, value)| writeln!(f, "{name} {value}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_as_it_was_told() {
        let mut report = Report::default();
        report.put("cpu_s", 0.25);
        report.put("checksum", u64::MAX);
        assert_eq!(Report::parse(&report.to_string()), report);
        assert_eq!(report.number("cpu_s").unwrap(), 0.25);
        assert_eq!(report.text("checksum").unwrap(), "18446744073709551615");
        assert!(report.number("rows").unwrap_err().to_string().contains("`rows`"));
    }

    #[test]
    fn a_wrong_result_is_an_error() {
        let told = Report::parse("rows 10\nkept 3\n");
        told.expect(&["rows", "kept"], &Report::parse("kept 3\nrows 10\nmore 1\n")).unwrap();
        let error = told.expect(&["rows", "kept"], &Report::parse("kept 4\nrows 10\n")).unwrap_err();
        assert!(error.to_string().contains("`kept` is 3 and must be 4"), "{error}");
    }
}
