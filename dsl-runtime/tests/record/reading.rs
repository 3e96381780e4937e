//! Single fields are read, and strings borrowed, without decoding the row.

use dsl_runtime::record::{FieldMask, Record};

use crate::samples::{CardId, Mixture, Payment, Place, codec, encode, mixture, payment};

#[test]
fn strings_and_bytes_are_borrowed_from_the_row() {
    let codec = codec::<Payment>();
    let bytes = encode(&codec, &payment());
    let row = codec.row(&bytes).unwrap();
    let field = |name| Payment::SCHEMA.field_index(name).unwrap();
    assert_eq!(row.str(field("card")), Ok(Some("4711")));
    assert_eq!(row.bytes(field("note")), Ok(Some("für Öl".as_bytes())));
    assert_eq!(row.get::<i64>(field("amount")), Ok(Some(-250)));
    assert_eq!(row.get::<u16>(field("tip")), Ok(None));
    assert_eq!(row.get::<CardId>(field("card")), Ok(Some(CardId("4711".to_owned()))));
    let text = row.str(field("card")).unwrap().unwrap();
    assert!(bytes.as_ptr_range().contains(&text.as_ptr()), "not a copy");
}

#[test]
fn nested_records_are_read_as_such_and_not_as_bytes() {
    let codec = codec::<Mixture>();
    let bytes = encode(&codec, &mixture());
    let row = codec.row(&bytes).unwrap();
    let place = Mixture::SCHEMA.field_index("place").unwrap();
    assert_eq!(row.get::<Place>(place).map(|place| place.unwrap().zip), Ok(Some(50_667)));
    assert!(row.bytes(place).is_err());
    assert!(row.get::<u8>(99).is_err(), "there is no such field");
}

#[test]
fn a_mask_is_a_constant_and_ignores_unknown_names() {
    const MASK: FieldMask = Payment::SCHEMA.mask(&["amount", "nothing", "at"]);
    assert_eq!(MASK.names(Payment::SCHEMA), ["amount", "at"]);
    assert_eq!(MASK, Payment::mask(&["at", "amount"]));
    assert_eq!(MASK.union(Payment::mask(&["tip"])).names(Payment::SCHEMA), ["amount", "tip", "at"]);
}

#[test]
fn a_damaged_field_outside_of_the_mask_is_not_looked_at() {
    let codec = codec::<Payment>();
    let mut bytes = encode(&codec, &payment());
    let at = bytes.len() - 1;
    bytes[at] = 0xff;
    assert!(codec.decode(&bytes, FieldMask::ALL).is_err());
    assert_eq!(codec.decode(&bytes, Payment::mask(&["amount"])).unwrap().amount, -250);
}
