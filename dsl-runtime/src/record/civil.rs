//! Dates and times of day of the calendar as fields: jiff's civil types.

use jiff::civil::{Date, DateTime, Time};

use super::error::Fault;
use super::field::{Field, by_serde, fixed};
use super::layout::Shape;
use super::schema::Kind;

/// The year as an `i16`, the month and the day.
#[diagnostic::do_not_recommend]
impl Field for Date {
    const KIND: Kind = Kind::Date;

    by_serde!();

    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        let [low, high] = self.year().to_le_bytes();
        out.extend_from_slice(&[low, high, self.month() as u8, self.day() as u8]);
    }

    #[inline]
    fn take(value: &[u8], _: &Shape) -> Result<Date, Fault> {
        let [low, high, month, day] = fixed(value)?;
        // Neither has as many as 128, so that what is beyond stays wrong as a negative one.
        Date::new(i16::from_le_bytes([low, high]), month as i8, day as i8).map_err(|_| NO_DATE)
    }

    #[inline]
    fn not_decoded() -> Date {
        Date::ZERO
    }
}

/// Nanoseconds since midnight.
#[diagnostic::do_not_recommend]
impl Field for Time {
    const KIND: Kind = Kind::Time;

    by_serde!();

    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        let seconds =
            (i64::from(self.hour()) * 60 + i64::from(self.minute())) * 60 + i64::from(self.second());
        let nanos = seconds * SECOND + i64::from(self.subsec_nanosecond());
        out.extend_from_slice(&nanos.to_le_bytes());
    }

    #[inline]
    fn take(value: &[u8], _: &Shape) -> Result<Time, Fault> {
        let nanos = i64::from_le_bytes(fixed(value)?);
        if !(0..DAY).contains(&nanos) {
            return Err(NO_TIME);
        }
        let (seconds, nanos) = (nanos / SECOND, nanos % SECOND);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        Time::new(hour as i8, minute as i8, second as i8, nanos as i32).map_err(|_| NO_TIME)
    }

    #[inline]
    fn not_decoded() -> Time {
        Time::midnight()
    }
}

/// The date, then the time.
#[diagnostic::do_not_recommend]
impl Field for DateTime {
    const KIND: Kind = Kind::DateTime;

    by_serde!();

    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        self.date().put(out);
        self.time().put(out);
    }

    #[inline]
    fn take(value: &[u8], shape: &Shape) -> Result<DateTime, Fault> {
        let [date @ .., _, _, _, _, _, _, _, _] = &fixed::<12>(value)?;
        Ok(DateTime::from_parts(Date::take(date, shape)?, Time::take(&value[4..], shape)?))
    }

    #[inline]
    fn not_decoded() -> DateTime {
        DateTime::ZERO
    }
}

const NO_DATE: Fault = Fault::Value("the bytes are no date of the years -9999 to 9999");
const NO_TIME: Fault = Fault::Value("the bytes are no time of day: fewer than 86,400 seconds since midnight");

/// In nanoseconds.
const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;
