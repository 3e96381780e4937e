//! Instants and lengths of time from and to those of the standard library, of jiff, and of chrono with the feature of that name.
//!
//! What is finer than a millisecond is cut off towards the past, so that the order of instants stays; what is further away than the
//! other side has is an error, or the last that it has where there is one.

use std::time::SystemTime;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ZonedDateTime};

use super::{Duration, Timestamp};

/// An instant that another type has no value for, since it lies outside of the years that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the instant {0} is outside of the years that `{1}` has")]
pub struct InstantOutOfRange(Timestamp, &'static str);

/// A text that is no time by its format, or an instant or zone that there is none of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CalendarError(String);

impl Timestamp {
    /// What the system's clock says, to the millisecond.
    ///
    /// For programs around a pipeline, which make rows. A closure over rows must not read the clock, since after a crash the same rows
    /// would give something else; there it does not compile.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    ///
    /// let before = Timestamp::now();
    /// assert!(before <= Timestamp::now() && before > Timestamp::from_secs(1_600_000_000));
    /// ```
    pub fn now() -> Timestamp {
        SystemTime::now().into()
    }

    /// The date and the time of day in UTC; the first or last that jiff has for an instant outside of the years -9999 to 9999.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    ///
    /// let at: Timestamp = "2013-01-01T10:00:00Z".parse().unwrap();
    /// assert_eq!((at.utc().year(), at.utc().hour()), (2013, 10));
    /// assert_eq!(at.utc().date(), waterwheel::civil::date(2013, 1, 1));
    /// ```
    pub fn utc(self) -> DateTime {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => TimeZone::UTC.to_datetime(instant),
            Err(_) if self.0 < 0 => DateTime::MIN,
            Err(_) => DateTime::MAX,
        }
    }

    /// The instant of a date and time of day in UTC; a date alone is its midnight.
    ///
    /// ```
    /// use waterwheel::civil::date;
    /// use waterwheel::prelude::*;
    ///
    /// assert_eq!(Timestamp::from_utc(date(2013, 1, 1).at(10, 0, 0, 0)).to_string(), "2013-01-01T10:00:00Z");
    /// assert_eq!(Timestamp::from_utc(date(2013, 1, 1)).to_string(), "2013-01-01T00:00:00Z");
    /// ```
    pub fn from_utc(at: impl Into<DateTime>) -> Timestamp {
        let at = at.into();
        match TimeZone::UTC.to_timestamp(at) {
            Ok(instant) => instant.into(),
            // The last day of all is not wholly within jiff's instants.
            Err(_) if at.year() < 0 => jiff::Timestamp::MIN.into(),
            Err(_) => jiff::Timestamp::MAX.into(),
        }
    }

    /// The instant as it is in a time zone of the IANA database, such as `Europe/Berlin`: with date, time of day and offset.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    ///
    /// let at: Timestamp = "2013-07-01T10:00:00Z".parse().unwrap();
    /// assert_eq!(at.in_zone("America/New_York")?.hour(), 6);
    /// assert!(at.in_zone("Europe/Atlantis").unwrap_err().to_string().contains("Europe/Atlantis"));
    /// # Ok::<(), waterwheel::CalendarError>(())
    /// ```
    ///
    /// # Errors
    /// If there is no such zone, or the instant is outside of the years -9999 to 9999.
    pub fn in_zone(self, zone: &str) -> Result<ZonedDateTime, CalendarError> {
        let instant = jiff::Timestamp::try_from(self).map_err(|error| CalendarError(error.to_string()))?;
        instant.in_tz(zone).map_err(|error| CalendarError(format!("there is no time zone `{zone}`: {error}")))
    }

    /// The instant as text by a format of `strftime`, in UTC.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    ///
    /// let at: Timestamp = "2013-01-01T10:00:00Z".parse().unwrap();
    /// assert_eq!(at.strftime("%d.%m.%Y %H:%M")?, "01.01.2013 10:00");
    /// assert!(at.strftime("%!").is_err());
    /// # Ok::<(), waterwheel::CalendarError>(())
    /// ```
    ///
    /// # Errors
    /// If the format is none, or the instant is outside of the years -9999 to 9999.
    pub fn strftime(self, format: &str) -> Result<String, CalendarError> {
        let instant = jiff::Timestamp::try_from(self).map_err(|error| CalendarError(error.to_string()))?;
        jiff::fmt::strtime::format(format, &instant.to_zoned_datetime(TimeZone::UTC))
            .map_err(|error| CalendarError(format!("`{format}` is no format of `strftime`: {error}")))
    }

    /// Reads an instant by a format of `strptime`; without an offset or zone in it, in UTC.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    ///
    /// let at = Timestamp::strptime("%d.%m.%Y %H:%M", "01.01.2013 10:00")?;
    /// assert_eq!(at.to_string(), "2013-01-01T10:00:00Z");
    /// let at = Timestamp::strptime("%Y-%m-%d %H:%M %z", "2013-01-01 10:00 +0100")?;
    /// assert_eq!(at.to_string(), "2013-01-01T09:00:00Z");
    /// assert!(Timestamp::strptime("%Y", "soon").is_err());
    /// # Ok::<(), waterwheel::CalendarError>(())
    /// ```
    ///
    /// # Errors
    /// If the text is not what the format says, or says no date.
    pub fn strptime(format: &str, text: &str) -> Result<Timestamp, CalendarError> {
        let failed =
            |error: jiff::Error| CalendarError(format!("`{text}` is no time by `{format}`: {error}"));
        let parsed = jiff::fmt::strtime::parse(format, text).map_err(failed)?;
        if parsed.iana_time_zone().is_some() {
            return parsed.to_zoned_datetime().map(Timestamp::from).map_err(failed);
        }
        match parsed.to_timestamp() {
            Ok(instant) => Ok(instant.into()),
            Err(_) if parsed.offset().is_none() => {
                // A format without a time of day means midnight.
                let date = parsed.to_date().map_err(failed)?;
                Ok(Timestamp::from_utc(parsed.to_datetime().unwrap_or(DateTime::from(date))))
            }
            Err(error) => Err(failed(error)),
        }
    }
}

