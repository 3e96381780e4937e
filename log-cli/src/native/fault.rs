//! What is wrong with a row, a key or a schema.

use std::fmt;

/// What came of reading.
pub(super) type Result<T> = std::result::Result<T, Fault>;

/// What is wrong, and in which field of what.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault(String);

impl Fault {
    pub(super) fn of(what: impl fmt::Display) -> Fault {
        Fault(what.to_string())
    }

    /// So many bytes where there should be others.
    pub(super) fn width(expected: usize, found: usize) -> Fault {
        Fault(format!("a length of {found} instead of {expected} bytes"))
    }

    /// It lies in a field of a record, or in the record itself.
    pub(super) fn within(self, record: &str, field: Option<&str>) -> Fault {
        match field {
            Some(field) => Fault(format!("field `{field}` of `{record}`: {}", self.0)),
            None => Fault(format!("`{record}`: {}", self.0)),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
