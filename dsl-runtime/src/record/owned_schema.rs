//! A schema as a topic keeps it: owned, and readable by programs that know nothing of its type.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::schema::{self, EnumSchema, FieldSchema, Kind, Schema};

/// The fields of a record type, in full: JSON in the topic's properties.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedSchema {
    /// The name of the type that wrote with this schema.
    pub name: String,
    /// The hash that the writer computed of ids, names and kinds; see [`Schema::fingerprint`].
    #[serde(with = "hexadecimal")]
    pub fingerprint: u64,
    /// The fields by ascending id.
    pub fields: Vec<OwnedField>,
    /// Ids of fields that were dropped before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<u16>,
}

/// One field of a record or of an enum's variant.
#[derive(Debug, Clone, Eq, Serialize, Deserialize)]
pub struct OwnedField {
    /// The field's id.
    pub id: u16,
    /// Whether the id was written out; it is not known of every writer, so it is not kept.
    #[serde(skip)]
    pub explicit_id: bool,
    /// What the code calls the field, which is no matter of rows, so it is not kept.
    #[serde(skip)]
    pub called: String,
    /// The field's name.
    pub name: String,
    /// What the field holds.
    pub kind: OwnedKind,
    /// The source text of the field's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

/// What the code calls a field makes no other field of it.
impl PartialEq for OwnedField {
    fn eq(&self, other: &OwnedField) -> bool {
        let parts = |field: &OwnedField| (field.id, field.explicit_id);
        parts(self) == parts(other)
            && self.name == other.name
            && self.kind == other.kind
            && self.default == other.default
    }
}

/// What a field holds; see [`Kind`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the variants are those of `Kind`")]
pub enum OwnedKind {
    Bool,
    I8,
    I16,
    I32,
    I64,
    I128,
    U8,
    U16,
    U32,
    U64,
    U128,
    F32,
    F64,
    Timestamp,
    Duration,
    String,
    Bytes,
    Option(Box<OwnedKind>),
    List(Box<OwnedKind>),
    Record { name: String, fields: Vec<OwnedField> },
    Enum { name: String, variants: Vec<OwnedVariant> },
    Map(Box<OwnedKind>, Box<OwnedKind>),
    Tuple(Vec<OwnedKind>),
    Array(Box<OwnedKind>, u32),
    Decimal,
    Date,
    Time,
    DateTime,
    Uuid,
}

/// One variant of an enum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedVariant {
    /// The variant's id.
    pub id: u16,
    /// Whether the id was written out; not kept.
    #[serde(skip)]
    pub explicit_id: bool,
    /// The variant's name.
    pub name: String,
    /// The variant's fields by ascending id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<OwnedField>,
}

impl From<&Schema> for OwnedSchema {
    fn from(schema: &Schema) -> OwnedSchema {
        OwnedSchema {
            name: schema.name.to_owned(),
            fingerprint: schema.fingerprint(),
            fields: owned_fields(schema.fields),
            retired: schema.retired.to_vec(),
        }
    }
}

impl From<&Kind> for OwnedKind {
    fn from(kind: &Kind) -> OwnedKind {
        match *kind {
            Kind::Bool => OwnedKind::Bool,
            Kind::I8 => OwnedKind::I8,
            Kind::I16 => OwnedKind::I16,
            Kind::I32 => OwnedKind::I32,
            Kind::I64 => OwnedKind::I64,
            Kind::I128 => OwnedKind::I128,
            Kind::U8 => OwnedKind::U8,
            Kind::U16 => OwnedKind::U16,
            Kind::U32 => OwnedKind::U32,
            Kind::U64 => OwnedKind::U64,
            Kind::U128 => OwnedKind::U128,
            Kind::F32 => OwnedKind::F32,
            Kind::F64 => OwnedKind::F64,
            Kind::Timestamp => OwnedKind::Timestamp,
            Kind::Duration => OwnedKind::Duration,
            Kind::String => OwnedKind::String,
            Kind::Bytes => OwnedKind::Bytes,
            Kind::Option(inner) => OwnedKind::Option(Box::new(inner.into())),
            Kind::List(inner) => OwnedKind::List(Box::new(inner.into())),
            Kind::Record(of) => {
                OwnedKind::Record { name: of.name.to_owned(), fields: owned_fields(of.fields) }
            }
            Kind::Enum(of) => OwnedKind::Enum { name: of.name.to_owned(), variants: owned_variants(of) },
            Kind::Map(key, value) => OwnedKind::Map(Box::new(key.into()), Box::new(value.into())),
            Kind::Tuple(parts) => OwnedKind::Tuple(parts.iter().map(|part| (&part.kind).into()).collect()),
            Kind::Array(inner, length) => OwnedKind::Array(Box::new(inner.into()), length),
            Kind::Decimal => OwnedKind::Decimal,
            Kind::Date => OwnedKind::Date,
            Kind::Time => OwnedKind::Time,
            Kind::DateTime => OwnedKind::DateTime,
            Kind::Uuid => OwnedKind::Uuid,
        }
    }
}

