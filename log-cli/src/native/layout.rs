//! Where each value of a schema's rows lies: worked out once for a schema, and gone by for every row.

use super::fault::{Fault, Result};
use super::scalar::Scalar;
use super::schema::{Field, Kind, Schema, Variant};

/// What the one field of a row that is an enum is called. No field of a struct is called so.
const VARIANT: &str = "(variant)";

/// What a variant's one unnamed value is called.
const UNNAMED: &str = "0";

/// The most bytes of a record in the log.
const RECORD_BYTES_MAX: usize = 64 << 20;

/// How the values of a kind are laid out, and what they are in JSON.
#[derive(Debug)]
pub(super) enum Shape {
    Scalar(Scalar),
    Text,
    Bytes,
    List(Box<Element>),
    Array(Box<Element>, u32),
    Record(Columns),
    Tuple(Columns),
    Map(Box<Element>, Box<Element>),
    Enum(Variants),
}

/// A value of a list, an array or a map.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) shape: Shape,
    /// Bytes of each, if they stand side by side; else each has its length in front.
    pub(super) packed: Option<usize>,
    /// Whether the length in front is one more, and 0 a null.
    pub(super) is_option: bool,
}

/// The fields of a record, of a variant or of a tuple, by ascending id.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    pub(super) flag_bytes: usize,
    pub(super) fixed_bytes: usize,
    pub(super) variables: usize,
}

/// One field.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) shape: Shape,
    pub(super) place: Place,
    /// The flags' bit that is set if the value is null.
    pub(super) null_bit: Option<usize>,
}

/// Where a field lies.
#[derive(Debug)]
pub(super) enum Place {
    /// Counted from the first flag byte.
    Fixed { start: usize, width: usize },
    /// The number of its entry in the offset table.
    Variable { index: usize },
}

/// The variants of an enum.
#[derive(Debug)]
pub(super) struct Variants {
    pub(super) name: String,
    pub(super) variants: Vec<OneOf>,
    /// Whether any of them has fields.
    pub(super) has_data: bool,
}

/// One variant.
#[derive(Debug)]
pub(super) struct OneOf {
    pub(super) id: u16,
    pub(super) name: String,
    pub(super) columns: Columns,
}

impl OneOf {
    /// Its one unnamed value, if it has that.
    pub(super) fn unnamed(&self) -> Option<&Column> {
        match &self.columns.columns[..] {
            [column] if column.name == UNNAMED => Some(column),
            _ => None,
        }
    }
}

impl Columns {
    /// How rows of a schema are laid out.
    pub(super) fn of(schema: Schema) -> Result<Columns> {
        columns(schema.name, schema.fields)
    }

    /// The variants, if rows are an enum.
    pub(super) fn row_is_enum(&self) -> bool {
        matches!(&self.columns[..], [column] if column.name == VARIANT)
    }

    /// Bytes of a value, if they are the same for all.
    fn width(&self) -> Option<usize> {
        (self.variables == 0).then_some(self.flag_bytes + self.fixed_bytes)
    }
}

impl Shape {
    fn of(kind: Kind) -> Result<Shape> {
        Ok(match kind {
            Kind::String => Shape::Text,
            Kind::Bytes => Shape::Bytes,
            Kind::List(inner) => Shape::List(Box::new(Element::of(*inner)?)),
            Kind::Array(inner, length) => Shape::Array(Box::new(Element::of(*inner)?), length),
            Kind::Record { name, fields } => Shape::Record(columns(name, fields)?),
            Kind::Enum { name, variants } => Shape::Enum(Variants::of(name, variants)?),
            Kind::Map(key, value) => {
                let (key, value) = (Element::of(*key)?, Element::of(*value)?);
                if !key.is_text_in_json() {
                    return Err(Fault::of("a map whose keys are no texts in JSON"));
                }
                Shape::Map(Box::new(key), Box::new(value))
            }
            Kind::Tuple(parts) => {
                if parts.len() > usize::from(u16::MAX) {
                    return Err(Fault::of("a tuple of too many parts"));
                }
                let part = |(id, kind): (u16, Kind)| Field { id, name: id.to_string(), kind };
                Shape::Tuple(columns("tuple".to_owned(), (0..=u16::MAX).zip(parts).map(part).collect())?)
            }
            Kind::Option(_) => return Err(Fault::of("an option of an option")),
            kind => Shape::Scalar(Scalar::of(&kind).ok_or_else(|| Fault::of("a kind without a layout"))?),
        })
    }

