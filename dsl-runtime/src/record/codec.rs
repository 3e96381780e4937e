//! Rows of a topic to bytes and back, in the topic's format.

use std::fmt;
use std::marker::PhantomData;

use super::error::DecodeError;
use super::layout::RowLayout;
use super::mask::FieldMask;
use super::owned_schema::{OwnedKind, OwnedSchema, row_shape};
use super::row_ref::RowRef;
use super::row_writer::OffsetWidth;
use super::schema::{FieldSchema, Kind, Schema};
use super::topic_schemas::{SchemaError, SchemaNumber, TopicSchemas};
use super::{Record, varint};

/// How a topic's rows are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Format {
    /// The layout of `#[derive(Record)]`: compact, versioned, and readable field by field.
    #[default]
    Native,
    /// A JSON object, for foreign clients. A missing field takes its default; unknown ones are ignored. A row that is an enum has one
    /// member, called as its variant.
    Json,
    /// The bytes of the record's only field, a `Vec<u8>` or `String`.
    Raw,
}

/// Why a row could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The codec was made for reading only.
    #[error("the schema of `{0}` is not registered with the topic: open the topic for writing")]
    ReadOnly(String),
    /// A `Serialize` implementation of the user's refused the value, or made something else of it than an object; or a float is
    /// NaN or infinite.
    #[error("`{record}` cannot be written as JSON: {reason}")]
    Json {
        /// The record type.
        record: String,
        /// The JSON writer's message.
        reason: String,
    },
}

/// Writes and reads the rows of one topic as values of one type. [`TypedTopic`](crate::TypedTopic) does it for topics of a
/// store; this is for bytes that are kept elsewhere.
///
/// ```
/// use waterwheel::prelude::*;
///
/// use waterwheel::record::{FieldMask, Format, Record, RowCodec, TopicSchemas};
///
/// #[derive(Debug, Clone, PartialEq, Record)]
/// struct Payment { card: u64, cents: i64, note: String }
///
/// let mut schemas = TopicSchemas::new(); // to be kept beside the rows
/// let codec = RowCodec::<Payment>::new(Format::Native, &mut schemas)?;
/// let payment = Payment { card: 4000, cents: 1250, note: "wheels".to_owned() };
/// let mut bytes = Vec::new();
/// codec.encode(&payment, &mut bytes)?;
/// assert_eq!(codec.decode(&bytes, FieldMask::ALL)?, payment);
///
/// // Only what is asked for is decoded; the text stays where it is.
/// assert_eq!(codec.decode(&bytes, Payment::mask(&["cents"]))?.cents, 1250);
/// assert_eq!(codec.row(&bytes)?.str(2)?, Some("wheels"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct RowCodec<T> {
    format: Format,
    number: Option<SchemaNumber>,
    /// How to read the rows of each of the topic's schemas; for a raw topic, of the only one.
    layouts: Vec<RowLayout>,
    rows: PhantomData<fn() -> T>,
}

impl<T: Record> RowCodec<T> {
    /// A codec to write and read. Adds the schema of `T` to those of the topic, unless it is there, or the rows are `raw`; if
    /// `schemas` has grown by that, the caller must keep it durably with the first row, or before it.
    ///
    /// # Errors
    /// [`SchemaError`] if rows of one of the schemas could not be read as `T`, or `T` cannot be the row of a `raw` topic;
    /// `schemas` is as it was then.
    pub fn new(format: Format, schemas: &mut TopicSchemas) -> Result<RowCodec<T>, SchemaError> {
        let number = match format {
            Format::Native => Some(schemas.register::<T>()?),
            Format::Json => {
                schemas.register_json::<T>()?;
                None
            }
            Format::Raw => None,
        };
        Ok(RowCodec { number, ..RowCodec::read_only(format, schemas)? })
    }

    /// A codec that only reads, for a type that need not be among the topic's schemas.
    ///
    /// # Errors
    /// As [`RowCodec::new`].
    pub fn read_only(format: Format, schemas: &TopicSchemas) -> Result<RowCodec<T>, SchemaError> {
        let layouts = match format {
            Format::Native => schemas.layouts::<T>()?,
            Format::Json => {
                schemas.check_json::<T>()?;
                Vec::new()
            }
            Format::Raw => vec![raw_layout::<T>()?],
        };
        Ok(RowCodec { format, number: None, layouts, rows: PhantomData })
    }

