//! A long integer divided by another, rounded once to the nearest `f64`, ties to even.

/// `integers`' sum divided by their `count`, which is not 0.
pub(super) fn mean_of_integers(sum: i128, count: u64) -> f64 {
    const EXACT: u64 = 1 << f64::MANTISSA_DIGITS;
    let magnitude = sum.unsigned_abs();
    if magnitude <= u128::from(EXACT) && count <= EXACT {
        // Both are exact in an `f64`, and its division rounds to the nearest.
        return sum as f64 / count as f64;
    }
    let limbs = [0, 32, 64, 96].map(|shift| (magnitude >> shift) as u32);
    rounded_quotient(sum < 0, &limbs, 0, count)
}

/// `limbs / divisor * 2^exponent` as the nearest `f64`; `limbs` are base 2^32, the least significant first.
///
/// The divisor must not be 0.
pub(super) fn rounded_quotient(negative: bool, limbs: &[u32], exponent: i32, divisor: u64) -> f64 {
    let (quotient, inexact) = divide(limbs, divisor);
    let exponent = exponent - 32 * EXTRA_LIMBS as i32;
    let Some(top) = quotient.iter().rposition(|&limb| limb != 0) else {
        return 0.0;
    };

    // The 64 bits from the highest set one on, and whether any bit below them is set.
    let limb = |at: Option<usize>| at.map_or(0, |at| u128::from(quotient[at]));
    let three = limb(Some(top)) << 64 | limb(top.checked_sub(1)) << 32 | limb(top.checked_sub(2));
    let shift = 32 - quotient[top].leading_zeros();
    let head = (three >> shift) as u64;
    let lost = three & ((1 << shift) - 1) != 0;
    let rest = &quotient[..top.saturating_sub(2)];
    let inexact = inexact || lost || rest.iter().any(|&limb| limb != 0);
    let head_exponent = exponent + 32 * (top as i32 - 2) + shift as i32;

    let magnitude = round(head, head_exponent, inexact);
    if negative { -magnitude } else { magnitude }
}

/// `dividend / divisor * 2^exponent` as the nearest `f64`, for divisors of any length; limbs as in [`rounded_quotient`].
///
/// The divisor must not be 0, and its last limb must not be.
pub(super) fn rounded_ratio(negative: bool, dividend: &[u32], divisor: &[u32], exponent: i32) -> f64 {
    let (dividend_bits, divisor_bits) = (bits(dividend), bits(divisor));
    if dividend_bits == 0 {
        return 0.0;
    }
    // Shifted so that the quotient has 64 or 65 bits, which are found one by one.
    let shift = 64 + divisor_bits - dividend_bits;
    let mut rest = shifted_left(dividend, shift.max(0) as usize);
    let mut step = shifted_left(divisor, (-shift).max(0) as usize + 64);
    rest.resize(rest.len().max(step.len()), 0);
    step.resize(rest.len(), 0);
    let mut quotient = 0_u128;
    for bit in (0..=64).rev() {
        if rest.iter().rev().ge(step.iter().rev()) {
            subtract(&mut rest, &step);
            quotient |= 1 << bit;
        }
        halve(&mut step);
    }
    let long = quotient >> 64 == 1;
    let inexact = rest.iter().any(|&limb| limb != 0) || long && quotient & 1 == 1;
    let head = (quotient >> u32::from(long)) as u64;
    let magnitude = round(head, exponent - shift + i32::from(long), inexact);
    if negative { -magnitude } else { magnitude }
}

/// How many bits a number has.
pub(super) fn bits(limbs: &[u32]) -> i32 {
    match limbs.iter().rposition(|&limb| limb != 0) {
        Some(top) => 32 * (top as i32 + 1) - limbs[top].leading_zeros() as i32,
        None => 0,
    }
}

fn shifted_left(limbs: &[u32], by: usize) -> Vec<u32> {
    let mut shifted = vec![0; by / 32];
    let mut carry = 0;
    for &limb in limbs {
        let wide = u64::from(limb) << (by % 32) | carry;
        shifted.push(wide as u32);
        carry = wide >> 32;
    }
    shifted.push(carry as u32);
    shifted
}

fn halve(limbs: &mut [u32]) {
    let mut carry = 0;
    for limb in limbs.iter_mut().rev() {
        let low = *limb & 1;
        *limb = *limb >> 1 | carry << 31;
        carry = low;
    }
}

/// Subtracts a number that is not greater, and has as many limbs.
pub(super) fn subtract(limbs: &mut [u32], other: &[u32]) {
    let mut borrow = false;
    for (limb, &other) in limbs.iter_mut().zip(other) {
        let (less, first) = limb.overflowing_sub(other);
        let (less, second) = less.overflowing_sub(u32::from(borrow));
        (*limb, borrow) = (less, first || second);
    }
}

/// Zero limbs put below the dividend: as the divisor has at most 64 bits, a quotient that is not zero then has at least 64.
const EXTRA_LIMBS: usize = 4;

