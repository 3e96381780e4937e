//! An exact sum of floats: a fixed-point number so long that no addition ever rounds.
//!
//! Every finite `f64` is a whole number of 2^-1074. The sum is kept as such a whole number, in [`Limbs`]: the value 1.0 is
//! the bit 1074, in limb 33.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::limbs::{Canonical, LIMB_BITS, Limbs};
use super::quotient::rounded_quotient;

/// The exact sum of any number of floats, up to 2^64 of them.
///
/// The order of additions and merges makes no difference, not even in the last bit or in the serialized form. Infinities
/// and NaN are counted beside the sum. One limb in use takes 8 bytes in memory and up to 5 serialized; values between a
/// thousandth and a billion use 3 or 4 limbs, and no sum has more than 69. An addition takes about 4 ns.
///
/// ```
/// use waterwheel::aggregates::ExactSum;
///
/// let mut sum = ExactSum::default();
/// for value in [1e100, 0.1, -1e100, 0.2] {
///     sum.add(value);
/// }
/// assert_eq!(sum.value(), 0.30000000000000004); // the nearest to the sum of what 0.1 and 0.2 really are
/// ```
#[derive(Clone, Default)]
pub struct ExactSum {
    limbs: Limbs,
    special: Option<Box<Special>>,
}

/// How many values were not finite. Counts, not flags, as a value may be taken out again some day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Special {
    nan: u64,
    infinity: u64,
    negative_infinity: u64,
}

impl Special {
    /// Counts a value that is not finite.
    #[cold]
    pub(super) fn count(&mut self, value: f64) {
        if value.is_nan() {
            self.nan += 1;
        } else if value > 0.0 {
            self.infinity += 1;
        } else {
            self.negative_infinity += 1;
        }
    }

    /// Adds what another has counted.
    pub(super) fn merge(&mut self, other: &Special) {
        self.nan += other.nan;
        self.infinity += other.infinity;
        self.negative_infinity += other.negative_infinity;
    }

    /// What a sum with these values is.
    pub(super) fn sum(&self) -> f64 {
        match self {
            Special { nan: 0, infinity: 0, .. } => f64::NEG_INFINITY,
            Special { nan: 0, negative_infinity: 0, .. } => f64::INFINITY,
            _ => f64::NAN,
        }
    }
}

impl ExactSum {
    /// Adds a value.
    #[inline]
    pub fn add(&mut self, value: f64) {
        match parts(value) {
            None => self.special.get_or_insert_default().count(value),
            Some(Parts { mantissa: 0, .. }) => {}
            Some(Parts { negative, mantissa, bit }) => self.limbs.add(negative, mantissa, bit),
        }
    }

    /// Adds all that another sum has added.
    pub fn merge(&mut self, other: ExactSum) {
        if let Some(special) = other.special {
            self.special.get_or_insert_default().merge(&special);
        }
        self.limbs.merge(other.limbs);
    }

    /// The sum, rounded once to the nearest `f64`, ties to even.
    ///
    /// NaN if a NaN or both infinities were added; else the infinity that was added; else an infinity if the sum is beyond
    /// the greatest `f64`. A sum of exactly zero is 0.0, also of values that are all -0.0.
    pub fn value(&self) -> f64 {
        self.mean(1)
    }

    /// The sum divided by `count`, rounded once to the nearest `f64`, ties to even.
    ///
    /// # Panics
    /// If `count` is 0.
    pub fn mean(&self, count: u64) -> f64 {
        assert!(count > 0, "a mean of no values");
        match self.special.as_deref() {
            Some(special) => special.sum(),
            None => {
                let Canonical { negative, low, limbs } = self.limbs.canonical();
                rounded_quotient(negative, &limbs, i32::from(low * LIMB_BITS) - LOWEST_EXPONENT, count)
            }
        }
    }

    fn kept(&self) -> Kept {
        Kept::of(&self.limbs, &self.special)
    }
}

