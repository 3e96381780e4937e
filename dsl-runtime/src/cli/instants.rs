//! Instants as people write them on the command line.

use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::time::Timestamp;

/// What an instant may look like, for help texts.
pub(super) const FORMS: &str = "`2026-03-01T12:00:00Z`, or `2026-03-01` or `2026-03-01 12:00`, which are UTC";

/// An instant. Without a zone it is in UTC, and a date is its midnight. A number alone is none: it may count years, seconds or milliseconds.
pub(super) fn read(text: &str) -> Result<Timestamp, String> {
    let number = text.parse::<i128>();
    match (text.parse::<Timestamp>(), without_zone(text)) {
        (Ok(instant), _) | (Err(_), Some(instant)) => Ok(instant),
        _ if number.is_ok() => Err(format!(
            "a number alone is no time; write it as {FORMS}; milliseconds since 1970 have their unit: `{text}ms`"
        )),
        _ => Err(format!("that is no time; write it as {FORMS}")),
    }
}

/// A date, perhaps with a time of day. One with an offset is none: it would be passed over.
fn without_zone(text: &str) -> Option<Timestamp> {
    let (_date, time) = text.split_at_checked("2026-03-01".len())?;
    if time.contains(['+', '-', 'Z', 'z', '[']) {
        return None;
    }
    let instant = Offset::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok()?;
    Some(Timestamp::from_millis(instant.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_with_and_without_a_zone() {
        for (text, millis) in [
            ("1970-01-01T00:00:07Z", 7_000),
            ("1970-01-01T02:00:07.5+02:00", 7_500),
            ("1970-01-02", 86_400_000),
            ("1970-01-01 00:01", 60_000),
            ("8500ms", 8_500),
        ] {
            assert_eq!(read(text), Ok(Timestamp::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_none_is_told_with_what_to_write() {
        for text in
            ["noon", "2026-13-01", "2026-02-30", "2026-03-01T25:00", "2026-03-01T12:00+99:00", "", "2026-03"]
        {
            let said = read(text).unwrap_err();
            assert!(
                said.starts_with("that is no time; write it as `2026-03-01T12:00:00Z`, or"),
                "{text}: {said}"
            );
        }
        for text in ["2026", "1772366400", "1772366400000", "-1"] {
            let said = read(text).unwrap_err();
            assert!(
                said.starts_with("a number alone is no time; ") && said.ends_with(&format!("`{text}ms`")),
                "{said}"
            );
        }
    }
}
