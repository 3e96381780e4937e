//! `Decimal` as a key: the bytes of a field, the digits big-endian. Numbers that are equal have the same, as each has one form.

use super::KeyCode;
use crate::record::{Decimal, DecodeError, Field, Shape};

#[diagnostic::do_not_recommend]
impl KeyCode for Decimal {
    type Grouped<T, E> = crate::handles::Grouped<Self, T, E>;
    const WIDTH: Option<usize> = Some(13);

    fn type_name() -> String {
        "Decimal".to_owned()
    }

    fn encode_key(&self, out: &mut Vec<u8>) {
        let start = out.len();
        self.put(out);
        out[start + 1..].reverse();
    }

    fn decode_key(bytes: &[u8]) -> Result<Decimal, DecodeError> {
        let mut field = bytes.to_vec();
        if let Some((_, digits)) = field.split_first_mut() {
            digits.reverse();
        }
        Decimal::take(&field, &Shape::Plain).map_err(|fault| DecodeError::Key { kind: "Decimal", fault })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_equal_are_one_key() {
        let key = |text: &str| {
            let mut bytes = Vec::new();
            let number: Decimal = text.parse().unwrap();
            number.encode_key(&mut bytes);
            assert_eq!(Decimal::decode_key(&bytes), Ok(number));
            bytes
        };
        assert_eq!(key("-1.50"), [0x81, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 15]);
        assert_eq!((key("1.5"), key("-0.00")), (key("1.500"), vec![0; 13]));
        for bytes in [&[0x1d; 13][..], &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10], &[0x80; 13], &[0; 12], &[]]
        {
            assert!(Decimal::decode_key(bytes).is_err() || bytes == [0x80; 13], "{bytes:?}");
        }
    }
}