/// The most bytes of a record in the log.
const RECORD_BYTES_MAX: usize = 64 << 20;

impl OwnedSchema {
    /// The variants, if rows are an enum.
    pub(crate) fn variants(&self) -> Option<&[OwnedVariant]> {
        match &self.fields[..] {
            [OwnedField { name, kind: OwnedKind::Enum { variants, .. }, .. }] if name == schema::VARIANT => {
                Some(variants)
            }
            _ => None,
        }
    }

    /// Whether a row can have the least bytes that it has: with arrays, what a damaged schema says may be beyond any memory.
    pub(super) fn fits_into_a_record(&self) -> bool {
        fields_fit(&self.fields)
    }
}

impl OwnedKind {
    fn fits(&self) -> bool {
        self.width().is_none_or(|width| width <= RECORD_BYTES_MAX)
            && match self {
                OwnedKind::Option(inner) | OwnedKind::List(inner) | OwnedKind::Array(inner, _) => {
                    inner.fits()
                }
                OwnedKind::Map(key, value) => key.fits() && value.fits(),
                OwnedKind::Tuple(parts) => fields_fit(&parts_of(parts)),
                OwnedKind::Record { fields, .. } => fields_fit(fields),
                OwnedKind::Enum { variants, .. } => {
                    variants.iter().all(|variant| fields_fit(&variant.fields))
                }
                _ => true,
            }
    }

    /// Bytes of a value in a row, if they are the same for all values.
    pub fn width(&self) -> Option<usize> {
        match self {
            OwnedKind::Tuple(parts) => row_shape(&parts_of(parts)).width(),
            OwnedKind::Array(inner, _) if matches!(**inner, OwnedKind::Option(_)) => None,
            // What comes from disk has been checked to be no wider than a record is.
            OwnedKind::Array(inner, length) => {
                inner.width().map(|width| width.saturating_mul(*length as usize))
            }
            OwnedKind::Decimal => Some(13),
            OwnedKind::Date => Some(4),
            OwnedKind::Time => Some(8),
            OwnedKind::DateTime => Some(12),
            OwnedKind::Bool | OwnedKind::I8 | OwnedKind::U8 => Some(1),
            OwnedKind::I16 | OwnedKind::U16 => Some(2),
            OwnedKind::I32 | OwnedKind::U32 | OwnedKind::F32 => Some(4),
            OwnedKind::I64 | OwnedKind::U64 | OwnedKind::F64 => Some(8),
            OwnedKind::Timestamp | OwnedKind::Duration => Some(8),
            OwnedKind::I128 | OwnedKind::U128 | OwnedKind::Uuid => Some(16),
            OwnedKind::Option(inner) => inner.width(),
            OwnedKind::Enum { variants, .. } => variants.iter().all(|v| v.fields.is_empty()).then_some(2),
            OwnedKind::String | OwnedKind::Bytes | OwnedKind::List(_) | OwnedKind::Record { .. } => None,
            OwnedKind::Map(..) => None,
        }
    }
}

