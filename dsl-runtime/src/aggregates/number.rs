//! What `sum` and `mean` take: numbers, and how sums of them are kept.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::time::Duration;

use super::quotient::mean_of_integers;
use super::{ExactSum, Value};

/// A type whose values `sum` and `mean` can add up.
///
/// The integers up to 64 bits, `f32`, `f64`, [`Duration`], and with the feature `decimal` the `Decimal` of [`record`](crate::record) have it. A newtype of a
/// number gets it by [`number!`](crate::number), and its sum is the newtype again. For anything else implement it with a [`Total`] that fits.
#[diagnostic::on_unimplemented(
    message = "`{Self}` values cannot be added up: `sum` and `mean` cannot aggregate them",
    label = "the value taken from the row is a `{Self}`",
    note = "they take integers up to 64 bits, `f32`, `f64`, `Duration`, newtypes of these with `number!(Cents(i64));`, and \
            an `Option` of any of these"
)]
pub trait Number: Value {
    /// How a sum is kept: [`IntegerSum`] for integers, [`ExactSum`] for floats, `DecimalSum` for decimals.
    type Total: Total;
    /// The type that `sum` gives.
    type Sum;
    /// The type that `mean` gives.
    type Mean;
    /// Adds this value to a total.
    fn add_to(self, total: &mut Self::Total);
    /// What `sum` gives for a total.
    ///
    /// # Errors
    /// [`DoesNotFit`] if [`Number::Sum`] cannot hold it.
    fn sum(total: &Self::Total) -> Result<Self::Sum, DoesNotFit>;
    /// What `mean` gives for the total of `count` values, which is not 0: rounded once.
    fn mean(total: &Self::Total, count: u64) -> Self::Mean;
    /// The sum as a value of the numbers' own type, which may be narrower; `number!` calls this.
    ///
    /// # Errors
    /// [`DoesNotFit`] if this type cannot hold it.
    fn narrow(total: &Self::Total) -> Result<Self, DoesNotFit>;
}

/// The state of a sum. In any order of additions and merges it must come to the same total.
pub trait Total: Default + Clone + Serialize + DeserializeOwned + Send + 'static {
    /// Adds another total.
    fn merge(&mut self, other: Self);
}

/// A sum that its type cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the sum {sum} does not fit into `{type_name}`; sum a wider type (a float, say `sum(p.amount as f64)`) or less at a time"
)]
pub struct DoesNotFit {
    /// The sum.
    pub sum: String,
    /// The type that was to hold it.
    pub type_name: &'static str,
}

/// Makes a newtype of a number a [`Number`]: `number!(Cents(i64));`, so that `sum(p.price)` of `Cents` is `Cents`.
///
/// The newtype is a [`Value`], as `#[derive(Record)]` makes it; a type that is in no record says `impl Value` by hand. A sum
/// that does not fit into the newtype stops the pipeline. The mean is that of what it is made of, an `f64` unless that is a `Decimal`. It is a [`Real`](crate::aggregates::Real), too, as what
/// it is made of must be.
///
/// ```
/// use waterwheel::prelude::*;
/// use waterwheel::aggregates::{Aggregate, Place, Position, number};
///
/// #[derive(Debug, Clone, PartialEq, Record)]
/// struct Cents(i64);
///
/// number!(Cents(i64));
/// # let place = Place {
/// #     time: Timestamp::MIN,
/// #     position: Position::of_record(0, 0, 0),
/// # };
/// # let sum = waterwheel::aggregates::sum();
/// # let mut state = Aggregate::<Cents>::init(&sum);
/// # sum.add(&mut state, Cents(250), place);
/// # sum.add(&mut state, Cents(-51), place);
/// # let total: Cents = Aggregate::<Cents>::finish(&sum, state);
/// assert_eq!(total, Cents(199));
/// ```
#[macro_export]
macro_rules! number {
    ($newtype:ident($inner:ty)) => {
        #[diagnostic::do_not_recommend]
        impl $crate::aggregates::Number for $newtype {
            type Total = <$inner as $crate::aggregates::Number>::Total;
            type Sum = $newtype;
            type Mean = <$inner as $crate::aggregates::Number>::Mean;

            #[inline]
            fn add_to(self, total: &mut Self::Total) {
                $crate::aggregates::Number::add_to(self.0, total);
            }

            fn mean(total: &Self::Total, count: u64) -> Self::Mean {
                <$inner as $crate::aggregates::Number>::mean(total, count)
            }

            fn sum(total: &Self::Total) -> ::core::result::Result<Self, $crate::aggregates::DoesNotFit> {
                <$inner as $crate::aggregates::Number>::narrow(total).map($newtype)
            }

            fn narrow(total: &Self::Total) -> ::core::result::Result<Self, $crate::aggregates::DoesNotFit> {
                <$inner as $crate::aggregates::Number>::narrow(total).map($newtype)
            }
        }

        #[diagnostic::do_not_recommend]
        impl $crate::aggregates::Real for $newtype
        where
            // Higher-ranked, so that a number that is none for these aggregates is one for `sum` and `mean`.
            for<'a> $inner: $crate::aggregates::Real,
        {
            #[inline]
            fn exact(&self) -> $crate::aggregates::Exact {
                $crate::aggregates::Real::exact(&self.0)
            }
        }
    };
}

