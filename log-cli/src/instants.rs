//! Instants as people write them on the command line.

use std::ops::{Range, RangeInclusive};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// What an instant may look like, for help texts.
pub(crate) const FORMS: &str =
    "`2026-03-01T12:00:00Z`, `2026-03-01` or `2026-03-01 12:00`, which are UTC, or milliseconds since 1970";

/// Numbers from the beginning of 2000 up to the end of 9999 are taken for milliseconds since 1970: smaller ones are years or seconds, larger
/// ones parts of milliseconds.
const MILLISECONDS: RangeInclusive<i128> = 946_684_800_000..=253_402_300_799_999;

/// The years 2000 to 2099, in milliseconds since 1970.
const LIKELY: Range<i128> = 946_684_800_000..4_102_444_800_000;

/// An instant, in milliseconds since 1970. Without a zone it is in UTC, and a date is its midnight. A number that may not be meant as
/// milliseconds is refused; with its unit, `8500ms`, it is not.
pub(crate) fn read(text: &str) -> Result<i64, String> {
    if let Some(ms) = text.strip_suffix("ms").and_then(|ms| ms.parse().ok()) {
        return Ok(ms);
    }
    if let Ok(number) = text.parse::<i128>() {
        let ms = i64::try_from(number).ok().filter(|_| MILLISECONDS.contains(&number));
        return ms.ok_or_else(|| instead_of(number));
    }
    match (text.parse::<Timestamp>(), without_zone(text)) {
        (Ok(instant), _) | (Err(_), Some(instant)) => Ok(instant.as_millisecond()),
        (Err(error), None) => Err(format!("{error}; write it as {FORMS}")),
    }
}

/// What to write instead of a number of which it is not clear what it counts.
fn instead_of(number: i128) -> String {
    if (1000..=9999).contains(&number) {
        return format!(
            "if the year is meant, write `{number}-01-01`, its first day; milliseconds since 1970 are written `{number}ms`"
        );
    }
    let counted = [("seconds", 1_000, 1), ("microseconds", 1, 1_000), ("nanoseconds", 1, 1_000_000)];
    let likely = counted.into_iter().find_map(|(what, times, over)| {
        let ms = number.checked_mul(times)? / over;
        // Instants of these years are what is mostly meant.
        LIKELY.contains(&ms).then(|| format!("it looks like {what} since 1970: write milliseconds, {ms}"))
    });
    likely.unwrap_or_else(|| match i64::try_from(number) {
        Ok(_) => format!("so many milliseconds since 1970 are hardly meant, being before 2000 or after 9999; write it as {FORMS}, and those as `{number}ms`"),
        Err(_) => format!("that is no time; write it as {FORMS}"),
    })
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
        check("946684800000", 946_684_800_000);
        check("1772366400000", 1_772_366_400_000);
        check("8500ms", 8_500);
        check("-1ms", -1);
        check("1970-01-01T00:00:07Z", 7_000);
        check("1970-01-01T02:00:07.5+02:00", 7_500);
        check("1970-01-02", 86_400_000);
        check("1970-01-01 00:01", 60_000);
        check("1970-01-01T00:01:02.003", 62_003);
    }

    #[test]
    fn a_number_that_may_count_something_else_is_refused_with_what_to_write() {
        for (text, said) in [
            (
                "2026",
                "if the year is meant, write `2026-01-01`, its first day; milliseconds since 1970 are written `2026ms`",
            ),
            ("1772366400", "it looks like seconds since 1970: write milliseconds, 1772366400000"),
            ("1772366400000000", "it looks like microseconds since 1970: write milliseconds, 1772366400000"),
            (
                "1772366400000000000",
                "it looks like nanoseconds since 1970: write milliseconds, 1772366400000",
            ),
            ("946684799999", "so many milliseconds since 1970 are hardly meant, being before 2000"),
            ("0", "so many milliseconds since 1970 are hardly meant, being before 2000"),
            ("-1", "so many milliseconds since 1970 are hardly meant, being before 2000"),
            ("99999999999999999999999", "that is no time; write it as"),
            ("999999999999999999999999999999999999999999", "; write it as"),
        ] {
            let refused = read(text).unwrap_err();
            assert!(refused.contains(said), "{text}: {refused}");
        }
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