/// Long division, limb by limb: the quotient, [`EXTRA_LIMBS`] longer than the dividend, and whether there is a remainder.
fn divide(limbs: &[u32], divisor: u64) -> (Vec<u32>, bool) {
    let mut quotient = vec![0; EXTRA_LIMBS + limbs.len()];
    quotient[EXTRA_LIMBS..].copy_from_slice(limbs);
    if divisor == 1 {
        return (quotient, false);
    }
    let divisor = u128::from(divisor);
    let mut remainder = 0;
    for limb in quotient.iter_mut().rev() {
        // The remainder is below the divisor, so the dividend fits 96 bits and its quotient 32.
        let dividend: u128 = remainder << 32 | u128::from(*limb);
        *limb = (dividend / divisor) as u32;
        remainder = dividend % divisor;
    }
    (quotient, remainder != 0)
}

/// `head * 2^exponent`, and a little more if `inexact`; the highest bit of `head` is set.
fn round(head: u64, exponent: i32, inexact: bool) -> f64 {
    const MANTISSA_BITS: i32 = f64::MANTISSA_DIGITS as i32;
    let highest = exponent + 63;
    if highest >= f64::MAX_EXP {
        return f64::INFINITY;
    }
    // Below the normal numbers the last place stays at 2^-1074, so that fewer bits are left.
    let kept = MANTISSA_BITS.min(highest + 1075);
    if kept < 0 {
        return 0.0;
    }
    let dropped = 64 - kept;
    let mantissa = head.checked_shr(dropped as u32).unwrap_or(0);
    let rest = u128::from(head) & ((1 << dropped) - 1);
    let half = 1_u128 << (dropped - 1);
    let up = rest > half || (rest == half && (inexact || mantissa & 1 == 1));

    // A carry out of the mantissa runs into the exponent, which is right: also from the greatest `f64` to infinity.
    let bits = if kept == MANTISSA_BITS { ((highest + 1022) as u64) << (MANTISSA_BITS - 1) } else { 0 };
    f64::from_bits(bits + mantissa + u64::from(up))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_quotient_by_one_is_rounded_as_the_compiler_rounds(sum in any::<i128>(), shift in 0_u32..128) {
            let sum = sum >> shift;
            prop_assert_eq!(mean_of_integers(sum, 1), sum as f64);
            let limbs = [0, 32, 64, 96].map(|shift| (sum.unsigned_abs() >> shift) as u32);
            prop_assert_eq!(rounded_quotient(sum < 0, &limbs, 0, 1), sum as f64);
        }

        #[test]
        fn the_long_way_agrees_with_the_processor_where_that_is_exact(sum in 0_u64..1 << 53, count in 1_u64..1 << 53) {
            prop_assert_eq!(rounded_quotient(false, &[sum as u32, (sum >> 32) as u32], 0, count), sum as f64 / count as f64);
        }

        #[test]
        fn the_ratio_of_any_length_agrees_with_the_quotient_by_a_short_one(
            limbs in proptest::collection::vec(any::<u32>(), 0..7), divisor in 1_u64.., shift in 0_u32..64, exponent in -1200_i32..900
        ) {
            let divisor = (divisor >> shift).max(1);
            let expected = rounded_quotient(true, &limbs, exponent, divisor);
            let (low, high) = (divisor as u32, (divisor >> 32) as u32);
            let divisor = if high == 0 { vec![low] } else { vec![low, high] };
            prop_assert_eq!(rounded_ratio(true, &limbs, &divisor, exponent).abs(), expected.abs());
            // Both by the same power of two.
            let far = |limbs: &[u32]| shifted_left(&[&[0; 5][..], limbs].concat(), 7).into_iter().collect::<Vec<_>>();
            prop_assert_eq!(rounded_ratio(false, &far(&limbs), &far(&divisor), exponent), expected.abs());
        }

        #[test]
        fn a_power_of_two_only_moves_the_exponent(mantissa in 1_u64..1 << 53, exponent in -1074_i32..=970) {
            let value = rounded_quotient(false, &[mantissa as u32, (mantissa >> 32) as u32], exponent, 1);
            let exact = mantissa as f64 * 2_f64.powi(exponent / 2) * 2_f64.powi(exponent - exponent / 2);
            prop_assert_eq!(value, exact);
        }
    }

    #[test]
    fn below_the_smallest_float_ties_go_to_even() {
        let smallest = f64::from_bits(1);
        assert_eq!(rounded_quotient(false, &[1], -1074, 2), 0.0);
        assert_eq!(rounded_quotient(false, &[3], -1074, 4), smallest);
        assert_eq!(rounded_quotient(false, &[3], -1074, 2), 2.0 * smallest);
        assert_eq!(rounded_quotient(true, &[1], -1074, 3), 0.0);
        assert_eq!(rounded_quotient(true, &[2], -1074, 3), -smallest);
        assert_eq!(rounded_quotient(false, &[1], -1074, u64::MAX), 0.0);
    }

    #[test]
    fn above_the_greatest_float_is_infinity() {
        assert_eq!(rounded_quotient(false, &[u32::MAX, u32::MAX], 960, 1), f64::INFINITY);
        assert_eq!(rounded_quotient(true, &[1], 1024, 1), f64::NEG_INFINITY);
        assert_eq!(rounded_quotient(true, &[1], 1024, 2), -2_f64.powi(1023));
    }
}
