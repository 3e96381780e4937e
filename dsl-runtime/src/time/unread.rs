//! Why a text is no instant, or no length of time, and what to write in its place.

use std::fmt;

use jiff::Span;
use jiff::civil::{Date, DateTime};

use super::{ParseDurationError, ParseTimestampError};

/// What is said of a text that is no instant, where nothing nearer is known of it.
pub(super) const PARTS_OF_A_TIME: &str = "write a date, a time of day, and `Z` for UTC or an offset: `2024-05-01T08:10:00Z` or \
     `2024-05-01T08:10:00+02:00`; other forms are read by `Timestamp::strptime(\"%d.%m.%Y %H:%M\", text)`";

/// What is said of a text that is no length of time, where nothing nearer is known of it.
pub(super) const PARTS_OF_A_LENGTH: &str =
    "write numbers with the units `d`, `h`, `m`, `s` and `ms`, the largest first";

impl ParseTimestampError {
    /// Of a text that has been found to be none.
    pub(super) fn of(text: &str) -> ParseTimestampError {
        ParseTimestampError { text: text.to_owned(), reason: no_time(text) }
    }
}

impl ParseDurationError {
    /// Of a text that has been found to be none.
    pub(super) fn of(text: &str) -> ParseDurationError {
        ParseDurationError { text: text.to_owned(), reason: no_length(text) }
    }
}

/// As it is displayed: `.unwrap()` prints this one.
impl fmt::Debug for ParseTimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// As it is displayed: `.unwrap()` prints this one.
impl fmt::Debug for ParseDurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn no_time(text: &str) -> String {
    if text.parse::<i64>().is_ok() {
        return format!(
            "a number may count seconds or milliseconds: write `{text}ms` for milliseconds since 1970, or `Timestamp::from_secs({text})` in \
             place of the text"
        );
    }
    let (day, time) = text.split_at_checked("2024-05-01".len()).unwrap_or((text, ""));
    // Jiff passes over what follows the time of day, such as an offset that cannot be.
    let ends_with_the_time = !time.contains(['+', '-', '[']);
    if let Some(at) = text.parse::<DateTime>().ok().filter(|_| ends_with_the_time) {
        return format!(
            "it does not say its zone: in UTC it is `{at}Z`, and elsewhere it has an offset, `{at}+02:00`"
        );
    }
    let is_written_as_a_day =
        day.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte }).eq(*b"0000-00-00");
    if is_written_as_a_day && day.parse::<Date>().is_err() {
        return format!("the calendar has no day `{day}`");
    }
    PARTS_OF_A_TIME.to_owned()
}

fn no_length(text: &str) -> String {
    if text.parse::<i64>().is_ok() {
        return format!("it has no unit: write `{text}ms`, `{text}s`, `{text}m`, `{text}h` or `{text}d`");
    }
    match text.parse::<Span>() {
        Ok(span) if span.get_years() != 0 || span.get_months() != 0 => {
            "not all months and years are of one length: write them in days, `30d`".to_owned()
        }
        _ => PARTS_OF_A_LENGTH.to_owned(),
    }
}