/// To the millisecond.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Timestamp {
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
            Err(before) => {
                // Towards the past, as everywhere.
                let millis = before.duration().as_nanos().div_ceil(1_000_000);
                Timestamp(i64::try_from(millis).map_or(i64::MIN, |millis| -millis))
            }
        }
    }
}

/// The same instant; where the system has no time that is so far away, the end of jiff's years.
///
/// ```
/// use std::time::SystemTime;
///
/// use waterwheel::prelude::*;
///
/// let at = Timestamp::from_millis(1_500);
/// assert_eq!(SystemTime::from(at), SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(1_500));
/// assert_eq!(Timestamp::from(SystemTime::from(at)), at);
/// ```
impl From<Timestamp> for SystemTime {
    fn from(at: Timestamp) -> SystemTime {
        system_time(at.0).unwrap_or_else(|| {
            let end = if at.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
            system_time(end.as_millisecond()).expect("every system has times of the years -9999 to 9999")
        })
    }
}

fn system_time(millis: i64) -> Option<SystemTime> {
    let apart = std::time::Duration::from_millis(millis.unsigned_abs());
    match millis {
        0.. => SystemTime::UNIX_EPOCH.checked_add(apart),
        _ => SystemTime::UNIX_EPOCH.checked_sub(apart),
    }
}

/// To the millisecond.
impl From<jiff::Timestamp> for Timestamp {
    fn from(instant: jiff::Timestamp) -> Timestamp {
        let millis = instant.as_nanosecond().div_euclid(1_000_000);
        Timestamp(i64::try_from(millis).expect("jiff's years -9999 to 9999 fit into 64 bits"))
    }
}

/// To the millisecond, and without the zone.
impl From<ZonedDateTime> for Timestamp {
    fn from(zoned: ZonedDateTime) -> Timestamp {
        zoned.timestamp().into()
    }
}

impl TryFrom<Timestamp> for jiff::Timestamp {
    type Error = InstantOutOfRange;

