//! `Decimal` as a field: numbers of up to 28 places, exact.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Deref, Div, Mul, Neg, Rem, Sub, SubAssign};
use std::str::FromStr;

use rust_decimal::Decimal as Inner;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::Fault;
use super::field::{Field, by_serde};
use super::layout::Shape;
use super::schema::Kind;

/// A decimal number: a whole number of up to 96 bits (28 digits, and some of 29) with up to 28 places behind the point. Sums and means of them are exact.
///
/// It is the number of the crate `rust_decimal`, whose methods it has, in its shortest form: `1.50` is `1.5`, in rows, as a key and as text. So numbers that are equal are
/// the same bytes. Two places are printed by `format!("{price:.2}")`.
///
/// ```
/// use waterwheel::record::Decimal;
///
/// let price: Decimal = "19.90".parse()?;
/// assert_eq!((price * 3.into()).to_string(), "59.7");
/// assert_eq!(format!("{:.2}", price + Decimal::new(10, 2)), "20.00"); // 10 hundredths
/// assert_eq!(Decimal::from(price.round_dp(0)).to_string(), "20");
/// # Ok::<(), waterwheel::record::ParseDecimalError>(())
/// ```
///
/// Arithmetic panics where the result has no place in 96 bits, and rounds what has more than 28 places, halves to even. Not through serde features of `rust_decimal`: in
/// JSON it is a text, `"19.9"`; what others write as a number of up to 15 digits is read, too.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(Inner);

/// A text that is no decimal number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a decimal number of up to 28 digits, such as `-19.90`: {reason}")]
pub struct ParseDecimalError {
    text: String,
    reason: String,
}

impl Decimal {
    /// Nothing.
    pub const ZERO: Decimal = Decimal(Inner::ZERO);
    /// The greatest: 79,228,162,514,264,337,593,543,950,335.
    pub const MAX: Decimal = Decimal(Inner::MAX);
    /// The least: as the greatest, and negative.
    pub const MIN: Decimal = Decimal(Inner::MIN);

    /// The number `digits` with its last `places` digits behind the point: `Decimal::new(1990, 2)` is 19.9.
    ///
    /// # Panics
    /// If there are more than 28 places.
    pub fn new(digits: i64, places: u32) -> Decimal {
        Inner::new(digits, places).into()
    }

    /// The nearest `f64`.
    pub fn to_f64(self) -> f64 {
        // By its text, which is exact, and is read to the nearest.
        self.0.to_string().parse().expect("a decimal number is a float's text")
    }

    /// The number without its point, and how many places are behind that.
    pub(crate) fn parts(self) -> (i128, u32) {
        (self.0.mantissa(), self.0.scale())
    }

    /// The number of these parts, in its shortest form; `None` if it does not fit.
    pub(crate) fn of_parts(digits: i128, places: u32) -> Option<Decimal> {
        Inner::try_from_i128_with_scale(digits, places).ok().map(Decimal::from)
    }
}

/// In its shortest form.
impl From<Inner> for Decimal {
    fn from(number: Inner) -> Decimal {
        Decimal(number.normalize())
    }
}

impl From<Decimal> for Inner {
    fn from(number: Decimal) -> Inner {
        number.0
    }
}

macro_rules! from_integers {
    ($($type:ident)*) => {$(
        impl From<$type> for Decimal {
            fn from(number: $type) -> Decimal {
                Inner::from(number).into()
            }
        }
    )*};
}
from_integers!(i8 i16 i32 i64 u8 u16 u32 u64);

/// The methods of `rust_decimal`'s number; what they give comes back by `Decimal::from`.
impl Deref for Decimal {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

macro_rules! arithmetic {
    ($($operator:ident $method:ident)*) => {$(
        impl $operator for Decimal {
            type Output = Decimal;

            fn $method(self, other: Decimal) -> Decimal {
                $operator::$method(self.0, other.0).into()
            }
        }
    )*};
}
arithmetic!(Add add  Sub sub  Mul mul  Div div  Rem rem);

impl AddAssign for Decimal {
    fn add_assign(&mut self, other: Decimal) {
        *self = *self + other;
    }
}

impl SubAssign for Decimal {
    fn sub_assign(&mut self, other: Decimal) {
        *self = *self - other;
    }
}

impl Neg for Decimal {
    type Output = Decimal;

