//! Compares a reader's schema with a writer's, and looks up where the reader finds its fields.

use super::layout::{ElementShape, EnumLayout, Extent, MapShape, RowLayout, Shape, Slot, VariantLayout};
use super::owned_schema::{OwnedField, OwnedKind, OwnedSchema, OwnedVariant, parts_of, row_shape};
use super::schema;

/// Why a field of today's type cannot be read from rows of an earlier schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldConflict {
    /// The same id, but another kind.
    #[error(
        "field `{field}` (id {id}) of `{record}` is `{now}` now but was written as `{before}`: keep `{before}`, or give \
         the new field an id of its own and a default, as in `#[field({free}, default)]`, or write to a new topic"
    )]
    Kind {
        /// The record type.
        record: String,
        /// The field's name today.
        field: String,
        /// The field's id.
        id: u16,
        /// The kind today.
        now: String,
        /// The kind in the earlier schema.
        before: String,
        /// An id that neither schema uses.
        free: u16,
    },
    /// The field is new and has no default.
    #[error(
        "field `{field}` (id {id}) of `{record}` is not in the rows already written: give it a default, as in \
         `#[field(default)]` or `#[field(default = ...)]`, or make it an `Option`"
    )]
    NoDefault {
        /// The record type.
        record: String,
        /// The field's name.
        field: String,
        /// The field's id.
        id: u16,
    },
    /// The same id, counted and not written out, belongs to another name now.
    #[error(
        "{what} `{name}` of `{record}` has id {id} by its place, but id {id} was `{before}` in the rows already \
         written: if it is `{before}` renamed, write `#[{what}({id})]` before it; if {what}s were added, dropped or \
         moved, give each remaining {what} its old id and new {what}s an id from {free} on"
    )]
    Moved {
        /// `field` or `variant`.
        what: &'static str,
        /// The record or enum.
        record: String,
        /// The name today.
        name: String,
        /// The id.
        id: u16,
        /// The name in the earlier schema.
        before: String,
        /// An id that neither schema uses.
        free: u16,
    },
    /// In JSON, where fields go by name, a name that was written before would no longer be read.
    #[error(
        "{what} `{name}` of `{record}` (id {id}) is `{before}` in the JSON rows already written, where {what}s go by name: \
         keep the name `{before}`; or, if `{name}` is another {what}, give it an id of its own, such as {free}"
    )]
    RenamedInJson {
        /// `field` or `variant`.
        what: &'static str,
        /// The record or enum.
        record: String,
        /// The name today.
        name: String,
        /// The id.
        id: u16,
        /// The name in the earlier schema.
        before: String,
        /// An id that neither schema uses.
        free: u16,
    },
    /// In JSON, where fields go by name, values that were written under another id would be read as this field's.
    #[error(
        "{what} `{name}` of `{record}` has id {id}, and id {before} in the JSON rows already written, where {what}s go by \
         name: give it id {before} back, as in `#[{what}({before})]`; or, if it is another {what}, give it another name"
    )]
    RenumberedInJson {
        /// `field` or `variant`.
        what: &'static str,
        /// The record or enum.
        record: String,
        /// The name.
        name: String,
        /// The id today.
        id: u16,
        /// The id in the earlier schema.
        before: u16,
    },
    /// Rows were structs and are an enum, or the other way round.
    #[error(
        "`{record}` is {now} now, and the rows already written are {before}: write to a new topic; or keep the struct, and give it a field \
         of the enum"
    )]
    StructOrEnum {
        /// The record type.
        record: String,
        /// `a struct` or `an enum`.
        now: &'static str,
        /// The other one.
        before: &'static str,
    },
    /// The id was dropped for good.
    #[error(
        "field `{field}` of `{record}` has id {id}, which the type of those rows has retired: if a newer program dropped the \
         field, use that program's type; if it is a new field, give it another id, as in `#[field({free})]`"
    )]
    Retired {
        /// The record type.
        record: String,
        /// The field's name.
        field: String,
        /// The id.
        id: u16,
        /// An id that neither schema uses.
        free: u16,
    },
}

impl RowLayout {
    /// Plans how `reader`'s fields are found in rows of `writer`'s schema, or says what stands in the way.
    pub fn resolve(reader: &OwnedSchema, writer: &OwnedSchema) -> Result<RowLayout, Vec<FieldConflict>> {
        let mut conflicts = Vec::new();
        if let Some(conflict) = struct_or_enum(reader, writer) {
            return Err(vec![conflict]);
        }
        for field in reader.fields.iter().filter(|field| writer.retired.contains(&field.id)) {
            let free = free_id(&reader.fields, &writer.fields, &writer.retired);
            let (record, field, id) = (reader.name.clone(), field.name.clone(), field.id);
            conflicts.push(FieldConflict::Retired { record, field, id, free });
        }
        let mut others = Vec::new();
        let layout = lay_out_fields(&reader.name, &reader.fields, &writer.fields, &mut others);
        // That a retired field is missing needs no second remedy.
        let is_told = |other: &FieldConflict| match other {
            FieldConflict::NoDefault { record, id, .. } => {
                *record == reader.name && writer.retired.contains(id)
            }
            _ => false,
        };
        conflicts.extend(others.into_iter().filter(|other| !is_told(other)));
        if conflicts.is_empty() { Ok(layout) } else { Err(conflicts) }
    }

