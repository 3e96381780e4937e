//! A record's schema as `derive(Record)` writes it: constants without any allocation.

use super::mask::FieldMask;

/// What the one field of a row that is an enum is called. No field of a struct is called so.
pub(super) const VARIANT: &str = "(variant)";

/// The fields of a record type: a constant of the program. A row that is an enum has one field, the enum.
#[derive(Debug)]
pub struct Schema {
    /// The type's name, for messages; it is not part of the fingerprint.
    pub name: &'static str,
    /// The fields by ascending id; a field's place here is its bit in a [`FieldMask`].
    pub fields: &'static [FieldSchema],
    /// Ids of dropped fields, which no field may take again.
    pub retired: &'static [u16],
}

/// One field of a record or of an enum's variant.
#[derive(Debug)]
pub struct FieldSchema {
    /// The field's id, from 1 on: what identifies it in rows.
    pub id: u16,
    /// Whether the id was written out (`#[field(3)]`) and not counted; only then may the name change.
    pub explicit_id: bool,
    /// What the code calls the field.
    pub called: &'static str,
    /// The field's name, as JSON and messages show it: the same, unless `#[serde(rename = "..")]` gives it another.
    pub name: &'static str,
    /// What the field holds.
    pub kind: Kind,
    /// The source text of the default for rows written without the field.
    pub default: Option<&'static str>,
}

/// The variants of an enum: a constant of the program.
#[derive(Debug)]
pub struct EnumSchema {
    /// The type's name, for messages; it is not part of the fingerprint.
    pub name: &'static str,
    /// The variants by ascending id.
    pub variants: &'static [VariantSchema],
}

/// One variant of an enum.
#[derive(Debug)]
pub struct VariantSchema {
    /// The variant's id, from 1 on: what identifies it in rows.
    pub id: u16,
    /// Whether the id was written out (`#[variant(3)]`) and not counted.
    pub explicit_id: bool,
    /// The variant's name, as JSON and messages show it.
    pub name: &'static str,
    /// The variant's fields by ascending id; none for a unit variant.
    pub fields: &'static [FieldSchema],
}

