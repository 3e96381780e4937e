//! The exact sum of numbers and of products of two: what `variance` and `weighted_mean` keep.
//!
//! Whole numbers are added up in 192 bits. What a float is in goes to [`Limbs`], whose lowest bit stands for 2^-2176: the
//! product of two floats is a whole number of 2^-2148, and the limbs of both parts lie on one another as 2176 is 68 limbs.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Exact;
use super::big::Big;
use super::exact_sum::{self, LOWEST_EXPONENT, Parts, Special, parts};
use super::limbs::{Canonical, Limbs};

/// The sum, of up to 2^63 numbers. The order of additions and merges makes no difference, nor to the serialized form.
#[derive(Clone, Default)]
pub struct ExactTotal {
    /// In two's complement, the least significant first. 2^63 products of two numbers of 64 bits fit.
    whole: [u64; 3],
    /// What floats come to: nothing until there is one.
    floats: Option<Box<Floats>>,
}

#[derive(Clone, Default)]
struct Floats {
    limbs: Limbs,
    special: Option<Box<Special>>,
}

/// The lowest bit of the limbs stands for 2 to the negative of this.
const LOWEST: i32 = 68 * 32;

/// 2^63 products, each of less than 2^2048, end below bit 4287, in limb 133; one more for a carry that cancels.
const LIMBS_MAX: usize = 135;

impl ExactTotal {
    /// Adds a number.
    #[inline]
    pub(super) fn add(&mut self, value: Exact) {
        self.add_product(value, Exact::ONE);
    }

    /// Adds a product.
    #[inline]
    pub(super) fn add_product(&mut self, left: Exact, right: Exact) {
        match (left, right) {
            (
                Exact::Whole { negative, magnitude },
                Exact::Whole { negative: other_negative, magnitude: other },
            ) => self.add_whole(negative != other_negative, u128::from(magnitude) * u128::from(other)),
            (left, right) => self.add_floats(left, right),
        }
    }

    #[inline]
    fn add_whole(&mut self, negative: bool, magnitude: u128) {
        let [low, high, top] = self.whole;
        let wide = u128::from(low) | u128::from(high) << 64;
        let (wide, top) = match negative {
            false => {
                let (wide, carry) = wide.overflowing_add(magnitude);
                (wide, top.wrapping_add(u64::from(carry)))
            }
            true => {
                let (wide, borrow) = wide.overflowing_sub(magnitude);
                (wide, top.wrapping_sub(u64::from(borrow)))
            }
        };
        self.whole = [wide as u64, (wide >> 64) as u64, top];
    }

    fn add_floats(&mut self, left: Exact, right: Exact) {
        let (Some(left_parts), Some(right_parts)) = (parts_of(left), parts_of(right)) else {
            let special = &mut self.floats.get_or_insert_default().special;
            return special.get_or_insert_default().count(left.to_f64() * right.to_f64());
        };
        let product = u128::from(left_parts.mantissa) * u128::from(right_parts.mantissa);
        if product == 0 {
            return;
        }
        let negative = left_parts.negative != right_parts.negative;
        let bit = (LOWEST + left_parts.exponent + right_parts.exponent) as u16;
        let limbs = &mut self.floats.get_or_insert_default().limbs;
        // At most 117 bits, of a float and a whole number of 64 bits: so many at a time as `add` takes.
        for (piece, shift) in [0, PIECE_BITS, 2 * PIECE_BITS].into_iter().enumerate() {
            let mantissa = (product >> shift) as u64 & ((1 << PIECE_BITS) - 1);
            if mantissa != 0 {
                limbs.add(negative, mantissa, bit + piece as u16 * PIECE_BITS);
            }
        }
    }

    /// Adds all that another total has added.
    pub(super) fn merge(&mut self, other: ExactTotal) {
        let [low, high, top] = other.whole;
        self.add_whole(false, u128::from(low) | u128::from(high) << 64);
        self.whole[2] = self.whole[2].wrapping_add(top);
        if let Some(floats) = other.floats {
            let mine = self.floats.get_or_insert_default();
            mine.limbs.merge(floats.limbs);
            if let Some(special) = floats.special {
                mine.special.get_or_insert_default().merge(&special);
            }
        }
    }

