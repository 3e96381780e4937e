//! What the code that the macros emit refers to. No part of the public interface: it changes with the macros.

pub use serde;

pub use crate::dsl::Grouped;
pub use crate::key::{Key, KeyReader, no_such_variant, put_part, sum};
pub use crate::record::serde_support::{
    Builder, Source, Variants, deserialize, deserialize_enum, read_field, required, variant_fields,
};
pub use crate::record::{
    DecodeError, EnumSchema, Fault, Field, FieldMask, FieldSchema, Kind, Record, RowRef, RowShape, RowWriter,
    Schema, Shape, VariantSchema, nested, variant,
};
