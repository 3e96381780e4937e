//! Unsigned numbers in seven bits a byte, the lowest first (LEB128).

/// The number that `bytes` begin with, and what lies behind it; `None` if it is cut off or exceeds 64 bits.
pub(super) fn take(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (at, &byte) in bytes.iter().enumerate() {
        let bits = u64::from(byte & 0x7f);
        let shift = u32::try_from(7 * at).ok().filter(|shift| *shift < 64)?;
        if bits.leading_zeros() < shift {
            return None;
        }
        number |= bits << shift;
        if byte < 0x80 {
            return Some((number, &bytes[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::take;

    #[test]
    fn numbers_are_read_to_their_end() {
        assert_eq!(take(&[7, 9]), Some((7, &[9][..])));
        assert_eq!(take(&[0xac, 2]), Some((300, &[][..])));
        let greatest = [[0xff; 9].as_slice(), &[1]].concat();
        assert_eq!(take(&greatest), Some((u64::MAX, &[][..])));
        for none in [&[][..], &[0x80], &[0xff; 10], &[[0xff; 9].as_slice(), &[2]].concat(), &[0x80; 40]] {
            assert_eq!(take(none), None, "{none:?}");
        }
    }
}
