//! Values of fixed width as JSON: numbers, times, decimals.

use std::io::Write;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};

use super::fault::{Fault, Result};
use super::schema::Kind;

/// A kind of values of a fixed number of bytes that have no parts of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    Bool,
    Signed(usize),
    Unsigned(usize),
    F32,
    F64,
    Timestamp,
    Duration,
    Decimal,
    Date,
    Time,
    DateTime,
    Uuid,
}

/// In nanoseconds.
const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;

/// The most places of a decimal number behind its point.
const PLACES_MAX: usize = 28;

impl Scalar {
    pub(super) fn of(kind: &Kind) -> Option<Scalar> {
        Some(match kind {
            Kind::Bool => Scalar::Bool,
            Kind::I8 => Scalar::Signed(1),
            Kind::I16 => Scalar::Signed(2),
            Kind::I32 => Scalar::Signed(4),
            Kind::I64 => Scalar::Signed(8),
            Kind::I128 => Scalar::Signed(16),
            Kind::U8 => Scalar::Unsigned(1),
            Kind::U16 => Scalar::Unsigned(2),
            Kind::U32 => Scalar::Unsigned(4),
            Kind::U64 => Scalar::Unsigned(8),
            Kind::U128 => Scalar::Unsigned(16),
            Kind::F32 => Scalar::F32,
            Kind::F64 => Scalar::F64,
            Kind::Timestamp => Scalar::Timestamp,
            Kind::Duration => Scalar::Duration,
            Kind::Decimal => Scalar::Decimal,
            Kind::Date => Scalar::Date,
            Kind::Time => Scalar::Time,
            Kind::DateTime => Scalar::DateTime,
            Kind::Uuid => Scalar::Uuid,
            _ => return None,
        })
    }

    /// Bytes of a value.
    pub(super) fn width(self) -> usize {
        match self {
            Scalar::Bool => 1,
            Scalar::Signed(width) | Scalar::Unsigned(width) => width,
            Scalar::F32 | Scalar::Date => 4,
            Scalar::F64 | Scalar::Timestamp | Scalar::Duration | Scalar::Time => 8,
            Scalar::DateTime => 12,
            Scalar::Decimal => 13,
            Scalar::Uuid => 16,
        }
    }

    pub(super) fn is_float(self) -> bool {
        matches!(self, Scalar::F32 | Scalar::F64)
    }

    /// Turns the bytes of a key, which are big-endian, into those of a field. They are of the right width.
    pub(super) fn reorder_key(self, bytes: &mut [u8]) {
        match self {
            Scalar::Bool | Scalar::Uuid => {}
            Scalar::Decimal => bytes[1..].reverse(),
            Scalar::Date => bytes[..2].reverse(),
            Scalar::DateTime => {
                bytes[..2].reverse();
                bytes[4..].reverse();
            }
            _ => bytes.reverse(),
        }
    }

    /// Appends the value that `bytes` are.
    pub(super) fn write(self, bytes: &[u8], out: &mut Vec<u8>) -> Result<()> {
        if bytes.len() != self.width() {
            return Err(Fault::width(self.width(), bytes.len()));
        }
        match self {
            Scalar::Bool => match bytes[0] {
                0 => out.extend_from_slice(b"false"),
                1 => out.extend_from_slice(b"true"),
                other => return Err(Fault::of(format_args!("a bool is 0 or 1, not {other}"))),
            },
            Scalar::Signed(_) | Scalar::Duration => append(out, signed(bytes)),
            Scalar::Unsigned(_) => append(out, unsigned(bytes)),
            Scalar::F32 => in_json(out, &f32::from_bits(unsigned(bytes) as u32)),
            Scalar::F64 => in_json(out, &f64::from_bits(unsigned(bytes) as u64)),
            Scalar::Timestamp => timestamp(signed(bytes) as i64, out),
            Scalar::Decimal => decimal(bytes, out)?,
            Scalar::Date => append(out, format_args!("\"{}\"", date(bytes)?)),
            Scalar::Time => append(out, format_args!("\"{}\"", time(bytes)?)),
            Scalar::DateTime => {
                let both = DateTime::from_parts(date(&bytes[..4])?, time(&bytes[4..])?);
                append(out, format_args!("\"{both}\""));
            }
            Scalar::Uuid => uuid(bytes, out),
        }
        Ok(())
    }
}

/// As serde writes it; a float that JSON has not is null.
pub(super) fn in_json<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(out, value)
        .expect("texts and floats are JSON, and memory takes all that is written");
}

fn append(out: &mut Vec<u8>, what: impl std::fmt::Display) {
    write!(out, "{what}").expect("memory takes all that is written");
}

/// Little-endian, of up to 16 bytes.
fn unsigned(bytes: &[u8]) -> u128 {
    let mut all = [0; 16];
    all[..bytes.len()].copy_from_slice(bytes);
    u128::from_le_bytes(all)
}