    /// The topic's format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Appends the bytes of `row` to `out`. A log takes up to 64 MiB of them, with the key.
    ///
    /// # Panics
    /// If the strings and lists of a `native` row have more than 4 GiB.
    ///
    /// # Errors
    /// [`EncodeError::ReadOnly`] if the codec was made for reading, [`EncodeError::Json`] if the row's own `Serialize` fails or
    /// makes something else than an object of it, or a float that is no `Option` is NaN or infinite; `out` is as it was then.
    pub fn encode(&self, row: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self.format {
            Format::Native => {
                let SchemaNumber(number) =
                    self.number.ok_or_else(|| EncodeError::ReadOnly(T::SCHEMA.name.to_owned()))?;
                varint::put(u64::from(number), out);
                row.encode(out);
            }
            Format::Json => {
                let start = out.len();
                let written = to_json(row, out).map_err(|error| error.to_string());
                let written = written.and_then(|()| check_object(&out[start..]));
                let written = written.and_then(|()| check_floats::<T>(&out[start..]));
                if let Err(reason) = written {
                    out.truncate(start);
                    return Err(EncodeError::Json { record: T::SCHEMA.name.to_owned(), reason });
                }
            }
            Format::Raw => {
                let start = out.len();
                row.encode(out);
                // A row of one variable field is a flag byte, one offset, and then the bytes themselves.
                let width = OffsetWidth::of_flags(out[start]).map_or(0, OffsetWidth::bytes);
                out.drain(start..=start + width);
            }
        }
        Ok(())
    }

    /// Reads a row; fields that are not in `mask` get some value of their type. Never panics, whatever the bytes are.
    /// A `json` row is always decoded whole.
    ///
    /// # Errors
    /// [`DecodeError`], with the record and the field; [`DecodeError::UnknownSchema`] if the row was written with a schema that
    /// came into the topic after the codec was made.
    #[inline]
    pub fn decode(&self, bytes: &[u8], mask: FieldMask) -> Result<T, DecodeError> {
        match self.format {
            Format::Json => from_json(bytes),
            Format::Native | Format::Raw => {
                let (layout, row) = self.split(bytes)?;
                match layout.is_current() {
                    true => T::decode_current(layout, row, mask),
                    false => T::decode(&RowRef::new(layout, row)?, mask),
                }
            }
        }
    }

    /// As [`RowCodec::decode`], into a value that there is already, whose memory is used again: for whoever reads many rows, one
    /// after the other. Fields that are not in `mask` are of no meaning afterwards.
    ///
    /// ```
    /// use waterwheel::record::{FieldMask, Format, RowCodec, TopicSchemas};
    /// # use waterwheel_samples::{Payment, payment};
    ///
    /// let codec = RowCodec::<Payment>::new(Format::Native, &mut TopicSchemas::new())?;
    /// let (mut row, mut sum) = (payment(0, 0, 0), 0);
    /// for cents in [250, 100] {
    ///     let mut bytes = Vec::new();
    ///     codec.encode(&payment(1, cents, 5), &mut bytes)?;
    ///     codec.decode_into(&bytes, FieldMask::ALL, &mut row)?;
    ///     sum += row.cents;
    /// }
    /// assert_eq!(sum, 350);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`RowCodec::decode`]; `into` is some value of its type then.
    #[inline]
    pub fn decode_into(&self, bytes: &[u8], mask: FieldMask, into: &mut T) -> Result<(), DecodeError> {
        if self.format != Format::Json {
            let (layout, row) = self.split(bytes)?;
            if layout.is_current() {
                return into.decode_current_into(layout, row, mask);
            }
        }
        *into = self.decode(bytes, mask)?;
        Ok(())
    }

    /// The row for reading single fields.
    ///
    /// # Errors
    /// As [`RowCodec::decode`], for what can be told without the fields; always for a `json` row, which has no fields at fixed
    /// places.
    #[inline]
    pub fn row<'a>(&'a self, bytes: &'a [u8]) -> Result<RowRef<'a>, DecodeError> {
        let (layout, row) = self.split(bytes)?;
        RowRef::new(layout, row)
    }

    /// The layout of a row's schema, and the row without its schema number.
    #[inline]
    fn split<'a>(&'a self, bytes: &'a [u8]) -> Result<(&'a RowLayout, &'a [u8]), DecodeError> {
        let (number, row) = match self.format {
            Format::Native => varint::take(bytes).ok_or(DecodeError::NoSchemaNumber)?,
            Format::Json | Format::Raw => (0, bytes),
        };
        let layout = usize::try_from(number).ok().and_then(|number| self.layouts.get(number));
        match layout {
            Some(layout) => Ok((layout, row)),
            None => Err(DecodeError::UnknownSchema { number, known: self.layouts.len() }),
        }
    }
}