/// A sum of integers, in 128 bits.
///
/// It cannot overflow: rows have 64-bit offsets, of which the sign is unused, so there are fewer than 2^63 values of at most 2^64
/// each. It is aligned as numbers of 64 bits are, as an `i128` would make each entry of state that has one a multiple of 16 bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[repr(Rust, packed(8))]
pub struct IntegerSum(i128);

impl IntegerSum {
    /// The sum.
    pub fn value(self) -> i128 {
        self.0
    }

    /// Adds a value.
    #[inline]
    pub fn add(&mut self, value: i128) {
        self.0 += value;
    }
}

impl Total for IntegerSum {
    #[inline]
    fn merge(&mut self, other: IntegerSum) {
        self.add(other.0);
    }
}

impl Total for ExactSum {
    fn merge(&mut self, other: ExactSum) {
        ExactSum::merge(self, other);
    }
}

macro_rules! integers {
    ($($type:ty => $sum:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl Number for $type {
            type Total = IntegerSum;
            type Sum = $sum;
            type Mean = f64;

            #[inline]
            fn add_to(self, total: &mut IntegerSum) {
                total.add(self as i128);
            }

            fn mean(total: &IntegerSum, count: u64) -> f64 {
                mean_of_integers(total.value(), count)
            }

            fn sum(total: &IntegerSum) -> Result<$sum, DoesNotFit> {
                fit(total.value(), stringify!($sum))
            }

            fn narrow(total: &IntegerSum) -> Result<$type, DoesNotFit> {
                fit(total.value(), stringify!($type))
            }
        }
    )*};
}

integers!(i8 => i64, i16 => i64, i32 => i64, i64 => i64, isize => i64);
integers!(u8 => u64, u16 => u64, u32 => u64, u64 => u64, usize => u64);

fn fit<N: TryFrom<i128>>(sum: i128, type_name: &'static str) -> Result<N, DoesNotFit> {
    N::try_from(sum).map_err(|_| DoesNotFit { sum: sum.to_string(), type_name })
}

macro_rules! floats {
    ($($type:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl Number for $type {
            type Total = ExactSum;
            type Sum = f64;
            type Mean = f64;

            #[inline]
            fn add_to(self, total: &mut ExactSum) {
                total.add(f64::from(self));
            }

            fn mean(total: &ExactSum, count: u64) -> f64 {
                total.mean(count)
            }

            fn sum(total: &ExactSum) -> Result<f64, DoesNotFit> {
                Ok(total.value())
            }

            fn narrow(total: &ExactSum) -> Result<$type, DoesNotFit> {
                Ok(total.value() as $type)
            }
        }
    )*};
}

floats!(f32, f64);

/// Sums of lengths of time are kept in milliseconds; their mean is an `f64` of milliseconds.
#[diagnostic::do_not_recommend]
impl Number for Duration {
    type Total = IntegerSum;
    type Sum = Duration;
    type Mean = f64;

    #[inline]
    fn add_to(self, total: &mut IntegerSum) {
        total.add(i128::from(self.millis()));
    }

    fn mean(total: &IntegerSum, count: u64) -> f64 {
        mean_of_integers(total.value(), count)
    }

    fn sum(total: &IntegerSum) -> Result<Duration, DoesNotFit> {
        fit(total.value(), "Duration").map(Duration::from_millis)
    }

    fn narrow(total: &IntegerSum) -> Result<Duration, DoesNotFit> {
        Self::sum(total)
    }
}
