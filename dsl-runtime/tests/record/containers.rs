//! Maps, tuples, arrays and boxes as fields: they come back, a hash map is written as a sorted one, and no bytes make them panic.

use std::collections::{BTreeMap, HashMap};

use dsl_macros::Record;
use dsl_runtime::Timestamp;
use dsl_runtime::record::{FieldMask, Format, OwnedSchema, Record, RowCodec, TopicSchemas};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use crate::hostile::{agree, damage};
use crate::samples::{CardId, Level, Paid, Place, any_level, any_paid, any_place, codec, decode, encode};

type Said = HashMap<bool, (String,)>;

/// A field of every container, of values of fixed and of variable width.
#[derive(Clone, Debug, PartialEq, Record)]
pub(crate) struct Basket {
    pub(crate) counts: BTreeMap<String, i64>,
    pub(crate) notes: HashMap<u32, Option<String>>,
    pub(crate) paid: BTreeMap<CardId, Paid>,
    pub(crate) grid: BTreeMap<Level, HashMap<i8, Vec<u8>>>,
    pub(crate) times: BTreeMap<Timestamp, bool>,
    pub(crate) range: (u64, i16),
    pub(crate) perhaps: (Option<u8>, Option<u16>),
    pub(crate) named: (String, Option<Level>, Place),
    pub(crate) code: [u8; 4],
    pub(crate) limits: [Option<u16>; 3],
    pub(crate) words: [String; 2],
    pub(crate) levels: [Level; 2],
    pub(crate) place: Box<Place>,
    pub(crate) refund: Option<Box<Paid>>,
    pub(crate) pairs: Vec<(u32, f64)>,
    pub(crate) rows: Vec<(String, [i32; 2])>,
    pub(crate) both: Option<(u8, [u16; 20])>,
    pub(crate) deep: (Said, [HashMap<u8, u8>; 2]),
}

pub(crate) fn basket() -> Basket {
    let text = |text: &str| text.to_owned();
    let place = Place { city: text("Köln"), zip: Some(50_667) };
    Basket {
        counts: [(text("apples"), 3), (text(""), -1)].into(),
        notes: [(7, Some(text("ripe"))), (1, None), (300, Some(text("")))].into(),
        paid: [(CardId(text("4711")), Paid::Voucher(3)), (CardId(text("0")), Paid::Cash)].into(),
        grid: [(Level::High, [(-1, vec![1, 2]), (1, vec![])].into()), (Level::Low, HashMap::new())].into(),
        times: [(Timestamp::from_millis(0), true)].into(),
        range: (1, -2),
        perhaps: (None, Some(5)),
        named: (text("corner"), Some(Level::Low), place.clone()),
        code: [1, 2, 3, 255],
        limits: [Some(1), None, Some(3)],
        words: [text("a"), "long ".repeat(60)],
        levels: [Level::Low, Level::High],
        place: Box::new(place),
        refund: Some(Box::new(Paid::Card { id: CardId(text("1")), contactless: Some(false) })),
        pairs: vec![(1, 0.5), (2, -0.25)],
        rows: vec![(text("x"), [1, -1])],
        both: None,
        deep: ([(true, (text("yes"),))].into(), [[(1, 2)].into(), HashMap::new()]),
    }
}

pub(crate) fn any_basket() -> impl Strategy<Value = Basket> {
    let maps = (
        btree_map(".{0,40}", any::<i64>(), 0..6),
        btree_map(any::<u32>(), option::of(".{0,9}"), 0..6),
        btree_map(".{0,9}".prop_map(CardId), any_paid(), 0..4),
        btree_map(any_level(), btree_map(any::<i8>(), vec(any::<u8>(), 0..5), 0..4), 0..3),
        btree_map(any::<i64>().prop_map(Timestamp::from_millis), any::<bool>(), 0..4),
        (
            btree_map(any::<bool>(), (".{0,4}",), 0..3),
            [btree_map(any::<u8>(), any::<u8>(), 0..4), btree_map(any::<u8>(), any::<u8>(), 0..4)],
        ),
    );
    let tuples = (
        any::<(u64, i16)>(),
        (option::of(any::<u8>()), option::of(any::<u16>())),
        (".{0,9}", option::of(any_level()), any_place()),
        option::of((any::<u8>(), any::<[u16; 20]>())),
    );
    let arrays = (
        any::<[u8; 4]>(),
        [option::of(any::<u16>()), option::of(any::<u16>()), option::of(any::<u16>())],
        [".{0,200}".boxed(), ".{0,2}".boxed()],
        [any_level(), any_level()],
    );
    let others = (
        any_place(),
        option::of(any_paid()),
        vec((any::<u32>(), -1e300_f64..1e300), 0..5),
        vec((".{0,9}", any::<[i32; 2]>()), 0..4),
    );
    (maps, tuples, arrays, others).prop_map(|(maps, tuples, arrays, others)| {
        let (counts, notes, paid, grid, times, (said, small)) = maps;
        let (range, perhaps, named, both) = tuples;
        let (code, limits, words, levels) = arrays;
        let (place, refund, pairs, rows) = others;
        Basket {
            counts,
            notes: notes.into_iter().collect(),
            paid,
            grid: grid.into_iter().map(|(level, row)| (level, row.into_iter().collect())).collect(),
            times,
            range,
            perhaps,
            named,
            code,
            limits,
            words,
            levels,
            place: Box::new(place),
            refund: refund.map(Box::new),
            pairs,
            rows,
            both,
            deep: (said.into_iter().collect(), small.map(|map| map.into_iter().collect())),
        }
    })
}