    fn try_from(at: Timestamp) -> Result<jiff::Timestamp, InstantOutOfRange> {
        jiff::Timestamp::from_millisecond(at.0).map_err(|_| InstantOutOfRange(at, "jiff::Timestamp"))
    }
}

impl From<Duration> for SignedDuration {
    fn from(length: Duration) -> SignedDuration {
        SignedDuration::from_millis(length.0)
    }
}

/// To the millisecond; the longest for one that is longer.
impl From<SignedDuration> for Duration {
    fn from(length: SignedDuration) -> Duration {
        let millis = length.as_nanos().div_euclid(1_000_000);
        Duration(i64::try_from(millis).unwrap_or(if millis < 0 { i64::MIN } else { i64::MAX }))
    }
}

/// To the millisecond; the longest for one that is longer.
impl From<std::time::Duration> for Duration {
    fn from(length: std::time::Duration) -> Duration {
        Duration(i64::try_from(length.as_millis()).unwrap_or(i64::MAX))
    }
}

impl From<Duration> for std::time::Duration {
    /// The same length; none for a negative one.
    fn from(length: Duration) -> Self {
        std::time::Duration::from_millis(u64::try_from(length.0).unwrap_or(0))
    }
}

#[cfg(feature = "chrono")]
mod of_chrono {
    use chrono::{DateTime, TimeDelta, TimeZone, Utc};

    use super::{Duration, InstantOutOfRange, Timestamp};

    /// To the millisecond, and without the zone.
    impl<Tz: TimeZone> From<DateTime<Tz>> for Timestamp {
        fn from(instant: DateTime<Tz>) -> Timestamp {
            // Chrono rounds towards the past, too.
            Timestamp(instant.timestamp_millis())
        }
    }

    impl TryFrom<Timestamp> for DateTime<Utc> {
        type Error = InstantOutOfRange;

        fn try_from(at: Timestamp) -> Result<DateTime<Utc>, InstantOutOfRange> {
            DateTime::from_timestamp_millis(at.0).ok_or(InstantOutOfRange(at, "chrono::DateTime<Utc>"))
        }
    }

    /// To the millisecond.
    impl From<TimeDelta> for Duration {
        fn from(length: TimeDelta) -> Duration {
            let cut_off = length.subsec_nanos() % 1_000_000 < 0;
            Duration(length.num_milliseconds() - i64::from(cut_off))
        }
    }

