//! What the code that the macros emit refers to. No part of the public interface: it changes with the macros.

pub use serde;

pub use crate::aggregates::{Natural, Value};
pub use crate::handles::NodeId;
pub use crate::handles::{Grouped, Holds, IsEventTime, NamesTopic, NoEventTime, NoLateness, Topic, topic};
pub use crate::key::{Key, KeyCode, KeyReader, key_derives, no_such_variant, sum};
pub use crate::operators::{GivenTo, NamesStream};
pub use crate::pipeline::{Param, Params, Pipeline, pipeline_parameter};
pub use crate::plan::constants;
pub use crate::plan::registry::texts;
pub use crate::plan::{OnUndecodablePolicy, statement};
pub use crate::record::Format;
pub use crate::record::serde_support::{
    Builder, Source, Variants, deserialize, deserialize_enum, variant_fields,
};
pub use crate::record::{
    CurrentRow, DecodeError, Derefs, DerefsNot, EnumSchema, Fault, Field, FieldMask, FieldPlace, FieldSchema,
    Kind, Record, RowLayout, RowRef, RowShape, RowWriter, Schema, Shape, VariantSchema, nested, variant,
};
pub use crate::testing::{Reads, TestDriver, Writes};
pub use crate::time::{Duration, Timestamp};

/// What a pipeline's body can say without importing it. Aggregates are not among it: they are named by their full path, so
/// that `max` inside a closure stays the function that the user imported.
pub mod dsl {
    pub use crate::operators::words::*;

    /// The duration that a literal such as `500ms`, `10s`, `5m`, `1h` or `30d` stands for.
    #[doc(hidden)]
    pub fn duration_of_millis(millis: i64) -> crate::Duration {
        crate::Duration::from_millis(millis)
    }
}

/// The built-in aggregates.
pub mod aggregates {
    pub use crate::aggregates::words::*;
}

pub use crate::aggregates::fields::Fields;

/// The bounds on what is given to the fields of a `select`'s record.
pub mod fields {
    pub use crate::aggregates::fields::*;
}

/// The result of an aggregate, in the place of the call that the user wrote.
pub fn result<O>(result: O) -> O {
    result
}

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
pub struct NoAggregate<F>(std::marker::PhantomData<F>);

impl<F> AggregateOf<F> {
    /// Of that function.
    pub fn function(function: F) -> Self {
        AggregateOf(function, NoAggregate(std::marker::PhantomData))
    }
}

impl<F: Fn() -> A, A> AggregateOf<F> {
    /// The aggregate.
    pub fn make(&self) -> A {
        (self.0)()
    }
}

impl<F> std::ops::Deref for AggregateOf<F> {
    type Target = NoAggregate<F>;
    fn deref(&self) -> &NoAggregate<F> {
        &self.1
    }
}

impl<F> NoAggregate<F> {
    /// There is none.
    pub fn make<A>(&self) -> A
    where
        F: MakesAggregate<Made = A>,
    {
        unreachable!("nothing meets the bound of this method")
    }
}

/// A function of streams that is given by its name to `through`.
pub fn of_stream<S: GivenTo<N>, N, R>(function: impl FnOnce(N) -> R, stream: S) -> R {
    function(stream.given())
}

/// What a `let` names.
pub fn named<N>(value: impl NamesStream<Named = N>) -> N {
    value.named()
}

/// A topic that every pipeline reads and writes, and nobody can name a row of. With a second one beside it, no topic is the
/// only one a driver can mean, and a wrong one is called by its name.
#[derive(Debug)]
pub enum NoTopic {}

/// A value of a declaration's closure; the row comes first, so that the closure's parameter has a type.
pub fn of_row<T, R>(row: &T, value: impl FnOnce(&T) -> R) -> R {
    value(row)
}
