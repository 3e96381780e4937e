//! Zigzag variable-length integers, as in Kafka's records (and Protocol Buffers' `sint`).

use super::Malformed;

/// Appends `value`: seven bits a byte, the lowest first.
#[inline]
pub(crate) fn put(out: &mut Vec<u8>, value: i64) {
    let mut rest = zigzag(value);
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// How many bytes [`put`] appends.
#[inline]
pub(crate) fn size(value: i64) -> usize {
    let bits = 64 - (zigzag(value) | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

/// Reads one integer from the front of `bytes` and moves past it.
#[inline]
pub(crate) fn take(bytes: &mut &[u8]) -> Result<i64, Malformed> {
    // Most numbers in a record take one byte or two, and a record has six of them.
    match **bytes {
        [first, ref rest @ ..] if first < 0x80 => {
            *bytes = rest;
            Ok(unzigzag(u64::from(first)))
        }
        [first, second, ref rest @ ..] if second < 0x80 => {
            *bytes = rest;
            Ok(unzigzag(u64::from(first & 0x7f) | u64::from(second) << 7))
        }
        _ => take_long(bytes),
    }
}

fn take_long(bytes: &mut &[u8]) -> Result<i64, Malformed> {
    let mut value = 0_u64;
    for (index, &byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            *bytes = &bytes[index + 1..];
            return Ok(unzigzag(value));
        }
    }
    Err(Malformed)
}

#[inline]
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

#[inline]
fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn small_numbers_take_one_byte_in_zigzag_order() {
        for (value, expected) in [(0, 0), (-1, 1), (1, 2), (-64, 127)] {
            let mut out = Vec::new();
            put(&mut out, value);
            assert_eq!(out, [expected]);
        }
    }

    proptest! {
        #[test]
        fn what_is_put_is_taken(value: i64) {
            let mut out = Vec::new();
            put(&mut out, value);
            prop_assert_eq!(out.len(), size(value));
            let mut rest = &out[..];
            prop_assert_eq!(take(&mut rest), Ok(value));
            prop_assert!(rest.is_empty());
            prop_assert_eq!(take(&mut &out[..out.len() - 1]), Err(Malformed));
        }

        /// The lengths that have a way of their own give what the general way gives, whatever follows.
        #[test]
        fn short_numbers_are_read_as_long_ones(mut bytes in proptest::collection::vec(any::<u8>(), 0..12), short: u8) {
            // Many begin with a short number, not with bytes that all go on.
            if let Some(byte) = bytes.get_mut(usize::from(short % 4)) {
                *byte &= 0x7f;
            }
            let (mut rest, mut long) = (&bytes[..], &bytes[..]);
            prop_assert_eq!(take(&mut rest), take_long(&mut long));
            prop_assert_eq!(rest, long);
        }
    }
}