    fn neg(self) -> Decimal {
        Decimal::from(-self.0)
    }
}

impl Sum for Decimal {
    fn sum<I: Iterator<Item = Decimal>>(numbers: I) -> Decimal {
        numbers.fold(Decimal::ZERO, Add::add)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Decimal {
    type Err = ParseDecimalError;

    /// Reads a number with or without a point, and one with an exponent such as `1.5e3`. What does not fit is refused, never rounded.
    fn from_str(text: &str) -> Result<Decimal, ParseDecimalError> {
        let refused = |reason: String| ParseDecimalError { text: text.to_owned(), reason };
        let number = match text.contains(['e', 'E']) {
            true => {
                of_exponent(text).ok_or_else(|| refused("it has too many digits, or is none".to_owned()))?
            }
            false => Inner::from_str_exact(text).map_err(|error| refused(error.to_string()))?,
        };
        Ok(number.into())
    }
}

/// A number with an exponent, exactly.
fn of_exponent(text: &str) -> Option<Inner> {
    let (digits, exponent) = text.split_once(['e', 'E'])?;
    let (mut number, mut exponent) =
        (Inner::from_str_exact(digits).ok()?.normalize(), exponent.parse::<i32>().ok()?);
    while exponent > 0 && !number.is_zero() {
        number = number.checked_mul(Inner::TEN)?;
        exponent -= 1;
    }
    let places = i32::try_from(number.scale()).ok()?.checked_sub(exponent.min(0))?;
    match number.is_zero() {
        true => Some(Inner::ZERO),
        false => Inner::try_from_i128_with_scale(number.mantissa(), u32::try_from(places).ok()?).ok(),
    }
}

/// A byte with the sign and the number of places, then the digits as a number of twelve bytes.
#[diagnostic::do_not_recommend]
impl Field for Decimal {
    const KIND: Kind = Kind::Decimal;

    by_serde!();

    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        let digits = self.0.mantissa();
        out.push(u8::from(digits < 0) << 7 | self.0.scale() as u8);
        out.extend_from_slice(&digits.unsigned_abs().to_le_bytes()[..12]);
    }

    #[inline]
    fn take(value: &[u8], _: &Shape) -> Result<Decimal, Fault> {
        let Some((&[head], digits)) = value.split_first_chunk().filter(|(_, digits)| digits.len() == 12)
        else {
            return Err(Fault::Width { expected: 13, found: value.len() });
        };
        let mut bytes = [0; 16];
        bytes[..12].copy_from_slice(digits);
        let (digits, places) = (u128::from_le_bytes(bytes), u32::from(head & 0x7f));
        let is_shortest = if digits == 0 { head == 0 } else { places == 0 || digits % 10 != 0 };
        if places > Inner::MAX_SCALE || !is_shortest {
            return Err(Fault::Value(
                "the bytes are no decimal number of up to 28 places in its shortest form",
            ));
        }
        let digits = digits as i128;
        Ok(Decimal(Inner::from_i128_with_scale(if head >> 7 == 1 { -digits } else { digits }, places)))
    }

    #[inline]
    fn not_decoded() -> Decimal {
        Decimal::ZERO
    }
}

/// A text in formats for people, the bytes of a field in the others.
impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serializer.is_human_readable() {
            true => serializer.collect_str(self),
            false => {
                let mut bytes = Vec::with_capacity(13);
                self.put(&mut bytes);
                serializer.serialize_bytes(&bytes)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        match deserializer.is_human_readable() {
            true => deserializer.deserialize_any(Text),
            false => deserializer.deserialize_bytes(Bytes),
        }
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number as a text, such as \"19.90\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Decimal, E> {
        Ok(number.into())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Decimal, E> {
        Ok(number.into())
    }

    /// The number that stood there, if it has few enough digits for an `f64` to keep them all.
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Decimal, E> {
        let text = number.to_string();
        let digits = text.trim_start_matches(['-', '0', '.']).chars().filter(char::is_ascii_digit).count();
        match digits <= f64::DIGITS as usize {
            true => self.visit_str(&text),
            false => Err(E::custom(format_args!(
                "the number {text} may have lost digits, as numbers in JSON keep {} of them: write it as a text, \"{text}\"",
                f64::DIGITS
            ))),
        }
    }
}

struct Bytes;

impl Visitor<'_> for Bytes {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes of a decimal number")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Decimal, E> {
        Decimal::take(bytes, &Shape::Plain).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_exactly_or_refused() {
        let read = |text: &str| text.parse::<Decimal>().map(|number| number.to_string());
        for (text, expected) in [
            ("19.90", "19.9"),
            ("-0.0", "0"),
            ("100", "100"),
            ("1.5e3", "1500"),
            ("25E-4", "0.0025"),
            ("0e99", "0"),
            ("79228162514264337593543950335", "79228162514264337593543950335"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
        }
        for text in [
            "",
            "x",
            "1e40",
            "1e-40",
            "79228162514264337593543950336",
            "0.00000000000000000000000000001",
            "1e",
        ] {
            let said = read(text).unwrap_err().to_string();
            assert!(said.starts_with(&format!("`{text}` is not a decimal number")), "{said}");
        }
    }

    #[test]
    fn in_json_it_is_a_text_and_numbers_of_few_digits_are_read() {
        let read = |json: &str| serde_json::from_str::<Decimal>(json).map_err(|error| error.to_string());
        assert_eq!(serde_json::to_string(&Decimal::new(-1990, 2)).unwrap(), r#""-19.9""#);
        for json in [r#""19.9""#, "19.90", "1.99e1"] {
            assert_eq!(read(json).unwrap().to_string(), "19.9");
        }
        assert_eq!((read("-7").unwrap(), read("0.001").unwrap()), (Decimal::from(-7), Decimal::new(1, 3)));
        let said = read("0.12345678901234567").unwrap_err();
        assert!(said.contains("may have lost digits"), "{said}");
        assert!(read("null").unwrap_err().contains("expected a decimal number as a text"));
    }

    #[test]
    fn it_is_the_nearest_float() {
        for text in ["0.1", "-19.9", "79228162514264337593543950335", "0.0000000000000000000000000001"] {
            assert_eq!(text.parse::<Decimal>().unwrap().to_f64(), text.parse::<f64>().unwrap());
        }
    }
}
