//! `EcoString` is written as `String` is: the same bytes, schema, order and errors.

use dsl_macros::{Key, Record};
use dsl_runtime::key::{Key, KeyCode, key_group, partition_of};
use dsl_runtime::record::{EcoString, FieldMask, Format, OwnedSchema, Record, RowCodec, TopicSchemas};
use proptest::prelude::*;

use crate::samples::{decode, encode};

/// A record whose texts are of the module's type.
macro_rules! flight {
    ($($module:ident: $text:ty)*) => {$(
        mod $module {
            use super::{Key, Record};

            type Text = $text;

            #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
            pub(super) struct Carrier(pub(super) Text);

            #[derive(Clone, Debug, PartialEq, Record)]
            pub(super) enum State {
                Planned,
                Cancelled { reason: Text },
            }

            #[derive(Clone, Debug, PartialEq, Record)]
            pub(super) struct Flight {
                pub(super) number: u16,
                pub(super) carrier: Carrier,
                pub(super) tail: Option<Text>,
                pub(super) stops: Vec<Text>,
                pub(super) notes: Vec<Option<Text>>,
                pub(super) state: State,
                #[field(default = "?".into())]
                pub(super) origin: Text,
            }

            pub(super) fn flight(texts: &[String]) -> Flight {
                let text = |at: usize| Text::from(texts[at % texts.len()].as_str());
                let state = if texts.len() % 2 == 0 { State::Planned } else { State::Cancelled { reason: text(5) } };
                Flight {
                    number: 7,
                    carrier: Carrier(text(0)),
                    tail: (texts.len() > 2).then(|| text(1)),
                    stops: texts.iter().map(|text| text.as_str().into()).collect(),
                    notes: vec![Some(text(2)), None, Some(text(3))],
                    state,
                    origin: text(4),
                }
            }
        }
    )*};
}
flight!(of_strings: String  inline: dsl_runtime::record::EcoString);

/// Rows of both types, in a topic of either.
fn codecs(format: Format, inline_first: bool) -> (RowCodec<of_strings::Flight>, RowCodec<inline::Flight>) {
    let mut schemas = TopicSchemas::new();
    if inline_first {
        schemas.register::<inline::Flight>().unwrap();
    }
    let codecs = (RowCodec::new(format, &mut schemas).unwrap(), RowCodec::new(format, &mut schemas).unwrap());
    assert_eq!(schemas.schemas().len(), 1, "the other type is no other schema");
    codecs
}

#[track_caller]
fn check(texts: &[String]) {
    let (strings, inline) = (of_strings::flight(texts), inline::flight(texts));
    for format in [Format::Native, Format::Json] {
        for inline_first in [false, true] {
            let (of_strings, of_inline) = codecs(format, inline_first);
            let bytes = encode(&of_strings, &strings);
            assert_eq!(encode(&of_inline, &inline), bytes);
            assert_eq!(decode(&of_inline, &bytes), inline);
            assert_eq!(decode(&of_strings, &bytes), strings);
            let mut over = inline::flight(&["of the row before, and long enough for memory".to_owned()]);
            of_inline.decode_into(&bytes, FieldMask::ALL, &mut over).unwrap();
            assert_eq!(over, inline);
        }
    }
    let kept = postcard::to_stdvec(&strings).unwrap();
    assert_eq!(postcard::to_stdvec(&inline).unwrap(), kept);
    assert_eq!(postcard::from_bytes::<inline::Flight>(&kept).as_ref(), Ok(&inline));
}

#[test]
fn texts_of_every_length_are_the_same_bytes() {
    assert_eq!(OwnedSchema::from(inline::Flight::SCHEMA), OwnedSchema::from(of_strings::Flight::SCHEMA));
    for length in [0, 1, 14, 15, 16, 17, 254, 255, 256, 257, 65_536] {
        check(&["x".repeat(length)]);
        check(&["ä".repeat(length), format!("\n{}", " ".repeat(length)), "EWR".to_owned()]);
    }
}

