//! Sums and means of decimal numbers: added up exactly, at 28 places, in 256 bits.

use serde::{Deserialize, Serialize};

use super::{DoesNotFit, Natural, Number, Total, Value};
use crate::record::Decimal;

/// The places at which all are added up, as many as a number has at most.
const PLACES: u32 = 28;

/// A sum of decimal numbers.
///
/// It cannot overflow: there are fewer than 2^63 values, each of fewer than 2^190 units of the last place. The limbs are those of a number in two's complement, the
/// least significant first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecimalSum([u64; 4]);

impl DecimalSum {
    /// Adds a number.
    #[inline]
    pub fn add(&mut self, number: Decimal) {
        let (digits, places) = number.parts();
        let factor = 10_u128.pow(PLACES - places);
        let product = product(digits.unsigned_abs(), factor);
        self.add_limbs(if digits < 0 { opposite(product) } else { product });
    }

    /// The sum.
    ///
    /// # Errors
    /// [`DoesNotFit`] if it has more digits than a [`Decimal`] can hold.
    pub fn value(&self) -> Result<Decimal, DoesNotFit> {
        let (negative, mut digits) = self.magnitude();
        let mut places = PLACES;
        // In its shortest form, or as short as it has to be.
        while places > 0 {
            let (shorter, digit) = divided(digits, 10);
            if digit != 0 {
                break;
            }
            (digits, places) = (shorter, places - 1);
        }
        decimal(negative, digits, places)
            .ok_or_else(|| DoesNotFit { sum: text(negative, digits, places), type_name: "Decimal" })
    }

    /// The sum divided by `count`, which is not 0: rounded once, halves to even, to 28 places or as many as there is room for.
    pub fn mean(&self, count: u64) -> Decimal {
        let (negative, digits) = self.magnitude();
        let (mut quotient, rest) = divided(digits, count);
        // What is behind the last digit: more or less than half of it, half, or nothing.
        let mut behind = Behind::of(rest, count);
        for places in (0..=PLACES).rev() {
            let rounded = if behind.rounds_up(quotient[0] & 1 == 1) { successor(quotient) } else { quotient };
            if let Some(mean) = decimal(negative, rounded, places) {
                return mean;
            }
            let (shorter, digit) = divided(quotient, 10);
            behind = behind.before(digit);
            quotient = shorter;
        }
        unreachable!("a mean is not greater than the greatest of the numbers")
    }

    fn add_limbs(&mut self, limbs: [u64; 4]) {
        let mut carry = false;
        for (mine, theirs) in self.0.iter_mut().zip(limbs) {
            let (sum, first) = mine.overflowing_add(theirs);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            (*mine, carry) = (sum, first || second);
        }
    }

    fn magnitude(&self) -> (bool, [u64; 4]) {
        let negative = self.0[3] >> 63 == 1;
        (negative, if negative { opposite(self.0) } else { self.0 })
    }
}

impl Total for DecimalSum {
    #[inline]
    fn merge(&mut self, other: DecimalSum) {
        self.add_limbs(other.0);
    }
}

/// A number has one form alone, so those that are equal are identical.
#[diagnostic::do_not_recommend]
impl Value for Decimal {
    type Order = Natural;
}

#[diagnostic::do_not_recommend]
impl Number for Decimal {
    type Total = DecimalSum;
    type Sum = Decimal;
    type Mean = Decimal;

    #[inline]
    fn add_to(self, total: &mut DecimalSum) {
        total.add(self);
    }

    fn sum(total: &DecimalSum) -> Result<Decimal, DoesNotFit> {
        total.value()
    }

    fn mean(total: &DecimalSum, count: u64) -> Decimal {
        total.mean(count)
    }

    fn narrow(total: &DecimalSum) -> Result<Decimal, DoesNotFit> {
        total.value()
    }
}

/// What stands behind a number's last digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behind {
    Nothing,
    LessThanHalf,
    Half,
    MoreThanHalf,
}

impl Behind {
    /// Of a rest of a division.
    fn of(rest: u64, divisor: u64) -> Behind {
        match (2 * u128::from(rest)).cmp(&u128::from(divisor)) {
            _ if rest == 0 => Behind::Nothing,
            std::cmp::Ordering::Less => Behind::LessThanHalf,
            std::cmp::Ordering::Equal => Behind::Half,
            std::cmp::Ordering::Greater => Behind::MoreThanHalf,
        }
    }

