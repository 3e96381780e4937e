//! The standard types that are keys.

use super::{Key, KeyCode};
use crate::record::{DecodeError, Fault};
use crate::time::{Duration, Timestamp};

macro_rules! integers {
    ($($type:ident)*) => {
        $(#[diagnostic::do_not_recommend]
        impl KeyCode for $type {
            type Grouped<T, E> = crate::handles::Grouped<Self, T, E>;
            const WIDTH: Option<usize> = Some(size_of::<$type>());

            fn type_name() -> String {
                stringify!($type).to_owned()
            }

            #[inline]
            fn encode_key(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }

            #[inline]
            fn decode_key(bytes: &[u8]) -> Result<Self, DecodeError> {
                bytes.try_into().map($type::from_be_bytes).map_err(|_| width(stringify!($type), size_of::<$type>(), bytes))
            }
        })*
    };
}

integers!(i8 i16 i32 i64 i128 u8 u16 u32 u64 u128);

macro_rules! times {
    ($($type:ident)*) => {
        $(#[diagnostic::do_not_recommend]
        impl KeyCode for $type {
            type Grouped<T, E> = crate::handles::Grouped<Self, T, E>;
            const WIDTH: Option<usize> = Some(8);

            fn type_name() -> String {
                stringify!($type).to_owned()
            }

            #[inline]
            fn encode_key(&self, out: &mut Vec<u8>) {
                self.millis().encode_key(out);
            }

            #[inline]
            fn decode_key(bytes: &[u8]) -> Result<Self, DecodeError> {
                i64::decode_key(bytes).map($type::from_millis)
            }
        })*
    };
}

times!(Timestamp Duration);

/// The key of a single group of all rows: no bytes.
#[diagnostic::do_not_recommend]
impl KeyCode for () {
    type Grouped<T, E> = crate::handles::Grouped<Self, T, E>;
    const WIDTH: Option<usize> = Some(0);

    fn type_name() -> String {
        "()".to_owned()
    }

    fn encode_key(&self, _: &mut Vec<u8>) {}

    fn decode_key(bytes: &[u8]) -> Result<(), DecodeError> {
        if bytes.is_empty() { Ok(()) } else { Err(width("()", 0, bytes)) }
    }
}

#[diagnostic::do_not_recommend]
impl KeyCode for bool {
    type Grouped<T, E> = crate::handles::Grouped<Self, T, E>;
    const WIDTH: Option<usize> = Some(1);

    fn type_name() -> String {
        "bool".to_owned()
    }

    fn encode_key(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn decode_key(bytes: &[u8]) -> Result<bool, DecodeError> {
        match *bytes {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(DecodeError::Key { kind: "bool", fault: Fault::Bool(other) }),
            _ => Err(width("bool", 1, bytes)),
        }
    }
}

#[diagnostic::do_not_recommend]
impl KeyCode for String {
    type Grouped<T, E> = crate::handles::Grouped<Self, T, E>;
    const WIDTH: Option<usize> = None;

    fn type_name() -> String {
        "String".to_owned()
    }

    #[inline]
    fn encode_key(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    #[inline]
    fn decode_key(bytes: &[u8]) -> Result<String, DecodeError> {
        let text = std::str::from_utf8(bytes).map_err(|error| Fault::Utf8(error.valid_up_to()));
        text.map(str::to_owned).map_err(|fault| DecodeError::Key { kind: "String", fault })
    }
}

#[diagnostic::do_not_recommend]
impl KeyCode for Vec<u8> {
    type Grouped<T, E> = crate::handles::Grouped<Self, T, E>;
    const WIDTH: Option<usize> = None;

    fn type_name() -> String {
        "Vec<u8>".to_owned()
    }

    fn encode_key(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn decode_key(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
        Ok(bytes.to_vec())
    }
}

/// A byte that tells whether there is a key, then the key.
#[diagnostic::do_not_recommend]
impl<K: Key> KeyCode for Option<K> {
    type Grouped<T, E> = crate::handles::Grouped<Self, T, E>;
    const WIDTH: Option<usize> = None;