fn json<T: Record>() -> RowCodec<T> {
    RowCodec::new(Format::Json, &mut TopicSchemas::new()).unwrap()
}

fn comes_back(row: &Basket) -> Result<(), TestCaseError> {
    let native = codec::<Basket>();
    let bytes = encode(&native, row);
    prop_assert_eq!(&decode(&native, &bytes), row);
    let mut over = basket();
    native.decode_into(&bytes, FieldMask::ALL, &mut over).unwrap();
    prop_assert_eq!(&over, row);
    let json = json::<Basket>();
    prop_assert_eq!(&decode(&json, &encode(&json, row)), row);
    let kept = postcard::from_bytes::<Basket>(&postcard::to_stdvec(row).unwrap());
    prop_assert_eq!(kept.as_ref(), Ok(row));
    Ok(())
}

proptest! {
    #[test]
    fn any_basket_comes_back_in_every_format(row in any_basket()) {
        comes_back(&row)?;
    }

    #[test]
    fn a_hash_map_is_written_as_a_sorted_one(counts in btree_map(".{0,9}", option::of(any::<u16>()), 0..40)) {
        let sorted = sorted::Row::of(counts.clone().into_iter().collect());
        let hashed = hashed::Row::of(counts.into_iter().collect());
        let kept = postcard::to_stdvec(&sorted).unwrap();
        prop_assert_eq!(postcard::to_stdvec(&hashed).unwrap(), kept.clone());
        prop_assert_eq!(&postcard::from_bytes::<hashed::Row>(&kept).unwrap(), &hashed);
        let native = encode(&codec(), &sorted);
        prop_assert_eq!(&encode(&codec(), &hashed), &native);
        prop_assert_eq!(&decode(&codec::<hashed::Row>(), &native), &hashed);
        let text = encode(&json(), &sorted);
        prop_assert_eq!(&encode(&json(), &hashed), &text);
        prop_assert_eq!(&decode(&json::<hashed::Row>(), &text), &hashed);
    }

    #[test]
    fn both_readers_agree_on_damaged_rows(
        row in any_basket(),
        flips in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        length in option::of(any::<prop::sample::Index>()),
        mask in any::<u16>(),
    ) {
        agree(&row, &flips, length, mask)?;
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..300)) {
        let _ = codec::<Basket>().decode(&[&[0], &bytes[..]].concat(), FieldMask::ALL);
        prop_assert!(json::<Basket>().decode(&bytes, FieldMask::ALL).is_err());
    }
}

/// The same row with maps of another type.
macro_rules! rows_of_maps {
    ($($module:ident $map:ident)*) => {$(
        mod $module {
            use super::*;

            #[derive(Clone, Debug, PartialEq, Record)]
            pub(super) struct Counts($map<String, Option<u16>>);

            #[derive(Clone, Debug, PartialEq, Record)]
            pub(super) enum State {
                #[allow(dead_code, reason = "a variant beside the other")]
                Empty,
                Full { of: $map<String, Option<u16>> },
            }

            #[derive(Clone, Debug, PartialEq, Record)]
            pub(super) struct Row {
                plain: $map<String, Option<u16>>,
                wrapped: Counts,
                perhaps: Option<$map<String, Option<u16>>>,
                list: Vec<$map<String, Option<u16>>>,
                array: [$map<String, Option<u16>>; 1],
                tuple: (u8, $map<String, Option<u16>>),
                boxed: Box<$map<String, Option<u16>>>,
                state: State,
                map: BTreeMap<u8, $map<String, Option<u16>>>,
            }

            impl Row {
                pub(super) fn of(map: $map<String, Option<u16>>) -> Row {
                    Row {
                        plain: map.clone(),
                        wrapped: Counts(map.clone()),
                        perhaps: Some(map.clone()),
                        list: vec![map.clone(), map.clone()],
                        array: [map.clone()],
                        tuple: (1, map.clone()),
                        boxed: Box::new(map.clone()),
                        state: State::Full { of: map.clone() },
                        map: [(1, map)].into(),
                    }
                }
            }
        }
    )*};
}
rows_of_maps!(sorted BTreeMap  hashed HashMap);

