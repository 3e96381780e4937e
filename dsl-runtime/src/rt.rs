//! What the code that the macros emit refers to. No part of the public interface: it changes with the macros.

pub use serde;

pub use crate::aggregates;
pub use crate::aggregates::{Natural, Value};
pub use crate::dsl::{Grouped, NoEventTime, NoLateness, Topic};
pub use crate::pipeline::{Param, Pipeline};
pub use crate::plan::{NodeId, OnUndecodablePolicy, statement};
pub use crate::record::Format;
pub use crate::testing::{Reads, TestDriver, Writes};
pub use crate::time::{Duration, Timestamp};
pub use crate::key::{Key, KeyReader, no_such_variant, sum};
pub use crate::record::serde_support::{
    Builder, Source, Variants, deserialize, deserialize_enum, variant_fields,
};
pub use crate::record::{
    DecodeError, EnumSchema, Fault, Field, FieldMask, FieldSchema, Kind, Record, RowRef, RowShape, RowWriter,
    Schema, Shape, VariantSchema, nested, variant,
};

/// What a pipeline's body can say without importing it.
pub mod dsl {
    pub use crate::aggregates::{
        count, count_if, first, first_if, last, last_if, max, max_if, mean, mean_if, min, min_if, sum, sum_if,
    };
    pub use crate::dsl::{fail, skip, source, tumbling};
}

/// A parameter of a pipeline, checked at its type.
pub const fn param<P: Param>() {}

/// Appends an encoded key.
pub fn encode_key<K: Key>(key: &K, out: &mut Vec<u8>) {
    key.encode_key(out);
}

/// The event time of a row, checked at the declaration of it.
pub const fn event_time(time: Timestamp) -> Timestamp {
    time
}

/// A value of a declaration's closure; the row comes first, so that the closure's parameter has a type.
pub fn of_row<T, R>(row: &T, value: impl FnOnce(&T) -> R) -> R {
    value(row)
}

/// A topic, from its type.
pub fn topic<P: Topic>() -> P {
    P::default()
}
