//! What an aggregate can take from a row: values, values that may be missing, and the order among values.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Serialize, de::DeserializeOwned};

use crate::time::{Duration, Timestamp};

use super::Stop;

/// A type whose values aggregates can keep in their state.
///
/// The standard types have it, `#[derive(Record)]` gives it to yours, and for a type that is in no record it is one line:
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use waterwheel::aggregates::{Natural, Value};
///
/// #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
/// struct Level(u8);
///
/// impl Value for Level {
///     type Order = Natural;
/// }
/// ```
///
/// `Option` has none: aggregates take an `Option` of a value as a value that may be missing, see [`Input`].
#[diagnostic::on_unimplemented(
    message = "aggregates cannot take `{Self}` values",
    label = "the value taken from the row is a `{Self}`",
    note = "they take numbers, `bool`, `char`, `String`, `Timestamp`, `Duration`, tuples, arrays, `Vec`s and `BTreeMap`s of these, types \
            with `#[derive(Record)]`, and one `Option` of any of these; a `HashMap` has its entries in no order: take a `BTreeMap`",
    note = "for a type of your own that is in no record: `impl Value for {Self} {{ type Order = Natural; }}`"
)]
pub trait Value: Clone + Serialize + DeserializeOwned + Send + 'static {
    /// How `min` and `max` compare: [`Natural`] by the type's own `Ord`. A type without one can still say `Natural`; then
    /// `first` and `last` take it and `min` and `max` do not.
    type Order;
}

/// A total order of the values of type `V`.
///
/// Values that compare as equal must be identical, or `min` would give the one that came first, which the number of workers
/// decides.
#[diagnostic::on_unimplemented(
    message = "`{V}` values have no order, so `min` and `max`, what `min_by` and `max_by` go by, and `distinct` cannot take them",
    note = "for a type of your own: derive `PartialEq, Eq, PartialOrd, Ord`"
)]
pub trait Order<V> {
    /// How `left` stands to `right`.
    fn compare(left: &V, right: &V) -> Ordering;
}

/// The order of a type's own `Ord`; values that it calls equal go by their bytes in a checkpoint.
#[derive(Debug, Clone, Copy)]
pub struct Natural;

/// The order of the standard types: of floats `total_cmp`, of all others `Ord`.
///
/// Floats: `-NaN < -inf < .. < -0.0 < 0.0 < .. < inf < NaN`, so `max` of values with a NaN in them is NaN.
#[derive(Debug, Clone, Copy)]
pub struct Primitive;

/// What an aggregate's argument may be: a [`Value`], or an `Option` of one, of which `None` is skipped.
pub trait Input: 'static {
    /// The type of the values.
    type Value: Value;
    /// What comes out where there may be no value at all: `R` for a plain value, as a group has at least one row, and
    /// `Option<R>` for an `Option`.
    type Of<R>;
    /// What comes out where a row without a value, or without one of `J`, is skipped: an `Option` if either is.
    type OfBoth<J: Input, R>;
    /// The value, if there is one.
    fn present(self) -> Option<Self::Value>;
    /// The result of an aggregate that saw no value if `result` is `None`.
    fn of<R>(result: Option<R>) -> Self::Of<R>;
    /// The result of an aggregate that saw no row with both values if `result` is `None`.
    fn of_both<J: Input, R>(result: Option<R>) -> Self::OfBoth<J, R>;
}

#[diagnostic::do_not_recommend]
impl<V: Value> Input for V {
    type Value = V;
    type Of<R> = R;
    type OfBoth<J: Input, R> = J::Of<R>;

    #[inline]
    fn present(self) -> Option<V> {
        Some(self)
    }

    fn of<R>(result: Option<R>) -> R {
        result.expect("the engine makes a group when its first row comes, so every group has a value")
    }

    fn of_both<J: Input, R>(result: Option<R>) -> J::Of<R> {
        J::of(result)
    }
}

