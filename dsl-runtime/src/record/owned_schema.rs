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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedField {
    /// The field's id.
    pub id: u16,
    /// Whether the id was written out; it is not known of every writer, so it is not kept.
    #[serde(skip)]
    pub explicit_id: bool,
    /// The field's name.
    pub name: String,
    /// What the field holds.
    pub kind: OwnedKind,
    /// The source text of the field's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
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
        }
    }
}

impl OwnedKind {
    /// Bytes of a value in a row, if they are the same for all values.
    pub fn width(&self) -> Option<usize> {
        match self {
            OwnedKind::Bool | OwnedKind::I8 | OwnedKind::U8 => Some(1),
            OwnedKind::I16 | OwnedKind::U16 => Some(2),
            OwnedKind::I32 | OwnedKind::U32 | OwnedKind::F32 => Some(4),
            OwnedKind::I64 | OwnedKind::U64 | OwnedKind::F64 => Some(8),
            OwnedKind::Timestamp | OwnedKind::Duration => Some(8),
            OwnedKind::I128 | OwnedKind::U128 => Some(16),
            OwnedKind::Option(inner) => inner.width(),
            OwnedKind::Enum { variants, .. } => variants.iter().all(|v| v.fields.is_empty()).then_some(2),
            OwnedKind::String | OwnedKind::Bytes | OwnedKind::List(_) | OwnedKind::Record { .. } => None,
        }
    }
}

/// As in Rust source: `Option<i64>`, `Vec<String>`, and the names of records and enums.
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
        };
        f.write_str(name)
    }
}

/// How many bytes a row of these fields has at least, and where its parts begin.
pub(super) fn row_shape(fields: &[OwnedField]) -> schema::RowShape {
    let fixed_bytes = fields.iter().filter_map(|field| field.kind.width()).sum();
    let variables = fields.iter().filter(|field| field.kind.width().is_none()).count();
    let nulls = fields.iter().filter(|field| matches!(field.kind, OwnedKind::Option(_))).count();
    schema::RowShape { flag_bytes: schema::flag_bytes(nulls, variables), fixed_bytes, variables }
}

fn owned_fields(fields: &[FieldSchema]) -> Vec<OwnedField> {
    let owned = |field: &FieldSchema| OwnedField {
        id: field.id,
        explicit_id: field.explicit_id,
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