/// Two's complement.
fn signed(bytes: &[u8]) -> i128 {
    let above = 128 - 8 * bytes.len() as u32;
    ((unsigned(bytes) << above) as i128) >> above
}

/// With milliseconds, or none if they are 0; as a number of them where the calendar ends.
fn timestamp(ms: i64, out: &mut Vec<u8>) {
    match Timestamp::from_millisecond(ms) {
        Ok(instant) if ms.rem_euclid(1_000) == 0 => append(out, format_args!("\"{instant}\"")),
        Ok(instant) => append(out, format_args!("\"{instant:.3}\"")),
        Err(_) => append(out, format_args!("\"{ms}ms\"")),
    }
}

fn date(bytes: &[u8]) -> Result<Date> {
    let year = i16::from_le_bytes([bytes[0], bytes[1]]);
    let [month, day] = [bytes[2], bytes[3]].map(|number| i8::try_from(number).unwrap_or(i8::MAX));
    Date::new(year, month, day).map_err(|_| Fault::of("the bytes are no date of the years -9999 to 9999"))
}

fn time(bytes: &[u8]) -> Result<Time> {
    let nanos = signed(bytes) as i64;
    if !(0..DAY).contains(&nanos) {
        return Err(Fault::of("the bytes are no time of day: fewer than 86,400 seconds since midnight"));
    }
    let (seconds, nanos) = (nanos / SECOND, nanos % SECOND);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    Time::new(hour as i8, minute as i8, second as i8, nanos as i32).map_err(Fault::of)
}

/// A text of digits with a point among them.
fn decimal(bytes: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let (head, digits) = (bytes[0], unsigned(&bytes[1..]));
    let places = usize::from(head & 0x7f);
    let is_shortest = if digits == 0 { head == 0 } else { places == 0 || !digits.is_multiple_of(10) };
    if places > PLACES_MAX || !is_shortest {
        return Err(Fault::of("the bytes are no decimal number of up to 28 places in its shortest form"));
    }
    let digits = format!("{digits:0>width$}", width = places + 1);
    let (whole, behind) = digits.split_at(digits.len() - places);
    let (sign, point) = (if head >> 7 == 1 { "-" } else { "" }, if places > 0 { "." } else { "" });
    append(out, format_args!("\"{sign}{whole}{point}{behind}\""));
    Ok(())
}

fn uuid(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for (at, byte) in bytes.iter().enumerate() {
        if [4, 6, 8, 10].contains(&at) {
            out.push(b'-');
        }
        append(out, format_args!("{byte:02x}"));
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(scalar: Scalar, bytes: &[u8], expected: &str) {
        let mut out = Vec::new();
        let written = scalar.write(bytes, &mut out);
        let found = written.map_or_else(|fault| fault.to_string(), |()| String::from_utf8(out).unwrap());
        assert_eq!(found, expected, "{scalar:?} of {bytes:?}");
    }

    #[test]
    fn numbers_are_what_their_bytes_say() {
        check(Scalar::Signed(1), &[0x80], "-128");
        check(Scalar::Signed(2), &[1, 255], "-255");
        check(Scalar::Signed(16), &[255; 16], "-1");
        check(Scalar::Unsigned(16), &[255; 16], "340282366920938463463374607431768211455");
        check(Scalar::F32, &0.1_f32.to_le_bytes(), "0.1");
        check(Scalar::F64, &f64::NAN.to_le_bytes(), "null");
        check(Scalar::Bool, &[2], "a bool is 0 or 1, not 2");
        check(Scalar::Unsigned(4), &[1], "a length of 1 instead of 4 bytes");
    }

    #[test]
    fn instants_go_on_where_the_calendar_ends() {
        check(Scalar::Timestamp, &(-1_i64).to_le_bytes(), "\"1969-12-31T23:59:59.999Z\"");
        check(Scalar::Timestamp, &7_000_i64.to_le_bytes(), "\"1970-01-01T00:00:07Z\"");
        check(Scalar::Timestamp, &i64::MAX.to_le_bytes(), "\"9223372036854775807ms\"");
    }

    #[test]
    fn what_is_no_date_time_or_decimal_is_told() {
        check(Scalar::Date, &[221, 7, 2, 30], "the bytes are no date of the years -9999 to 9999");
        check(Scalar::Date, &[221, 7, 200, 1], "the bytes are no date of the years -9999 to 9999");
        check(
            Scalar::Time,
            &DAY.to_le_bytes(),
            "the bytes are no time of day: fewer than 86,400 seconds since midnight",
        );
        let no_decimal = "the bytes are no decimal number of up to 28 places in its shortest form";
        check(Scalar::Decimal, &[29, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], no_decimal);
        check(Scalar::Decimal, &[1, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], no_decimal);
        check(Scalar::Decimal, &[0x83, 15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "\"-0.015\"");
    }
}
