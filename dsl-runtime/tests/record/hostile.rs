//! Whatever the bytes are, decoding gives a row or an error that names the place; it never panics.

use dsl_macros::Record;
use dsl_runtime::record::{FieldMask, Format, Record, RowCodec, TopicSchemas};
use proptest::prelude::*;

use crate::samples::{Mixture, Numbers, Payment, any_mixture, codec, encode, mixture, numbers, payment};

pub(crate) fn damage<T: Record + PartialEq + std::fmt::Debug>(row: &T) -> (usize, usize) {
    let codec = codec::<T>();
    let bytes = encode(&codec, row);
    for length in 0..bytes.len() {
        // Every row is as long as its offset table says, so that a cut is always seen.
        let error = codec.decode(&bytes[..length], FieldMask::ALL).err();
        assert!(error.is_some(), "cut to {length} bytes of {}", bytes.len());
    }
    assert!(codec.decode(&[&bytes[..], &[0]].concat(), FieldMask::ALL).is_err(), "a byte too many");
    let (mut read, mut refused) = (0, 0);
    for bit in 0..8 * bytes.len() {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let (decoded, mut into) = (codec.decode(&bytes, FieldMask::ALL), row.clone());
        let decoded_into = codec.decode_into(&bytes, FieldMask::ALL, &mut into).map(|()| into);
        // By their text if they are not equal, as NaN is not; and hash maps that are equal may be printed in any order.
        let (read_as, into_as) = (format!("{decoded:?}"), format!("{decoded_into:?}"));
        assert!(decoded == decoded_into || read_as == into_as, "{read_as} is read into a row as {into_as}");
        match decoded {
            Ok(_) => read += 1,
            Err(_) => refused += 1,
        }
    }
    (read, refused)
}

#[test]
fn every_cut_is_seen_and_no_flipped_bit_panics() {
    // Most flips give another valid number or text; checksums are the log's business.
    for (read, refused) in [damage(&payment()), damage(&numbers()), damage(&mixture())] {
        assert!(read > 0 && refused > 0, "{read} rows read, {refused} refused");
    }
}

#[test]
fn errors_say_where_and_why() {
    let codec = codec::<Payment>();
    let bytes = encode(&codec, &payment());
    let check = |bytes: &[u8], expected: &str| {
        assert_eq!(codec.decode(bytes, FieldMask::ALL).unwrap_err().to_string(), expected);
    };
    check(b"", "the row ends within its schema number, with which every `native` row begins");
    check(
        &[9, 0],
        "the row begins with schema number 9, and the topic keeps 1 schema(s), numbered from 0: its bytes are damaged, or \
         were written by something else than a typed topic or a pipeline",
    );
    check(&bytes[..9], "the row of `Payment` has 8 bytes, but its schema needs at least 21");
    check(
        &bytes[..bytes.len() - 1],
        "the row of `Payment` has 11 bytes of strings and lists, but its offset table says 12",
    );
    let mut crossed = bytes.clone();
    crossed[20] = 200;
    check(&crossed, "field `card` of `Payment`: its bytes are said to be 21..221 of 33");
    let mut text = bytes.clone();
    text[22] = 0xff;
    check(&text, "field `card` of `Payment`: not UTF-8 from byte 0 on");
    let mut width = bytes;
    width[1] |= 3;
    check(&width, "the row of `Payment` has offset width 3, and only 0, 1 and 2 are known");
}

#[test]
fn a_fault_in_a_nested_record_names_both_fields() {
    let codec = codec::<Mixture>();
    let mut bytes = encode(&codec, &Mixture { raw: vec![], refunds: vec![], places: None, ..mixture() });
    let city = bytes.windows(5).position(|window| window == "Köln".as_bytes()).unwrap();
    bytes[city] = 0xff;
    assert_eq!(
        codec.decode(&bytes, FieldMask::ALL).unwrap_err().to_string(),
        "field `place` of `Mixture`: field `city` of `Place`: not UTF-8 from byte 0 on",
    );
    assert!(codec.decode(&bytes, Mixture::mask(&["level"])).is_ok(), "other fields are not touched");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let schema_0 = [&[0], &bytes[..]].concat();
        let _ = codec::<Payment>().decode(&schema_0, FieldMask::ALL);
        let _ = codec::<Numbers>().decode(&schema_0, FieldMask::ALL);
        let _ = codec::<Mixture>().decode(&schema_0, FieldMask::ALL);
        let _ = codec::<Mixture>().decode(&bytes, FieldMask::ALL);
        let json = RowCodec::<Mixture>::new(Format::Json, &mut TopicSchemas::new()).unwrap();
        prop_assert!(json.decode(&bytes, FieldMask::ALL).is_err());
    }

    #[test]
    fn bytes_after_a_valid_offset_table_never_panic(
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let codec = codec::<Mixture>();
        let mut bytes = encode(&codec, &mixture());
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = codec.decode(&bytes, FieldMask::ALL);
    }

    /// Rows of today's schema have a reader of their own. Whatever the bytes and the fields are, it gives what the one for rows
    /// of any schema gives.
    #[test]
    fn both_readers_agree(
        row in any_mixture(),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        length in proptest::option::of(any::<prop::sample::Index>()),
        mask in any::<u16>(),
    ) {
        agree(&row, &flips, length, mask)?;
        agree(&payment(), &flips, length, mask)?;
        agree(&Fixed { a: 7, b: None, c: true, d: Some(-1) }, &flips, length, mask)?;
    }
}

/// A type without a field of variable width.
#[derive(Clone, Debug, PartialEq, Record)]
struct Fixed {
    #[field(9)]
    a: u64,
    b: Option<u16>,
    #[field(3)]
    c: bool,
    #[field(5)]
    d: Option<i64>,
}

pub(crate) fn agree<T: Record + PartialEq + std::fmt::Debug>(
    row: &T,
    flips: &[(prop::sample::Index, u8)],
    length: Option<prop::sample::Index>,
    mask: u16,
) -> Result<(), TestCaseError> {
    let codec = codec::<T>();
    let mut bytes = encode(&codec, row);
    for (at, byte) in flips {
        // Not the schema's number.
        let at = 1 + at.index(bytes.len() - 1);
        bytes[at] = *byte;
    }
    if let Some(length) = length {
        bytes.truncate(1 + length.index(bytes.len()));
    }
    let mask = (0..16).filter(|at| mask >> at & 1 != 0).fold(FieldMask::NONE, FieldMask::with);
    for mask in [mask, FieldMask::ALL] {
        let of_any_schema = codec.row(&bytes).and_then(|row| T::decode(&row, mask));
        prop_assert_eq!(codec.decode(&bytes, mask), of_any_schema);
    }
    Ok(())
}
