//! The bytes of sample rows are those in the files beside this one: rows on disk stay readable.
//!
//! `UPDATE_EXPECT=1 cargo test -p dsl-runtime --test record` writes the files anew, for a new sample. A change in an old
//! one means that rows already written can no longer be read: then the layout needs a new version instead.

use std::fmt::Write;
use std::path::Path;

use dsl_runtime::record::{Record, TopicSchemas};

use crate::containers::basket;
use crate::samples::{codec, decode, encode, mixture, numbers, payment};
use crate::values::invoice;

#[track_caller]
fn check<T: Record + PartialEq + std::fmt::Debug>(name: &str, row: &T) {
    let codec = codec::<T>();
    let bytes = encode(&codec, row);
    let mut schemas = TopicSchemas::new();
    schemas.register::<T>().unwrap();
    let mut found = format!("row     {}\n", serde_json::to_string(row).unwrap());
    writeln!(found, "schemas {}", String::from_utf8(schemas.to_json()).unwrap()).unwrap();
    writeln!(found, "bytes   {}", bytes.len()).unwrap();
    for line in bytes.chunks(16) {
        let hexadecimal: Vec<String> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = line.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' });
        writeln!(found, "{:47}  {}", hexadecimal.join(" "), text.collect::<String>()).unwrap();
    }

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/record/golden").join(name);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "the layout changed; see the note at the top of {}", file!());
    assert_eq!(decode(&codec, &bytes_of(&expected)), *row, "the bytes of {name} are read as another row");
}

/// The bytes that a golden file shows.
fn bytes_of(golden: &str) -> Vec<u8> {
    let lines = golden.lines().skip_while(|line| !line.starts_with("bytes")).skip(1);
    let bytes = lines.flat_map(|line| line[..47].split_whitespace());
    bytes.map(|byte| u8::from_str_radix(byte, 16).expect("two hexadecimal digits")).collect()
}

#[test]
fn a_payment_has_these_bytes() {
    check("payment.txt", &payment());
}

#[test]
fn numbers_have_these_bytes() {
    check("numbers.txt", &numbers());
}

#[test]
fn lists_enums_and_nested_records_have_these_bytes() {
    check("mixture.txt", &mixture());
}

#[test]
fn maps_tuples_arrays_and_boxes_have_these_bytes() {
    check("basket.txt", &basket());
}

#[test]
fn decimals_dates_times_uuids_and_bytes_have_these_bytes() {
    check("invoice.txt", &invoice());
}