    /// The total.
    ///
    /// # Errors
    /// What the sum is if a number was not finite: an infinity or NaN.
    pub(super) fn value(&self) -> Result<Big, f64> {
        match &self.floats {
            None => {
                let (negative, magnitude) = self.whole_magnitude();
                Ok(Big::new(negative, 0, magnitude.into_iter().flat_map(halves).collect()))
            }
            Some(floats) => match &floats.special {
                Some(special) => Err(special.sum()),
                None => {
                    // The values of one aggregate are of one type, so there is nothing but floats.
                    let Canonical { negative, low, limbs } = floats.limbs.canonical();
                    Ok(Big::new(negative, i32::from(low) - LOWEST / 32, limbs))
                }
            },
        }
    }

    fn whole_magnitude(&self) -> (bool, [u64; 3]) {
        let negative = self.whole[2] >> 63 == 1;
        if !negative {
            return (false, self.whole);
        }
        let mut opposite = ExactTotal::default();
        let [low, high, top] = self.whole;
        opposite.add_whole(true, u128::from(low) | u128::from(high) << 64);
        opposite.whole[2] = opposite.whole[2].wrapping_sub(top);
        (true, opposite.whole)
    }
}

const PIECE_BITS: u16 = 53;

/// A finite number as a mantissa times a power of two.
struct Scaled {
    negative: bool,
    mantissa: u64,
    exponent: i32,
}

#[inline]
fn parts_of(value: Exact) -> Option<Scaled> {
    match value {
        Exact::Whole { negative, magnitude } => Some(Scaled { negative, mantissa: magnitude, exponent: 0 }),
        Exact::Float(value) => parts(value).map(|Parts { negative, mantissa, bit }| Scaled {
            negative,
            mantissa,
            exponent: i32::from(bit) - LOWEST_EXPONENT,
        }),
    }
}

fn halves(limb: u64) -> [u32; 2] {
    [limb as u32, (limb >> 32) as u32]
}

/// The one form that a total has in a checkpoint: signs and magnitudes.
#[derive(Serialize, Deserialize)]
struct Kept {
    negative: bool,
    whole: [u64; 3],
    floats: Option<exact_sum::Kept>,
}