#[test]
fn a_hash_map_and_a_sorted_one_are_one_schema_and_so_are_what_is_in_a_box_and_what_is_not() {
    assert_eq!(sorted::Row::FINGERPRINT, hashed::Row::FINGERPRINT);
    assert_eq!(OwnedSchema::from(sorted::Row::SCHEMA), OwnedSchema::from(hashed::Row::SCHEMA));
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Boxed {
        place: Box<Place>,
        zips: Vec<Option<Box<u16>>>,
    }
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Plain {
        place: Place,
        zips: Vec<Option<u16>>,
    }
    let place = Place { city: "Ulm".to_owned(), zip: None };
    let boxed = Boxed { place: Box::new(place.clone()), zips: vec![None, Some(Box::new(1))] };
    let plain = Plain { place, zips: vec![None, Some(1)] };
    assert_eq!(Boxed::FINGERPRINT, Plain::FINGERPRINT);
    assert_eq!(decode(&codec::<Plain>(), &encode(&codec(), &boxed)), plain);
}

#[test]
fn every_cut_is_seen_and_no_flipped_bit_panics() {
    comes_back(&basket()).unwrap();
    let (read, refused) = damage(&basket());
    assert!(read > 100 && refused > 100, "{read} rows read, {refused} refused");
}

#[test]
fn in_json_a_map_is_an_object_and_a_tuple_an_array() {
    let written = String::from_utf8(encode(&json(), &basket())).unwrap();
    for part in [
        r#""counts":{"":-1,"apples":3}"#,
        r#""notes":{"1":null,"7":"ripe","300":""}"#,
        r#""paid":{"0":"Cash","4711":{"Voucher":3}}"#,
        r#""grid":{"Low":{},"High":{"-1":[1,2],"1":[]}}"#,
        r#""times":{"1970-01-01T00:00:00Z":true}"#,
        r#""range":[1,-2]"#,
        r#""named":["corner","Low",{"city":"Köln","zip":50667}]"#,
        r#""code":[1,2,3,255]"#,
        r#""deep":[{"true":["yes"]},[{"1":2},{}]]"#,
    ] {
        assert!(written.contains(part), "{part} is not in {written}");
    }
}

#[test]
fn fields_that_are_not_read_are_some_value_and_the_others_are_found() {
    let codec = codec::<Basket>();
    let bytes = encode(&codec, &basket());
    let none = codec.decode(&bytes, FieldMask::NONE).unwrap();
    assert_eq!((none.counts.len(), none.range, none.code), (0, (0, 0), [0; 4]));
    assert_eq!((none.words, none.limits), (["".to_owned(), "".to_owned()], [None; 3]));
    let some = codec.decode(&bytes, Basket::mask(&["named", "deep"])).unwrap();
    assert_eq!((some.named, some.deep), (basket().named, basket().deep));
    assert!(some.paid.is_empty());
}

#[test]
fn errors_say_where_and_why() {
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Map {
        map: BTreeMap<u8, u16>,
    }
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Array {
        array: [Option<u8>; 2],
    }
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Tuple {
        tuple: (u8, String),
    }
    fn said<T: Record + std::fmt::Debug>(bytes: &[u8]) -> String {
        // The schema's number, the flags, and where the one field ends.
        let row = [&[0, 0, bytes.len() as u8], bytes].concat();
        codec::<T>().decode(&row, FieldMask::ALL).unwrap_err().to_string()
    }
    assert_eq!(said::<Map>(&[1, 0, 0, 2]), "field `map` of `Map`: the map is cut off within entry 1");
    assert_eq!(
        said::<Map>(&[1, 0, 0, 1, 0, 0]),
        "field `map` of `Map`: entry 1 of the map has the key of an entry before it"
    );
    assert_eq!(said::<Array>(&[0]), "field `array` of `Array`: the list is cut off within element 1");
    assert_eq!(
        said::<Array>(&[0, 2, 7, 0]),
        "field `array` of `Array`: 1 bytes too many behind the 2 elements of the array"
    );
    assert_eq!(
        said::<Tuple>(&[0, 9, 1, 0xff]),
        "field `tuple` of `Tuple`: field `1` of `(u8, String)`: not UTF-8 from byte 0 on"
    );
    let unsorted = codec::<Map>().decode(&[0, 0, 6, 2, 0, 0, 1, 0, 0], FieldMask::ALL).unwrap();
    assert_eq!(unsorted.map, [(1, 0), (2, 0)].into());
}

#[test]
fn a_schema_that_asks_for_more_than_a_record_holds_is_damaged() {
    let mut schemas = TopicSchemas::new();
    schemas.register::<Basket>().unwrap();
    let kept = String::from_utf8(schemas.to_json()).unwrap();
    assert_eq!(TopicSchemas::from_json(kept.as_bytes()).unwrap().to_json(), schemas.to_json());
    for length in ["4294967295", "70000000"] {
        let damaged = kept.replace(r#"{"array":["u8",4]}"#, &format!(r#"{{"array":["u8",{length}]}}"#));
        assert_ne!(damaged, kept);
        let said = TopicSchemas::from_json(damaged.as_bytes()).unwrap_err().to_string();
        assert!(said.contains("rows of `Basket` would be larger than a record can be"), "{said}");
    }
    let deep =
        (0..100).fold(r#""u64""#.to_owned(), |inner, _| format!(r#"{{"array":[{inner},4294967295]}}"#));
    let damaged = kept.replace(r#"{"array":["u8",4]}"#, &deep);
    assert!(TopicSchemas::from_json(damaged.as_bytes()).is_err());
}
