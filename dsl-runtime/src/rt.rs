//! What the code that the macros emit refers to. No part of the public interface: it changes with the macros.

pub use serde;

pub use crate::aggregates::{AggregateOf, Natural, Value};
pub use crate::handles::NodeId;
pub use crate::handles::{
    Grouped, Holds, IsEventTime, Keyed, NameAlone, NamesTopic, NoEventTime, NoLateness, Topic, topic,
};
pub use crate::key::{Key, KeyCode, KeyReader, key_derives, no_such_variant, sum};
pub use crate::operators::{GivenTo, named};
pub use crate::operators::{HoldsRecordsAsTheyAre, HoldsText, OfRow, Variants as SplitByVariant};
pub use crate::pipeline::{Declared, Param, Params, Pipeline, Signature, Values, pipeline_parameter};
pub use crate::plan::constants;
pub use crate::plan::registry::texts;
pub use crate::plan::{OnUndecodablePolicy, statement, statement_of_parts};
pub use crate::record::serde_support::{
    Builder, Source, Variants, deserialize, deserialize_enum, variant_fields,
};
pub use crate::record::{
    CurrentRow, DecodeError, Derefs, DerefsNot, EnumSchema, Fault, Field, FieldMask, FieldPlace, FieldSchema,
    Kind, Record, RowLayout, RowRef, RowShape, RowWriter, Schema, Shape, VariantSchema, nested, variant,
};
pub use crate::record::{
    Format, HasFields, IsRecord, Itself, RowOf, are_cloned, default_of_a_field, have_fields, is_raw_row,
    is_record, record_derives,
};
pub use crate::testing::{PipelineOf, Reads, TestDriver, Writes, length_of_parameter};
pub use crate::time::{Duration, Timestamp};

/// What a pipeline's body can say without importing it. Aggregates are not among it: they are named by their full path, so
/// that `max` inside a closure stays the function that the user imported.
pub mod dsl {
    #[doc(hidden)]
    pub use crate::operators::Parts as _;
    #[doc(hidden)]
    pub use crate::operators::RowWords as _;
    #[doc(hidden)]
    pub use crate::operators::values::{
        LengthWords as _, ListWords as _, NumberWords as _, OptionWords as _, TextWords as _,
    };
    pub use crate::operators::words::*;

    /// The duration that a literal such as `500ms`, `10s`, `5m`, `1h` or `30d` stands for.
    #[doc(hidden)]
    pub fn duration_of_millis(millis: i64) -> crate::Duration {
        crate::Duration::from_millis(millis)
    }
}

/// What a row looks back over. Named by full path, as `last` is an aggregate, too.
pub mod frames {
    pub use crate::operators::{last, last_rows};
}

/// Windows of a number of rows. Named by full path, as `every` is a word of other systems, too.
pub mod windows {
    pub use crate::operators::every;
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

/// Arithmetic and comparison in closures over rows.
pub mod arithmetic {
    pub use crate::operators::{
        AddedUpWith, ConditionOf, DivisibleBy, EqualWith, LessenedBy, MultipliedBy, OfTwo, OrderedWith,
        WithRemainderBy, YesOrNo,
    };
}

/// The result of an aggregate, in the place of the call that the user wrote.
pub fn result<O>(result: O) -> O {
    result
}

/// A value of a declaration's closure; the row comes first, so that the closure's parameter has a type.
pub fn of_row<T, R>(row: &T, value: impl FnOnce(&T) -> R) -> R {
    value(row)
}
