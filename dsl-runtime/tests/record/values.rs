//! Decimals, dates, times of day, UUIDs and bytes as fields: they come back, are keys, and no bytes make them panic.

use std::collections::BTreeMap;

use bytes::Bytes;
use dsl_macros::{Key, Record};
use dsl_runtime::civil::{Date, DateTime, Time, date, time};
use dsl_runtime::key::{Key, KeyCode};
use dsl_runtime::record::{Decimal, FieldMask, Format, Record, RowCodec, TopicSchemas};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

use crate::hostile::{agree, damage};
use crate::samples::{codec, decode, encode};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
pub(crate) struct Price(pub(crate) Decimal);

/// A field of each, by itself and in what fields are made of.
#[derive(Clone, Debug, PartialEq, Record)]
pub(crate) struct Invoice {
    pub(crate) id: Uuid,
    pub(crate) total: Decimal,
    pub(crate) discount: Option<Price>,
    pub(crate) lines: Vec<(Uuid, Decimal)>,
    pub(crate) on: Date,
    pub(crate) due: Option<Date>,
    pub(crate) opens: Time,
    pub(crate) noted: DateTime,
    pub(crate) scan: Bytes,
    pub(crate) per_day: BTreeMap<Date, Decimal>,
    pub(crate) by_id: BTreeMap<Uuid, DateTime>,
    pub(crate) by_price: BTreeMap<Decimal, [Time; 2]>,
}

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn invoice() -> Invoice {
    let id = Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
    Invoice {
        id,
        total: number("-19.90"),
        discount: Some(Price(number("0.05"))),
        lines: vec![(id, number("79228162514264337593543950335")), (Uuid::nil(), Decimal::ZERO)],
        on: date(2013, 1, 31),
        due: None,
        opens: time(9, 30, 0, 1),
        noted: date(-44, 3, 15).at(23, 59, 59, 999_999_999),
        scan: Bytes::from_static(&[0, 255]),
        per_day: [(date(9999, 12, 31), number("1e-28"))].into(),
        by_id: [(id, date(1970, 1, 1).at(0, 0, 0, 0))].into(),
        by_price: [(number("1.5"), [time(0, 0, 0, 0), time(12, 0, 0, 0)])].into(),
    }
}

fn any_decimal() -> impl Strategy<Value = Decimal> {
    let parts = (any::<i128>(), 0_u32..100, 0_u32..=28);
    parts.prop_map(|(digits, shift, places)| {
        let digits = (digits >> 32) >> shift;
        let text = format!("{digits}e-{places}");
        text.parse().unwrap_or(Decimal::MAX)
    })
}

fn any_date() -> impl Strategy<Value = Date> {
    (-9999_i16..=9999, 1_i8..=12, 1_i8..=28).prop_map(|(year, month, day)| date(year, month, day))
}

fn any_time() -> impl Strategy<Value = Time> {
    let parts = (0_i8..24, 0_i8..60, 0_i8..60, 0_i32..1_000_000_000);
    parts.prop_map(|(hour, minute, second, nanos)| time(hour, minute, second, nanos))
}

fn any_date_time() -> impl Strategy<Value = DateTime> {
    (any_date(), any_time()).prop_map(|(date, time)| date.to_datetime(time))
}

fn any_uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn any_invoice() -> impl Strategy<Value = Invoice> {
    let plain = (
        any_uuid(),
        any_decimal(),
        option::of(any_decimal().prop_map(Price)),
        vec((any_uuid(), any_decimal()), 0..4),
        any_date(),
        option::of(any_date()),
        any_time(),
        any_date_time(),
        vec(any::<u8>(), 0..40),
    );
    let maps = (
        btree_map(any_date(), any_decimal(), 0..4),
        btree_map(any_uuid(), any_date_time(), 0..4),
        btree_map(any_decimal(), [any_time(), any_time()], 0..4),
    );
    (plain, maps).prop_map(|(plain, (per_day, by_id, by_price))| {
        let (id, total, discount, lines, on, due, opens, noted, scan) = plain;
        Invoice {
            id,
            total,
            discount,
            lines,
            on,
            due,
            opens,
            noted,
            scan: scan.into(),
            per_day,
            by_id,
            by_price,
        }
    })
}

#[track_caller]
fn check_key<K: Key>(key: &K) {
    let mut bytes = Vec::new();
    key.encode_key(&mut bytes);
    assert_eq!(K::decode_key(&bytes).as_ref(), Ok(key));
    assert!(K::WIDTH.is_none_or(|width| width == bytes.len()));
}

