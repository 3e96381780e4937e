//! The aggregates of a `.select(..)`: a list of aggregate functions, each with the value it takes from a row.

use std::marker::PhantomData;

use serde::{Serialize, de::DeserializeOwned};

use crate::aggregates::{Aggregate, Place};

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
    pub fn agg<V, A: Aggregate<V>>(self, function: A, value: impl Fn(&T) -> V + 'static) -> Agg<A, V, impl Fn(&T) -> V + 'static> {
        Agg { function, value, marker: PhantomData }
    }
}

/// One aggregate of a `.select(..)`.
pub struct Agg<A, V, F> {
    function: A,
    value: F,
    marker: PhantomData<fn() -> V>,
}

/// A list of aggregates over rows of type `T`, as nested pairs that end in `()`.
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
}

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
}

impl<T, A, V, F, Rest> Aggregates<T> for (Agg<A, V, F>, Rest)
where
    A: Aggregate<V>,
    V: 'static,
    F: Fn(&T) -> V + 'static,
    Rest: Aggregates<T>,
{
    type State = (A::State, Rest::State);
    type Output = (A::Output, Rest::Output);

    fn init(&self) -> Self::State {
        (self.0.function.init(), self.1.init())
    }

    #[inline]
    fn add(&self, state: &mut Self::State, row: &T, place: Place) {
        self.0.function.add(&mut state.0, (self.0.value)(row), place);
        self.1.add(&mut state.1, row, place);
    }

    fn merge(&self, state: &mut Self::State, other: Self::State) {
        self.0.function.merge(&mut state.0, other.0);
        self.1.merge(&mut state.1, other.1);
    }

    fn finish(&self, state: Self::State) -> Self::Output {
        (self.0.function.finish(state.0), self.1.finish(state.1))
    }

    fn names(&self) -> Vec<String> {
        let mut names = vec![short_name(std::any::type_name::<A>())];
        names.extend(self.1.names());
        names
    }
}

/// A type's name without the paths: `If<Sum>` of `dsl_runtime::aggregates::filtered::If<dsl_runtime::aggregates::sum::Sum>`.
fn short_name(path: &str) -> String {
    let mut name = String::new();
    for word in path.split_inclusive(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':')) {
        name.push_str(word.rsplit("::").next().unwrap_or(word));
    }
    name
}
