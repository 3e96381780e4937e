//! What of serde's attributes `derive(Record)` takes: other names in JSON, and defaults.

use dsl_macros::Record;
use dsl_runtime::record::{FieldMask, Format, Record, RowCodec, TopicSchemas};

use crate::samples::{codec, decode, encode};

#[derive(Clone, Debug, PartialEq, Record)]
struct Payment {
    #[serde(rename = "cardNumber")]
    card: u64,
    #[serde(default)]
    cents: i64,
    #[serde(rename = "kind", default = "cash")]
    paid: Paid,
    #[field(5)]
    #[serde(rename = "note")]
    r#type: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Record)]
enum Paid {
    #[serde(rename = "cash")]
    Cash,
    #[serde(rename = "by card")]
    Card {
        #[serde(rename = "nearField")]
        contactless: bool,
    },
}

fn cash() -> Paid {
    Paid::Cash
}

fn json() -> RowCodec<Payment> {
    RowCodec::new(Format::Json, &mut TopicSchemas::new()).unwrap()
}

fn payment() -> Payment {
    Payment { card: 4, cents: -5, paid: Paid::Card { contactless: true }, r#type: Some("x".to_owned()) }
}

#[test]
fn names_in_json_are_the_given_ones() {
    let text = r#"{"cardNumber":4,"cents":-5,"kind":{"by card":{"nearField":true}},"note":"x"}"#;
    assert_eq!(String::from_utf8(encode(&json(), &payment())).unwrap(), text);
    assert_eq!(decode(&json(), text.as_bytes()), payment());
    let read = decode(&json(), br#"{"cardNumber":4,"card":9}"#);
    assert_eq!(read, Payment { card: 4, cents: 0, paid: Paid::Cash, r#type: None });
    let said = json().decode(br#"{"card":4}"#, FieldMask::ALL).unwrap_err().to_string();
    assert!(said.contains("missing field `cardNumber`"), "{said}");
}

#[test]
fn code_names_fields_by_what_it_calls_them() {
    let codec = codec::<Payment>();
    let bytes = encode(&codec, &payment());
    let read = codec.decode(&bytes, Payment::mask(&["card", "type"])).unwrap();
    assert_eq!((read.card, read.cents, read.r#type), (4, 0, Some("x".to_owned())));
    assert_eq!(Payment::mask(&["cardNumber", "note"]), FieldMask::NONE);
    assert_eq!(Payment::mask(&["card"]).names(Payment::SCHEMA), ["cardNumber"]);
}

/// In a `native` topic a rename is one, however it is written: it asks for an id. In `json` it would lose what was written.
#[test]
fn a_name_given_later_is_a_rename() {
    mod before {
        #[derive(Clone, Debug, PartialEq, dsl_macros::Record)]
        pub(super) struct Row {
            pub(super) card: u64,
        }
    }
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Counted {
        #[serde(rename = "cardNumber")]
        card: u64,
    }
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Numbered {
        #[field(1)]
        #[serde(rename = "cardNumber")]
        card: u64,
    }
    let mut schemas = TopicSchemas::new();
    let bytes = encode(&RowCodec::new(Format::Native, &mut schemas).unwrap(), &before::Row { card: 7 });
    let said = RowCodec::<Counted>::new(Format::Native, &mut schemas).unwrap_err().to_string();
    assert!(said.contains("if it is `card` renamed, write `#[field(1)]` before it"), "{said}");
    let numbered = RowCodec::<Numbered>::new(Format::Native, &mut schemas).unwrap();
    assert_eq!(decode(&numbered, &bytes), Numbered { card: 7 });
    let said = RowCodec::<Numbered>::new(Format::Json, &mut schemas.clone()).unwrap_err().to_string();
    assert!(said.contains("fields go by name: keep the name `card`"), "{said}");
    let _ = Counted { card: 1 }.card;
}
