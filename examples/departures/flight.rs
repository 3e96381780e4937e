//! A flight, and how it is read from a line of CSV.

use std::fmt;

use csv::ByteRecord;
use waterwheel::prelude::*;

/// A flight that was scheduled to leave New York. Times of day are New York's, as `hhmm`.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub(crate) struct Flight {
    pub(crate) year: u16,
    pub(crate) month: u8,
    pub(crate) day: u8,
    /// Absent if the flight was cancelled.
    pub(crate) dep_time: Option<u16>,
    pub(crate) sched_dep_time: u16,
    /// In minutes; negative is early.
    pub(crate) dep_delay: Option<i16>,
    pub(crate) arr_time: Option<u16>,
    pub(crate) sched_arr_time: u16,
    pub(crate) arr_delay: Option<i16>,
    pub(crate) carrier: String,
    pub(crate) flight: u16,
    pub(crate) tailnum: Option<String>,
    pub(crate) origin: String,
    pub(crate) dest: String,
    /// In minutes.
    pub(crate) air_time: Option<u16>,
    /// In miles.
    pub(crate) distance: u16,
    /// Of the scheduled departure, in New York.
    pub(crate) hour: u8,
    /// Of the scheduled departure.
    pub(crate) minute: u8,
    /// The scheduled departure, cut to the hour.
    pub(crate) time_hour: Timestamp,
}

/// The columns of the file, in their order.
pub(crate) const COLUMNS: [&str; 19] = [
    "year",
    "month",
    "day",
    "dep_time",
    "sched_dep_time",
    "dep_delay",
    "arr_time",
    "sched_arr_time",
    "arr_delay",
    "carrier",
    "flight",
    "tailnum",
    "origin",
    "dest",
    "air_time",
    "distance",
    "hour",
    "minute",
    "time_hour",
];

/// A value that its column cannot hold.
#[derive(Debug, PartialEq)]
pub(crate) struct BadValue {
    column: &'static str,
    value: String,
    expected: String,
}

impl Flight {
    /// Reads the line into this flight. Its texts are used again, so that a file of many lines allocates for the longest only.
    pub(crate) fn set(&mut self, line: &ByteRecord) -> Result<(), BadValue> {
        let mut fields = Fields { line, at: 0 };
        self.year = fields.number()?;
        self.month = fields.number()?;
        self.day = fields.number()?;
        self.dep_time = fields.optional_number()?;
        self.sched_dep_time = fields.number()?;
        self.dep_delay = fields.optional_number()?;
        self.arr_time = fields.optional_number()?;
        self.sched_arr_time = fields.number()?;
        self.arr_delay = fields.optional_number()?;
        fields.text(&mut self.carrier)?;
        self.flight = fields.number()?;
        fields.optional_text(&mut self.tailnum)?;
        fields.text(&mut self.origin)?;
        fields.text(&mut self.dest)?;
        self.air_time = fields.optional_number()?;
        self.distance = fields.number()?;
        self.hour = fields.number()?;
        self.minute = fields.number()?;
        self.time_hour = fields.time()?;
        Ok(())
    }
}

/// The fields of a line, one after the other.
struct Fields<'l> {
    line: &'l ByteRecord,
    at: usize,
}

