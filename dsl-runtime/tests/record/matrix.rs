//! Every type of a field that becomes every other: what may be is what a model says, and the rows written before are read as their
//! JSON is, or refused before anything is read.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use dsl_macros::Record;
use dsl_runtime::civil::{Date, DateTime, Time, date, time};
use dsl_runtime::record::{Decimal, FieldMask, Format, Record, RowCodec, TopicSchemas};
use dsl_runtime::{Duration, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use crate::samples::{Level, Paid, Place};

/// What a type holds, as the guide tells it.
#[derive(Debug, Clone, PartialEq)]
enum Model {
    /// What is read as itself alone.
    Plain(&'static str),
    Option(Box<Model>),
    List(Box<Model>),
    Array(Box<Model>, usize),
    Map(&'static str, Box<Model>),
    Tuple(Vec<Model>),
}

use Model::{Array, List, Map, Option as Perhaps, Plain, Tuple};

/// Whether rows of a field that was the one are read as the other.
fn may_become(before: &Model, now: &Model) -> bool {
    match (before, now) {
        (Perhaps(before), Perhaps(now)) => may_become(before, now),
        (Perhaps(_), _) => false,
        (before, Perhaps(now)) => may_become(before, now),
        (List(before), List(now)) => may_become(before, now),
        (Array(before, length), Array(now, elements)) => length == elements && may_become(before, now),
        (Map(key, before), Map(of, now)) => key == of && may_become(before, now),
        (Tuple(before), Tuple(now)) => {
            before.len() == now.len() && before.iter().zip(now).all(|(before, now)| may_become(before, now))
        }
        (before, now) => before == now,
    }
}

type Written = (Vec<(Value, Vec<u8>)>, TopicSchemas);
type Read = Result<Vec<Value>, String>;

/// A record with one field of a type, and what the test does with it.
struct Case {
    name: &'static str,
    model: Model,
    /// Rows as JSON values, and encoded in a topic of the format, with its schemas.
    written: fn(Format) -> Written,
    /// Reads rows of a topic with these schemas, and gives them as JSON values; or why the type is refused.
    read: fn(Format, &TopicSchemas, &[&[u8]]) -> Read,
}

fn write<T: Record>(format: Format, rows: &[T]) -> Written {
    let mut schemas = TopicSchemas::new();
    let codec = RowCodec::<T>::new(format, &mut schemas).unwrap();
    let written = rows.iter().map(|row| {
        let mut bytes = Vec::new();
        codec.encode(row, &mut bytes).unwrap();
        (serde_json::to_value(row).unwrap(), bytes)
    });
    (written.collect(), schemas)
}

fn read<T: Record>(format: Format, schemas: &TopicSchemas, rows: &[&[u8]]) -> Read {
    let mut schemas = schemas.clone();
    let codec = RowCodec::<T>::new(format, &mut schemas).map_err(|error| error.to_string())?;
    let mut over: Option<T> = None;
    let mut values = Vec::new();
    for bytes in rows {
        let row = codec.decode(bytes, FieldMask::ALL).unwrap_or_else(|error| panic!("{error}"));
        // Reading into the row before is reading, whatever that one was.
        let into = over.get_or_insert_with(|| row.clone());
        codec.decode_into(bytes, FieldMask::ALL, into).unwrap();
        let value = serde_json::to_value(&row).unwrap();
        assert_eq!(serde_json::to_value(&*into).unwrap(), value);
        // It is written again under the new schema, and read as the same.
        let mut again = Vec::new();
        codec.encode(&row, &mut again).unwrap();
        let again = codec.decode(&again, FieldMask::ALL).unwrap();
        assert_eq!(serde_json::to_value(&again).unwrap(), value);
        values.push(value);
    }
    Ok(values)
}

macro_rules! cases {
    ($($name:ident: $type:ty, $model:expr, [$($value:expr),*];)*) => {
        $(mod $name {
            use super::*;

            #[derive(Clone, Debug, Record)]
            pub(super) struct Row {
                pub(super) before: u16,
                pub(super) field: $type,
                pub(super) behind: String,
            }
        })*

        fn cases() -> Vec<Case> {
            vec![$(Case {
                name: stringify!($name),
                model: $model,
                written: |format| {
                    let fields: Vec<$type> = vec![$($value),*];
                    let row = |field| $name::Row { before: 7, field, behind: "behind".to_owned() };
                    write(format, &fields.into_iter().map(row).collect::<Vec<_>>())
                },
                read: read::<$name::Row>,
            }),*]
        }
    };
}

fn boxed(model: Model) -> Box<Model> {
    Box::new(model)
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn u32s() -> Model {
    Plain("u32")
}

cases! {
    plain: u32, u32s(), [0, 5];
    in_a_box: Box<u32>, u32s(), [Box::new(6)];
    perhaps: Option<u32>, Perhaps(boxed(u32s())), [None, Some(7)];
    perhaps_in_a_box: Box<Option<u32>>, Perhaps(boxed(u32s())), [Box::new(None), Box::new(Some(1))];
    wider: u64, Plain("u64"), [9];
    signed: i64, Plain("i64"), [-9];
    float: f64, Plain("f64"), [0.5];
    truth: bool, Plain("bool"), [true];
    text: String, Plain("string"), ["".to_owned(), "x".to_owned()];
    perhaps_text: Option<String>, Perhaps(boxed(Plain("string"))), [None, Some("y".to_owned())];
    instant: Timestamp, Plain("timestamp"), [Timestamp::from_millis(-1)];
    length: Duration, Plain("duration"), [Duration::from_millis(5)];
    some_bytes: Vec<u8>, Plain("bytes"), [vec![], vec![1, 2]];
    shared_bytes: Bytes, Plain("bytes"), [Bytes::from_static(b"ab")];
    number: Decimal, Plain("decimal"), [decimal("-1.5")];
    perhaps_number: Option<Decimal>, Perhaps(boxed(Plain("decimal"))), [None, Some(decimal("7"))];
    day: Date, Plain("date"), [date(2013, 1, 31)];
    hour: Time, Plain("time"), [time(1, 2, 3, 4)];
    day_and_hour: DateTime, Plain("datetime"), [date(-1, 1, 1).at(5, 0, 0, 0)];
    id: Uuid, Plain("uuid"), [Uuid::from_u128(3)];
    sixteen: [u8; 16], Array(boxed(Plain("u8")), 16), [[9; 16]];
    level: Level, Plain("level"), [Level::High];
    perhaps_level: Option<Level>, Perhaps(boxed(Plain("level"))), [None, Some(Level::Low)];
    paid: Paid, Plain("paid"), [Paid::Cash, Paid::Voucher(1)];
    perhaps_paid: Option<Paid>, Perhaps(boxed(Plain("paid"))), [None, Some(Paid::Cash), Some(Paid::Voucher(2))];
    list_of_paid: Vec<Paid>, List(boxed(Plain("paid"))), [vec![], vec![Paid::Voucher(2), Paid::Cash]];
    place: Place, Plain("place"), [Place { city: "Ulm".to_owned(), zip: Some(1) }];
    list: Vec<u32>, List(boxed(u32s())), [vec![], vec![1, 2]];
    list_of_perhaps: Vec<Option<u32>>, List(boxed(Perhaps(boxed(u32s())))), [vec![None, Some(1)]];
    list_of_boxes: Vec<Option<Box<u32>>>, List(boxed(Perhaps(boxed(u32s())))), [vec![None, Some(Box::new(2))]];
    list_of_pairs: Vec<(u32, u8)>, List(boxed(Tuple(vec![u32s(), Plain("u8")]))), [vec![(1, 2), (3, 4)]];
    list_of_looser_pairs: Vec<(Option<u32>, u8)>,
        List(boxed(Tuple(vec![Perhaps(boxed(u32s())), Plain("u8")]))), [vec![(None, 2), (Some(3), 4)]];
    two: [u32; 2], Array(boxed(u32s()), 2), [[1, 2]];
    two_perhaps: [Option<u32>; 2], Array(boxed(Perhaps(boxed(u32s()))), 2), [[None, Some(1)]];
    three: [u32; 3], Array(boxed(u32s()), 3), [[1, 2, 3]];
    perhaps_two: Option<[u32; 2]>, Perhaps(boxed(Array(boxed(u32s()), 2))), [None, Some([4, 5])];
    pair: (u32, u8), Tuple(vec![u32s(), Plain("u8")]), [(1, 2)];
    looser_pair: (Option<u32>, u8), Tuple(vec![Perhaps(boxed(u32s())), Plain("u8")]), [(None, 1), (Some(2), 3)];
    pair_of_text: (u32, String), Tuple(vec![u32s(), Plain("string")]), [(1, "a".to_owned())];
    looser_pair_of_text: (u32, Option<String>), Tuple(vec![u32s(), Perhaps(boxed(Plain("string")))]),
        [(1, None), (2, Some("b".to_owned()))];
    triple: (u32, u8, u8), Tuple(vec![u32s(), Plain("u8"), Plain("u8")]), [(1, 2, 3)];
    single: (u32,), Tuple(vec![u32s()]), [(8,)];
    map: BTreeMap<u8, u32>, Map("u8", boxed(u32s())), [[].into(), [(1, 2), (3, 4)].into()];
    hashed: HashMap<u8, u32>, Map("u8", boxed(u32s())), [[(5, 6)].into()];
    looser_map: HashMap<u8, Option<u32>>, Map("u8", boxed(Perhaps(boxed(u32s())))), [[(5, None), (6, Some(1))].into()];
    map_by_text: BTreeMap<String, u32>, Map("string", boxed(u32s())), [[("k".to_owned(), 1)].into()];
    map_of_lists: BTreeMap<u8, Vec<u32>>, Map("u8", boxed(List(boxed(u32s())))), [[(1, vec![2])].into()];
}

#[test]
fn every_type_becomes_what_the_model_says_and_nothing_else() {
    let (cases, mut taken) = (cases(), 0);
    for format in [Format::Native, Format::Json] {
        for before in &cases {
            let (rows, schemas) = (before.written)(format);
            let bytes: Vec<&[u8]> = rows.iter().map(|(_, bytes)| &bytes[..]).collect();
            for after in &cases {
                let what = format!("`{}` that becomes `{}` in {format}", before.name, after.name);
                match (after.read)(format, &schemas, &bytes) {
                    Ok(read) => {
                        assert!(may_become(&before.model, &after.model), "{what} is taken");
                        let written: Vec<&Value> = rows.iter().map(|(value, _)| value).collect();
                        assert_eq!(read.iter().collect::<Vec<_>>(), written, "{what}");
                        taken += 1;
                    }
                    Err(said) => {
                        assert!(!may_become(&before.model, &after.model), "{what} is refused: {said}");
                        // Of one enum that becomes another, what stands in the way is a variant.
                        let of_variants =
                            ["Level", "Paid"].iter().any(|of| said.contains(&format!("of `{of}`")));
                        if !of_variants {
                            assert!(said.contains("field `field` (id 2) of `Row` is `"), "{what}: {said}");
                            assert!(said.contains("or write to a new topic"), "{what}: {said}");
                        }
                    }
                }
            }
        }
    }
    // Each becomes itself, and some become others.
    assert!(taken > 2 * cases.len() + 40, "{taken} changes are taken");
}

#[test]
fn a_refusal_names_both_types() {
    let pairs = [
        ("pair", "triple", "is `(u32, u8, u8)` now but was written as `(u32, u8)`"),
        ("single", "plain", "is `u32` now but was written as `(u32,)`"),
        ("map", "map_by_text", "is `Map<String, u32>` now but was written as `Map<u8, u32>`"),
        ("two", "three", "is `[u32; 3]` now but was written as `[u32; 2]`"),
        ("sixteen", "id", "is `Uuid` now but was written as `[u8; 16]`"),
        ("day", "number", "is `Decimal` now but was written as `Date`"),
    ];
    let cases = cases();
    let case = |name| cases.iter().find(|case| case.name == name).unwrap();
    for (before, now, expected) in pairs {
        let (_, schemas) = (case(before).written)(Format::Native);
        let said = (case(now).read)(Format::Native, &schemas, &[]).unwrap_err();
        assert!(said.contains(expected), "{said}");
    }
}

/// What is within a container goes by its own rules: fields are added and dropped, and a conflict is told at its field.
#[test]
fn records_and_enums_within_maps_tuples_arrays_and_boxes_change_by_their_own_rules() {
    mod before {
        use super::*;

        #[derive(Clone, Debug, PartialEq, Record)]
        pub(super) struct Item {
            pub(super) name: String,
            pub(super) count: u32,
        }

        #[derive(Clone, Debug, PartialEq, Record)]
        pub(super) enum State {
            Open,
            Sent { by: String },
        }

        #[derive(Clone, Debug, PartialEq, Record)]
        pub(super) struct Row {
            pub(super) items: BTreeMap<String, Item>,
            pub(super) pair: (Item, State),
            pub(super) two: [State; 2],
            pub(super) one: Box<Item>,
        }
    }
    mod now {
        use super::*;

        #[derive(Clone, Debug, PartialEq, Record)]
        pub(super) struct Item {
            #[field(3, default = 9)]
            pub(super) weight: u8,
            #[field(1)]
            pub(super) called: String,
        }

        #[derive(Clone, Debug, PartialEq, Record)]
        pub(super) enum State {
            Open,
            Sent {
                by: String,
                to: Option<String>,
            },
            #[allow(dead_code, reason = "a variant that is new")]
            Lost,
        }

        #[derive(Clone, Debug, PartialEq, Record)]
        pub(super) struct Row {
            pub(super) items: HashMap<String, Item>,
            pub(super) pair: (Item, State),
            pub(super) two: [State; 2],
            pub(super) one: Item,
        }

        #[derive(Clone, Debug, PartialEq, Record)]
        pub(super) struct Worse {
            #[field(2)]
            pub(super) pair: (Place, State),
        }
    }
    let item = || before::Item { name: "wheel".to_owned(), count: 4 };
    let sent = || before::State::Sent { by: "post".to_owned() };
    let row = before::Row {
        items: [("a".to_owned(), item())].into(),
        pair: (item(), sent()),
        two: [before::State::Open, sent()],
        one: Box::new(item()),
    };
    let (written, schemas) = write(Format::Native, &[row]);
    let mut both = schemas.clone();
    let codec = RowCodec::<now::Row>::new(Format::Native, &mut both).unwrap();
    let item = || now::Item { weight: 9, called: "wheel".to_owned() };
    let sent = || now::State::Sent { by: "post".to_owned(), to: None };
    let expected = now::Row {
        items: [("a".to_owned(), item())].into(),
        pair: (item(), sent()),
        two: [now::State::Open, sent()],
        one: item(),
    };
    assert_eq!(codec.decode(&written[0].1, FieldMask::ALL), Ok(expected));
    let said = read::<now::Worse>(Format::Native, &schemas, &[]).unwrap_err();
    assert!(said.contains("field `city` of `Place` has id 1 by its place, but id 1 was `name`"), "{said}");
}