/// A finite float: its sign, and its mantissa of at most 53 bits, whose lowest bit stands for 2^(bit - 1074).
pub(super) struct Parts {
    pub(super) negative: bool,
    pub(super) mantissa: u64,
    pub(super) bit: u16,
}

/// The parts of a float; `None` if it is not finite.
#[inline]
pub(super) fn parts(value: f64) -> Option<Parts> {
    let bits = value.to_bits();
    let exponent = (bits >> 52) as u16 & EXPONENT_MAX;
    if exponent == EXPONENT_MAX {
        return None;
    }
    // Subnormal numbers have the unit of the smallest normal ones and no hidden bit.
    let hidden = u64::from(exponent != 0) << 52;
    let mantissa = bits & ((1 << 52) - 1) | hidden;
    Some(Parts { negative: bits >> 63 == 1, mantissa, bit: exponent.saturating_sub(1) })
}

/// The one form that a sum has in a checkpoint: sign and magnitude, without zero limbs at the ends.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    negative: bool,
    low: u16,
    limbs: Vec<u32>,
    special: Option<Box<Special>>,
}

impl Kept {
    pub(super) fn of(limbs: &Limbs, special: &Option<Box<Special>>) -> Kept {
        let Canonical { negative, low, limbs } = limbs.canonical();
        Kept { negative, low, limbs, special: special.clone() }
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.limbs.is_empty() && self.special.is_none()
    }

    /// What it was made of, of no more limbs than these.
    pub(super) fn read(self, limbs_max: usize) -> Result<(Limbs, Option<Box<Special>>), String> {
        let Kept { negative, low, limbs, special } = self;
        Ok((Limbs::new(Canonical { negative, low, limbs }, limbs_max)?, special))
    }
}

impl PartialEq for ExactSum {
    fn eq(&self, other: &ExactSum) -> bool {
        self.kept() == other.kept()
    }
}

impl Eq for ExactSum {}

impl fmt::Debug for ExactSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExactSum({:?})", self.value())
    }
}

impl Serialize for ExactSum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.kept().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ExactSum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ExactSum, D::Error> {
        let (limbs, special) = Kept::deserialize(deserializer)?.read(LIMBS_MAX).map_err(D::Error::custom)?;
        Ok(ExactSum { limbs, special })
    }
}

/// The lowest bit of a float stands for 2 to the negative of this.
pub(super) const LOWEST_EXPONENT: i32 = 1074;

/// 2^64 times the greatest `f64` ends below bit 2162 (1024 + 1074 + 64), in limb 67; one more for a carry that cancels.
const LIMBS_MAX: usize = 69;

