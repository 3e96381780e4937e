//! Instants as people write them on the command line.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// What an instant may look like, for help texts.
pub(crate) const FORMS: &str =
    "`2026-03-01T12:00:00Z`, `2026-03-01` or `2026-03-01 12:00`, which are UTC, or milliseconds since 1970";

/// An instant, in milliseconds since 1970. Without a zone it is in UTC, and a date is its midnight.
pub(crate) fn read(text: &str) -> Result<i64, String> {
    if let Ok(ms) = text.parse() {
        return Ok(ms);
    }
    match (text.parse::<Timestamp>(), without_zone(text)) {
        (Ok(instant), _) | (Err(_), Some(instant)) => Ok(instant.as_millisecond()),
        (Err(error), None) => Err(format!("{error}; write it as {FORMS}")),
    }
}

/// A date, perhaps with a time of day. One with an offset is none: it would be passed over.
fn without_zone(text: &str) -> Option<Timestamp> {
    let (_date, time) = text.split_at_checked("2026-03-01".len())?;
    if time.contains(['+', '-', 'Z', 'z', '[']) {
        return None;
    }
    Offset::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::read;

    #[track_caller]
    fn check(text: &str, expected: i64) {
        assert_eq!(read(text), Ok(expected), "{text}");
    }

    #[test]
    fn instants_are_read_with_and_without_a_zone() {
        check("8500", 8_500);
        check("-1", -1);
        check("1970-01-01T00:00:07Z", 7_000);
        check("1970-01-01T02:00:07.5+02:00", 7_500);
        check("1970-01-02", 86_400_000);
        check("1970-01-01 00:01", 60_000);
        check("1970-01-01T00:01:02.003", 62_003);
    }

    #[test]
    fn what_is_none_is_told_with_what_to_write() {
        for text in
            ["noon", "2026-13-01", "2026-02-30", "2026-03-01T25:00", "2026-03-01T12:00+99:00", "", "2026-03"]
        {
            let said = read(text).unwrap_err();
            assert!(said.ends_with("or milliseconds since 1970"), "{text}: {said}");
        }
    }
}