    fn type_name() -> String {
        format!("Option<{}>", K::type_name())
    }

    fn written_as() -> String {
        format!("Option<{}>", K::written_as())
    }

    fn encode_key(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.is_some()));
        if let Some(key) = self {
            key.encode_key(out);
        }
    }

    fn decode_key(bytes: &[u8]) -> Result<Option<K>, DecodeError> {
        match bytes.split_first() {
            Some((0, [])) => Ok(None),
            Some((1, key)) => K::decode_key(key).map(Some),
            Some((&flag @ 2.., _)) => Err(DecodeError::Key { kind: "Option", fault: Fault::Bool(flag) }),
            _ => Err(width("Option", 1, bytes)),
        }
    }
}

pub(super) fn width(kind: &'static str, expected: usize, bytes: &[u8]) -> DecodeError {
    DecodeError::Key { kind, fault: Fault::Width { expected, found: bytes.len() } }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use super::*;

    #[track_caller]
    fn check<K: Key + Debug>(key: K, bytes: &[u8]) {
        let mut encoded = Vec::new();
        key.encode_key(&mut encoded);
        assert_eq!(encoded, bytes, "{key:?}");
        assert_eq!(K::decode_key(bytes), Ok(key.clone()));
        if let Some(width) = K::WIDTH {
            assert_eq!(bytes.len(), width, "{key:?}");
            assert!(K::decode_key(&[bytes, &[0]].concat()).is_err(), "{key:?} and a byte more");
        }
    }

    #[test]
    fn keys_are_encoded_as_kafka_does() {
        check(258_i32, &[0, 0, 1, 2]);
        check(-2_i64, &[255, 255, 255, 255, 255, 255, 255, 254]);
        check(7_u8, &[7]);
        check("ÄB".to_owned(), "ÄB".as_bytes());
        check(vec![0_u8, 9], &[0, 9]);
        check(Timestamp::from_millis(1), &[0, 0, 0, 0, 0, 0, 0, 1]);
        check(true, &[1]);
        check((), &[]);
    }

    #[test]
    fn parts_of_variable_width_have_their_length_in_front() {
        check(("AA".to_owned(), 3_u16), &[2, b'A', b'A', 0, 3]);
        check((1_u8, 2_u16), &[1, 0, 2]);
        check((Some(1_u8), None::<String>, String::new(), 5_u8), &[2, 1, 1, 1, 0, 0, 5]);
        check((("a".to_owned(), 1_u8),), &[3, 1, b'a', 1]);
    }

    /// These stand beside users' state. A changed one would refuse it.
    #[test]
    fn types_have_names_that_stay() {
        assert_eq!(u64::type_name(), "u64");
        assert_eq!(Timestamp::type_name(), "Timestamp");
        assert_eq!(<()>::type_name(), "()");
        assert_eq!(<(String,)>::type_name(), "(String,)");
        assert_eq!(
            <(String, Option<i32>, Vec<u8>, bool)>::type_name(),
            "(String, Option<i32>, Vec<u8>, bool)"
        );
    }

    #[test]
    fn bytes_that_are_no_key_say_why() {
        let message = |error: DecodeError| error.to_string();
        assert_eq!(
            message(i32::decode_key(&[1]).unwrap_err()),
            "not a key of type i32: a length of 1 instead of 4 bytes"
        );
        assert_eq!(
            message(bool::decode_key(&[2]).unwrap_err()),
            "not a key of type bool: a bool is 0 or 1, not 2"
        );
        assert_eq!(
            message(String::decode_key(b"a\xff").unwrap_err()),
            "not a key of type String: not UTF-8 from byte 1 on"
        );
        assert!(<(String, u8)>::decode_key(&[9, b'a']).is_err());
        assert!(Option::<u8>::decode_key(&[0, 0]).is_err());
    }
}
