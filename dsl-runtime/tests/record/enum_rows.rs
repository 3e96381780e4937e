//! Enums as rows: they come back in both formats, keep their bytes, change by the rules of variants, and are no structs.

use dsl_macros::Record;
use dsl_runtime::record::{DecodeError, FieldMask, Format, Record, RowCodec, TopicSchemas};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::hostile::damage;
use crate::samples::{CardId, Level, Paid, any_level, any_paid, codec, decode, encode};

fn json<T: Record>() -> RowCodec<T> {
    RowCodec::new(Format::Json, &mut TopicSchemas::new()).expect("a new topic takes any schema")
}

proptest! {
    #[test]
    fn enums_come_back_as_rows(paid in any_paid(), level in any_level()) {
        for codec in [codec::<Paid>(), json()] {
            let bytes = encode(&codec, &paid);
            prop_assert_eq!(&decode(&codec, &bytes), &paid);
            let mut into = Paid::Voucher(1);
            codec.decode_into(&bytes, FieldMask::ALL, &mut into).unwrap();
            prop_assert_eq!(&into, &paid);
        }
        for codec in [codec::<Level>(), json()] {
            prop_assert_eq!(decode(&codec, &encode(&codec, &level)), level);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..24), text in "[\"{}:a-zA-Z0-9,]{0,20}") {
        let _ = codec::<Paid>().decode(&bytes, FieldMask::ALL);
        let _ = codec::<Level>().decode(&bytes, FieldMask::ALL);
        let _ = json::<Paid>().decode(text.as_bytes(), FieldMask::ALL);
    }
}

#[test]
fn every_cut_is_seen_and_no_flipped_bit_panics() {
    let card = Paid::Card { id: CardId("4711".to_owned()), contactless: Some(true) };
    // One variant is no other by a flipped bit.
    assert_eq!(damage(&Level::High), (0, 24));
    for (read, refused) in [damage(&card), damage(&Paid::Voucher(7))] {
        assert!(read > 0 && refused > 0, "{read} rows read, {refused} refused");
    }
}