/// What a field holds, and with it how many bytes it takes.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// `bool`: one byte.
    Bool,
    /// `i8`: one byte.
    I8,
    /// `i16`: two bytes.
    I16,
    /// `i32`: four bytes.
    I32,
    /// `i64`: eight bytes.
    I64,
    /// `i128`: sixteen bytes.
    I128,
    /// `u8`: one byte.
    U8,
    /// `u16`: two bytes.
    U16,
    /// `u32`: four bytes.
    U32,
    /// `u64`: eight bytes.
    U64,
    /// `u128`: sixteen bytes.
    U128,
    /// `f32`: four bytes.
    F32,
    /// `f64`: eight bytes.
    F64,
    /// `Timestamp`: eight bytes.
    Timestamp,
    /// `Duration`: eight bytes.
    Duration,
    /// `String`: UTF-8.
    String,
    /// `Vec<u8>`.
    Bytes,
    /// `Option` of another kind.
    Option(&'static Kind),
    /// `Vec` of another kind.
    List(&'static Kind),
    /// A nested record.
    Record(&'static Schema),
    /// An enum.
    Enum(&'static EnumSchema),
    /// A map from keys to values.
    Map(&'static Kind, &'static Kind),
    /// A tuple: its parts have the ids 1, 2 and so on, and the names `0`, `1` and so on.
    Tuple(&'static [FieldSchema]),
    /// An array of so many values.
    Array(&'static Kind, u32),
    /// A decimal number: thirteen bytes.
    Decimal,
    /// A date of the calendar: four bytes.
    Date,
    /// A time of day: eight bytes.
    Time,
    /// A date and a time of day, of no zone: twelve bytes.
    DateTime,
    /// A UUID: sixteen bytes.
    Uuid,
}

/// How many bytes a row of a schema has before its strings and lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowShape {
    /// Bytes of the flags: the offset width and the null bits.
    pub flag_bytes: usize,
    /// Bytes of all fixed-width fields together.
    pub fixed_bytes: usize,
    /// The number of fields of variable width.
    pub variables: usize,
}

impl Schema {
    /// The schema of rows that are an enum.
    pub const fn of_enum(name: &'static str, field: &'static [FieldSchema; 1]) -> Schema {
        Schema { name, fields: field, retired: &[] }
    }

    /// A hash of ids, names and kinds of all fields, nested ones included; the same in every program and build.
    pub const fn fingerprint(&self) -> u64 {
        fields_fingerprint(FNV_START, self.fields)
    }

    /// The mask of the fields that the code calls so; names of no field are ignored.
    pub const fn mask(&self, names: &[&str]) -> FieldMask {
        let mut mask = FieldMask::NONE;
        let mut at = 0;
        while at < names.len() {
            if let Some(index) = self.field_index(names[at]) {
                mask = mask.with(index);
            }
            at += 1;
        }
        mask
    }

    /// The place in [`Schema::fields`] of the field that the code calls so.
    pub const fn field_index(&self, name: &str) -> Option<usize> {
        let mut at = 0;
        while at < self.fields.len() {
            if same_text(self.fields[at].called, name) {
                return Some(at);
            }
            at += 1;
        }
        None
    }
}

impl FieldSchema {
    /// The one field of a row that is an enum.
    pub const fn of_enum(kind: Kind) -> FieldSchema {
        FieldSchema { id: 1, explicit_id: true, called: "", name: VARIANT, kind, default: None }
    }
}

impl Kind {
    /// Bytes of a value in a row, if they are the same for all values.
    pub const fn width(&self) -> Option<usize> {
        match self {
            Kind::Bool | Kind::I8 | Kind::U8 => Some(1),
            Kind::I16 | Kind::U16 => Some(2),
            Kind::I32 | Kind::U32 | Kind::F32 => Some(4),
            Kind::I64 | Kind::U64 | Kind::F64 | Kind::Timestamp | Kind::Duration => Some(8),
            Kind::I128 | Kind::U128 | Kind::Uuid => Some(16),
            Kind::Decimal => Some(13),
            Kind::Date => Some(4),
            Kind::Time => Some(8),
            Kind::DateTime => Some(12),
            Kind::String | Kind::Bytes | Kind::List(_) | Kind::Record(_) | Kind::Map(..) => None,
            Kind::Option(inner) => inner.width(),
            Kind::Enum(of) => of.width(),
            Kind::Tuple(parts) => RowShape::of(parts).width(),
            Kind::Array(Kind::Option(_), _) => None,
            Kind::Array(inner, length) => match inner.width() {
                Some(width) => Some(width * *length as usize),
                None => None,
            },
        }
    }

    /// Whether its bytes depend on more than the kind: on how the writer laid out a nested record, an enum, a list and what is like these.
    pub(super) const fn has_shape(&self) -> bool {
        match self {
            Kind::List(_)
            | Kind::Record(_)
            | Kind::Enum(_)
            | Kind::Map(..)
            | Kind::Tuple(_)
            | Kind::Array(..) => true,
            Kind::Option(inner) => inner.has_shape(),
            _ => false,
        }
    }

    /// Whether JSON has a text for each value, as the keys of its objects are.
    pub(super) const fn is_text_in_json(&self) -> bool {
        match self {
            Kind::F32 | Kind::F64 | Kind::Bytes | Kind::Option(_) | Kind::List(_) | Kind::Record(_) => false,
            Kind::Map(..) | Kind::Tuple(_) | Kind::Array(..) => false,
            Kind::Enum(of) => of.width().is_some(),
            _ => true,
        }
    }

    /// Whether the value may be missing.
    pub const fn is_option(&self) -> bool {
        matches!(self, Kind::Option(_))
    }

    const fn fingerprint(&self, hash: u64) -> u64 {
        match self {
            Kind::Option(inner) => inner.fingerprint(mix(hash, self.tag())),
            Kind::List(inner) => inner.fingerprint(mix(hash, self.tag())),
            Kind::Record(of) => fields_fingerprint(mix(hash, self.tag()), of.fields),
            Kind::Enum(of) => of.fingerprint(mix(hash, self.tag())),
            Kind::Map(key, value) => value.fingerprint(key.fingerprint(mix(hash, self.tag()))),
            Kind::Tuple(parts) => {
                let mut hash = mix_u16(mix(hash, self.tag()), parts.len() as u16);
                let mut at = 0;
                while at < parts.len() {
                    hash = parts[at].kind.fingerprint(hash);
                    at += 1;
                }
                hash
            }
            Kind::Array(inner, length) => {
                let hash = mix_u16(mix(hash, self.tag()), *length as u16);
                inner.fingerprint(mix_u16(hash, (*length >> 16) as u16))
            }
            _ => mix(hash, self.tag()),
        }
    }

    /// The kind's number in fingerprints; never changed, never used again.
    const fn tag(&self) -> u8 {
        match self {
            Kind::Bool => 1,
            Kind::I8 => 2,
            Kind::I16 => 3,
            Kind::I32 => 4,
            Kind::I64 => 5,
            Kind::I128 => 6,
            Kind::U8 => 7,
            Kind::U16 => 8,
            Kind::U32 => 9,
            Kind::U64 => 10,
            Kind::U128 => 11,
            Kind::F32 => 12,
            Kind::F64 => 13,
            Kind::Timestamp => 14,
            Kind::Duration => 15,
            Kind::String => 16,
            Kind::Bytes => 17,
            Kind::Option(_) => 18,
            Kind::List(_) => 19,
            Kind::Record(_) => 20,
            Kind::Enum(_) => 21,
            Kind::Map(..) => 22,
            Kind::Tuple(_) => 23,
            Kind::Array(..) => 24,
            Kind::Decimal => 25,
            Kind::Date => 26,
            Kind::Time => 27,
            Kind::DateTime => 28,
            Kind::Uuid => 29,
        }
    }
}

impl EnumSchema {
    /// Two bytes for the variant's id, if no variant has fields.
    const fn width(&self) -> Option<usize> {
        let mut at = 0;
        while at < self.variants.len() {
            if !self.variants[at].fields.is_empty() {
                return None;
            }
            at += 1;
        }
        Some(2)
    }

    const fn fingerprint(&self, mut hash: u64) -> u64 {
        hash = mix_u16(hash, self.variants.len() as u16);
        let mut at = 0;
        while at < self.variants.len() {
            let variant = &self.variants[at];
            hash = mix_text(mix_u16(hash, variant.id), variant.name);
            hash = fields_fingerprint(hash, variant.fields);
            at += 1;
        }
        hash
    }
}

impl RowShape {
    /// The shape of rows with these fields.
    pub const fn of(fields: &[FieldSchema]) -> RowShape {
        let (mut nulls, mut fixed_bytes, mut variables, mut at) = (0, 0, 0, 0);
        while at < fields.len() {
            match fields[at].kind.width() {
                Some(width) => fixed_bytes += width,
                None => variables += 1,
            }
            if fields[at].kind.is_option() {
                nulls += 1;
            }
            at += 1;
        }
        RowShape { flag_bytes: flag_bytes(nulls, variables), fixed_bytes, variables }
    }

    /// Bytes of such a row, if they are the same for all rows.
    pub(super) const fn width(self) -> Option<usize> {
        if self.variables == 0 { Some(self.flag_bytes.saturating_add(self.fixed_bytes)) } else { None }
    }
}

/// Bytes for the null bits, preceded by two bits for the offset width if there are offsets.
pub(super) const fn flag_bytes(nulls: usize, variables: usize) -> usize {
    (first_null_bit(variables) + nulls).div_ceil(8)
}

/// The flags' first bit that stands for a null.
pub(super) const fn first_null_bit(variables: usize) -> usize {
    if variables > 0 { 2 } else { 0 }
}

const fn fields_fingerprint(mut hash: u64, fields: &[FieldSchema]) -> u64 {
    hash = mix_u16(hash, fields.len() as u16);
    let mut at = 0;
    while at < fields.len() {
        let field = &fields[at];
        hash = mix_text(mix_u16(hash, field.id), field.name);
        hash = field.kind.fingerprint(hash);
        at += 1;
    }
    hash
}

/// A text's bytes and their number, so that two texts in a row are not mistaken for two others.
const fn mix_text(hash: u64, text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut hash = mix_u16(hash, bytes.len() as u16);
    let mut at = 0;
    while at < bytes.len() {
        hash = mix(hash, bytes[at]);
        at += 1;
    }
    hash
}

const fn mix_u16(hash: u64, number: u16) -> u64 {
    let [low, high] = number.to_le_bytes();
    mix(mix(hash, low), high)
}

/// One step of FNV-1a.
const fn mix(hash: u64, byte: u8) -> u64 {
    (hash ^ byte as u64).wrapping_mul(0x0000_0100_0000_01b3)
}

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

const fn same_text(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}