    /// Behind the digit before, when this one has gone.
    fn before(self, digit: u64) -> Behind {
        match (digit, self) {
            (0, Behind::Nothing) => Behind::Nothing,
            (5, Behind::Nothing) => Behind::Half,
            (0..=4, _) => Behind::LessThanHalf,
            _ => Behind::MoreThanHalf,
        }
    }

    fn rounds_up(self, is_odd: bool) -> bool {
        self == Behind::MoreThanHalf || self == Behind::Half && is_odd
    }
}

/// A number of up to 96 bits.
fn decimal(negative: bool, digits: [u64; 4], places: u32) -> Option<Decimal> {
    let [low, high, 0, 0] = digits else { return None };
    let digits = i128::try_from(u128::from(low) | u128::from(high) << 64).ok()?;
    Decimal::of_parts(if negative { -digits } else { digits }, places)
}

/// In two's complement.
fn opposite(limbs: [u64; 4]) -> [u64; 4] {
    successor(limbs.map(|limb| !limb))
}

fn successor(mut limbs: [u64; 4]) -> [u64; 4] {
    for limb in &mut limbs {
        let carry;
        (*limb, carry) = limb.overflowing_add(1);
        if !carry {
            break;
        }
    }
    limbs
}

fn product(left: u128, right: u128) -> [u64; 4] {
    let halves = |number: u128| [number as u64, (number >> 64) as u64];
    let mut limbs = [0; 4];
    for (at, left) in halves(left).into_iter().enumerate() {
        let mut carry = 0;
        for (to, right) in halves(right).into_iter().enumerate() {
            // Two 64-bit numbers, their product and a carry: less than 2^128.
            let sum = u128::from(left) * u128::from(right) + u128::from(limbs[at + to]) + u128::from(carry);
            (limbs[at + to], carry) = (sum as u64, (sum >> 64) as u64);
        }
        limbs[at + 2] = carry;
    }
    limbs
}

/// The quotient, and what is left.
fn divided(mut limbs: [u64; 4], divisor: u64) -> ([u64; 4], u64) {
    let mut rest = 0;
    for limb in limbs.iter_mut().rev() {
        let dividend = u128::from(rest) << 64 | u128::from(*limb);
        *limb = (dividend / u128::from(divisor)) as u64;
        rest = (dividend % u128::from(divisor)) as u64;
    }
    (limbs, rest)
}