/// As in a `topics!` declaration.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Native => "native",
            Format::Json => "json",
            Format::Raw => "raw",
        })
    }
}

/// Appends a row as a JSON object.
pub(crate) fn to_json<T: Record>(row: &T, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let start = out.len();
    serde_json::to_writer(&mut *out, row)?;
    // A variant without data is a text, and is the name of a member as one with data is.
    if T::HAS_BARE_VARIANTS && out.get(start) == Some(&b'"') {
        out.insert(start, b'{');
        out.extend_from_slice(b":null}");
    }
    Ok(())
}

fn from_json<T: Record>(bytes: &[u8]) -> Result<T, DecodeError> {
    let is_bare = T::HAS_BARE_VARIANTS && bytes.trim_ascii_start().first() == Some(&b'"');
    let checked = if is_bare { Ok(()) } else { check_object(bytes) };
    let row = checked.and_then(|()| serde_json::from_slice(bytes).map_err(|error| error.to_string()));
    row.map_err(|reason| DecodeError::Json { record: T::SCHEMA.name.to_owned(), reason })
}

/// Fails if a float that is no number was written as `null` where the type does not read it back. The text is read only if there is
/// a `null` in it that may be one.
fn check_floats<T: Record>(text: &[u8]) -> Result<(), String> {
    let may_be_float = const { has_plain_float(T::SCHEMA.fields) };
    if !may_be_float || !text.windows(4).any(|word| word == b"null") {
        return Ok(());
    }
    serde_json::from_slice::<T>(text).map(drop).map_err(|error| {
        format!(
            "it could not be read back, as when a float is NaN or infinite, which JSON does not have: make such a field an `Option`, \
             or the topic `format: native` ({error})"
        )
    })
}

/// Whether a float is among the fields, at any depth, in whose place no null may stand.
const fn has_plain_float(fields: &[FieldSchema]) -> bool {
    let mut at = 0;
    while at < fields.len() {
        let kind = match &fields[at].kind {
            Kind::Option(Kind::F32 | Kind::F64) => &Kind::Bool,
            kind => kind,
        };
        if is_plain_float(kind) {
            return true;
        }
        at += 1;
    }
    false
}

const fn is_plain_float(kind: &Kind) -> bool {
    match kind {
        Kind::F32 | Kind::F64 => true,
        Kind::Option(inner) | Kind::List(inner) | Kind::Array(inner, _) => is_plain_float(inner),
        Kind::Map(_, value) => is_plain_float(value),
        Kind::Tuple(parts) => has_plain_float(parts),
        Kind::Record(of) => has_plain_float(of.fields),
        Kind::Enum(of) => {
            let mut at = 0;
            while at < of.variants.len() {
                if has_plain_float(of.variants[at].fields) {
                    return true;
                }
                at += 1;
            }
            false
        }
        _ => false,
    }
}

/// Fails if the JSON text is something else than an object. Without names, an array's values would be taken by their order, which
/// is nowhere promised to stay.
fn check_object(text: &[u8]) -> Result<(), String> {
    let found = match text.trim_ascii_start().first() {
        Some(b'{') => return Ok(()),
        None => "nothing",
        Some(b'[') => "an array",
        Some(b'"') => "a text",
        Some(b't' | b'f') => "a bool",
        Some(b'n') => "null",
        Some(b'-' | b'0'..=b'9') => "a number",
        Some(_) => "no JSON",
    };
    Err(format!("a row is one JSON object, such as {{\"id\":1}}, and this is {found}"))
}

/// Whether rows can be those of a topic of the format `raw`: `topics!` asks when it is built.
#[doc(hidden)]
pub const fn is_raw_row(schema: &Schema) -> bool {
    matches!(schema.fields, [field] if matches!(field.kind, Kind::Bytes | Kind::String))
}

fn raw_layout<T: Record>() -> Result<RowLayout, SchemaError> {
    let schema = OwnedSchema::from(T::SCHEMA);
    match &schema.fields[..] {
        [field] if matches!(field.kind, OwnedKind::Bytes | OwnedKind::String) => {
            debug_assert_eq!(row_shape(&schema.fields).flag_bytes, 1, "`encode` counts on one flag byte");
            Ok(RowLayout::whole(&schema))
        }
        _ => Err(SchemaError::Raw(schema.name)),
    }
}
