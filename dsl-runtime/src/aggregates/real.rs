//! What `variance`, `stddev`, `weighted_mean` and `quantile` take: numbers whose value is known exactly.

use crate::time::Duration;

use super::Number;

/// A [`Number`] whose value is known exactly, so that products with others can be added up without rounding.
///
/// The integers up to 64 bits, `f32`, `f64` and [`Duration`] (in milliseconds) have it, and newtypes of these by
/// [`number!`](crate::number). For a number of your own say what its value is:
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use waterwheel::aggregates::{DoesNotFit, Exact, IntegerSum, Natural, Number, Real, Value};
///
/// /// A length, in whole millimetres.
/// #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
/// struct Length(u32);
///
/// impl Value for Length {
///     type Order = Natural;
/// }
/// # impl Number for Length {
/// #     type Total = IntegerSum;
/// #     type Sum = u64;
/// #     type Mean = f64;
/// #     fn add_to(self, total: &mut IntegerSum) {
/// #         total.add(i128::from(self.0));
/// #     }
/// #     fn mean(total: &IntegerSum, count: u64) -> f64 {
/// #         <u64 as Number>::mean(total, count)
/// #     }
/// #     fn sum(total: &IntegerSum) -> Result<u64, DoesNotFit> {
/// #         <u64 as Number>::sum(total)
/// #     }
/// #     fn narrow(total: &IntegerSum) -> Result<Length, DoesNotFit> {
/// #         <u32 as Number>::narrow(total).map(Length)
/// #     }
/// # }
/// impl Real for Length {
///     fn exact(&self) -> Exact {
///         Exact::Whole { negative: false, magnitude: u64::from(self.0) }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` values cannot be multiplied: `variance`, `stddev`, `weighted_mean` and `quantile` cannot take them",
    label = "the value taken from the row is a `{Self}`",
    note = "they take integers up to 64 bits, `f32`, `f64`, `Duration`, newtypes of these with `number!(Cents(i64));`, and \
            an `Option` of any of these; a number of your own implements `Real`"
)]
pub trait Real: Number {
    /// The value.
    fn exact(&self) -> Exact;
}

/// The value of a [`Real`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Exact {
    /// A whole number of up to 64 bits.
    Whole {
        /// Whether it is less than 0.
        negative: bool,
        /// How far it is from 0.
        magnitude: u64,
    },
    /// A float; it may be infinite or NaN.
    Float(f64),
}

impl Exact {
    pub(super) const ONE: Exact = Exact::Whole { negative: false, magnitude: 1 };

    /// The nearest `f64`.
    pub fn to_f64(self) -> f64 {
        match self {
            Exact::Whole { negative: true, magnitude } => -(magnitude as f64),
            Exact::Whole { negative: false, magnitude } => magnitude as f64,
            Exact::Float(value) => value,
        }
    }
}

/// A state, by way of a number's total: where the values are no numbers there is none, and the compiler complains once.
#[doc(hidden)]
pub trait Keeping<S> {
    /// The state.
    type State;
}

#[diagnostic::do_not_recommend]
impl<T, S> Keeping<S> for T {
    type State = S;
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl Real for $type {
            #[inline]
            fn exact(&self) -> Exact {
                let wide = *self as i128;
                Exact::Whole { negative: wide < 0, magnitude: wide.unsigned_abs() as u64 }
            }
        }
    )*};
}

integers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

macro_rules! floats {
    ($($type:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl Real for $type {
            #[inline]
            fn exact(&self) -> Exact {
                Exact::Float(f64::from(*self))
            }
        }
    )*};
}

floats!(f32, f64);

#[diagnostic::do_not_recommend]
impl Real for Duration {
    #[inline]
    fn exact(&self) -> Exact {
        self.millis().exact()
    }
}
