//! A row type as its topic keeps it: JSON, as `docs/formats/record.md` describes it.

use serde::Deserialize;

/// One of a topic's schemas. What messages and other readers need of it besides is passed over.
#[derive(Debug, Deserialize)]
pub(super) struct Schema {
    pub(super) name: String,
    pub(super) fields: Vec<Field>,
}

/// One field of a record or of a variant.
#[derive(Debug, Deserialize)]
pub(super) struct Field {
    pub(super) id: u16,
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// One variant of an enum.
#[derive(Debug, Deserialize)]
pub(super) struct Variant {
    pub(super) id: u16,
    pub(super) name: String,
    #[serde(default)]
    pub(super) fields: Vec<Field>,
}

/// What a field holds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
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
    Decimal,
    Date,
    Time,
    DateTime,
    Uuid,
    String,
    Bytes,
    Option(Box<Kind>),
    List(Box<Kind>),
    Record { name: String, fields: Vec<Field> },
    Enum { name: String, variants: Vec<Variant> },
    Map(Box<Kind>, Box<Kind>),
    Tuple(Vec<Kind>),
    Array(Box<Kind>, u32),
}