/// The exponent field of infinities and NaN.
const EXPONENT_MAX: u16 = 0x7ff;

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// The same number bit by bit: digit `n` stands for 2^(n - 1074), carries are left until the end.
    struct Bits(Vec<i64>);

    impl Bits {
        fn new() -> Bits {
            Bits(vec![0; 2200])
        }

        fn add(&mut self, value: f64, times: i64) {
            let bits = value.abs().to_bits();
            let exponent = (bits >> 52) as usize;
            let mantissa = (bits & ((1 << 52) - 1)) + if exponent > 0 { 1 << 52 } else { 0 };
            let sign = if value < 0.0 { -times } else { times };
            for bit in 0..53 {
                self.0[bit + exponent.max(1) - 1] += sign * (mantissa >> bit & 1) as i64;
            }
        }

        /// Whether it is negative, and the digits 0 and 1 of its magnitude.
        fn digits(&self) -> (bool, Vec<i64>) {
            let magnitude = |sign: i64| {
                let mut carry = 0;
                let mut digits = self.0.clone();
                for digit in &mut digits {
                    let sum = sign * *digit + carry;
                    carry = sum.div_euclid(2);
                    *digit = sum.rem_euclid(2);
                }
                (carry == 0).then_some(digits)
            };
            match magnitude(1) {
                Some(digits) => (false, digits),
                None => (true, magnitude(-1).unwrap()),
            }
        }

        fn rounded(&self) -> f64 {
            let (negative, digits) = self.digits();
            let Some(top) = digits.iter().rposition(|&digit| digit == 1) else { return 0.0 };
            let last = top.saturating_sub(52);
            let mantissa: i64 = (last..=top).map(|at| digits[at] << (at - last)).sum();
            let below = |at: usize| at < last && digits[at] == 1;
            let half = last > 0 && below(last - 1);
            let more = (0..last.saturating_sub(1)).any(below);
            let mantissa = mantissa + i64::from(half && (more || mantissa % 2 == 1));
            // Two exact steps, as 2^-1074 and 2^1023 are the ends of what a factor can be.
            let exponent = last as i32 - 1074;
            let value =
                mantissa as f64 * 2_f64.powi(exponent.max(-500)) * 2_f64.powi(exponent.min(-500) + 500);
            if negative { -value } else { value }
        }

        /// The magnitude, for comparisons.
        fn magnitude(&self) -> Vec<i64> {
            self.digits().1.into_iter().rev().collect()
        }
    }

    fn sum_of(values: &[f64]) -> ExactSum {
        let mut sum = ExactSum::default();
        values.iter().for_each(|&value| sum.add(value));
        sum
    }

    fn bytes(sum: &ExactSum) -> Vec<u8> {
        postcard::to_stdvec(sum).unwrap()
    }

    /// Floats of every size, as many small ones, and some that cancel each other.
    fn floats() -> impl Strategy<Value = Vec<f64>> {
        let any_size = any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |value| value.is_finite());
        let subnormal = (0_u64..1 << 53).prop_map(f64::from_bits);
        let near_one = (-1000_i64..1000, 0_u32..60).prop_map(|(n, down)| n as f64 / 2_f64.powi(down as i32));
        let value = prop_oneof![any_size, subnormal, near_one, Just(f64::MAX), Just(-0.0)];
        (vec(value, 0..40), any::<bool>()).prop_map(|(mut values, cancel)| {
            if cancel {
                values.extend(values.clone().iter().skip(1).map(|value| -value));
            }
            values
        })
    }

    proptest! {
        #[test]
        fn the_sum_is_that_of_a_bit_by_bit_oracle(values in floats()) {
            let mut bits = Bits::new();
            values.iter().for_each(|&value| bits.add(value, 1));
            prop_assert_eq!(sum_of(&values).value().to_bits(), bits.rounded().to_bits());
        }

        #[test]
        fn no_float_is_nearer_to_the_quotient_than_the_mean(values in floats(), count in 1_i64..1_000) {
            let mean = sum_of(&values).mean(count as u64);
            prop_assume!(mean.is_finite());
            let distance = |mean: f64| {
                let mut bits = Bits::new();
                values.iter().for_each(|&value| bits.add(value, 1));
                bits.add(mean, -count);
                bits.magnitude()
            };
            for neighbour in [mean.next_up(), mean.next_down()].into_iter().filter(|mean| mean.is_finite()) {
                let (ours, theirs) = (distance(mean), distance(neighbour));
                prop_assert!(ours < theirs || ours == theirs && mean.to_bits().is_multiple_of(2), "{neighbour:e} for {mean:e}");
            }
        }

        #[test]
        fn order_and_merging_leave_no_trace(values in floats(), seed in any::<u64>(), middle in any::<prop::sample::Index>()) {
            let expected = sum_of(&values);
            let mut shuffled = values.clone();
            shuffled.sort_by_key(|value| value.to_bits().wrapping_mul(seed | 1));
            let (left, right) = shuffled.split_at(middle.index(values.len() + 1));
            let mut sum = sum_of(left);
            sum.merge(sum_of(right));
            prop_assert_eq!(&sum, &expected);
            prop_assert_eq!(bytes(&sum), bytes(&expected));
            let read: ExactSum = postcard::from_bytes(&bytes(&sum)).unwrap();
            prop_assert_eq!(&read, &expected);
            let mut doubled = read;
            doubled.merge(sum);
            prop_assert_eq!(doubled, sum_of(&[values.clone(), values].concat()));
        }

        #[test]
        fn bytes_from_disk_never_panic(bytes in vec(any::<u8>(), 0..60)) {
            if let Ok(mut sum) = postcard::from_bytes::<ExactSum>(&bytes) {
                sum.add(f64::MAX);
                sum.add(f64::MIN_POSITIVE);
                sum.merge(sum.clone());
                let _ = sum.value();
            }
        }
    }

    #[test]
    fn carries_are_moved_on_before_they_overflow() {
        for value in [f64::MAX, -f64::MAX, 1.0 - f64::EPSILON, -f64::from_bits(1), 0.1] {
            let mut sum = ExactSum::default();
            (0..10_000).for_each(|_| sum.add(value));
            assert_eq!(sum.mean(10_000), value);
            (0..10_000).for_each(|_| sum.add(-value));
            assert_eq!(sum.value().to_bits(), 0.0_f64.to_bits());
            assert_eq!(sum, ExactSum::default());
        }
    }

    #[test]
    fn many_doublings_stay_within_the_limbs() {
        for value in [f64::MAX, -f64::MAX, -f64::from_bits(1)] {
            let mut sum = sum_of(&[value]);
            (0..63).for_each(|_| sum.merge(sum.clone()));
            assert_eq!(sum.mean(1 << 63), value);
            assert!(sum.limbs.len() <= LIMBS_MAX, "{}", sum.limbs.len());
            assert_eq!(postcard::from_bytes::<ExactSum>(&bytes(&sum)).unwrap(), sum);
        }
    }

    #[test]
    fn what_is_not_finite_goes_by_the_rules_of_ieee_754() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        assert_eq!(sum_of(&[1.0, inf, -f64::MAX]).value(), inf);
        assert_eq!(sum_of(&[1.0, -inf, -inf]).value(), -inf);
        assert!(sum_of(&[inf, 1.0, -inf]).value().is_nan());
        assert!(sum_of(&[inf, nan]).value().is_nan());
        assert!(sum_of(&[nan, 1.0]).value().is_nan());
        assert_eq!(sum_of(&[f64::MAX, f64::MAX]).value(), inf);
        assert_eq!(sum_of(&[f64::MAX, f64::MAX, -f64::MAX]).value(), f64::MAX);
    }

    #[test]
    fn a_sum_of_usual_values_is_short() {
        let delays = sum_of(&[11.0, -4.0, 0.0, 853.0]);
        assert_eq!(delays.value(), 860.0);
        assert_eq!(bytes(&delays).len(), 8);
        assert_eq!(bytes(&ExactSum::default()).len(), 4);
        let prices = sum_of(&[0.99, 12.5, 1_000_000_000.01]);
        assert!(prices.limbs.len() <= 4 && bytes(&prices).len() <= 24, "{prices:?}");
    }

    #[test]
    #[ignore = "a measurement: cargo test --release -p dsl-runtime exact_sum -- --ignored --nocapture"]
    fn how_long_an_addition_takes() {
        let prices: Vec<f64> =
            (0..4096_u32).map(|n| f64::from(n.wrapping_mul(2_654_435_761) >> 12) / 100.0).collect();
        for _ in 0..5 {
            let start = std::time::Instant::now();
            let mut sum = ExactSum::default();
            (0..1000).for_each(|_| prices.iter().for_each(|&price| sum.add(std::hint::black_box(price))));
            println!("{:.2} ns an addition", start.elapsed().as_secs_f64() / 4096e3 * 1e9);
            assert!(sum.value() > 0.0);
        }
    }

    #[test]
    fn a_sum_that_no_values_can_have_is_refused() {
        let bytes =
            postcard::to_stdvec(&Kept { negative: false, low: 60, limbs: vec![1; 10], special: None })
                .unwrap();
        assert!(postcard::from_bytes::<ExactSum>(&bytes).is_err());
    }
}
