//! Rows as JSON: in the order of declaration, forgiving about what is missing, exact about what is wrong.

use dsl_macros::Record;
use dsl_runtime::Timestamp;
use dsl_runtime::record::{FieldMask, Format, RowCodec, TopicSchemas};
use serde::{Deserialize, Serialize};

use crate::samples::{Level, Paid, Place, decode, encode};

#[derive(Clone, Debug, PartialEq, Record)]
struct Visit {
    #[field(9)]
    at: Timestamp,
    #[field(2)]
    r#type: String,
    #[field(5)]
    place: Place,
    #[field(6)]
    paid: Paid,
    #[field(7)]
    level: Option<Level>,
    #[field(3, default = 1)]
    times: u32,
}

fn visit() -> Visit {
    Visit {
        at: "2013-01-01T10:00:00.5Z".parse().expect("a time"),
        r#type: "web".to_owned(),
        place: Place { city: "Köln".to_owned(), zip: None },
        paid: Paid::Voucher(3),
        level: Some(Level::High),
        times: 2,
    }
}

fn codec() -> RowCodec<Visit> {
    RowCodec::new(Format::Json, &mut TopicSchemas::new()).expect("a new topic takes any schema")
}

#[track_caller]
fn refused(json: &str, expected: &str) {
    let error = codec().decode(json.as_bytes(), FieldMask::ALL).unwrap_err();
    assert_eq!(error.to_string(), format!("not a JSON row of `Visit`: {expected}"));
}

#[test]
fn fields_stand_in_the_order_of_declaration() {
    let json = r#"{"at":"2013-01-01T10:00:00.500Z","type":"web","place":{"city":"Köln","zip":null},"paid":{"Voucher":3},"level":"High","times":2}"#;
    assert_eq!(String::from_utf8(encode(&codec(), &visit())).unwrap(), json);
    assert_eq!(decode(&codec(), json.as_bytes()), visit());
}

#[test]
fn missing_fields_take_their_defaults_and_unknown_ones_are_ignored() {
    let json = r#"{"more":[{}],"paid":{"Card":{"id":"1","new":0}},"place":{"city":""},"type":"","at":"2013-01-01T00:00:00Z"}"#;
    let read = decode(&codec(), json.as_bytes());
    assert_eq!((read.level, read.times, read.place.zip), (None, 1, None));
    assert_eq!(read.paid, Paid::Card { id: crate::samples::CardId("1".to_owned()), contactless: None });
}

#[test]
fn errors_name_the_field() {
    refused("{}", "missing field `at` at line 1 column 2");
    refused(
        r#"{"place":{"city":1}}"#,
        "field `place`: field `city`: invalid type: integer `1`, expected a string at line 1 column 18",
    );
    refused(
        r#"{"paid":"Card"}"#,
        "field `paid`: invalid type: unit variant, expected struct variant at line 1 column 15",
    );
    refused(
        r#"{"level":"Middle"}"#,
        "field `level`: unknown variant `Middle`, expected `Low` or `High` at line 1 column 17",
    );
    refused(r#"{"times":1,"times":2}"#, "duplicate field `times` at line 1 column 18");
}

#[test]
fn a_row_is_an_object_and_nothing_else_at_any_depth() {
    let text = |found| format!("a row is one JSON object, such as {{\"id\":1}}, and this is {found}");
    let whole = r#"["2013-01-01T10:00:00Z","web",{"city":""},{"Voucher":3},null,1]"#;
    for (json, found) in [
        (whole, "an array"),
        (" [1", "an array"),
        ("7", "a number"),
        ("\"x\"", "a text"),
        ("null", "null"),
        ("true", "a bool"),
        ("", "nothing"),
        ("<row/>", "no JSON"),
    ] {
        refused(json, &text(found));
    }
    refused(
        r#"{"place":["Köln",null]}"#,
        "field `place`: invalid type: sequence, expected an object with the fields of `Place` at line 1 column 10",
    );
    let error = codec().decode(br#"{"paid":{"Card":["1",null]}}"#, FieldMask::ALL).unwrap_err().to_string();
    let expected = "not a JSON row of `Visit`: field `paid`: invalid type: sequence, expected an object with the fields of ";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn a_float_that_json_does_not_have_is_refused_where_it_could_not_be_read_back() {
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Weather {
        town: Option<String>,
        degrees: Option<f64>,
        series: Vec<Reading>,
    }
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Reading {
        at: f32,
    }
    let codec = RowCodec::<Weather>::new(Format::Json, &mut TopicSchemas::new()).unwrap();
    let weather =
        |degrees, at| Weather { town: None, degrees, series: vec![Reading { at: 1.5 }, Reading { at }] };
    assert_eq!(decode(&codec, &encode(&codec, &weather(None, 0.5))), weather(None, 0.5));
    assert_eq!(decode(&codec, &encode(&codec, &weather(Some(f64::NAN), 0.5))), weather(None, 0.5));
    for at in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut out = b"before".to_vec();
        let error = codec.encode(&weather(Some(1.0), at), &mut out).unwrap_err().to_string();
        let expected = "`Weather` cannot be written as JSON: it could not be read back, as when a float is NaN or infinite, which \
                        JSON does not have: make such a field an `Option`, or the topic `format: native` (field `series`: ";
        assert!(error.starts_with(expected), "{error}");
        assert_eq!(out, b"before");
    }
}

#[test]
fn what_a_serialize_of_the_users_makes_of_a_row_is_an_object_too() {
    #[derive(Clone, Debug, PartialEq, Record, Serialize, Deserialize)]
    #[record(serde = manual)]
    #[serde(transparent)]
    struct Bare {
        name: String,
    }
    let codec = RowCodec::<Bare>::new(Format::Json, &mut TopicSchemas::new()).unwrap();
    let mut out = b"before".to_vec();
    let error = codec.encode(&Bare { name: "ada".to_owned() }, &mut out).unwrap_err().to_string();
    assert_eq!(
        error,
        "`Bare` cannot be written as JSON: a row is one JSON object, such as {\"id\":1}, and this is a text"
    );
    assert_eq!(out, b"before");
}

#[test]
fn a_text_that_is_no_time_says_what_was_expected() {
    let error = codec().decode(br#"{"at":"today"}"#, FieldMask::ALL).unwrap_err().to_string();
    let expected = "not a JSON row of `Visit`: field `at`: `today` is not an RFC 3339 time such as `2013-01-01T10:00:00Z`: ";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn serde_can_be_left_to_the_user() {
    #[derive(Clone, Debug, PartialEq, Record, Serialize, Deserialize)]
    #[record(serde = manual)]
    #[serde(rename_all = "camelCase")]
    struct Foreign {
        user_name: String,
    }
    let codec = RowCodec::<Foreign>::new(Format::Json, &mut TopicSchemas::new()).unwrap();
    let row = Foreign { user_name: "ada".to_owned() };
    assert_eq!(encode(&codec, &row), br#"{"userName":"ada"}"#);
    assert_eq!(decode(&codec, br#"{"userName":"ada"}"#), row);
}
