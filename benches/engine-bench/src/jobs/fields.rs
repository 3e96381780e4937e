//! What a field of each type costs a row: to write it, to read it, and to pass over it.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::hint::black_box;

use bytes::Bytes;
use uuid::Uuid;
use waterwheel::civil::{Date, DateTime, date};
use waterwheel::prelude::*;
use waterwheel::record::{Decimal, FieldMask, Format, RowCodec, TopicSchemas};

use super::Settings;
use crate::Failure;
use crate::report::Report;
use crate::usage::cpu_seconds;

/// What is done with a row.
pub(crate) const WAYS: [(&str, &str); 3] =
    [("written", "written"), ("read", "read"), ("passed", "passed over")];

/// So many rows are different ones.
const DIFFERENT: u64 = 64;

/// A row of three fields, of which the one in the middle is measured.
macro_rules! rows {
    ($($name:ident $told:literal $type:ty: $value:expr;)*) => {
        $(mod $name {
            use super::*;

            #[derive(Debug, Clone, PartialEq, Record)]
            pub(super) struct Row {
                pub(super) key: u64,
                pub(super) field: $type,
                pub(super) last: u64,
            }
        })*

        /// The types, as the job and as the page calls them.
        pub(crate) const TYPES: &[(&str, &str)] = &[$((stringify!($name), $told)),*];

        pub(super) fn measure(settings: &Settings) -> Result<Report, Failure> {
            let mut report = Report::default();
            $({
                let make: fn(u64) -> $type = $value;
                let rows = (0..DIFFERENT).map(|key| $name::Row { key, field: make(key), last: !key });
                let key = |row: &$name::Row| row.key;
                measure_one(stringify!($name), settings, rows.collect(), key, &mut report)?;
            })*
            Ok(report)
        }
    };
}

rows! {
    number "`u64`" u64: |n| n;
    text "`String` of 16 bytes" String: |n| format!("text number {n:4}");
    perhaps "`Option<u64>`, half of them `None`" Option<u64>: |n| (n % 2 == 0).then_some(n);
    pair "`(u64, u16)`" (u64, u16): |n| (n, 7);
    pair_of_text "`(u64, String)`" (u64, String): |n| (n, format!("text number {n:4}"));
    sixteen "`[u8; 16]`" [u8; 16]: |n| [n as u8; 16];
    eight "`[u64; 8]`" [u64; 8]: |n| [n; 8];
    list "`Vec<u64>` of 8" Vec<u64>: |n| vec![n; 8];
    map "`BTreeMap<u32, u64>` of 8" BTreeMap<u32, u64>: |n| (0..8).map(|key| (key, n)).collect();
    hashed "`HashMap<u32, u64>` of 8" HashMap<u32, u64>: |n| (0..8).map(|key| (key, n)).collect();
    map_by_text "`BTreeMap<String, i64>` of 4"
        BTreeMap<String, i64>: |n| (0..4).map(|key| (format!("label {key}"), n as i64)).collect();
    decimal "`Decimal`" Decimal: |n| Decimal::new(1_990 + n as i64, 2);
    day "`civil::Date`" Date: |n| date(2013, 1, 1 + (n % 28) as i8);
    moment "`civil::DateTime`" DateTime: |n| date(2013, 1, 1 + (n % 28) as i8).at(10, 30, 15, 0);
    id "`Uuid`" Uuid: |n| Uuid::from_u128(u128::from(n) << 64 | 5);
    shared "`Bytes` of 16" Bytes: |n| Bytes::from(vec![n as u8; 16]);
}

fn measure_one<T: waterwheel::record::Record + PartialEq + Debug>(
    name: &str,
    settings: &Settings,
    rows: Vec<T>,
    key: fn(&T) -> u64,
    report: &mut Report,
) -> Result<(), Failure> {
    let codec = RowCodec::<T>::new(Format::Native, &mut TopicSchemas::new())?;
    let times = settings.rows.div_ceil(DIFFERENT);
    let of_a_row = |begun: f64| 1e6 * (cpu_seconds() - begun) / (times * DIFFERENT) as f64;
    let mut encoded = Vec::new();
    let begun = cpu_seconds();
    for _ in 0..times {
        for row in &rows {
            encoded.clear();
            codec.encode(black_box(row), &mut encoded)?;
            black_box(&encoded);
        }
    }
    report.put(&format!("{name}_written"), of_a_row(begun));
    let mut written = Vec::new();
    for row in &rows {
        let mut bytes = Vec::new();
        codec.encode(row, &mut bytes)?;
        written.push(bytes);
    }
    for (mask, way) in [(FieldMask::ALL, "read"), (T::mask(&["key", "last"]), "passed")] {
        // Over the row before, as a source reads.
        let (mut row, mut keys) = (rows[0].clone(), 0_u64);
        let begun = cpu_seconds();
        for _ in 0..times {
            for bytes in &written {
                codec.decode_into(black_box(bytes), mask, &mut row)?;
                keys += key(black_box(&row));
            }
        }
        report.put(&format!("{name}_{way}"), of_a_row(begun));
        if keys != times * (0..DIFFERENT).sum::<u64>() {
            return Err(format!("the keys of `{name}` that were {way} add up to {keys}").into());
        }
    }
    for (bytes, row) in written.iter().zip(&rows) {
        if codec.decode(bytes, FieldMask::ALL)? != *row {
            return Err(format!("a row of `{name}` is read as another").into());
        }
    }
    Ok(())
}
