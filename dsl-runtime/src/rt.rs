//! What the code that the macros emit refers to. No part of the public interface: it changes with the macros.

pub use serde;

pub use crate::aggregates::{Natural, Value};
pub use crate::handles::NodeId;
pub use crate::handles::{Grouped, Holds, NamesTopic, NoEventTime, NoLateness, Topic};
pub use crate::key::{Key, KeyReader, no_such_variant, sum};
pub use crate::pipeline::{Param, Params, Pipeline};
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

/// A parameter of a pipeline, for a closure of its own.
pub fn param<P: Param>(parameter: &P) -> P {
    parameter.clone()
}

/// What a `let` of a pipeline's body names.
pub fn named<S: NamesStream>(stream: S) -> S {
    stream
}

/// A stream, or a step on the way from one to the next.
#[diagnostic::on_unimplemented(
    message = "a `let` of a pipeline names a stream, and this is `{Self}`",
    label = "no stream",
    note = "a value that decides about rows is a parameter of the pipeline, `fn name(limit: u64)`: it is then kept with the state, and a change of it is seen",
    note = "a value that a single closure needs stands inside of that closure"
)]
pub trait NamesStream {}

#[diagnostic::do_not_recommend]
impl<T, E> NamesStream for crate::handles::Stream<T, E> {}
#[diagnostic::do_not_recommend]
impl<K, T, E> NamesStream for crate::handles::Grouped<K, T, E> {}
#[diagnostic::do_not_recommend]
impl<K, T, W> NamesStream for crate::handles::Windowed<K, T, W> {}
#[diagnostic::do_not_recommend]
impl<T> NamesStream for crate::operators::SetTooLate<T> {}
#[diagnostic::do_not_recommend]
impl<P: Topic, E> NamesStream for crate::handles::Source<P, E> {}

/// A topic that every pipeline reads and writes, and nobody can name a row of. With a second one beside it, no topic is the
/// only one a driver can mean, and a wrong one is called by its name.
#[derive(Debug)]
pub enum NoTopic {}

/// Appends an encoded key.
pub fn encode_key<K: Key>(key: &K, out: &mut Vec<u8>) {
    key.encode_key(out);
}

/// The event time of a row, checked at the declaration of it.
pub fn event_time<T: IsEventTime>(time: &T) -> Timestamp {
    time.timestamp()
}

/// A value that can be a row's event time: a [`Timestamp`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an event time",
    label = "event time is a `Timestamp`",
    note = "make a `Timestamp` of it in a closure, for example `time: |row| Timestamp::from_millis(row.at)`; every row needs one, so say what stands in for a missing value"
)]
pub trait IsEventTime {
    /// The event time.
    fn timestamp(&self) -> Timestamp;
}

#[diagnostic::do_not_recommend]
impl IsEventTime for Timestamp {
    fn timestamp(&self) -> Timestamp {
        *self
    }
}

/// A value of a declaration's closure; the row comes first, so that the closure's parameter has a type.
pub fn of_row<T, R>(row: &T, value: impl FnOnce(&T) -> R) -> R {
    value(row)
}

/// A topic, from its type.
pub fn topic<P: NamesTopic>() -> P::Topic {
    P::topic()
}
