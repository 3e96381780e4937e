//! Aggregate functions: what stands at the fields of a `.select(..)` after a window.
//!
//! An aggregate takes one value of each row and keeps a small state. `add`, `merge` and `finish` are commutative and
//! associative, so partial states may be made anywhere and merged in any order: the result is one and the same for every
//! batching, number of workers and crash. What depends on order (`first`, `last`) decides by each row's [`Place`].
//!
//! | function | takes | gives | keeps for each group |
//! |---|---|---|---|
//! | [`count`] | nothing | `u64` | a count |
//! | [`count_if`] | `bool` | `u64` | a count |
//! | [`sum`] | a [`Number`] | `i64`, `u64`, `f64`, `Decimal` or the newtype | 128 bits, 256 of decimals, or an [`ExactSum`] |
//! | [`mean`] | a [`Number`] | `f64`, or `Decimal` | the same and a count |
//! | [`min`], [`max`] | a [`Value`] that has an order | the value | one value |
//! | [`first`], [`last`] | a [`Value`] | the value | one value and its place |
//! | [`min_by`], [`max_by`] | a [`Value`], and one that has an order | the first one | both and the row's place |
//! | [`variance`], [`stddev`] | a [`Real`] | `Option<f64>` | a count and two exact sums |
//! | [`variance_pop`], [`stddev_pop`] | a [`Real`] | `f64` | the same |
//! | [`weighted_mean`] | two [`Real`]s | `Option<f64>` | two exact sums |
//! | [`distinct`] | a [`Value`] that has an order | `u64` | each different value |
//! | [`approx_distinct`] | a [`Value`] | `u64`, within 1.6 % | up to 4 KB |
//! | [`quantile`] | a [`Real`], and which | `f64`, within 1 % | a count for each bucket in use |
//! | [`collect`] | a [`Value`], and a cap | a `Vec` of them | each value and its place |
//!
//! All but the counts take an `Option` too and skip `None`; what gives a value as it is, or an `f64`, then gives an `Option`. Each has
//! a form that takes a `bool` behind its values and skips rows where it is false: [`sum_if`], [`mean_if`], [`min_if`],
//! [`max_if`], [`first_if`], [`last_if`], [`min_by_if`], [`max_by_if`], [`variance_if`], [`stddev_if`], [`variance_pop_if`],
//! [`stddev_pop_if`], [`weighted_mean_if`], [`distinct_if`], [`approx_distinct_if`], [`quantile_if`], [`collect_if`].

mod approx_distinct;
mod big;
#[cfg(test)]
mod check;
mod collect;
mod columns;
mod count;
#[cfg(feature = "decimal")]
mod decimal_sum;
mod distinct;
mod exact_sum;
mod exact_total;
pub(crate) mod fields;
mod filtered;
mod first_last;
mod limbs;
mod mean;
mod min_max;
mod min_max_by;
pub mod missing;
mod number;
mod own_function;
mod quantile;
mod quotient;
mod real;
mod sum;
mod value;
mod variance;
mod weighted_mean;
pub mod written;

use serde::{Serialize, de::DeserializeOwned};

pub use crate::place::{Place, Position};
pub use approx_distinct::{ApproxDistinct, approx_distinct};
pub use collect::{Collect, collect};
pub use columns::{Aggregates, Column, Sample};
pub use count::{Count, CountIf, count, count_if};
#[cfg(feature = "decimal")]
pub use decimal_sum::DecimalSum;
pub use distinct::{Distinct, distinct};
pub use exact_sum::ExactSum;
pub use exact_total::ExactTotal;
pub use filtered::{
    If, approx_distinct_if, collect_if, distinct_if, first_if, last_if, max_by_if, max_if, mean_if,
    min_by_if, min_if, quantile_if, stddev_if, stddev_pop_if, sum_if, variance_if, variance_pop_if,
    weighted_mean_if,
};
pub use first_last::{First, Last, first, last};
pub use mean::{Mean, mean};
pub use min_max::{Max, Min, max, min};
pub use min_max_by::{MaxBy, MinBy, max_by, min_by};
pub use number::{DoesNotFit, IntegerSum, Number, Total};
#[doc(hidden)]
pub use own_function::{AggregateOf, MakesAggregate, NoAggregate};
pub use quantile::{Quantile, quantile};
pub use real::{Exact, Real};
pub use sum::{Sum, sum};
pub use value::{Input, Natural, Order, Primitive, Value};
pub use variance::{Stddev, StddevPop, Variance, VariancePop, stddev, stddev_pop, variance, variance_pop};
pub use weighted_mean::{WeightedMean, weighted_mean};

#[doc(inline)]
pub use crate::number;

/// The built-in aggregates by the names they are used by: what the code of `#[pipeline]` calls.
#[doc(hidden)]
pub mod words {
    pub use super::{
        approx_distinct, approx_distinct_if, collect, collect_if, count, count_if, distinct, distinct_if,
        first, first_if, last, last_if, max, max_by, max_by_if, max_if, mean, mean_if, min, min_by,
        min_by_if, min_if, quantile, quantile_if, stddev, stddev_if, stddev_pop, stddev_pop_if, sum, sum_if,
        variance, variance_if, variance_pop, variance_pop_if, weighted_mean, weighted_mean_if,
    };
}

