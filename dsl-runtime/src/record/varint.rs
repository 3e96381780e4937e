//! Unsigned numbers in seven bits a byte, the lowest first (LEB128).

/// Appends `number`.
#[inline]
pub(crate) fn put(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// The number that `bytes` begin with, and what lies behind it; `None` if it is cut off or exceeds 64 bits.
#[inline]
pub(crate) fn take(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (at, &byte) in bytes.iter().enumerate().take(10) {
        let bits = u64::from(byte & 0x7f);
        if at == 9 && bits > 1 {
            return None;
        }
        number |= bits << (7 * at);
        if byte < 0x80 {
            return Some((number, &bytes[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_come_back_and_cut_off_ones_do_not() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            super::put(number, &mut bytes);
            assert_eq!(super::take(&bytes), Some((number, &[][..])));
            assert_eq!(super::take(&bytes[..bytes.len() - 1]), None);
        }
        assert_eq!(super::take(&[0xff; 10]), None, "more than 64 bits");
    }
}
