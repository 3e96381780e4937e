//! In `json` a row does not say which schema it was written with, and its members go by name: so a name and an id that have
//! once stood for one field stay together.

use super::owned_schema::{OwnedField, OwnedKind, OwnedSchema, OwnedVariant};
use super::resolve::{FieldConflict, free_id};

/// What of `reader` cannot be told apart by name in JSON rows of `writer`'s schema, at any depth.
pub(super) fn conflicts(reader: &OwnedSchema, writer: &OwnedSchema) -> Vec<FieldConflict> {
    let mut conflicts = Vec::new();
    check_fields(&reader.name, &reader.fields, &writer.fields, &mut conflicts);
    conflicts
}

fn check_fields(
    record: &str,
    reader: &[OwnedField],
    writer: &[OwnedField],
    conflicts: &mut Vec<FieldConflict>,
) {
    for field in reader {
        let same_id = writer.iter().find(|written| written.id == field.id);
        let same_name = writer.iter().find(|written| written.name == field.name);
        match (same_id, same_name) {
            (Some(before), _) if before.name != field.name => {
                conflicts.push(FieldConflict::RenamedInJson {
                    what: "field",
                    record: record.to_owned(),
                    name: field.name.clone(),
                    id: field.id,
                    before: before.name.clone(),
                    free: free_id(reader, writer, &[]),
                });
            }
            (None, Some(before)) => conflicts.push(FieldConflict::RenumberedInJson {
                what: "field",
                record: record.to_owned(),
                name: field.name.clone(),
                id: field.id,
                before: before.id,
            }),
            (Some(before), _) => check_kinds(&field.kind, &before.kind, conflicts),
            (None, None) => {}
        }
    }
}

fn check_kinds(reader: &OwnedKind, writer: &OwnedKind, conflicts: &mut Vec<FieldConflict>) {
    match (reader, writer) {
        (OwnedKind::Option(reader), OwnedKind::Option(writer))
        | (OwnedKind::List(reader), OwnedKind::List(writer))
        | (OwnedKind::Array(reader, _), OwnedKind::Array(writer, _)) => {
            check_kinds(reader, writer, conflicts)
        }
        (OwnedKind::Map(key, value), OwnedKind::Map(written_key, written_value)) => {
            check_kinds(key, written_key, conflicts);
            check_kinds(value, written_value, conflicts);
        }
        (OwnedKind::Tuple(parts), OwnedKind::Tuple(written)) => {
            parts.iter().zip(written).for_each(|(part, written)| check_kinds(part, written, conflicts));
        }
        (OwnedKind::Option(reader), writer) => check_kinds(reader, writer, conflicts),
        (OwnedKind::Record { name, fields }, OwnedKind::Record { fields: written, .. }) => {
            check_fields(name, fields, written, conflicts);
        }
        (OwnedKind::Enum { name, variants }, OwnedKind::Enum { variants: written, .. }) => {
            check_variants(name, variants, written, conflicts);
        }
        _ => {}
    }
}

fn check_variants(
    enumeration: &str,
    reader: &[OwnedVariant],
    writer: &[OwnedVariant],
    conflicts: &mut Vec<FieldConflict>,
) {
    for variant in reader {
        let same_id = writer.iter().find(|written| written.id == variant.id);
        let same_name = writer.iter().find(|written| written.name == variant.name);
        match (same_id, same_name) {
            (Some(before), _) if before.name != variant.name => {
                let ids = reader.iter().chain(writer).map(|variant| variant.id);
                conflicts.push(FieldConflict::RenamedInJson {
                    what: "variant",
                    record: enumeration.to_owned(),
                    name: variant.name.clone(),
                    id: variant.id,
                    before: before.name.clone(),
                    free: ids.max().unwrap_or(0).saturating_add(1),
                });
            }
            (None, Some(before)) => conflicts.push(FieldConflict::RenumberedInJson {
                what: "variant",
                record: enumeration.to_owned(),
                name: variant.name.clone(),
                id: variant.id,
                before: before.id,
            }),
            (Some(before), _) => {
                let record = format!("{enumeration}::{}", variant.name);
                check_fields(&record, &variant.fields, &before.fields, conflicts);
            }
            (None, None) => {}
        }
    }
}