    /// The layout for rows that are nothing but the bytes of the record's one field.
    pub(super) fn whole(reader: &OwnedSchema) -> RowLayout {
        let slot = |field: &OwnedField| Slot {
            extent: Extent::Whole,
            null_bit: None,
            shape: Shape::Plain,
            field: field.name.clone(),
        };
        RowLayout {
            record: reader.name.clone(),
            shape: schema::RowShape { flag_bytes: 0, fixed_bytes: 0, variables: 0 },
            is_current: false,
            slots: reader.fields.iter().take(1).map(slot).collect(),
        }
    }
}

/// A struct's fields are no enum's variants, though both are laid out as fields.
fn struct_or_enum(reader: &OwnedSchema, writer: &OwnedSchema) -> Option<FieldConflict> {
    let what = |schema: &OwnedSchema| if schema.variants().is_some() { "an enum" } else { "a struct" };
    let (now, before) = (what(reader), what(writer));
    (now != before).then(|| FieldConflict::StructOrEnum { record: reader.name.clone(), now, before })
}

fn lay_out_fields(
    record: &str,
    reader: &[OwnedField],
    writer: &[OwnedField],
    conflicts: &mut Vec<FieldConflict>,
) -> RowLayout {
    let shape = row_shape(writer);
    let written = extents(writer, shape);
    let slots = reader.iter().map(|field| match writer.iter().position(|written| written.id == field.id) {
        Some(at) => {
            let (extent, null_bit) = written[at];
            let shape = lay_out_field(record, field, &writer[at], (reader, writer), conflicts);
            Slot { extent, null_bit, shape, field: field.name.clone() }
        }
        None => absent(record, field, conflicts),
    });
    let slots: Vec<Slot> = slots.collect();
    let own_shape = row_shape(reader);
    let own = extents(reader, own_shape).into_iter();
    let is_current = own_shape == shape && own.eq(slots.iter().map(|slot| (slot.extent, slot.null_bit)));
    RowLayout { record: record.to_owned(), slots, shape, is_current }
}

/// Where the writer put each of its fields.
fn extents(writer: &[OwnedField], shape: schema::RowShape) -> Vec<(Extent, Option<u32>)> {
    let mut start = shape.flag_bytes as u32;
    let mut index = 0;
    let mut next_null_bit = schema::first_null_bit(shape.variables) as u32;
    let mut extent = |field: &OwnedField| {
        let null_bit = matches!(field.kind, OwnedKind::Option(_)).then_some(next_null_bit);
        next_null_bit += u32::from(null_bit.is_some());
        match field.kind.width() {
            Some(width) => {
                let at = start;
                let width = u32::try_from(width).unwrap_or(u32::MAX);
                start = start.saturating_add(width);
                (Extent::Fixed { start: at, width }, null_bit)
            }
            None => {
                index += 1;
                (Extent::Variable { index: index - 1 }, null_bit)
            }
        }
    };
    writer.iter().map(&mut extent).collect()
}

fn lay_out_field(
    record: &str,
    field: &OwnedField,
    written: &OwnedField,
    all: (&[OwnedField], &[OwnedField]),
    conflicts: &mut Vec<FieldConflict>,
) -> Shape {
    let (record, name, id) = (record.to_owned(), field.name.clone(), field.id);
    if field.name != written.name && !field.explicit_id {
        let (before, free) = (written.name.clone(), free_id(all.0, all.1, &[]));
        conflicts.push(FieldConflict::Moved { what: "field", record, name, id, before, free });
        return Shape::Plain;
    }
    match shape_of(&field.kind, &written.kind, conflicts) {
        Some(shape) => shape,
        None => {
            let (now, before) = (field.kind.to_string(), written.kind.to_string());
            let free = free_id(all.0, all.1, &[]);
            conflicts.push(FieldConflict::Kind { record, field: name, id, now, before, free });
            Shape::Plain
        }
    }
}

fn absent(record: &str, field: &OwnedField, conflicts: &mut Vec<FieldConflict>) -> Slot {
    if field.default.is_none() && !matches!(field.kind, OwnedKind::Option(_)) {
        let (record, field, id) = (record.to_owned(), field.name.clone(), field.id);
        conflicts.push(FieldConflict::NoDefault { record, field, id });
    }
    Slot { extent: Extent::Absent, null_bit: None, shape: Shape::Plain, field: field.name.clone() }
}