/// As in Rust source: `Option<i64>`, `Vec<String>`, `(u64, String)`, and the names of records and enums. A map may be of either type.
impl fmt::Display for OwnedKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            OwnedKind::Bool => "bool",
            OwnedKind::I8 => "i8",
            OwnedKind::I16 => "i16",
            OwnedKind::I32 => "i32",
            OwnedKind::I64 => "i64",
            OwnedKind::I128 => "i128",
            OwnedKind::U8 => "u8",
            OwnedKind::U16 => "u16",
            OwnedKind::U32 => "u32",
            OwnedKind::U64 => "u64",
            OwnedKind::U128 => "u128",
            OwnedKind::F32 => "f32",
            OwnedKind::F64 => "f64",
            OwnedKind::Timestamp => "Timestamp",
            OwnedKind::Duration => "Duration",
            OwnedKind::String => "String",
            OwnedKind::Bytes => "Vec<u8>",
            OwnedKind::Option(inner) => return write!(f, "Option<{inner}>"),
            OwnedKind::List(inner) => return write!(f, "Vec<{inner}>"),
            OwnedKind::Record { name, .. } | OwnedKind::Enum { name, .. } => name,
            OwnedKind::Map(key, value) => return write!(f, "Map<{key}, {value}>"),
            OwnedKind::Tuple(parts) => return write_tuple(parts, f),
            OwnedKind::Array(inner, length) => return write!(f, "[{inner}; {length}]"),
            OwnedKind::Decimal => "Decimal",
            OwnedKind::Date => "Date",
            OwnedKind::Time => "Time",
            OwnedKind::DateTime => "DateTime",
            OwnedKind::Uuid => "Uuid",
        };
        f.write_str(name)
    }
}

fn write_tuple(parts: &[OwnedKind], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("(")?;
    for (at, part) in parts.iter().enumerate() {
        write!(f, "{}{part}", if at == 0 { "" } else { ", " })?;
    }
    f.write_str(if parts.len() == 1 { ",)" } else { ")" })
}

/// The parts of a tuple as the fields of a record, which they are laid out as.
pub(super) fn parts_of(parts: &[OwnedKind]) -> Vec<OwnedField> {
    let fields = (1..).zip(parts).map(|(id, kind)| OwnedField {
        id,
        explicit_id: true,
        called: (id - 1).to_string(),
        name: (id - 1).to_string(),
        kind: kind.clone(),
        default: None,
    });
    fields.collect()
}

fn fields_fit(fields: &[OwnedField]) -> bool {
    row_shape(fields).fixed_bytes <= RECORD_BYTES_MAX && fields.iter().all(|field| field.kind.fits())
}

/// How many bytes a row of these fields has at least, and where its parts begin.
pub(super) fn row_shape(fields: &[OwnedField]) -> schema::RowShape {
    let widths = fields.iter().filter_map(|field| field.kind.width());
    let fixed_bytes = widths.fold(0, usize::saturating_add);
    let variables = fields.iter().filter(|field| field.kind.width().is_none()).count();
    let nulls = fields.iter().filter(|field| matches!(field.kind, OwnedKind::Option(_))).count();
    schema::RowShape { flag_bytes: schema::flag_bytes(nulls, variables), fixed_bytes, variables }
}

fn owned_fields(fields: &[FieldSchema]) -> Vec<OwnedField> {
    let owned = |field: &FieldSchema| OwnedField {
        id: field.id,
        explicit_id: field.explicit_id,
        called: field.called.to_owned(),
        name: field.name.to_owned(),
        kind: (&field.kind).into(),
        default: field.default.map(str::to_owned),
    };
    fields.iter().map(owned).collect()
}

fn owned_variants(of: &EnumSchema) -> Vec<OwnedVariant> {
    let owned = |variant: &schema::VariantSchema| OwnedVariant {
        id: variant.id,
        explicit_id: variant.explicit_id,
        name: variant.name.to_owned(),
        fields: owned_fields(variant.fields),
    };
    of.variants.iter().map(owned).collect()
}

/// 64-bit hashes as hexadecimal text: JSON readers in other languages keep only 53 bits of a number.
mod hexadecimal {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(hash: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{hash:016x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = <String as Deserialize>::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16).map_err(D::Error::custom)
    }
}
