//! The built-in aggregates as a `.select(..)` says them: what the prelude brings.
//!
//! `#[pipeline]` takes a `select` apart and calls the functions of [`aggregates`](super), which make an aggregate; so none of
//! these is ever run. They are what the compiler and an editor find at the name: in a function that is not under
//! `#[pipeline]` each has the value and the result that it has in a `select`, so that the one complaint is about the
//! `select`. Anywhere else the build stops with what is said below.

use super::{
    Aggregate, ApproxDistinct, Collect, CountIf, Distinct, First, If, Last, Max, MaxBy, Mean, Min, MinBy,
    Quantile, Stddev, StddevPop, Sum, Variance, VariancePop, WeightedMean,
};

/// The aggregate [`count`](crate::aggregates::count()), for the `.select(..)` of a `#[pipeline]` function. It gives a `u64`, which is to be concluded:
/// so the build stops where it is used.
///
/// ```compile_fail,E0080
/// use waterwheel::prelude::*;
/// let n: u64 = count();
/// ```
pub fn count<N>() -> N
where
    counted::Counted: counted::Gives<N>,
{
    const {
        panic!(
            "`count()` is an aggregate: it stands in the `.select(|w, row| ..)` of a `#[pipeline]` function"
        )
    }
}

/// Aside, as the prelude brings all that stands beside the functions.
mod counted {
    /// What counts.
    #[derive(Debug)]
    pub struct Counted;

    /// What [`count`](super::count) gives: `u64`, and nothing else.
    pub trait Gives<N> {}

    #[diagnostic::do_not_recommend]
    impl Gives<u64> for Counted {}
}

macro_rules! written {
    ($($name:ident($($value:ident: $ty:ty),*) of $($of:ident)+ -> $aggregate:ty, $taken:ty;)*) => {$(
        #[doc = concat!("The aggregate [`", stringify!($name), "`](crate::aggregates::", stringify!($name), "()), for the `.select(..)` of a `#[pipeline]` function.")]
        pub fn $name<$($of),+>($($value: $ty),*) -> <$aggregate as Aggregate<$taken>>::Output
        where
            $aggregate: Aggregate<$taken>,
        {
            $(let _ = $value;)*
            const {
                panic!(concat!("`", stringify!($name), "(..)` is an aggregate: it stands in the `.select(|w, row| ..)` of a `#[pipeline]` function"))
            }
        }
    )*};
}

written! {
    sum(value: V) of V -> Sum, V;
    mean(value: V) of V -> Mean, V;
    min(value: V) of V -> Min, V;
    max(value: V) of V -> Max, V;
    first(value: V) of V -> First, V;
    last(value: V) of V -> Last, V;
    count_if(condition: V) of V -> CountIf, V;
    sum_if(value: V, condition: bool) of V -> If<Sum>, (V, bool);
    mean_if(value: V, condition: bool) of V -> If<Mean>, (V, bool);
    min_if(value: V, condition: bool) of V -> If<Min>, (V, bool);
    max_if(value: V, condition: bool) of V -> If<Max>, (V, bool);
    first_if(value: V, condition: bool) of V -> If<First>, (V, bool);
    last_if(value: V, condition: bool) of V -> If<Last>, (V, bool);
    variance(value: V) of V -> Variance, V;
    variance_pop(value: V) of V -> VariancePop, V;
    stddev(value: V) of V -> Stddev, V;
    stddev_pop(value: V) of V -> StddevPop, V;
    weighted_mean(value: V, weight: W) of V W -> WeightedMean, (V, W);
    min_by(value: V, by: B) of V B -> MinBy, (V, B);
    max_by(value: V, by: B) of V B -> MaxBy, (V, B);
    distinct(value: V) of V -> Distinct, V;
    approx_distinct(value: V) of V -> ApproxDistinct, V;
    quantile(value: V, part: f64) of V -> Quantile, V;
    collect(value: V, cap: u64) of V -> Collect, V;
    approx_distinct_if(value: V, condition: bool) of V -> If<ApproxDistinct>, (V, bool);
    quantile_if(value: V, part: f64, condition: bool) of V -> If<Quantile>, (V, bool);
    collect_if(value: V, cap: u64, condition: bool) of V -> If<Collect>, (V, bool);
    variance_if(value: V, condition: bool) of V -> If<Variance>, (V, bool);
    variance_pop_if(value: V, condition: bool) of V -> If<VariancePop>, (V, bool);
    stddev_if(value: V, condition: bool) of V -> If<Stddev>, (V, bool);
    stddev_pop_if(value: V, condition: bool) of V -> If<StddevPop>, (V, bool);
    weighted_mean_if(value: V, weight: W, condition: bool) of V W -> If<WeightedMean>, (V, W, bool);
    min_by_if(value: V, by: B, condition: bool) of V B -> If<MinBy>, (V, B, bool);
    max_by_if(value: V, by: B, condition: bool) of V B -> If<MaxBy>, (V, B, bool);
    distinct_if(value: V, condition: bool) of V -> If<Distinct>, (V, bool);
}