    /// Bytes of a value, if they are the same for all.
    pub(super) fn width(&self) -> Option<usize> {
        match self {
            Shape::Scalar(scalar) => Some(scalar.width()),
            Shape::Enum(of) => (!of.has_data).then_some(2),
            Shape::Tuple(parts) => parts.width(),
            Shape::Array(element, length) => {
                element.packed.map(|width| width.saturating_mul(*length as usize))
            }
            Shape::Text | Shape::Bytes | Shape::List(_) | Shape::Record(_) | Shape::Map(..) => None,
        }
    }
}

impl Element {
    fn of(kind: Kind) -> Result<Element> {
        let (kind, is_option) = without_option(kind);
        let shape = Shape::of(kind)?;
        let packed = if is_option { None } else { shape.width() };
        if packed == Some(0) {
            return Err(Fault::of("elements of no bytes"));
        }
        Ok(Element { shape, packed, is_option })
    }

    fn is_text_in_json(&self) -> bool {
        !self.is_option
            && match &self.shape {
                Shape::Scalar(scalar) => !scalar.is_float(),
                Shape::Enum(of) => !of.has_data,
                shape => matches!(shape, Shape::Text),
            }
    }
}

impl Variants {
    fn of(name: String, variants: Vec<Variant>) -> Result<Variants> {
        let has_data = variants.iter().any(|variant| !variant.fields.is_empty());
        let laid_out = variants.into_iter().map(|variant| {
            let columns = columns(format!("{name}::{}", variant.name), variant.fields)?;
            Ok(OneOf { id: variant.id, name: variant.name, columns })
        });
        Ok(Variants { variants: laid_out.collect::<Result<_>>()?, name, has_data })
    }
}

/// The parts of a record: flags, what is of fixed width, offsets, and what is not.
fn columns(name: String, fields: Vec<Field>) -> Result<Columns> {
    if !fields.is_sorted_by(|one, next| one.id < next.id) {
        return Err(Fault::of("its fields are not by ascending id").within(&name, None));
    }
    let mut columns = Vec::with_capacity(fields.len());
    let (mut fixed_bytes, mut variables, mut nulls) = (0_usize, 0, 0);
    for field in fields {
        let (kind, is_option) = without_option(field.kind);
        let shape = Shape::of(kind).map_err(|fault| fault.within(&name, Some(&field.name)))?;
        let place = match shape.width() {
            Some(width) => {
                let start = fixed_bytes;
                fixed_bytes = fixed_bytes.saturating_add(width);
                Place::Fixed { start, width }
            }
            None => {
                variables += 1;
                Place::Variable { index: variables - 1 }
            }
        };
        let null_bit = is_option.then_some(nulls);
        nulls += usize::from(is_option);
        columns.push(Column { name: field.name, shape, place, null_bit });
    }
    if fixed_bytes > RECORD_BYTES_MAX {
        return Err(Fault::of("its rows would be larger than a record can be").within(&name, None));
    }
    // Bits before the nulls', and bytes before the fields', are known only now.
    let first_null_bit = if variables > 0 { 2 } else { 0 };
    let flag_bytes = usize::div_ceil(first_null_bit + nulls, 8);
    for column in &mut columns {
        column.null_bit = column.null_bit.map(|bit| first_null_bit + bit);
        if let Place::Fixed { start, .. } = &mut column.place {
            *start += flag_bytes;
        }
    }
    Ok(Columns { name, columns, flag_bytes, fixed_bytes, variables })
}

fn without_option(kind: Kind) -> (Kind, bool) {
    match kind {
        Kind::Option(inner) => (*inner, true),
        kind => (kind, false),
    }
}
