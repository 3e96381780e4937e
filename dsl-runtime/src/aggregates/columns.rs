//! The aggregates of a `.select(..)`: a list of aggregate functions, each with the value it takes from a row.

use std::marker::PhantomData;

use serde::{Serialize, de::DeserializeOwned};

use super::{Aggregate, Place};

/// Stands for a row of type `T` while aggregates are named, so that the closures that take values from it know its type.
pub struct Sample<T> {
    marker: PhantomData<fn(&T)>,
}

impl<T> Clone for Sample<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Sample<T> {}

impl<T> Sample<T> {
    pub(crate) fn new() -> Self {
        Sample { marker: PhantomData }
    }

    /// An aggregate function over the value that `value` takes from each row.
    ///
    /// The result's type goes by way of the function's state: where the function does not take the value, there is none, and
    /// the compiler complains once.
    pub fn aggregate<V, A, F>(self, function: A, value: F) -> <A::State as Kept>::Column<A, V, F>
    where
        A: Aggregate<V>,
        V: 'static,
        F: Fn(&T) -> V + 'static,
    {
        A::State::column(function, value)
    }
}

/// What is kept for an aggregate, as the way to its column.
#[doc(hidden)]
pub trait Kept {
    /// The column.
    type Column<A, V, F>;
    /// An aggregate and the value that it takes from a row.
    fn column<A, V, F>(function: A, value: F) -> Self::Column<A, V, F>;
}

impl<S> Kept for S {
    type Column<A, V, F> = Over<A, V, F>;
    fn column<A, V, F>(function: A, value: F) -> Over<A, V, F> {
        Over { function, value, marker: PhantomData }
    }
}

/// One column of a `.select(..)`: an aggregate function, and the value it takes from a row of type `T`.
pub trait Column<T>: 'static {
    /// What is kept for each key and window.
    type State: Serialize + DeserializeOwned + Clone + Send + 'static;
    /// The result.
    type Output;
    /// The state before any row.
    fn init(&self) -> Self::State;
    /// Adds a row.
    fn add(&self, state: &mut Self::State, row: &T, place: Place);
    /// Adds another state, made of other rows of the same group.
    fn merge(&self, state: &mut Self::State, other: Self::State);
    /// The result.
    fn finish(&self, state: Self::State) -> Self::Output;
    /// The function's name.
    fn name(&self) -> String;
    /// Why it cannot be with its settings, if so.
    fn refused(&self) -> Option<String>;
}

/// An aggregate function and the value that it takes from a row.
#[doc(hidden)]
pub struct Over<A, V, F> {
    function: A,
    value: F,
    marker: PhantomData<fn() -> V>,
}

#[diagnostic::do_not_recommend]
impl<T, A, V, F> Column<T> for Over<A, V, F>
where
    A: Aggregate<V>,
    V: 'static,
    F: Fn(&T) -> V + 'static,
{
    type State = A::State;
    type Output = A::Output;

    fn init(&self) -> A::State {
        self.function.init()
    }

    #[inline]
    fn add(&self, state: &mut A::State, row: &T, place: Place) {
        self.function.add(state, (self.value)(row), place);
    }

    fn merge(&self, state: &mut A::State, other: A::State) {
        self.function.merge(state, other);
    }

    fn finish(&self, state: A::State) -> A::Output {
        self.function.finish(state)
    }

    fn name(&self) -> String {
        self.function.name()
    }

    fn refused(&self) -> Option<String> {
        self.function.refused().map(|reason| format!("`{}` {reason}", self.function.name()))
    }
}

