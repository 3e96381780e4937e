//! Event time: instants and lengths of time in whole milliseconds.

mod arithmetic;
mod conversions;
mod signposts;
mod unread;

use std::fmt;
use std::str::FromStr;

use jiff::fmt::friendly::{Spacing, SpanPrinter};
use jiff::{Span, SpanRelativeTo, SpanRound, Unit};
use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use crate::not_there::not_there;

pub use conversions::{CalendarError, InstantOutOfRange};
pub use signposts::{
    CountsOtherwise, CountsUnits, HasWords, Instant, KnowsCalendar, Length, LengthMadeOtherwise,
    MadeOtherwise, PartOfDate,
};

/// An instant: milliseconds since the Unix epoch, in UTC.
///
/// Arithmetic saturates at [`Timestamp::MIN`] and [`Timestamp::MAX`], which stand for "before every event" and "after
/// every event". It prints and reads as RFC 3339, with milliseconds only where there are any:
///
/// ```
/// use waterwheel::prelude::*;
///
/// let at: Timestamp = "2013-01-01T10:00:00Z".parse().unwrap();
/// assert_eq!(at, Timestamp::from_millis(1_357_034_400_000));
/// assert_eq!((at + Duration::from_millis(250)).to_string(), "2013-01-01T10:00:00.250Z");
/// ```
///
/// Instants outside the years -9999 to 9999 have no RFC 3339 form and print as `<number>ms`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A length of time in milliseconds; negative lengths are allowed. Arithmetic saturates.
///
/// It prints as pipelines write it, the largest units first and zero units left out: `1d2h`, `1m30s`, `250ms`, `0s`. It
/// reads that, and every other form of jiff's friendly format and of ISO 8601 whose units have one length:
///
/// ```
/// use waterwheel::prelude::*;
///
/// let length: Duration = "90m".parse().unwrap();
/// assert_eq!(length.to_string(), "1h30m");
/// assert_eq!("1 hour 30 minutes".parse(), Ok(length));
/// assert_eq!("PT1H30M".parse(), Ok(length));
/// ```
///
/// Lengths of more than about 19,998 years, for which jiff has no units, print as `<number>ms`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(i64);

/// A text that is not an instant.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an RFC 3339 time such as `2013-01-01T10:00:00Z`: {reason}")]
pub struct ParseTimestampError {
    text: String,
    reason: String,
}

/// A text that is not a length of time.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a length of time such as `1h30m`, `10s` or `250ms`: {reason}")]
pub struct ParseDurationError {
    text: String,
    reason: String,
}

impl Timestamp {
    /// Before every event.
    pub const MIN: Timestamp = Timestamp(i64::MIN);
    /// After every event.
    pub const MAX: Timestamp = Timestamp(i64::MAX);

    /// The instant `millis` milliseconds after the Unix epoch (before it, if negative).
    pub const fn from_millis(millis: i64) -> Timestamp {
        Timestamp(millis)
    }

