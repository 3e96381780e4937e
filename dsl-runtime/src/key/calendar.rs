//! Dates and times of day as keys: big-endian, so that keys of one type are in the order of their bytes, but for years before 0.

use jiff::civil::{Date, DateTime, Time};

use super::KeyCode;
use crate::record::{DecodeError, Field, Shape};

/// A key whose bytes are those of a field in another order.
macro_rules! reordered {
    ($($type:ident $width:literal $($parts:literal)*;)*) => {
        $(#[diagnostic::do_not_recommend]
        impl KeyCode for $type {
            type Grouped<T, E> = crate::handles::Grouped<Self, T, E>;
            const WIDTH: Option<usize> = Some($width);

            fn type_name() -> String {
                stringify!($type).to_owned()
            }

            fn encode_key(&self, out: &mut Vec<u8>) {
                let start = out.len();
                self.put(out);
                reverse(&mut out[start..], &[$($parts),*]);
            }

            fn decode_key(bytes: &[u8]) -> Result<Self, DecodeError> {
                let mut field = bytes.to_vec();
                reverse(&mut field, &[$($parts),*]);
                $type::take(&field, &Shape::Plain).map_err(|fault| DecodeError::Key { kind: stringify!($type), fault })
            }
        })*
    };
}

reordered! {
    Date 4 2 1 1;
    Time 8 8;
    DateTime 12 2 1 1 8;
}

/// Turns the bytes of each of the parts round, as far as there are that many.
fn reverse(mut bytes: &mut [u8], parts: &[usize]) {
    for part in parts {
        let Some((now, rest)) = bytes.split_at_mut_checked(*part) else { return };
        now.reverse();
        bytes = rest;
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    #[track_caller]
    fn check<K: KeyCode + PartialEq + std::fmt::Debug>(key: K, bytes: &[u8]) {
        let mut encoded = vec![9];
        key.encode_key(&mut encoded);
        assert_eq!(encoded[1..], *bytes);
        assert_eq!(K::decode_key(bytes), Ok(key));
        assert!(K::decode_key(&bytes[1..]).is_err() && K::decode_key(&[bytes, &[0]].concat()).is_err());
    }

    #[test]
    fn keys_have_these_bytes() {
        check(date(2013, 1, 31), &[7, 221, 1, 31]);
        check(date(-1, 12, 1), &[255, 255, 12, 1]);
        check(time(0, 0, 1, 2), &[0, 0, 0, 0, 59, 154, 202, 2]);
        check(date(1970, 2, 3).at(0, 0, 0, 5), &[7, 178, 2, 3, 0, 0, 0, 0, 0, 0, 0, 5]);
        assert_eq!((Date::type_name(), DateTime::type_name()), ("Date".to_owned(), "DateTime".to_owned()));
        let said = Date::decode_key(&[7, 221, 2, 30]).unwrap_err().to_string();
        assert_eq!(said, "not a key of type Date: the bytes are no date of the years -9999 to 9999");
    }
}