proptest! {
    #[test]
    fn any_invoice_comes_back_in_every_format(row in any_invoice()) {
        let native = codec::<Invoice>();
        let bytes = encode(&native, &row);
        prop_assert_eq!(&decode(&native, &bytes), &row);
        let json = RowCodec::<Invoice>::new(Format::Json, &mut TopicSchemas::new()).unwrap();
        prop_assert_eq!(&decode(&json, &encode(&json, &row)), &row);
        let kept = postcard::from_bytes::<Invoice>(&postcard::to_stdvec(&row).unwrap());
        prop_assert_eq!(kept.as_ref(), Ok(&row));
        let none = native.decode(&bytes, FieldMask::NONE).unwrap();
        prop_assert_eq!((none.total, none.id, none.scan.len()), (Decimal::ZERO, Uuid::nil(), 0));
        check_key(&(row.id, row.total, row.on, row.noted));
        check_key(&(row.discount, row.due, row.opens, row.scan.clone()));
    }

    #[test]
    fn both_readers_agree_on_damaged_rows(
        row in any_invoice(),
        flips in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        length in option::of(any::<prop::sample::Index>()),
        mask in any::<u16>(),
    ) {
        agree(&row, &flips, length, mask)?;
    }

    #[test]
    fn equal_numbers_are_the_same_bytes(number in any_decimal(), zeros in 0_u32..9) {
        let text = number.to_string();
        let longer = match text.contains('.') {
            true => format!("{text}{}", "0".repeat(zeros as usize)),
            false => format!("{text}.{}", "0".repeat(zeros as usize + 1)),
        };
        if let Ok(same) = longer.parse::<Decimal>() {
            prop_assert_eq!(same, number);
            prop_assert_eq!(postcard::to_stdvec(&same).unwrap(), postcard::to_stdvec(&number).unwrap());
            prop_assert_eq!(same.to_string(), text);
        }
    }
}

#[test]
fn every_cut_is_seen_and_no_flipped_bit_panics() {
    let (read, refused) = damage(&invoice());
    assert!(read > 100 && refused > 100, "{read} rows read, {refused} refused");
}

#[test]
fn in_json_they_are_texts() {
    let json = RowCodec::<Invoice>::new(Format::Json, &mut TopicSchemas::new()).unwrap();
    let written = String::from_utf8(encode(&json, &invoice())).unwrap();
    for part in [
        r#""id":"01234567-89ab-cdef-0123-456789abcdef","total":"-19.9","discount":"0.05""#,
        r#""on":"2013-01-31","due":null,"opens":"09:30:00.000000001""#,
        r#""scan":[0,255],"per_day":{"9999-12-31":"0.0000000000000000000000000001"}"#,
        r#""by_price":{"1.5":["00:00:00","12:00:00"]}"#,
    ] {
        assert!(written.contains(part), "{part} is not in {written}");
    }
}

#[test]
fn bytes_that_are_no_value_say_so() {
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Row {
        number: Decimal,
        on: Date,
        at: Time,
    }
    let codec = codec::<Row>();
    let row = Row { number: number("1.5"), on: date(2024, 2, 29), at: time(23, 59, 59, 999_999_999) };
    let bytes = encode(&codec, &row);
    assert_eq!(decode(&codec, &bytes), row);
    let said = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        codec.decode(&bytes, FieldMask::ALL).unwrap_err().to_string()
    };
    let no_number =
        "field `number` of `Row`: the bytes are no decimal number of up to 28 places in its shortest form";
    // The places, and a last digit that is 0.
    assert_eq!((said(1, 29).as_str(), said(2, 20).as_str()), (no_number, no_number));
    assert_eq!(said(17, 30), "field `on` of `Row`: the bytes are no date of the years -9999 to 9999");
    assert_eq!(
        said(25, 0x80),
        "field `at` of `Row`: the bytes are no time of day: fewer than 86,400 seconds since midnight"
    );
}

#[test]
fn bytes_may_be_a_vec_in_the_next_program() {
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Shared {
        scan: Bytes,
    }
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Owned {
        scan: Vec<u8>,
    }
    let (shared, owned) = (Shared { scan: Bytes::from_static(b"abc") }, Owned { scan: b"abc".to_vec() });
    assert_eq!(Shared::FINGERPRINT, Owned::FINGERPRINT);
    assert_eq!(encode(&codec(), &shared), encode(&codec(), &owned));
    let json = |format| RowCodec::<Shared>::new(format, &mut TopicSchemas::new()).unwrap();
    let of_owned = RowCodec::<Owned>::new(Format::Json, &mut TopicSchemas::new()).unwrap();
    assert_eq!(encode(&json(Format::Json), &shared), encode(&of_owned, &owned));
    assert_eq!(encode(&json(Format::Raw), &shared), b"abc");
    assert_eq!(Bytes::type_name(), Vec::<u8>::type_name());
}