    /// The instant `secs` seconds after the Unix epoch (before it, if negative).
    pub const fn from_secs(secs: i64) -> Timestamp {
        Timestamp(secs.saturating_mul(1_000))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Duration = Duration(0);
    /// The longest length of time.
    pub const MAX: Duration = Duration(i64::MAX);

    /// A length of `millis` milliseconds.
    pub const fn from_millis(millis: i64) -> Duration {
        Duration(millis)
    }

    /// A length of `secs` seconds.
    pub const fn from_secs(secs: i64) -> Duration {
        Duration(secs.saturating_mul(1_000))
    }

    /// A length of `mins` minutes.
    pub const fn from_mins(mins: i64) -> Duration {
        Duration(mins.saturating_mul(60_000))
    }

    /// A length of `hours` hours.
    pub const fn from_hours(hours: i64) -> Duration {
        Duration(hours.saturating_mul(3_600_000))
    }

    /// A length of `days` days of 24 hours.
    pub const fn from_days(days: i64) -> Duration {
        Duration(days.saturating_mul(86_400_000))
    }

    /// The length in milliseconds.
    pub const fn millis(self) -> i64 {
        self.0
    }
}

impl Timestamp {
    fn write(self, out: &mut impl fmt::Write) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) if self.0.rem_euclid(1_000) == 0 => write!(out, "{instant}"),
            Ok(instant) => write!(out, "{instant:.3}"),
            Err(_) => write!(out, "{}ms", self.0),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.width().is_none() || f.precision().is_some() {
            return self.write(f);
        }
        let mut text = String::new();
        self.write(&mut text)?;
        f.pad(&text)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Duration {
    fn write(self, out: &mut impl fmt::Write) -> fmt::Result {
        const PRINTER: SpanPrinter = SpanPrinter::new().spacing(Spacing::None);
        let in_days = SpanRound::new().largest(Unit::Day).days_are_24_hours();
        match Span::new().try_milliseconds(self.0).and_then(|span| span.round(in_days)) {
            Ok(span) => out.write_str(&PRINTER.span_to_string(&span)),
            Err(_) => write!(out, "{}ms", self.0),
        }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.width().is_none() || f.precision().is_some() {
            return self.write(f);
        }
        let mut text = String::new();
        self.write(&mut text)?;
        f.pad(&text)
    }
}

impl fmt::Debug for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    /// Reads RFC 3339 with any offset; digits beyond the millisecond are cut off.
    fn from_str(text: &str) -> Result<Timestamp, ParseTimestampError> {
        if let Some(millis) = text.strip_suffix("ms").and_then(|number| number.parse().ok()) {
            return Ok(Timestamp(millis));
        }
        match text.parse::<jiff::Timestamp>() {
            Ok(instant) => {
                let millis = instant.as_nanosecond().div_euclid(1_000_000);
                Ok(Timestamp(i64::try_from(millis).expect("jiff's years -9999 to 9999 fit into 64 bits")))
            }
            Err(_) => Err(ParseTimestampError::of(text)),
        }
    }
}

impl FromStr for Duration {
    type Err = ParseDurationError;

    /// Reads what [`Duration`] prints, and jiff's other forms, with days of 24 hours; digits beyond the millisecond are cut
    /// off.
    ///
    /// # Errors
    /// Years and months are refused, for not all of them are of one length.
    fn from_str(text: &str) -> Result<Duration, ParseDurationError> {
        if let Some(millis) = text.strip_suffix("ms").and_then(|number| number.parse().ok()) {
            return Ok(Duration(millis));
        }
        let days = SpanRelativeTo::days_are_24_hours();
        match text.parse::<Span>().and_then(|span| span.to_duration(days)) {
            Ok(length) => {
                Ok(Duration(i64::try_from(length.as_millis()).expect("jiff's 19,998 years fit into 64 bits")))
            }
            Err(_) => Err(ParseDurationError::of(text)),
        }
    }
}

/// RFC 3339 in formats for people (JSON), the number of milliseconds in the others.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Rfc3339)
        } else {
            i64::deserialize(deserializer).map(Timestamp)
        }
    }
}

/// The number of milliseconds.
impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        i64::deserialize(deserializer).map(Duration)
    }
}

struct Rfc3339;

impl de::Visitor<'_> for Rfc3339 {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an RFC 3339 time such as \"2013-01-01T10:00:00Z\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
        text.parse().map_err(E::custom)
    }
}

not_there! {
    [] Timestamp:
    [<T>(self) -> T] where [PartOfDate<T>: KnowsCalendar]:
        year month day hour minute second date time weekday day_of_week day_of_year week date_naive naive_utc;
    [<T, F>(self, _: F) -> T] where [PartOfDate<T>: KnowsCalendar]: format truncate trunc date_trunc;
    [<T, A>(_: A) -> <Instant<T> as MadeOtherwise>::Made] where [Instant<T>: MadeOtherwise]:
        parse new of from_epoch from_millis_since_epoch from_ms from_seconds from_iso from_rfc3339 parse_from_rfc3339 from_str_opt from_string;
    [<'a>(self) -> i64] where [&'a Timestamp: CountsOtherwise]:
        secs seconds as_secs as_seconds as_millis to_millis epoch epoch_millis unix unix_timestamp timestamp timestamp_millis getTime to_secs as_i64;
    [<T>(self, _: T) -> bool] where [PartOfDate<T>: HasWords]: before after is_before is_after isBefore isAfter;
    [<T>(self, _: T) -> Duration] where [PartOfDate<T>: HasWords]: since until duration_since signed_duration_since elapsed_since diff;
    [<T>(self, _: T) -> Timestamp] where [PartOfDate<T>: HasWords]:
        plus minus plus_secs plus_seconds plus_minutes plus_hours plus_days add_secs add_hours add_days checked_add checked_sub saturating_add saturating_sub;
}