/// A list of aggregates over rows of type `T`, as nested pairs that end in `()`.
#[diagnostic::on_unimplemented(
    message = "an aggregate of this `.select(..)` cannot take its value",
    label = "see the error at the aggregate"
)]
pub trait Aggregates<T>: 'static {
    /// The states of all, kept for each key and window.
    type State: Serialize + DeserializeOwned + Clone + Send + 'static;
    /// The results of all.
    type Output;
    /// The states before any row.
    fn init(&self) -> Self::State;
    /// Adds a row to each state.
    fn add(&self, state: &mut Self::State, row: &T, place: Place);
    /// Adds another list's states, made of other rows of the same group.
    fn merge(&self, state: &mut Self::State, other: Self::State);
    /// The results.
    fn finish(&self, state: Self::State) -> Self::Output;
    /// The aggregates' names, for `explain` and for the check that a pipeline is the same as the one that left its state.
    fn names(&self) -> Vec<String>;
    /// Why one of them cannot be with its settings, if so.
    fn refused(&self) -> Option<String>;
}

#[diagnostic::do_not_recommend]
impl<T> Aggregates<T> for () {
    type State = ();
    type Output = ();
    fn init(&self) {}
    fn add(&self, _: &mut (), _: &T, _: Place) {}
    fn merge(&self, _: &mut (), _: ()) {}
    fn finish(&self, _: ()) {}
    fn names(&self) -> Vec<String> {
        Vec::new()
    }
    fn refused(&self) -> Option<String> {
        None
    }
}

#[diagnostic::do_not_recommend]
impl<T, C: Column<T>, Rest: Aggregates<T>> Aggregates<T> for (C, Rest) {
    type State = (C::State, Rest::State);
    type Output = (C::Output, Rest::Output);

    fn init(&self) -> Self::State {
        (self.0.init(), self.1.init())
    }

    #[inline]
    fn add(&self, state: &mut Self::State, row: &T, place: Place) {
        self.0.add(&mut state.0, row, place);
        self.1.add(&mut state.1, row, place);
    }

    fn merge(&self, state: &mut Self::State, other: Self::State) {
        self.0.merge(&mut state.0, other.0);
        self.1.merge(&mut state.1, other.1);
    }

    fn finish(&self, state: Self::State) -> Self::Output {
        (self.0.finish(state.0), self.1.finish(state.1))
    }

    fn names(&self) -> Vec<String> {
        let mut names = vec![self.0.name()];
        names.extend(self.1.names());
        names
    }

    fn refused(&self) -> Option<String> {
        self.0.refused().or_else(|| self.1.refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregates::{If, count, count_if, last_if, mean, sum_if};

    #[track_caller]
    fn check<V: 'static, A: Aggregate<V>>(aggregate: A, name: &str) {
        let column =
            Over { function: aggregate, value: |(): &()| unreachable!(), marker: PhantomData::<fn() -> V> };
        assert_eq!(column.name(), name);
    }

    #[test]
    fn built_in_aggregates_have_the_names_they_are_used_by() {
        check::<(), _>(count(), "count");
        check::<bool, _>(count_if(), "count_if");
        check::<Option<f64>, _>(mean(), "mean");
        check::<(i64, bool), _>(sum_if(), "sum_if");
        check::<(Option<String>, bool), _>(last_if(), "last_if");
    }

    #[test]
    fn an_aggregate_of_ones_own_has_the_name_it_gives() {
        struct HighestOf<T>(PhantomData<fn() -> T>);
        impl<T: 'static> Aggregate<Option<u64>> for HighestOf<T> {
            const NAME: &'static str = "highest";
            type State = u64;
            type Output = u64;

            fn init(&self) -> u64 {
                0
            }

            fn add(&self, state: &mut u64, value: Option<u64>, _: Place) {
                *state = value.unwrap_or(0).max(*state);
            }

            fn merge(&self, state: &mut u64, other: u64) {
                *state = other.max(*state);
            }

            fn finish(&self, state: u64) -> u64 {
                state
            }
        }
        check::<Option<u64>, _>(HighestOf(PhantomData::<fn() -> crate::Timestamp>), "highest");
        check::<(u64, bool), _>(If(HighestOf(PhantomData::<fn() -> u8>)), "highest_if");
    }
}