    /// The longest that chrono has, for one that is longer.
    impl From<Duration> for TimeDelta {
        fn from(length: Duration) -> TimeDelta {
            TimeDelta::try_milliseconds(length.0).unwrap_or(TimeDelta::MIN)
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn instants_and_lengths_come_back_from_chrono() {
            for millis in [0, -1, 1_357_034_400_250, -62_135_596_800_000] {
                let at = Timestamp::from_millis(millis);
                assert_eq!(Timestamp::from(DateTime::<Utc>::try_from(at).unwrap()), at);
                let length = Duration::from_millis(millis);
                assert_eq!(Duration::from(TimeDelta::from(length)), length);
            }
            let before = DateTime::<Utc>::UNIX_EPOCH - TimeDelta::nanoseconds(1);
            assert_eq!(Timestamp::from(before).millis(), -1);
            assert_eq!(Duration::from(TimeDelta::nanoseconds(-1)).millis(), -1);
            assert_eq!(Duration::from(TimeDelta::nanoseconds(1)).millis(), 0);
            assert_eq!(Duration::from(TimeDelta::from(Duration::MAX)), Duration::MAX);
            let said = DateTime::<Utc>::try_from(Timestamp::MAX).unwrap_err().to_string();
            assert_eq!(
                said,
                "the instant 9223372036854775807ms is outside of the years that `chrono::DateTime<Utc>` has"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_finer_than_a_millisecond_is_cut_off_towards_the_past() {
        let nanos = std::time::Duration::from_nanos;
        assert_eq!(Timestamp::from(SystemTime::UNIX_EPOCH + nanos(1_999_999)).millis(), 1);
        assert_eq!(Timestamp::from(SystemTime::UNIX_EPOCH - nanos(1)).millis(), -1);
        assert_eq!(Timestamp::from(SystemTime::UNIX_EPOCH - nanos(1_000_000)).millis(), -1);
        assert_eq!(Timestamp::from(jiff::Timestamp::from_nanosecond(-1).unwrap()).millis(), -1);
        assert_eq!(Duration::from(SignedDuration::from_nanos(-1)).millis(), -1);
        assert_eq!(Duration::from(nanos(1_999_999)).millis(), 1);
    }

    #[test]
    fn instants_come_back_from_the_systems_times() {
        for millis in [0, 1, -1, 1_357_034_400_250, -377_705_116_800_000, 253_402_207_199_999] {
            let at = Timestamp::from_millis(millis);
            assert_eq!(Timestamp::from(SystemTime::from(at)), at);
        }
        // Whatever a system has, the order of instants stays.
        let [first, early, late, last] =
            [Timestamp::MIN, Timestamp::from_secs(-1), Timestamp::from_secs(1), Timestamp::MAX]
                .map(SystemTime::from);
        assert!(first < early && early < late && late < last);
    }

    #[test]
    fn instants_that_jiff_has_not_are_errors_and_the_calendar_ends_with_its_last_day() {
        let said = jiff::Timestamp::try_from(Timestamp::MAX).unwrap_err().to_string();
        assert_eq!(
            said,
            "the instant 9223372036854775807ms is outside of the years that `jiff::Timestamp` has"
        );
        assert!(Timestamp::MIN.in_zone("UTC").is_err() && Timestamp::MAX.strftime("%Y").is_err());
        assert_eq!((Timestamp::MIN.utc(), Timestamp::MAX.utc()), (DateTime::MIN, DateTime::MAX));
        assert!(Timestamp::from_utc(DateTime::MAX).utc().date() >= date(9999, 12, 30));
        assert_eq!(Duration::from(SignedDuration::MAX), Duration::MAX);
        assert_eq!(std::time::Duration::from(Duration::from_millis(-5)), std::time::Duration::ZERO);
    }

    #[test]
    fn texts_are_read_by_formats_with_an_offset_or_in_utc() {
        let read = |format, text| Timestamp::strptime(format, text).map(|at| at.to_string());
        assert_eq!(read("%Y-%m-%d", "2013-01-31").unwrap(), "2013-01-31T00:00:00Z");
        assert_eq!(
            read("%Y-%m-%dT%H:%M:%S%.f", "2013-01-31T10:00:00.25").unwrap(),
            "2013-01-31T10:00:00.250Z"
        );
        assert_eq!(read("%F %T %Q", "2013-07-01 12:00:00 Europe/Berlin").unwrap(), "2013-07-01T10:00:00Z");
        assert_eq!(read("%s", "1357034400").unwrap(), "2013-01-01T10:00:00Z");
        let said = read("%Y-%m-%d", "2013-02-31").unwrap_err().to_string();
        assert!(said.starts_with("`2013-02-31` is no time by `%Y-%m-%d`: "), "{said}");
        assert!(read("%H:%M", "10:00").is_err(), "there is no date");
    }

    proptest! {
        #[test]
        fn instants_and_lengths_come_back_from_jiff(millis in -377_705_000_000_000_i64..253_402_000_000_000) {
            let at = Timestamp::from_millis(millis);
            prop_assert_eq!(Timestamp::from(jiff::Timestamp::try_from(at).unwrap()), at);
            prop_assert_eq!(Timestamp::from(at.in_zone("America/New_York").unwrap()), at);
            prop_assert_eq!(Timestamp::from_utc(at.utc()), at);
            let format = "%Y-%m-%d %H:%M:%S.%3f";
            prop_assert_eq!(Timestamp::strptime(format, &at.strftime(format).unwrap()).unwrap(), at);
            let length = Duration::from_millis(millis);
            prop_assert_eq!(Duration::from(SignedDuration::from(length)), length);
        }
    }
}