not_there! {
    [] Duration:
    [<'a>(self) -> i64] where [&'a Duration: CountsUnits]:
        secs as_secs as_seconds as_millis as_minutes as_mins as_hours as_days to_millis to_secs num_seconds num_minutes num_hours num_days
        num_milliseconds whole_seconds whole_minutes whole_hours total_seconds total_minutes in_seconds in_minutes in_hours toMillis toMinutes
        getSeconds;
    [<'a>(self) -> f64] where [&'a Duration: CountsUnits]: as_secs_f64 as_secs_f32 seconds_f64;
    [<T, A>(_: A) -> <Length<T> as LengthMadeOtherwise>::Made] where [Length<T>: LengthMadeOtherwise]:
        seconds minutes hours days millis_of milliseconds of ofSeconds ofMinutes ofHours ofDays new from_seconds from_minutes from_ms parse;
}

#[cfg(test)]
mod tests {
    use super::unread::{PARTS_OF_A_LENGTH, PARTS_OF_A_TIME};
    use super::*;

    #[track_caller]
    fn check(millis: i64, expected: &str) {
        let instant = Timestamp::from_millis(millis);
        assert_eq!(instant.to_string(), expected);
        assert_eq!(expected.parse::<Timestamp>().unwrap(), instant);
        let json = serde_json::to_string(&instant).unwrap();
        assert_eq!(json, format!("\"{expected}\""));
        assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), instant);
        let bytes = postcard::to_stdvec(&instant).unwrap();
        assert_eq!(bytes, postcard::to_stdvec(&millis).unwrap());
        assert_eq!(postcard::from_bytes::<Timestamp>(&bytes).unwrap(), instant);
    }

    #[test]
    fn instants_print_as_short_as_exact_and_read_back() {
        check(1_357_034_400_000, "2013-01-01T10:00:00Z");
        check(1_357_034_400_250, "2013-01-01T10:00:00.250Z");
        check(0, "1970-01-01T00:00:00Z");
        check(-1, "1969-12-31T23:59:59.999Z");
        check(i64::MAX, "9223372036854775807ms");
        check(i64::MIN, "-9223372036854775808ms");
    }

    #[test]
    fn other_offsets_are_read_and_microseconds_cut_off() {
        let at: Timestamp = "2013-01-01T05:00:00.250999-05:00".parse().unwrap();
        assert_eq!(at.to_string(), "2013-01-01T10:00:00.250Z");
        let before: Timestamp = "1969-12-31T23:59:59.9999Z".parse().unwrap();
        assert_eq!(before.millis(), -1);
    }

    #[test]
    fn a_text_that_is_no_time_says_what_to_write() {
        for (text, reason) in [
            (
                "2024-05-01 08:10",
                "it does not say its zone: in UTC it is `2024-05-01T08:10:00Z`, and elsewhere it has an offset, `2024-05-01T08:10:00+02:00`",
            ),
            (
                "2024-05-01",
                "it does not say its zone: in UTC it is `2024-05-01T00:00:00Z`, and elsewhere it has an offset, `2024-05-01T00:00:00+02:00`",
            ),
            (
                "1714550400",
                "a number may count seconds or milliseconds: write `1714550400ms` for milliseconds since 1970, or `Timestamp::from_secs(1714550400)` \
                 in place of the text",
            ),
            ("2024-02-30T08:10:00Z", "the calendar has no day `2024-02-30`"),
            ("", PARTS_OF_A_TIME),
            ("2024-05-01T25:00:00Z", PARTS_OF_A_TIME),
            ("01.05.2024 08:10", PARTS_OF_A_TIME),
            ("2024-05-01T08:10:00[Europe/Berlin]", PARTS_OF_A_TIME),
            ("2024-05-01T08:10:00+99:00", PARTS_OF_A_TIME),
            ("übermorgen", PARTS_OF_A_TIME),
        ] {
            let error = text.parse::<Timestamp>().unwrap_err();
            let said = format!("`{text}` is not an RFC 3339 time such as `2013-01-01T10:00:00Z`: {reason}");
            assert_eq!((error.to_string(), format!("{error:?}")), (said.clone(), said));
        }
    }

    #[test]
    fn a_text_that_is_no_time_says_what_was_expected() {
        let message = "yesterday".parse::<Timestamp>().unwrap_err().to_string();
        assert!(
            message.starts_with("`yesterday` is not an RFC 3339 time such as `2013-01-01T10:00:00Z`"),
            "{message}"
        );
        let message = serde_json::from_str::<Timestamp>("12").unwrap_err().to_string();
        assert!(message.contains("expected an RFC 3339 time"), "{message}");
    }

    #[track_caller]
    fn check_length(millis: i64, expected: &str) {
        let length = Duration::from_millis(millis);
        assert_eq!(length.to_string(), expected);
        assert_eq!(expected.parse(), Ok(length));
    }

    #[test]
    fn lengths_print_in_the_largest_units_and_read_back() {
        check_length(90_000, "1m30s");
        check_length(26 * 3_600_000, "1d2h");
        check_length(86_400_000 + 1, "1d1ms");
        check_length(400 * 86_400_000, "400d");
        check_length(-250, "-250ms");
        check_length(-90_061_001, "-1d1h1m1s1ms");
        check_length(0, "0s");
        check_length(i64::MAX, "9223372036854775807ms");
        check_length(i64::MIN, "-9223372036854775808ms");
    }

    #[test]
    fn instants_and_lengths_are_padded_in_tables() {
        let (at, length) = (Timestamp::from_millis(250), Duration::from_mins(90));
        assert_eq!(format!("{at:>25}|{length:<7}|"), " 1970-01-01T00:00:00.250Z|1h30m  |");
        assert_eq!(format!("{:?}", [at]), "[1970-01-01T00:00:00.250Z]");
        assert_eq!(format!("{length:^9?}"), "  1h30m  ");
    }

    #[test]
    fn lengths_are_read_in_jiffs_other_forms() {
        for text in ["90m", "1.5h", "1h 30m", "1 hour, 30 minutes", "PT1H30M", "5400000ms", "1:30:00"] {
            assert_eq!(text.parse(), Ok(Duration::from_mins(90)), "{text}");
        }
        assert_eq!("1w".parse(), Ok(Duration::from_days(7)));
        assert_eq!("1.9ms".parse(), Ok(Duration::from_millis(1)));
    }

    #[test]
    fn what_is_no_length_says_what_to_write() {
        for (text, reason) in [
            ("10", "it has no unit: write `10ms`, `10s`, `10m`, `10h` or `10d`"),
            ("1mo", "not all months and years are of one length: write them in days, `30d`"),
            ("2y", "not all months and years are of one length: write them in days, `30d`"),
            ("soon", PARTS_OF_A_LENGTH),
            ("10x", PARTS_OF_A_LENGTH),
            ("", PARTS_OF_A_LENGTH),
        ] {
            let error = text.parse::<Duration>().unwrap_err();
            let said =
                format!("`{text}` is not a length of time such as `1h30m`, `10s` or `250ms`: {reason}");
            assert_eq!((error.to_string(), format!("{error:?}")), (said.clone(), said));
        }
    }

    #[test]
    fn what_is_no_length_says_what_was_expected() {
        for text in ["", "10", "soon", "1mo", "2y", "10x"] {
            let message = text.parse::<Duration>().unwrap_err().to_string();
            let expected = format!("`{text}` is not a length of time such as `1h30m`, `10s` or `250ms`: ");
            assert!(message.starts_with(&expected), "{message}");
        }
    }
}
