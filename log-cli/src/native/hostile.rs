//! Rows and schemas that are not what was written: no panic, no text beyond its limit, and JSON if anything.

use std::fs;
use std::path::PathBuf;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::row::write_row;
use super::{Json, RowType, number_and_row};

/// A row that a type has written, and its schema.
#[derive(Debug, Clone)]
struct Written {
    schema: Value,
    row: Vec<u8>,
}

/// Those of the runtime's golden files.
fn written() -> Vec<Written> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../dsl-runtime/tests/record/golden");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        let schemas = text.lines().find_map(|line| line.strip_prefix("schemas ")).unwrap();
        let lines = text.lines().skip_while(|line| !line.starts_with("bytes ")).skip(1);
        let numbers = lines.flat_map(|line| line.get(..48).unwrap_or(line).split_whitespace());
        let row = numbers.map(|number| u8::from_str_radix(number, 16).unwrap()).collect();
        Written { schema: serde_json::from_str::<Value>(schemas).unwrap()[0].take(), row }
    };
    fs::read_dir(folder).unwrap().map(|entry| read(entry.unwrap().path())).collect()
}

/// Reads a row as far as that goes, with this much room; whether it was one.
fn read(schema: &Value, bytes: &[u8], bytes_max: usize) -> Result<bool, TestCaseError> {
    let Ok(of) = RowType::of(schema.clone(), "id") else { return Ok(false) };
    let Ok((_, row)) = number_and_row(bytes) else { return Ok(false) };
    let mut out = Json { text: Vec::new(), bytes_max };
    let is_row = write_row(&of.columns, row, &mut out).is_ok();
    // One text of the row beyond the limit, with all its letters written as six.
    prop_assert!(out.text.len() <= bytes_max + 6 * bytes.len() + 1_024, "{}", out.text.len());
    if is_row {
        let parsed: Result<Value, _> = serde_json::from_slice(&out.text);
        prop_assert!(parsed.is_ok_and(|value| value.is_object()), "{}", String::from_utf8_lossy(&out.text));
    }
    if let Some(key) = &of.key {
        let mut out = Json { text: Vec::new(), bytes_max };
        // Whatever it says, it ends.
        let _ = key.write(&of.columns, row, is_row.then_some(row), &mut out);
    }
    Ok(is_row)
}

/// Kinds that stand where others did.
fn kinds() -> Vec<Value> {
    let nothing = json!({ "tuple": [] });
    vec![
        json!("u8"),
        json!("decimal"),
        json!("string"),
        json!("nothing that is known"),
        json!({ "option": { "option": "u8" } }),
        json!({ "array": ["bool", u32::MAX] }),
        json!({ "array": [{ "option": "bool" }, u32::MAX] }),
        json!({ "array": [nothing, u32::MAX] }),
        json!({ "array": [{ "array": ["u128", 4_000_000] }, 4_000_000] }),
        json!({ "list": nothing }),
        json!({ "list": { "record": { "name": "R", "fields": [] } } }),
        json!({ "map": ["u8", nothing] }),
        json!({ "map": [{ "option": "u8" }, "u8"] }),
        json!({ "map": ["string", { "list": "bool" }] }),
        json!({ "enum": { "name": "E", "variants": [] } }),
        json!({ "enum": { "name": "E", "variants": [{ "id": 1, "name": "long ".repeat(99) }] } }),
        json!({ "tuple": ["u8", { "option": "string" }] }),
        json!({ "record": { "name": "R", "fields": [{ "id": 2, "name": "", "kind": "u8" }, { "id": 1, "name": "", "kind": "u8" }] } }),
        nothing,
    ]
}

/// The places of kinds in a schema, as JSON pointers.
fn places_of_kinds(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let place = format!("{at}/{name}");
                if ["kind", "option", "list"].contains(&name.as_str()) {
                    places.push(place.clone());
                }
                places_of_kinds(member, place, places);
            }
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                places_of_kinds(item, format!("{at}/{number}"), places);
            }
        }
        _ => {}
    }
}

#[test]
fn rows_are_read_as_they_were_written() {
    for Written { schema, row } in written() {
        assert!(read(&schema, &row, 1 << 20).unwrap(), "{schema}");
    }
}

#[test]
fn a_text_that_would_be_too_long_is_none() {
    for Written { schema, row } in written() {
        assert!(!read(&schema, &row, 10).unwrap(), "{schema}");
    }
}

#[test]
fn what_only_claims_to_be_large_ends() {
    let field = |kind| json!({ "name": "R", "fields": [{ "id": 1, "name": "f", "kind": kind }] });
    for kind in kinds() {
        for row in [&[0][..], &[0; 7], &[0, 0, 1, 1, 1], &[0, 2, 0xff, 0xff, 0xff, 0xff], &[0; 3_000]] {
            read(&field(kind.clone()), row, 1 << 20).unwrap();
        }
    }
}

/// As deep as JSON that is read may be.
#[test]
fn a_kind_that_is_very_deep_ends() {
    let mut kind = json!("u8");
    for _ in 0..200 {
        kind = json!({ "list": kind });
    }
    let text = json!([{ "name": "R", "fields": [{ "id": 1, "name": "f", "kind": kind }] }]).to_string();
    assert!(serde_json::from_str::<Value>(&text).is_err(), "what a topic keeps is read up to a depth");
}

proptest! {
    #[test]
    fn damaged_rows_are_told_or_read(
        which in any::<Index>(),
        flips in vec((any::<Index>(), any::<u8>()), 1..6),
        cut in proptest::option::of(any::<Index>()),
    ) {
        let Written { schema, mut row } = which.get(&written()).clone();
        for (at, byte) in flips {
            let at = at.index(row.len());
            row[at] = byte;
        }
        if let Some(cut) = cut {
            row.truncate(cut.index(row.len()));
        }
        read(&schema, &row, 1 << 20)?;
    }

    #[test]
    fn arbitrary_bytes_are_told_or_read(which in any::<Index>(), bytes in vec(any::<u8>(), 0..600)) {
        read(&which.get(&written()).schema, &[&[0], &bytes[..]].concat(), 1 << 20)?;
    }

    #[test]
    fn damaged_schemas_are_told_or_read(
        which in any::<Index>(),
        changes in vec((any::<Index>(), any::<Index>()), 1..4),
    ) {
        let Written { mut schema, row } = which.get(&written()).clone();
        for (at, kind) in changes {
            let mut places = Vec::new();
            places_of_kinds(&schema, String::new(), &mut places);
            let place = schema.pointer_mut(at.get::<String>(&places)).expect("the place was found in it");
            *place = kind.get(&kinds()).clone();
        }
        read(&schema, &row, 1 << 20)?;
    }
}