#[test]
fn a_field_that_is_not_read_is_some_text() {
    let (_, codec) = codecs(Format::Native, false);
    let row = inline::flight(&["UA".to_owned(), "N14228".to_owned(), "EWR".to_owned()]);
    let read = codec.decode(&encode(&codec, &row), FieldMask::NONE).unwrap();
    assert_eq!((read.carrier.0.as_str(), read.tail, read.stops), ("", None, vec![]));
}

#[test]
fn no_bytes_make_it_panic_and_errors_are_those_of_strings() {
    let (of_strings, of_inline) = codecs(Format::Native, false);
    let texts = ["UA".to_owned(), "für Öl".to_owned(), "a text with memory of its own".to_owned()];
    let bytes = encode(&of_strings, &of_strings::flight(&texts));
    let said = |bytes: &[u8]| {
        let mut row = inline::flight(&texts);
        let into = of_inline.decode_into(bytes, FieldMask::ALL, &mut row).map(|()| row);
        let read = of_inline.decode(bytes, FieldMask::ALL);
        assert_eq!(format!("{into:?}"), format!("{read:?}"), "reading into a row is reading");
        let strings = of_strings.decode(bytes, FieldMask::ALL);
        assert_eq!(format!("{read:?}"), format!("{strings:?}"));
        read.is_err()
    };
    assert!((0..bytes.len()).all(|length| said(&bytes[..length])));
    let (mut read, mut refused) = (0, 0);
    for bit in 0..8 * bytes.len() {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if said(&bytes) { refused += 1 } else { read += 1 }
    }
    assert!(read > 0 && refused > 0, "{read} rows read, {refused} refused");
    let error = EcoString::decode_key(b"a\xff").unwrap_err().to_string();
    assert_eq!(error, String::decode_key(b"a\xff").unwrap_err().to_string());
    assert!(error.ends_with("not UTF-8 from byte 1 on"), "{error}");
}

fn key<K: Key>(key: &K) -> Vec<u8> {
    let mut bytes = Vec::new();
    key.encode_key(&mut bytes);
    assert_eq!(K::decode_key(&bytes).as_ref(), Ok(key));
    bytes
}

#[track_caller]
fn same_key<A: Key, B: Key>(a: &A, b: &B) {
    let bytes = key(a);
    assert_eq!(key(b), bytes, "{a:?}");
    assert_eq!((key_group(&bytes), partition_of(&bytes, 7)), (key_group(&key(b)), partition_of(&key(b), 7)));
    assert_eq!((A::type_name(), A::written_as(), A::WIDTH), (B::type_name(), B::written_as(), B::WIDTH));
    assert_eq!(format!("{a:?}"), format!("{b:?}"));
}

proptest! {
    #[test]
    fn any_texts_are_the_same_rows(texts in proptest::collection::vec(".{0,40}", 1..5)) {
        check(&texts);
    }

    #[test]
    fn any_texts_are_the_same_keys_in_the_same_order(a in ".{0,30}", b in "[ab]{0,26}", n in any::<u32>()) {
        let inline = |text: &str| EcoString::from(text);
        same_key(&a, &inline(&a));
        same_key(&Some(b.clone()), &Some(inline(&b)));
        same_key(&(a.clone(), n, b.clone()), &(inline(&a), n, inline(&b)));
        same_key(&of_strings::Carrier(a.clone()), &inline::Carrier(inline(&a)));
        prop_assert_eq!(inline(&a).cmp(&inline(&b)), a.cmp(&b));
        prop_assert_eq!((inline(&a), n).cmp(&(inline(&b), 5)), (a, n).cmp(&(b, 5)));
    }
}

#[test]
fn a_raw_row_is_one_text() {
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Line {
        text: EcoString,
    }
    let codec = RowCodec::<Line>::new(Format::Raw, &mut TopicSchemas::new()).unwrap();
    let line = Line { text: "a line".into() };
    assert_eq!(encode(&codec, &line), b"a line");
    assert_eq!(decode(&codec, b"a line"), line);
    assert!(codec.decode(b"\xff", FieldMask::ALL).is_err());
}