impl<'l> Fields<'l> {
    fn next(&mut self) -> &'l [u8] {
        let field = self.line.get(self.at).unwrap_or_default();
        self.at += 1;
        field
    }

    fn number<N: TryFrom<i64> + Bounds>(&mut self) -> Result<N, BadValue> {
        let field = self.next();
        whole_number(field)
            .and_then(|number| N::try_from(number).ok())
            .ok_or_else(|| self.bad(field, format!("a whole number from {} to {}", N::LEAST, N::GREATEST)))
    }

    fn optional_number<N: TryFrom<i64> + Bounds>(&mut self) -> Result<Option<N>, BadValue> {
        let field = self.next();
        if field == b"NA" {
            return Ok(None);
        }
        let number = whole_number(field).and_then(|number| N::try_from(number).ok());
        number.map(Some).ok_or_else(|| {
            self.bad(field, format!("NA or a whole number from {} to {}", N::LEAST, N::GREATEST))
        })
    }

    fn text(&mut self, text: &mut String) -> Result<(), BadValue> {
        let field = self.next();
        match std::str::from_utf8(field) {
            Ok(field) if !field.is_empty() && field != "NA" => {
                text.clear();
                text.push_str(field);
                Ok(())
            }
            _ => Err(self.bad(field, "a text in UTF-8".to_owned())),
        }
    }

    fn optional_text(&mut self, text: &mut Option<String>) -> Result<(), BadValue> {
        if self.line.get(self.at) == Some(b"NA") {
            self.at += 1;
            *text = None;
            return Ok(());
        }
        self.text(text.get_or_insert_default())
    }

    fn time(&mut self) -> Result<Timestamp, BadValue> {
        let field = self.next();
        let time = std::str::from_utf8(field).ok().and_then(|text| text.parse().ok());
        time.ok_or_else(|| self.bad(field, "a time such as 2013-01-01T10:00:00Z".to_owned()))
    }

    /// What is wrong with the field that was taken last.
    fn bad(&self, field: &[u8], expected: String) -> BadValue {
        let column = COLUMNS[self.at - 1];
        BadValue { column, value: String::from_utf8_lossy(field).into_owned(), expected }
    }
}

/// A decimal number of at most 18 digits.
fn whole_number(field: &[u8]) -> Option<i64> {
    let (negative, digits) = match field.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, field),
    };
    if digits.is_empty() || digits.len() > 18 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
    Some(if negative { -number } else { number })
}

/// The numbers that a column's type can hold, for messages.
trait Bounds {
    const LEAST: i64;
    const GREATEST: i64;
}

macro_rules! bounds {
    ($($number:ty),*) => {$(
        impl Bounds for $number {
            const LEAST: i64 = <$number>::MIN as i64;
            const GREATEST: i64 = <$number>::MAX as i64;
        }
    )*};
}
bounds!(u8, u16, i16);

impl fmt::Display for BadValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column `{}` is `{}` and should be {}", self.column, self.value, self.expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: [&str; 19] = [
        "2013",
        "1",
        "1",
        "517",
        "515",
        "-2",
        "830",
        "819",
        "11",
        "UA",
        "1545",
        "N14228",
        "EWR",
        "IAH",
        "227",
        "1400",
        "5",
        "15",
        "2013-01-01T10:00:00Z",
    ];

    #[test]
    fn a_line_becomes_a_flight() {
        let mut flight = Flight::default();
        flight.set(&ByteRecord::from(LINE.to_vec())).unwrap();
        assert_eq!((flight.dep_time, flight.dep_delay), (Some(517), Some(-2)));
        assert_eq!((flight.carrier.as_str(), flight.tailnum.as_deref()), ("UA", Some("N14228")));
        assert_eq!(flight.time_hour.to_string(), "2013-01-01T10:00:00Z");
    }

    #[test]
    fn nothing_of_the_line_before_is_left() {
        let mut flight = Flight::default();
        flight.set(&ByteRecord::from(LINE.to_vec())).unwrap();
        let mut cancelled = LINE;
        for missing in [3, 5, 6, 8, 11, 14] {
            cancelled[missing] = "NA";
        }
        flight.set(&ByteRecord::from(cancelled.to_vec())).unwrap();
        assert_eq!((flight.dep_time, flight.dep_delay, flight.arr_time), (None, None, None));
        assert_eq!((flight.arr_delay, &flight.tailnum, flight.air_time), (None, &None, None));
    }

    #[track_caller]
    fn check(column: usize, value: &str, expected: &str) {
        let mut line = LINE;
        line[column] = value;
        let bad = Flight::default().set(&ByteRecord::from(line.to_vec())).unwrap_err();
        assert_eq!(bad.to_string(), expected);
    }

    #[test]
    fn a_bad_value_names_its_column_and_what_it_should_be() {
        check(
            5,
            "soon",
            "column `dep_delay` is `soon` and should be NA or a whole number from -32768 to 32767",
        );
        check(17, "256", "column `minute` is `256` and should be a whole number from 0 to 255");
        check(9, "NA", "column `carrier` is `NA` and should be a text in UTF-8");
        check(18, "2013", "column `time_hour` is `2013` and should be a time such as 2013-01-01T10:00:00Z");
    }
}