/// An aggregate function over values of type `V`.
///
/// `add` and `merge` must be commutative and associative: rows of one group come in any order, from several workers. That
/// goes for the state as a whole, so a sum of floats in it must not round: take an [`ExactSum`].
///
/// One of your own stands in a `.select(..)` like the built-in ones; its constructor takes what is not of the row. To take
/// an `Option` too, and to work in [`If`], implement it for every [`Input`]:
///
/// ```
/// use waterwheel::aggregates::{Aggregate, ExactSum, Input, Place};
///
/// /// The geometric mean, of values greater than 0.
/// pub struct GeometricMean;
///
/// pub fn geometric_mean() -> GeometricMean {
///     GeometricMean
/// }
///
/// impl<I: Input<Value = f64>> Aggregate<I> for GeometricMean {
///     const NAME: &'static str = "geometric_mean";
///     type State = (ExactSum, u64);
///     type Output = I::Of<f64>;
///
///     fn init(&self) -> Self::State {
///         Default::default()
///     }
///     fn add(&self, (logarithms, count): &mut Self::State, value: I, _: Place) {
///         if let Some(value) = value.present() {
///             logarithms.add(value.ln());
///             *count += 1;
///         }
///     }
///     fn merge(&self, (logarithms, count): &mut Self::State, other: Self::State) {
///         logarithms.merge(other.0);
///         *count += other.1;
///     }
///     fn finish(&self, (logarithms, count): Self::State) -> Self::Output {
///         I::of((count > 0).then(|| logarithms.mean(count).exp()))
///     }
/// }
/// # use waterwheel::{Timestamp, aggregates::Position};
/// # let place = Place {
/// #     time: Timestamp::MIN,
/// #     position: Position::of_record(0, 0, 0),
/// # };
///
/// let aggregate = geometric_mean();
/// let mut state = Aggregate::<f64>::init(&aggregate);
/// for value in [1.0, 3.0, 9.0] {
///     aggregate.add(&mut state, value, place);
/// }
/// let mean: f64 = Aggregate::<f64>::finish(&aggregate, state);
/// assert!((mean - 3.0).abs() < 1e-15);
/// ```
#[diagnostic::on_unimplemented(
    message = "this aggregate cannot take `{V}` values",
    label = "does not take `{V}`",
    note = "how often a `bool` is true is `count_if(p.paid)`, and its share of the rows `count_if(p.paid) as f64 / count() as f64`",
    note = "`sum`, `mean`, `weighted_mean`, `variance`, `stddev` and `quantile` take integers up to 64 bits, `f32`, `f64`, `Duration`, and newtypes \
            of these that are declared with `number!(Cents(i64));`; `sum` and `mean` a `Decimal` as well, of which the others take `.to_f64()`",
    note = "`min`, `max`, `first`, `last`, `min_by`, `max_by`, `distinct`, `approx_distinct` and `collect` take those, `bool`, `char`, `String`, `Timestamp`, tuples, \
            arrays, `Vec`s and `BTreeMap`s of these, and types with `#[derive(Record)]`; a `HashMap` has its entries in no order: take a `BTreeMap`",
    note = "`min`, `max` and `distinct`, and what `min_by` and `max_by` go by, compare: a type of your own needs `#[derive(PartialEq, Eq, PartialOrd, Ord)]` for it, \
            beside `Record`; where it has a float in it, take that alone, `max(p.level.height)`",
    note = "each takes an `Option` of these as well, and its `_if` form takes a `bool` as its last argument"
)]
pub trait Aggregate<V>: 'static {
    /// What it is called where it is used, such as `geometric_mean`. It stands in `explain`, and beside the pipeline's state:
    /// a run that finds another one there refuses, so it does not follow from the type's name, which may change.
    const NAME: &'static str;
    /// What is kept for each group; it goes into checkpoints, so keep it small.
    type State: Serialize + DeserializeOwned + Clone + Send + 'static;
    /// What the aggregate gives for a group.
    type Output;
    /// The name of this one, where not all of the type have the same: [`NAME`](Self::NAME) unless it is built on another.
    fn name(&self) -> String {
        Self::NAME.to_owned()
    }
    /// Why it cannot be with the settings it was made with, if so: the pipeline is then refused before anything is read, with
    /// this behind the aggregate's name.
    fn refused(&self) -> Option<String> {
        None
    }
    /// The state before any value.
    fn init(&self) -> Self::State;
    /// Adds the value of one row.
    fn add(&self, state: &mut Self::State, value: V, place: Place);
    /// Adds what another state holds.
    fn merge(&self, state: &mut Self::State, other: Self::State);
    /// The result.
    fn finish(&self, state: Self::State) -> Self::Output;
}

/// Why an aggregate cannot give a right result: the payload of the unwinding that [`Stop::raise`] begins.
///
/// The engine catches it at the operator, adds the operator's name, the key and the window, and stops the pipeline with
/// that as its error. Nothing of the epoch is committed, so the output never holds a wrong result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop(pub String);

impl Stop {
    /// Stops the pipeline. It unwinds past the panic hook, so nothing is printed before the engine's own error.
    pub fn raise(self) -> ! {
        std::panic::resume_unwind(Box::new(self))
    }
}