impl Serialize for ExactTotal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (negative, whole) = self.whole_magnitude();
        let floats = self.floats.as_ref().map(|floats| exact_sum::Kept::of(&floats.limbs, &floats.special));
        // What has come to nothing again is as if it had not been.
        let floats = floats.filter(|floats| !floats.is_nothing());
        Kept { negative, whole, floats }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ExactTotal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ExactTotal, D::Error> {
        let Kept { negative, whole: [low, high, top], floats } = Kept::deserialize(deserializer)?;
        let mut total = ExactTotal::default();
        total.add_whole(negative, u128::from(low) | u128::from(high) << 64);
        total.whole[2] =
            if negative { total.whole[2].wrapping_sub(top) } else { total.whole[2].wrapping_add(top) };
        if let Some(floats) = floats {
            let (limbs, special) = floats.read(LIMBS_MAX).map_err(D::Error::custom)?;
            total.floats = Some(Box::new(Floats { limbs, special }));
        }
        Ok(total)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn total(products: &[(Exact, Exact)]) -> ExactTotal {
        let mut total = ExactTotal::default();
        products.iter().for_each(|&(left, right)| total.add_product(left, right));
        total
    }

    fn rounded(total: &ExactTotal) -> f64 {
        total.value().map_or_else(|special| special, |value| value.divided_by(&Big::whole(1)))
    }

    fn whole(value: i64) -> Exact {
        Exact::Whole { negative: value < 0, magnitude: value.unsigned_abs() }
    }

    proptest! {
        #[test]
        fn whole_numbers_add_up_as_in_128_bits(values in vec((any::<i64>(), any::<i32>()), 0..30)) {
            let expected: i128 = values.iter().map(|&(left, right)| i128::from(left) * i128::from(right)).sum();
            let total = total(&values.iter().map(|&(left, right)| (whole(left), whole(right.into()))).collect::<Vec<_>>());
            let magnitude = expected.unsigned_abs();
            let limbs = [0, 32, 64, 96].map(|shift| (magnitude >> shift) as u32).to_vec();
            prop_assert_eq!(total.value(), Ok(Big::new(expected < 0, 0, limbs)));
        }

        #[test]
        fn floats_that_are_whole_numbers_come_to_the_same_as_these(values in vec((-1_i64 << 53..1 << 53, any::<i64>()), 0..30)) {
            let as_wholes = total(&values.iter().map(|&(left, right)| (whole(left), whole(right))).collect::<Vec<_>>());
            let as_floats =
                total(&values.iter().map(|&(left, right)| (Exact::Float(left as f64), whole(right))).collect::<Vec<_>>());
            prop_assert_eq!(as_wholes.value(), as_floats.value());
        }

        #[test]
        fn order_and_merging_leave_no_trace(values in vec((any::<f64>(), any::<f64>()), 0..30), middle in any::<prop::sample::Index>()) {
            let products: Vec<_> = values.iter().map(|&(left, right)| (Exact::Float(left), Exact::Float(right))).collect();
            let expected = postcard::to_stdvec(&total(&products)).unwrap();
            let backwards: Vec<_> = products.iter().rev().copied().collect();
            let (left, right) = backwards.split_at(middle.index(values.len() + 1));
            let mut merged = total(left);
            merged.merge(postcard::from_bytes(&postcard::to_stdvec(&total(right)).unwrap()).unwrap());
            prop_assert_eq!(postcard::to_stdvec(&merged).unwrap(), expected);
        }

        #[test]
        fn a_product_and_its_opposite_come_to_nothing(left in any::<f64>(), right in any::<f64>()) {
            prop_assume!(left.is_finite() && right.is_finite());
            let cancelled = total(&[(Exact::Float(left), Exact::Float(right)), (Exact::Float(-left), Exact::Float(right))]);
            prop_assert_eq!(postcard::to_stdvec(&cancelled).unwrap(), postcard::to_stdvec(&ExactTotal::default()).unwrap());
        }

        #[test]
        fn bytes_from_disk_never_panic(bytes in vec(any::<u8>(), 0..60)) {
            if let Ok(mut total) = postcard::from_bytes::<ExactTotal>(&bytes) {
                total.add_product(Exact::Float(f64::MAX), Exact::Float(f64::MAX));
                total.merge(total.clone());
                let _ = rounded(&total);
            }
        }
    }

    #[test]
    fn products_beyond_the_range_of_floats_are_exact() {
        let (tiny, huge) = (Exact::Float(f64::from_bits(1)), Exact::Float(f64::MAX));
        let less = total(&[(huge, huge), (tiny, tiny), (Exact::Float(-f64::MAX), huge)]);
        assert_eq!(less.value().unwrap(), Big::new(false, -68, vec![1 << 28]), "2^-2148");
        assert_eq!(rounded(&total(&[(huge, huge)])), f64::INFINITY);
    }

    #[test]
    fn many_doublings_stay_within_the_limbs() {
        let mut sum = total(&[(Exact::Float(-f64::MAX), Exact::Float(f64::MAX))]);
        (0..62).for_each(|_| sum.merge(sum.clone()));
        let read: ExactTotal = postcard::from_bytes(&postcard::to_stdvec(&sum).unwrap()).unwrap();
        assert_eq!(read.value(), sum.value());
        let most = Exact::Whole { negative: true, magnitude: u64::MAX };
        let mut sum = total(&[(most, Exact::Whole { negative: false, magnitude: u64::MAX })]);
        let one = sum.value().unwrap();
        (0..62).for_each(|_| sum.merge(sum.clone()));
        assert_eq!(sum.value().unwrap(), one.times(&Big::whole(1 << 62)));
    }

    #[test]
    fn what_is_not_finite_goes_by_the_rules_of_ieee_754() {
        let (inf, zero) = (Exact::Float(f64::INFINITY), whole(0));
        assert_eq!(rounded(&total(&[(inf, whole(-1))])), f64::NEG_INFINITY);
        assert!(rounded(&total(&[(inf, zero)])).is_nan());
        assert!(rounded(&total(&[(inf, whole(1)), (inf, whole(-1))])).is_nan());
    }

    #[test]
    fn a_total_of_whole_numbers_is_small() {
        assert_eq!(size_of::<ExactTotal>(), 32);
        assert_eq!(postcard::to_stdvec(&total(&[(whole(300), whole(-300))])).unwrap().len(), 7);
    }
}