/// Rows on disk stay readable.
#[test]
fn rows_that_are_enums_have_these_bytes() {
    // The schema's number, the flags, where the enum ends; its variant, and the row of what that holds.
    let card = Paid::Card { id: CardId("47".to_owned()), contactless: Some(true) };
    let voucher = [0, 0, 10, 3, 0, 5, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(encode(&codec(), &Paid::Cash), [0, 0, 2, 1, 0]);
    assert_eq!(encode(&codec(), &card), [0, 0, 7, 2, 0, 0, 1, 2, b'4', b'7']);
    assert_eq!(encode(&codec(), &Paid::Voucher(5)), voucher);
    // Of two bytes always, and so without flags and table.
    assert_eq!(encode(&codec(), &Level::High), [0, 7, 0]);
    assert_eq!(
        format!("{:016x} {:016x}", Paid::FINGERPRINT, Level::FINGERPRINT),
        "d414a8db410a93e2 df925414242a8994"
    );
    let mut schemas = TopicSchemas::new();
    schemas.register::<Level>().unwrap();
    let kept = String::from_utf8(schemas.to_json()).unwrap();
    assert_eq!(
        kept,
        "[{\"name\":\"Level\",\"fingerprint\":\"df925414242a8994\",\"fields\":[{\"id\":1,\"name\":\"(variant)\",\"kind\":{\"enum\":{\"name\":\"Level\",\
         \"variants\":[{\"id\":1,\"name\":\"Low\"},{\"id\":7,\"name\":\"High\"}]}}}]}]"
    );
}

/// A row is an object in any case; what others write by serde alone is read, too.
#[test]
fn in_json_a_row_has_one_member_called_as_its_variant() {
    let written = |paid: &Paid| String::from_utf8(encode(&json(), paid)).unwrap();
    let card = Paid::Card { id: CardId("47".to_owned()), contactless: None };
    assert_eq!(written(&Paid::Cash), r#"{"Cash":null}"#);
    assert_eq!(written(&card), r#"{"Card":{"id":"47","contactless":null}}"#);
    assert_eq!(written(&Paid::Voucher(5)), r#"{"Voucher":5}"#);
    assert_eq!(decode(&json::<Paid>(), br#" "Cash" "#), Paid::Cash);
    assert_eq!(decode(&json::<Paid>(), br#"{"Card":{"id":"47","new":1}}"#), card);

    let refused = |text: &str, expected: &str| {
        let said = json::<Paid>().decode(text.as_bytes(), FieldMask::ALL).unwrap_err().to_string();
        assert_eq!(said, format!("not a JSON row of `Paid`: {expected}"));
    };
    refused(
        "{\"Cheque\":1}",
        "unknown variant `Cheque`, expected one of `Cash`, `Card`, `Voucher` at line 1 column 9",
    );
    refused("[\"Cash\"]", "a row is one JSON object, such as {\"id\":1}, and this is an array");
    refused("{}", "expected value at line 1 column 2");
    refused("{\"Cash\":null,\"Voucher\":1}", "expected value at line 1 column 12");
}

/// Whose serde is the user's own is written as that says, and has to be an object.
#[test]
fn serde_by_hand_is_left_alone() {
    #[derive(Clone, Copy, Debug, PartialEq, Record)]
    #[record(serde = manual)]
    enum Light {
        Off,
        On,
    }

    impl Serialize for Light {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self {
                Light::Off => serializer.serialize_str("off"),
                Light::On => serializer.collect_map([("on", true)]),
            }
        }
    }
    impl<'de> Deserialize<'de> for Light {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let on = std::collections::BTreeMap::<String, bool>::deserialize(deserializer)?;
            Ok(if on["on"] { Light::On } else { Light::Off })
        }
    }
    assert_eq!(decode(&json::<Light>(), &encode(&json(), &Light::On)), Light::On);
    let said = json().encode(&Light::Off, &mut Vec::new()).unwrap_err().to_string();
    assert!(said.contains("a row is one JSON object, such as {\"id\":1}, and this is a text"), "{said}");
}

mod then {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Record)]
    pub(super) enum Event {
        Opened { by: String },
        Paid(u32),
        Lost,
    }
}

mod now {
    use super::*;

    /// A variant more, one less, one renamed, and more of what one holds.
    #[derive(Clone, Debug, PartialEq, Record)]
    pub(super) enum Event {
        #[variant(4)]
        Sent { to: u64 },
        #[variant(2)]
        Settled(Option<u32>),
        #[variant(1)]
        Opened {
            by: String,
            #[field(default = 1)]
            times: u8,
        },
    }

    /// As above, with the names that stand in JSON.
    #[derive(Clone, Debug, PartialEq, Record)]
    pub(super) enum Named {
        #[variant(2)]
        Paid(Option<u32>),
        #[variant(1)]
        Opened { by: String, at: Option<u64> },
    }
}

/// Rows of each variant, and the schemas of their topic.
fn written(format: Format) -> (Vec<Vec<u8>>, TopicSchemas) {
    let mut schemas = TopicSchemas::new();
    let codec = RowCodec::new(format, &mut schemas).unwrap();
    let rows = [then::Event::Opened { by: "ann".to_owned() }, then::Event::Paid(5), then::Event::Lost];
    (rows.iter().map(|row| encode(&codec, row)).collect(), schemas)
}

#[test]
fn variants_come_and_go_and_what_they_hold_changes_as_fields_do() {
    let (rows, mut schemas) = written(Format::Native);
    let codec = RowCodec::<now::Event>::new(Format::Native, &mut schemas).unwrap();
    assert_eq!(decode(&codec, &rows[0]), now::Event::Opened { by: "ann".to_owned(), times: 1 });
    assert_eq!(decode(&codec, &rows[1]), now::Event::Settled(Some(5)));
    let said = codec.decode(&rows[2], FieldMask::ALL).unwrap_err();
    assert!(matches!(said, DecodeError::Field { .. }), "{said:?}");
    assert_eq!(
        said.to_string(),
        "field `(variant)` of `Event`: `Event` has no variant with id 3; was the row written by a newer program?"
    );
    assert_eq!(decode(&codec, &encode(&codec, &now::Event::Sent { to: 1 })), now::Event::Sent { to: 1 });

    let (rows, mut schemas) = written(Format::Json);
    let codec = RowCodec::<now::Named>::new(Format::Json, &mut schemas).unwrap();
    assert_eq!(decode(&codec, &rows[0]), now::Named::Opened { by: "ann".to_owned(), at: None });
    assert_eq!(decode(&codec, &rows[1]), now::Named::Paid(Some(5)));
    assert!(
        codec.decode(&rows[2], FieldMask::ALL).unwrap_err().to_string().contains("unknown variant `Lost`")
    );
}

#[track_caller]
fn refused<T: Record + std::fmt::Debug>(format: Format, expected: &str) {
    let (_, mut schemas) = written(format);
    let before = schemas.schemas().len();
    let said = RowCodec::<T>::new(format, &mut schemas).unwrap_err().to_string();
    assert!(said.contains(expected), "{said}");
    assert_eq!(schemas.schemas().len(), before);
}

#[test]
fn what_rows_do_not_fit_is_refused_before_anything_is_read() {
    mod other {
        use super::*;

        #[derive(Clone, Debug, PartialEq, Record)]
        pub(super) enum Kind {
            Opened { by: String },
            Paid(String),
        }

        #[derive(Clone, Debug, PartialEq, Record)]
        pub(super) enum Moved {
            Paid(u32),
            Opened { by: String },
        }

        #[derive(Clone, Debug, PartialEq, Record)]
        pub(super) struct Event {
            pub(super) by: String,
        }
    }
    for format in [Format::Native, Format::Json] {
        refused::<other::Kind>(
            format,
            "field `0` (id 1) of `Kind::Paid` is `String` now but was written as `u32`",
        );
        refused::<other::Event>(
            format,
            "`Event` is a struct now, and the rows already written are an enum: write to a new topic; or keep the struct, and give it a \
             field of the enum",
        );
    }
    refused::<other::Moved>(
        Format::Native,
        "variant `Paid` of `Moved` has id 1 by its place, but id 1 was `Opened`",
    );
    refused::<other::Moved>(
        Format::Json,
        "variant `Paid` of `Moved` (id 1) is `Opened` in the JSON rows already written",
    );
    refused::<now::Event>(
        Format::Json,
        "variant `Settled` of `Event` (id 2) is `Paid` in the JSON rows already written",
    );

    let mut schemas = TopicSchemas::new();
    RowCodec::<other::Event>::new(Format::Json, &mut schemas).unwrap();
    let said = RowCodec::<then::Event>::new(Format::Json, &mut schemas).unwrap_err().to_string();
    assert!(said.contains("`Event` is an enum now, and the rows already written are a struct"), "{said}");
    let _ = other::Event { by: String::new() }.by;
}
