//! A function of the user's own where a `select` expects an aggregate.

use std::marker::PhantomData;
use std::ops::Deref;

/// A function that makes an aggregate: nothing that has to be told so, see [`AggregateOf`].
#[diagnostic::on_unimplemented(
    message = "this function is no aggregate, and a `.select(..)` makes one row of many",
    label = "not an aggregate",
    note = "a function of one row stands inside of an aggregate, which says what becomes of its results: `sum(cost(p))`, `last(cost(p))`",
    note = "a function of your own that makes an aggregate takes nothing of the row: `fn spread() -> Spread`, where `Spread` implements `Aggregate`"
)]
pub trait MakesAggregate {
    /// The aggregate.
    type Made;
}

/// A function of the user's that a `select` gives nothing but values of the row. One without parameters makes an aggregate; every other
/// has, by way of `Deref`, the `make` that says why it is none: a bound by `Fn` would speak of arguments that nobody wrote.
pub struct AggregateOf<F>(F, NoAggregate<F>);

/// See [`AggregateOf`].
pub struct NoAggregate<F>(PhantomData<F>);

impl<F> AggregateOf<F> {
    /// Of that function.
    #[doc(hidden)]
    pub fn function(function: F) -> Self {
        AggregateOf(function, NoAggregate(PhantomData))
    }
}

impl<F: Fn() -> A, A> AggregateOf<F> {
    /// The aggregate.
    #[doc(hidden)]
    pub fn make(&self) -> A {
        (self.0)()
    }
}

impl<F> Deref for AggregateOf<F> {
    type Target = NoAggregate<F>;
    fn deref(&self) -> &NoAggregate<F> {
        &self.1
    }
}

impl<F> NoAggregate<F> {
    /// There is none.
    #[doc(hidden)]
    pub fn make<A>(&self) -> A
    where
        F: MakesAggregate<Made = A>,
    {
        unreachable!("nothing meets the bound of this method")
    }
}
