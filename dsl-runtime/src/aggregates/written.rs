//! The built-in aggregates as a `.select(..)` says them: what the prelude brings.
//!
//! `#[pipeline]` takes a `select` apart and calls the functions of [`aggregates`](super), which make an aggregate; so none of
//! these is ever run. They are what the compiler and an editor find at the name: in a function that is not under
//! `#[pipeline]` each has the value and the result that it has in a `select`, so that the one complaint is about the
//! `select`. Anywhere else the build stops with what is said below.

use super::{Aggregate, CountIf, First, If, Last, Max, Mean, Min, Sum};

/// The aggregate [`count`](crate::aggregates::count()), for the `.select(..)` of a `#[pipeline]` function.
///
/// # Panics
/// Outside of one. It has no value whose type would let the build tell.
pub fn count() -> u64 {
    panic!("`count()` is an aggregate: it stands in the `.select(|w, row| ..)` of a `#[pipeline]` function")
}

macro_rules! written {
    ($($name:ident($($value:ident: $ty:ty),*) of $of:ident -> $aggregate:ty, $taken:ty;)*) => {$(
        #[doc = concat!("The aggregate [`", stringify!($name), "`](crate::aggregates::", stringify!($name), "()), for the `.select(..)` of a `#[pipeline]` function.")]
        pub fn $name<$of>($($value: $ty),*) -> <$aggregate as Aggregate<$taken>>::Output
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
}
