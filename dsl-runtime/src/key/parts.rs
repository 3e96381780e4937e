//! Keys of several parts: each part of fixed width stands plain, each other with its length in front.

use super::{Key, KeyCode};
use crate::record::{DecodeError, Fault, varint};

/// Appends one part of a key.
pub(super) fn put_part<K: KeyCode>(part: &K, out: &mut Vec<u8>) {
    if K::WIDTH.is_some() {
        return part.encode_key(out);
    }
    let mut bytes = Vec::new();
    part.encode_key(&mut bytes);
    varint::put(bytes.len() as u64, out);
    out.extend_from_slice(&bytes);
}

/// Takes a key apart again.
#[derive(Debug)]
pub struct KeyReader<'a> {
    kind: &'static str,
    rest: &'a [u8],
}

impl<'a> KeyReader<'a> {
    /// A reader of all of `bytes`; `kind` is the key's type, for messages.
    pub fn new(kind: &'static str, bytes: &'a [u8]) -> KeyReader<'a> {
        KeyReader { kind, rest: bytes }
    }

    /// The next part.
    pub fn part<K: KeyCode>(&mut self) -> Result<K, DecodeError> {
        let (length, rest) = match K::WIDTH {
            Some(width) => (width, self.rest),
            None => {
                let (length, rest) = varint::take(self.rest).ok_or_else(|| self.cut_off(1, self.rest))?;
                (usize::try_from(length).map_err(|_| self.cut_off(usize::MAX, rest))?, rest)
            }
        };
        let (part, rest) = rest.split_at_checked(length).ok_or_else(|| self.cut_off(length, rest))?;
        self.rest = rest;
        K::decode_key(part)
    }

    /// The key ends here: refuses further bytes.
    pub fn finish(self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            found => Err(DecodeError::Key { kind: self.kind, fault: Fault::Width { expected: 0, found } }),
        }
    }

    fn cut_off(&self, expected: usize, rest: &[u8]) -> DecodeError {
        DecodeError::Key { kind: self.kind, fault: Fault::Width { expected, found: rest.len() } }
    }
}

macro_rules! tuples {
    ($($name:literal $($part:ident $at:tt)*;)*) => {
        $(#[diagnostic::do_not_recommend]
        impl<$($part: Key),*> KeyCode for ($($part,)*) {
            type Grouped<Row, Times> = crate::handles::Grouped<Self, Row, Times>;
            const WIDTH: Option<usize> = sum(&[$($part::WIDTH),*]);

            fn type_name() -> String {
                tuple_name(&[$($part::type_name()),*])
            }

            fn written_as() -> String {
                tuple_name(&[$($part::written_as()),*])
            }

            fn encode_key(&self, out: &mut Vec<u8>) {
                $(self.$at.put_part(out);)*
            }

            fn decode_key(bytes: &[u8]) -> Result<Self, DecodeError> {
                let mut parts = KeyReader::new($name, bytes);
                let key = ($($part::take_part(&mut parts)?,)*);
                parts.finish()?;
                Ok(key)
            }
        })*
    };
}

tuples! {
    "(A,)" A 0;
    "(A, B)" A 0 B 1;
    "(A, B, C)" A 0 B 1 C 2;
    "(A, B, C, D)" A 0 B 1 C 2 D 3;
    "(A, B, C, D, E)" A 0 B 1 C 2 D 3 E 4;
    "(A, B, C, D, E, F)" A 0 B 1 C 2 D 3 E 4 F 5;
    "(A, B, C, D, E, F, G)" A 0 B 1 C 2 D 3 E 4 F 5 G 6;
    "(A, B, C, D, E, F, G, H)" A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7;
}

/// As Rust writes the type of a tuple.
fn tuple_name(parts: &[String]) -> String {
    match parts {
        [part] => format!("({part},)"),
        parts => format!("({})", parts.join(", ")),
    }
}

/// The width of all parts together, if each has one; for the code that `derive(Key)` writes, too.
pub const fn sum(widths: &[Option<usize>]) -> Option<usize> {
    let (mut total, mut at) = (0, 0);
    while at < widths.len() {
        match widths[at] {
            Some(width) => total += width,
            None => return None,
        }
        at += 1;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_up_to_eight_parts() {
        let key = (7u8, "ab".to_owned(), -1i64, true, Some(3u32), (), 5u64, "c".to_owned());
        let mut bytes = Vec::new();
        key.encode_key(&mut bytes);
        type Eight = (u8, String, i64, bool, Option<u32>, (), u64, String);
        assert_eq!(Eight::decode_key(&bytes).unwrap(), key);
        bytes.push(0);
        Eight::decode_key(&bytes).unwrap_err();
        assert_eq!(Eight::type_name(), "(u8, String, i64, bool, Option<u32>, (), u64, String)");
    }
}
