//! What of a topic's key is written otherwise than in rows that the topic has: then a key's next rows would go to another partition.

use super::Record;
use super::owned_schema::{OwnedField, OwnedKind, OwnedSchema, OwnedVariant};
use super::topic_schemas::{SchemaError, SchemaNumber, TopicSchemas};

impl TopicSchemas {
    /// Refuses a row type that is new to the topic, and whose key has other bytes than a key of the same values had in rows of
    /// a schema that the topic has. A type whose rows are in the topic already is none that could be kept out.
    ///
    /// `key` is the declaration as the user wrote it. Of a field, or of a tuple of fields, the schemas tell the bytes; what a
    /// closure makes of a row they do not.
    pub(crate) fn check_key<T: Record>(&self, key: &str) -> Result<(), SchemaError> {
        if self.number_of::<T>().is_some() {
            return Ok(());
        }
        let now = OwnedSchema::from(T::SCHEMA);
        for (number, then) in (0..).zip(self.schemas()) {
            let mut changes = Vec::new();
            for part in parts_of_key(key) {
                compare_path(&part, &now.name, &then.fields, &now.fields, &mut changes);
            }
            if !changes.is_empty() {
                let (key, number) = (key.to_owned(), SchemaNumber(number));
                return Err(SchemaError::KeyChanged { key, number, changes });
            }
        }
        Ok(())
    }
}

/// The fields that a key is made of, each as a path such as `owner.card`; none of a closure.
fn parts_of_key(key: &str) -> Vec<Vec<&str>> {
    if key.is_empty() || key.contains('|') {
        return Vec::new();
    }
    let parts = key.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(key);
    let parts = parts.split(',').filter(|part| !part.trim().is_empty());
    parts.map(|part| part.split('.').map(name_in_code).collect()).collect()
}

fn name_in_code(written: &str) -> &str {
    written.trim().trim_start_matches("r#")
}

/// Compares what lies at a path of both. A field that is not in both is a matter of the row type, which has been compared.
fn compare_path(
    path: &[&str],
    record: &str,
    then: &[OwnedField],
    now: &[OwnedField],
    changes: &mut Vec<String>,
) {
    let Some((first, rest)) = path.split_first() else { return };
    let Some(now) = now.iter().find(|field| field.called == *first) else { return };
    let Some(then) = then.iter().find(|field| field.id == now.id) else { return };
    match (&then.kind, &now.kind) {
        (OwnedKind::Record { fields: then, .. }, OwnedKind::Record { name, fields: now })
            if !rest.is_empty() =>
        {
            compare_path(rest, name, then, now, changes);
        }
        (then, kind) if rest.is_empty() => {
            compare_kinds(&format!("field `{}` of `{record}`", now.name), then, kind, changes);
        }
        _ => {}
    }
}

/// Says where values of `now` are not the bytes that they were as a key of `then`, whatever types and fields are called.
fn compare_kinds(place: &str, then: &OwnedKind, now: &OwnedKind, changes: &mut Vec<String>) {
    match (then, now) {
        (OwnedKind::Option(then), OwnedKind::Option(now)) => compare_kinds(place, then, now, changes),
        (OwnedKind::Tuple(then), OwnedKind::Tuple(now)) if then.len() == now.len() => {
            for (at, (then, now)) in then.iter().zip(now).enumerate() {
                compare_kinds(&format!("part {at} of {place}"), then, now, changes);
            }
        }
        (OwnedKind::Record { fields: then, .. }, OwnedKind::Record { name, fields: now }) => {
            compare_fields(name, then, now, changes);
        }
        (OwnedKind::Enum { variants: then, .. }, OwnedKind::Enum { name, variants: now }) => {
            compare_variants(name, then, now, changes);
        }
        _ if then != now => changes.push(format!("{place} was `{then}`, and is `{now}`")),
        _ => {}
    }
}

fn compare_fields(record: &str, then: &[OwnedField], now: &[OwnedField], changes: &mut Vec<String>) {
    for field in now {
        let place = format!("field `{}` of `{record}`", field.name);
        match then.iter().find(|before| before.id == field.id) {
            Some(before) => compare_kinds(&place, &before.kind, &field.kind, changes),
            None => changes.push(format!("{place} is new")),
        }
    }
    for before in then.iter().filter(|before| now.iter().all(|field| field.id != before.id)) {
        changes.push(format!("field `{}` of `{record}` is gone", before.name));
    }
}

/// A variant more, or less, leaves the others' bytes as they are.
fn compare_variants(
    enumeration: &str,
    then: &[OwnedVariant],
    now: &[OwnedVariant],
    changes: &mut Vec<String>,
) {
    for variant in now {
        if let Some(before) = then.iter().find(|before| before.id == variant.id) {
            let name = format!("{enumeration}::{}", variant.name);
            compare_fields(&name, &before.fields, &variant.fields, changes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_apart_as_it_is_written() {
        let none: Vec<Vec<&str>> = Vec::new();
        assert_eq!(parts_of_key(""), none);
        assert_eq!(parts_of_key("|e| e.account()"), none);
        assert_eq!(parts_of_key("card"), [["card"]]);
        assert_eq!(parts_of_key("(origin, r#type,)"), [["origin"], ["type"]]);
        assert_eq!(parts_of_key("owner . card"), [["owner", "card"]]);
    }
}