/// For a message: all digits.
fn text(negative: bool, mut digits: [u64; 4], places: u32) -> String {
    let mut backwards = Vec::new();
    while digits != [0; 4] || backwards.len() <= places as usize {
        let digit;
        (digits, digit) = divided(digits, 10);
        backwards.push(char::from(b'0' + digit as u8));
    }
    if places > 0 {
        backwards.insert(places as usize, '.');
    }
    backwards.extend(negative.then_some('-'));
    backwards.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::check::{check, check_in_any_tree};
    use super::super::{Stop, max, mean, min, sum};
    use super::*;

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn numbers(texts: &[&str]) -> Vec<Decimal> {
        texts.iter().map(|text| number(text)).collect()
    }

    #[test]
    fn sums_are_exact_in_any_order() {
        check(sum(), &numbers(&["0.1"; 10]), number("1"));
        let cancelled = [
            "79228162514264337593543950335",
            "0.0000000000000000000000000001",
            "-79228162514264337593543950335",
        ];
        check(sum(), &numbers(&cancelled), number("0.0000000000000000000000000001"));
        check(
            sum(),
            &numbers(&[
                "79228162514264337593543950335",
                "79228162514264337593543950335",
                "-79228162514264337593543950335",
            ]),
            Decimal::MAX,
        );
        check(sum(), &[Some(number("1.25")), None, Some(number("-0.25"))], number("1"));
        check(sum(), &[] as &[Decimal], Decimal::ZERO);
    }

    #[test]
    fn a_sum_that_has_no_room_stops_with_all_its_digits() {
        let stops = |texts: &[&str]| {
            let numbers = numbers(texts);
            let result = std::panic::catch_unwind(|| check(sum(), &numbers, Decimal::ZERO));
            result.unwrap_err().downcast::<Stop>().unwrap().0
        };
        let said = stops(&["79228162514264337593543950335", "0.5"]);
        assert!(
            said.starts_with("the sum 79228162514264337593543950335.5 does not fit into `Decimal`; "),
            "{said}"
        );
        let said = stops(&["-79228162514264337593543950335", "-1"]);
        assert!(
            said.starts_with("the sum -79228162514264337593543950336 does not fit into `Decimal`; "),
            "{said}"
        );
    }

    #[test]
    fn means_are_rounded_once_halves_to_even() {
        check(mean(), &numbers(&["1", "2"]), number("1.5"));
        check(mean(), &numbers(&["1", "0", "0"]), number("0.3333333333333333333333333333"));
        check(mean(), &numbers(&["-2", "0", "0"]), number("-0.6666666666666666666666666667"));
        let smallest = "0.0000000000000000000000000001";
        check(mean(), &numbers(&[smallest, "0"]), Decimal::ZERO);
        check(mean(), &numbers(&[smallest, smallest, smallest, "0"]), number(smallest));
        check(
            mean(),
            &numbers(&["0.0000000000000000000000000003", "0"]),
            number("0.0000000000000000000000000002"),
        );
        check(mean(), &numbers(&["79228162514264337593543950335"; 3]), Decimal::MAX);
        // Of 29 digits before the point none is left behind it: half of it goes to the even one.
        check(
            mean(),
            &numbers(&["79228162514264337593543950335", "79228162514264337593543950334"]),
            number("79228162514264337593543950334"),
        );
        check(mean(), &[None::<Decimal>, None], None);
    }

    #[test]
    fn the_least_and_the_greatest_go_by_the_number() {
        check(min(), &numbers(&["1.5", "-2", "0.25"]), number("-2"));
        check(max(), &numbers(&["1.50", "1.5", "0.25"]), number("1.5"));
    }

    proptest! {
        #[test]
        fn sums_and_means_are_those_of_whole_numbers_of_the_last_place(
            values in vec((-1_i64 << 40..1 << 40, 0_u32..7), 1..40), seed in any::<u64>()
        ) {
            let numbers: Vec<Decimal> = values.iter().map(|&(digits, places)| Decimal::new(digits, places)).collect();
            let millionths: i128 = values.iter().map(|&(digits, places)| i128::from(digits) * 10_i128.pow(6 - places)).sum();
            let expected = Decimal::of_parts(millionths, 6).unwrap();
            check_in_any_tree(sum(), &numbers, seed, expected);
            // The sum has 55 bits, so ten places more of the quotient are exact in 128 bits.
            let count = numbers.len() as i128;
            let (quotient, rest) = ((millionths * 10_i128.pow(10)).div_euclid(count), (millionths * 10_i128.pow(10)).rem_euclid(count));
            let mut total = DecimalSum::default();
            numbers.iter().for_each(|number| total.add(*number));
            let mean = total.mean(count as u64);
            let floor = Decimal::of_parts(quotient, 16).unwrap();
            let ceiling = Decimal::of_parts(quotient + i128::from(rest != 0), 16).unwrap();
            prop_assert!(floor <= mean && mean <= ceiling, "{floor} {mean} {ceiling}");
            // At 28 places, or as many as fit, a mean times the count is the sum to half a count of its last place.
            check_in_any_tree(super::super::mean(), &numbers, seed, mean);
        }

        #[test]
        fn the_mean_of_one_number_is_that_number_and_of_many_the_same(digits in any::<i64>(), places in 0_u32..=28, count in 1_u64..1 << 40) {
            let number = Decimal::new(digits, places);
            let mut total = DecimalSum::default();
            total.add(number);
            prop_assert_eq!(total.value().unwrap(), number);
            prop_assert_eq!(total.mean(1), number);
            let mut all = DecimalSum::default();
            for bit in (0..40).rev() {
                all.merge(all);
                if count >> bit & 1 == 1 {
                    all.add(number);
                }
            }
            prop_assert_eq!(all.mean(count), number);
        }
    }
}
