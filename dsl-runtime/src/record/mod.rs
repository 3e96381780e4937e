//! Records: typed rows, their versioned `native` layout, and their JSON.
//!
//! A row's first bytes are its schema's number in the topic; then come flags, fixed-width fields, an offset table, and
//! the strings, lists and nested records. `docs/formats/record.md` shows every byte.

mod array;
mod boxed;
#[cfg(feature = "bytes")]
mod bytes;
mod checked;
mod civil;
mod codec;
mod current_row;
#[cfg(feature = "decimal")]
mod decimal;
mod derefs;
#[cfg(feature = "ecow")]
mod ecow;
mod error;
mod field;
mod field_default;
mod heartbeat;
mod json_names;
mod kept_row;
mod key_changes;
mod layout;
mod list;
mod map;
mod mask;
mod owned_schema;
mod resolve;
mod row_ref;
mod row_writer;
mod schema;
mod schema_changes;
pub(crate) mod serde_support;
mod topic_decoder;
mod topic_schemas;
mod tuple;
#[cfg(feature = "uuid")]
mod uuid;
pub(crate) mod varint;

use serde::Serialize;
use serde::de::DeserializeOwned;

#[doc(hidden)]
pub use checked::{
    HasFields, IsRecord, Itself, RecordDerives, RecordIsSent, RowOf, are_cloned, have_fields, is_record,
    record_derives,
};
#[doc(hidden)]
pub use codec::is_raw_row;
pub(crate) use codec::to_json;
pub use codec::{EncodeError, Format, RowCodec};
#[doc(hidden)]
pub use current_row::{CurrentRow, FieldPlace};
#[cfg(feature = "decimal")]
pub use decimal::{Decimal, ParseDecimalError};
#[doc(hidden)]
pub use derefs::{Derefs, DerefsNot};
#[cfg(feature = "ecow")]
pub use ecow::EcoString;
pub use error::{DecodeError, Fault};
pub use field::Field;
pub use field_default::{HasDefault, default_of_a_field};
pub(crate) use heartbeat::{heartbeat, is_heartbeat, push_heartbeat};
pub(crate) use kept_row::{EncodedRow, KeptRow};
pub use layout::{ElementShape, EnumLayout, MapShape, RowLayout, Shape};
pub use map::MapKey;
pub use mask::FieldMask;
pub use owned_schema::{OwnedField, OwnedKind, OwnedSchema, OwnedVariant};
pub use resolve::FieldConflict;
pub use row_ref::{RowRef, nested, variant};
pub use row_writer::RowWriter;
pub use schema::{EnumSchema, FieldSchema, Kind, RowShape, Schema, VariantSchema};
pub(crate) use topic_decoder::{KeptSchemas, TopicDecoder};
pub(crate) use topic_schemas::Register;
pub use topic_schemas::{SchemaError, SchemaNumber, TopicSchemas};

/// A type whose values are rows of topics and streams: a struct or an enum with `#[derive(Clone, Record)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a record",
    label = "not a record",
    note = "rows are structs with named fields, or enums, and `#[derive(Clone, Record)]`"
)]
pub trait Record: Field + Clone + Send + Sync + 'static + Serialize + DeserializeOwned {
    /// The fields; of an enum one, the enum.
    const SCHEMA: &'static Schema;

    /// A hash of ids, names and kinds of all fields; see [`Schema::fingerprint`].
    const FINGERPRINT: u64 = Self::SCHEMA.fingerprint();

    /// Whether the type implements `Deref`: then what looks like one of its fields may be one of its target's.
    #[doc(hidden)]
    const DEREFS: bool;

    /// Whether it is an enum with variants that are a bare text by the derive's `Serialize`.
    #[doc(hidden)]
    const HAS_BARE_VARIANTS: bool = false;

    /// Appends the row without a schema number; [`RowCodec::encode`] writes whole rows.
    fn encode(&self, out: &mut Vec<u8>);

    /// Reads the fields of `mask`; the others get some value of their type.
    fn decode(row: &RowRef<'_>, mask: FieldMask) -> Result<Self, DecodeError>;

    /// Reads the fields of `mask` from a row that was written with this very schema: `row` is without the schema's number, and
    /// [`RowLayout::is_current`].
    #[doc(hidden)]
    fn decode_current(layout: &RowLayout, row: &[u8], mask: FieldMask) -> Result<Self, DecodeError>;

    /// As `decode_current`, into a value that there is already: its memory is used again, and fields that are not in `mask` stay as
    /// they are. After an error it is some value of the type.
    #[doc(hidden)]
    fn decode_current_into(
        &mut self,
        layout: &RowLayout,
        row: &[u8],
        mask: FieldMask,
    ) -> Result<(), DecodeError> {
        *self = Self::decode_current(layout, row, mask)?;
        Ok(())
    }

    /// The mask of the fields that the code calls so; names of no field are ignored.
    fn mask(names: &[&str]) -> FieldMask {
        Self::SCHEMA.mask(names)
    }
}
