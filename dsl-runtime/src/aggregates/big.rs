//! Exact arithmetic at the end of an aggregate: what sums of numbers and of products come to, before it is rounded once.

use super::quotient::{bits, rounded_quotient, rounded_ratio, subtract};

/// A number of any length: a whole number of 2^(32 * low).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Big {
    negative: bool,
    low: i32,
    /// Base 2^32, the least significant first, without zeros at either end.
    limbs: Vec<u32>,
}

impl Big {
    pub(super) fn new(negative: bool, low: i32, mut limbs: Vec<u32>) -> Big {
        limbs.truncate(limbs.iter().rposition(|&limb| limb != 0).map_or(0, |last| last + 1));
        let zeros = limbs.iter().position(|&limb| limb != 0).unwrap_or(0);
        limbs.drain(..zeros);
        Big { negative: negative && !limbs.is_empty(), low: low + zeros as i32, limbs }
    }

    pub(super) fn whole(value: u64) -> Big {
        Big::new(false, 0, vec![value as u32, (value >> 32) as u32])
    }

    pub(super) fn is_zero(&self) -> bool {
        self.limbs.is_empty()
    }

    pub(super) fn is_negative(&self) -> bool {
        self.negative
    }

    pub(super) fn times(&self, other: &Big) -> Big {
        let mut limbs = vec![0; self.limbs.len() + other.limbs.len()];
        for (at, &limb) in self.limbs.iter().enumerate() {
            let mut carry = 0;
            for (to, &other) in other.limbs.iter().enumerate() {
                let sum = u64::from(limb) * u64::from(other) + u64::from(limbs[at + to]) + carry;
                limbs[at + to] = sum as u32;
                carry = sum >> 32;
            }
            limbs[at + other.limbs.len()] = carry as u32;
        }
        Big::new(self.negative != other.negative, self.low + other.low, limbs)
    }

    /// This less another that is not greater; neither is negative.
    pub(super) fn minus(&self, other: &Big) -> Big {
        if other.is_zero() {
            return self.clone();
        }
        let low = self.low.min(other.low);
        let (mut mine, mut theirs) = (self.limbs_from(low), other.limbs_from(low));
        let len = mine.len().max(theirs.len());
        mine.resize(len, 0);
        theirs.resize(len, 0);
        subtract(&mut mine, &theirs);
        Big::new(false, low, mine)
    }

    /// The quotient, rounded once to the nearest `f64`, ties to even. The divisor is not 0.
    pub(super) fn divided_by(&self, divisor: &Big) -> f64 {
        self.scaled_quotient(divisor, 0)
    }

    /// The square root of the quotient, which is not negative. The quotient is rounded to 53 bits, and so is its root; neither has
    /// to be within an `f64`'s range before.
    pub(super) fn root_of_quotient(&self, divisor: &Big) -> f64 {
        let top = |number: &Big| number.low * 32 + bits(&number.limbs);
        // An even power of two, so that the quotient is near 1.
        let half = (top(self) - top(divisor)) / 2;
        let root = self.scaled_quotient(divisor, -2 * half).sqrt();
        // Two steps, as one factor alone could be beyond the range.
        root * 2_f64.powi(half / 2) * 2_f64.powi(half - half / 2)
    }

    /// `self / divisor * 2^scale`
    fn scaled_quotient(&self, divisor: &Big, scale: i32) -> f64 {
        let negative = self.negative != divisor.negative;
        let exponent = 32 * (self.low - divisor.low) + scale;
        match divisor.limbs[..] {
            [low] => rounded_quotient(negative, &self.limbs, exponent, u64::from(low)),
            [low, high] => {
                rounded_quotient(negative, &self.limbs, exponent, u64::from(low) | u64::from(high) << 32)
            }
            _ => rounded_ratio(negative, &self.limbs, &divisor.limbs, exponent),
        }
    }

    fn limbs_from(&self, low: i32) -> Vec<u32> {
        let mut limbs = vec![0; (self.low - low) as usize * usize::from(!self.is_zero())];
        limbs.extend(&self.limbs);
        limbs
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn big(value: i128) -> Big {
        let magnitude = value.unsigned_abs();
        Big::new(value < 0, 0, [0, 32, 64, 96].map(|shift| (magnitude >> shift) as u32).to_vec())
    }

    proptest! {
        #[test]
        fn arithmetic_is_that_of_integers(left in any::<i64>(), right in any::<i64>(), shifts in (0_u32..50, 0_u32..50)) {
            // At most 53 bits, so that they are exact as floats.
            let (left, right) = (i128::from(left >> 11 >> shifts.0), i128::from(right >> 11 >> shifts.1));
            prop_assert_eq!(big(left).times(&big(right)), big(left * right));
            let (greater, less) = (left.abs().max(right.abs()) << 40, left.abs().min(right.abs()));
            prop_assert_eq!(big(greater).minus(&big(less)), big(greater - less));
            if right != 0 {
                prop_assert_eq!(big(left << 60).divided_by(&big(right << 60)), left as f64 / right as f64);
            }
            if left != 0 {
                let (square, root) = (big(left).times(&big(left)), left.abs() as f64);
                prop_assert_eq!(square.root_of_quotient(&Big::whole(1)), root);
            }
        }
    }

    #[test]
    fn a_root_may_be_within_the_range_where_the_quotient_is_not() {
        let far = |low| Big::new(false, low, vec![9]);
        assert_eq!(far(62).divided_by(&Big::whole(1)), f64::INFINITY);
        assert_eq!(far(62).root_of_quotient(&Big::whole(1)), 3.0 * 2_f64.powi(31 * 32));
        assert_eq!(far(-66).divided_by(&Big::whole(1)), 0.0);
        assert_eq!(
            far(-66).root_of_quotient(&Big::whole(1)),
            3.0 * 2_f64.powi(-33 * 16) * 2_f64.powi(-33 * 16)
        );
        assert_eq!(Big::new(false, 0, vec![]).root_of_quotient(&Big::whole(3)), 0.0);
    }
}