/// How a value of the writer's kind is read as the reader's; `None` if it cannot be. An option can be read from what
/// was none.
fn shape_of(reader: &OwnedKind, writer: &OwnedKind, conflicts: &mut Vec<FieldConflict>) -> Option<Shape> {
    match (reader, writer) {
        (OwnedKind::Option(reader), OwnedKind::Option(writer)) => shape_of(reader, writer, conflicts),
        (OwnedKind::Option(reader), writer) => shape_of(reader, writer, conflicts),
        (OwnedKind::List(reader), OwnedKind::List(writer)) => {
            Some(Shape::List(Box::new(element_shape(reader, writer, conflicts)?)))
        }
        (OwnedKind::Array(reader, length), OwnedKind::Array(writer, written)) if length == written => {
            Some(Shape::List(Box::new(element_shape(reader, writer, conflicts)?)))
        }
        (OwnedKind::Map(key, value), OwnedKind::Map(written_key, written_value)) => {
            let key = element_shape(key, written_key, conflicts)?;
            let value = element_shape(value, written_value, conflicts)?;
            Some(Shape::Map(Box::new(MapShape { key, value })))
        }
        (OwnedKind::Tuple(parts), OwnedKind::Tuple(written)) if parts.len() == written.len() => {
            let layout = lay_out_parts(reader.to_string(), parts, written, conflicts)?;
            Some(Shape::Record(Box::new(layout)))
        }
        (OwnedKind::Record { name, fields }, OwnedKind::Record { fields: written, .. }) => {
            Some(Shape::Record(Box::new(lay_out_fields(name, fields, written, conflicts))))
        }
        (OwnedKind::Enum { name, variants }, OwnedKind::Enum { variants: written, .. }) => {
            Some(Shape::Enum(Box::new(lay_out_enum(name, variants, written, conflicts))))
        }
        (reader, writer) => (reader == writer).then_some(Shape::Plain),
    }
}

/// How an element of a list, or a key or value of a map, is read.
fn element_shape(
    reader: &OwnedKind,
    writer: &OwnedKind,
    conflicts: &mut Vec<FieldConflict>,
) -> Option<ElementShape> {
    let optional = matches!(writer, OwnedKind::Option(_));
    if optional && !matches!(reader, OwnedKind::Option(_)) {
        return None;
    }
    let shape = shape_of(reader, writer, conflicts)?;
    Some(match writer.width() {
        Some(width) if !optional => ElementShape::Packed { width, shape },
        _ => ElementShape::Sized { optional, shape },
    })
}

/// A tuple is laid out as a record whose fields are its parts. As they have no ids that could be changed, what stands in the way of
/// one of them is told of the whole tuple.
fn lay_out_parts(
    tuple: String,
    reader: &[OwnedKind],
    writer: &[OwnedKind],
    conflicts: &mut Vec<FieldConflict>,
) -> Option<RowLayout> {
    let fields = parts_of(writer);
    let shape = row_shape(&fields);
    let mut slots = Vec::new();
    for (((extent, null_bit), field), (now, before)) in
        extents(&fields, shape).into_iter().zip(&fields).zip(reader.iter().zip(writer))
    {
        let shape = shape_of(now, before, conflicts)?;
        slots.push(Slot { extent, null_bit, shape, field: field.name.clone() });
    }
    // Parts are always read by their slots, so nobody asks.
    Some(RowLayout { record: tuple, shape, slots, is_current: false })
}

/// A variant that only the writer knows is an error when a row with it is met, not before: there may be none.
fn lay_out_enum(
    name: &str,
    reader: &[OwnedVariant],
    writer: &[OwnedVariant],
    conflicts: &mut Vec<FieldConflict>,
) -> EnumLayout {
    let mut variants = Vec::new();
    for written in writer {
        let Some(index) = reader.iter().position(|variant| variant.id == written.id) else { continue };
        let variant = &reader[index];
        if variant.name != written.name && !variant.explicit_id {
            let free = 1 + reader.iter().chain(writer).map(|variant| variant.id).max().unwrap_or(0);
            conflicts.push(FieldConflict::Moved {
                what: "variant",
                record: name.to_owned(),
                name: variant.name.clone(),
                id: variant.id,
                before: written.name.clone(),
                free,
            });
            continue;
        }
        let record = format!("{name}::{}", variant.name);
        let layout = lay_out_fields(&record, &variant.fields, &written.fields, conflicts);
        variants.push(VariantLayout { id: written.id, index, layout });
    }
    variants.sort_by_key(|variant| variant.id);
    EnumLayout { name: name.to_owned(), variants }
}

/// An id that neither has.
pub(super) fn free_id(reader: &[OwnedField], writer: &[OwnedField], retired: &[u16]) -> u16 {
    let used = reader.iter().chain(writer).map(|field| field.id).chain(retired.iter().copied());
    used.max().unwrap_or(0).saturating_add(1)
}