// This does not overlap with the impl above: `Option<V>` is no `Value`, and only this crate could make it one.
#[diagnostic::do_not_recommend]
impl<V: Value> Input for Option<V> {
    type Value = V;
    type Of<R> = Option<R>;
    type OfBoth<J: Input, R> = Option<R>;

    #[inline]
    fn present(self) -> Option<V> {
        self
    }

    fn of<R>(result: Option<R>) -> Option<R> {
        result
    }

    fn of_both<J: Input, R>(result: Option<R>) -> Option<R> {
        result
    }
}

#[diagnostic::do_not_recommend]
impl<V: Ord + Serialize> Order<V> for Natural {
    #[inline]
    fn compare(left: &V, right: &V) -> Ordering {
        left.cmp(right).then_with(|| encoded(left).cmp(&encoded(right)))
    }
}

/// A value's bytes in a checkpoint: they tell apart what `Ord` or a row's place cannot.
pub(super) fn encoded<V: Serialize>(value: &V) -> Vec<u8> {
    match postcard::to_stdvec(value) {
        Ok(bytes) => bytes,
        Err(error) => {
            Stop(format!("a value cannot be encoded, so it cannot be kept in state: {error}")).raise()
        }
    }
}

/// Gives a value's bytes in a checkpoint to `use_them`, without a place in memory of their own if they are few.
#[inline]
pub(super) fn with_encoded<V: Serialize, R>(value: &V, use_them: impl FnOnce(&[u8]) -> R) -> R {
    match postcard::to_slice(value, &mut [0; 64]) {
        Ok(bytes) => use_them(bytes),
        Err(_) => use_them(&encoded(value)),
    }
}

macro_rules! ordered {
    ($($type:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl Value for $type {
            type Order = Primitive;
        }

        #[diagnostic::do_not_recommend]
        impl Order<$type> for Primitive {
            #[inline]
            fn compare(left: &$type, right: &$type) -> Ordering {
                left.cmp(right)
            }
        }
    )*};
}

ordered!(
    i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, bool, char, String, Timestamp, Duration
);
ordered!(jiff::civil::Date, jiff::civil::Time, jiff::civil::DateTime);
#[cfg(feature = "ecow")]
ordered!(crate::record::EcoString);
#[cfg(feature = "uuid")]
ordered!(uuid::Uuid);
#[cfg(feature = "bytes")]
ordered!(bytes::Bytes);

macro_rules! floats {
    ($($type:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl Value for $type {
            type Order = Primitive;
        }

        #[diagnostic::do_not_recommend]
        impl Order<$type> for Primitive {
            #[inline]
            fn compare(left: &$type, right: &$type) -> Ordering {
                left.total_cmp(right)
            }
        }
    )*};
}

floats!(f32, f64);

/// What a value may be made of: another value, or an `Option` of one. So no hash map is in a value, whose bytes would be in any order.
#[doc(hidden)]
pub trait Part: Clone + Serialize + DeserializeOwned + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<V: Value> Part for V {}

#[diagnostic::do_not_recommend]
impl<V: Value> Part for Option<V> {}

macro_rules! tuples {
    ($(($($part:ident),*))*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($part: Part),*> Value for ($($part,)*) {
            type Order = Natural;
        }
    )*};
}

tuples!((A)(A, B)(A, B, C)(A, B, C, D)(A, B, C, D, E)(A, B, C, D, E, F)(A, B, C, D, E, F, G)(
    A, B, C, D, E, F, G, H
));

#[diagnostic::do_not_recommend]
impl<T: Part> Value for Vec<T> {
    type Order = Natural;
}

// Those that serde has.
#[diagnostic::do_not_recommend]
impl<T: Part, const N: usize> Value for [T; N]
where
    [T; N]: Serialize + DeserializeOwned,
{
    type Order = Natural;
}

#[diagnostic::do_not_recommend]
impl<V: Value> Value for Box<V> {
    type Order = Natural;
}

#[diagnostic::do_not_recommend]
impl<K: Value + Ord, V: Part> Value for BTreeMap<K, V> {
    type Order = Natural;
}
