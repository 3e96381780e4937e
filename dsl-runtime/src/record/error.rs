//! Why bytes could not be read as a record, a field or a key.
//!
//! These texts go into dead letters, which are compared when an epoch is computed again: another text here refuses a recovery that an older
//! version has left. `tests/golden` holds one of them.

use super::topic_schemas::SchemaError;

/// Why a row or a key could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The row does not begin with a schema number.
    #[error("the row ends within its schema number, with which every `native` row begins")]
    NoSchemaNumber,
    /// The row's schema number is not one of the topic's.
    #[error(
        "the row begins with schema number {number}, and the topic keeps {known} schema(s), numbered from 0: its bytes are \
         damaged, or were written by something else than a typed topic or a pipeline"
    )]
    UnknownSchema {
        /// The number that the row begins with.
        number: u64,
        /// How many schemas the topic has; they are numbered from 0.
        known: usize,
    },
    /// The row's flags, fixed-width fields and offset table do not fit into its bytes.
    #[error("the row of `{record}` has {found} bytes, but its schema needs at least {needed}")]
    TooShort {
        /// The name of the record type.
        record: String,
        /// The least number of bytes that a row of this schema has.
        needed: usize,
        /// How many bytes there are.
        found: usize,
    },
    /// The row's offset table points outside of the row, or does not cover it.
    #[error(
        "the row of `{record}` has {found} bytes of strings and lists, but its offset table says {expected}"
    )]
    Length {
        /// The name of the record type.
        record: String,
        /// What the offset table says.
        expected: usize,
        /// How many bytes there are.
        found: usize,
    },
    /// The flags name no width for the entries of the offset table.
    #[error("the row of `{record}` has offset width 3, and only 0, 1 and 2 are known")]
    OffsetWidth {
        /// The name of the record type.
        record: String,
    },
    /// One field does not hold a value of its kind.
    #[error("field `{field}` of `{record}`: {fault}")]
    Field {
        /// The name of the record type.
        record: String,
        /// The name of the field.
        field: String,
        /// What is wrong with its bytes.
        fault: Fault,
    },
    /// The bytes are not a key of the expected type.
    #[error("not a key of type {kind}: {fault}")]
    Key {
        /// The expected type.
        kind: &'static str,
        /// What is wrong with the bytes.
        fault: Fault,
    },
    /// The row is of a type that came into the topic since it was opened, and that this type cannot read.
    #[error(transparent)]
    Schema(Box<SchemaError>),
    /// The record has no value and the header of a heartbeat, whose value is no event time.
    #[error(
        "its header `waterwheel.heartbeat` holds `{found}`, where an event time stands, in milliseconds since the Unix epoch, in digits"
    )]
    Heartbeat {
        /// What the header holds, as text.
        found: String,
    },
    /// The row of a `json` topic does not hold the record.
    #[error("not a JSON row of `{record}`: {reason}")]
    Json {
        /// The name of the record type.
        record: String,
        /// The JSON reader's message.
        reason: String,
    },
}

/// What is wrong with the bytes of one value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The value has a fixed width, and this is not it.
    #[error("a length of {found} instead of {expected} bytes")]
    Width {
        /// The width in bytes of a value of this kind.
        expected: usize,
        /// How many bytes there are.
        found: usize,
    },
    /// A bool that is neither 0 nor 1.
    #[error("a bool is 0 or 1, not {0}")]
    Bool(u8),
    /// A string that is not UTF-8.
    #[error("not UTF-8 from byte {0} on")]
    Utf8(usize),
    /// A variant that the enum does not have.
    #[error("`{name}` has no variant with id {id}; was the row written by a newer program?")]
    Variant {
        /// The name of the enum.
        name: String,
        /// The id found.
        id: u16,
    },
    /// A null where the type has none.
    #[error("null, but the field is not an option")]
    Null,
    /// The offset table's entry lies before the previous one or behind the end.
    #[error("its bytes are said to be {start}..{end} of {available}")]
    Range {
        /// Where the value begins.
        start: usize,
        /// Where the value ends.
        end: usize,
        /// How many bytes there are.
        available: usize,
    },
    /// A list whose elements do not fill it exactly.
    #[error("the list is cut off within element {0}")]
    List(usize),
    /// A map whose entries do not fill it exactly.
    #[error("the map is cut off within entry {0}")]
    Map(usize),
    /// A map with one key twice.
    #[error("entry {0} of the map has the key of an entry before it")]
    Repeated(usize),
    /// An array with more bytes than its elements have.
    #[error("{bytes} bytes too many behind the {elements} elements of the array")]
    Behind {
        /// How many elements the type has.
        elements: usize,
        /// How many bytes stand behind them.
        bytes: usize,
    },
    /// Bytes of the right width that are no value of the kind.
    #[error("{0}")]
    Value(&'static str),
    /// A nested record has a fault of its own.
    #[error("{0}")]
    Nested(Box<DecodeError>),
    /// There is a value, but no field of that kind was expected; the row and the layout it is read by do not fit.
    #[error("the row is read as another type than its schema says")]
    Shape,
}

impl From<DecodeError> for Fault {
    fn from(error: DecodeError) -> Fault {
        Fault::Nested(Box::new(error))
    }
}
