//! What is written is read again.

use dsl_runtime::record::{FieldMask, Format, OwnedSchema, Record, RowCodec, TopicSchemas};
use proptest::prelude::*;

use crate::samples::{
    Mixture, Numbers, Payment, any_mixture, any_payment, codec, decode, encode, mixture, numbers, payment,
};

#[track_caller]
fn check<T: Record + PartialEq + std::fmt::Debug>(row: &T) {
    let native = codec::<T>();
    let mut bytes = vec![42];
    native.encode(row, &mut bytes).unwrap();
    assert_eq!(bytes[0], 42, "what stood in the buffer stays");
    assert_eq!(decode(&native, &bytes[1..]), *row);
    let json = RowCodec::<T>::new(Format::Json, &mut TopicSchemas::new()).unwrap();
    assert_eq!(decode(&json, &encode(&json, row)), *row);
    assert_eq!(postcard::from_bytes::<T>(&postcard::to_stdvec(row).unwrap()).as_ref(), Ok(row));
}

#[test]
fn samples_come_back_in_every_format() {
    check(&payment());
    check(&numbers());
    check(&mixture());
}

#[test]
fn rows_of_every_length_come_back() {
    // The offset table has entries of one, two and four bytes; its width changes within the row, at each field.
    for length in [0, 1, 254, 255, 256, 257, 65_534, 65_535, 65_536, 70_000] {
        let text = "x".repeat(length);
        check(&Payment { card: crate::samples::CardId(text.clone()), note: None, ..payment() });
        check(&Payment { note: Some(text.clone()), ..payment() });
        check(&Mixture { tags: vec![text.clone()], ..mixture() });
        check(&Mixture { notes: vec![Some(text.clone()), None], perhaps: None, ..mixture() });
        check(&Mixture { raw: text.clone().into_bytes(), tags: vec![text; 3], ..mixture() });
    }
}

proptest! {
    #[test]
    fn any_payment_comes_back(row in any_payment()) {
        let codec = codec();
        prop_assert_eq!(decode(&codec, &encode(&codec, &row)), row);
    }

    #[test]
    fn any_mixture_comes_back(row in any_mixture()) {
        let codec = codec();
        prop_assert_eq!(decode(&codec, &encode(&codec, &row)), row);
    }

    #[test]
    fn any_mixture_comes_back_from_json(row in any_mixture()) {
        let json = RowCodec::<Mixture>::new(Format::Json, &mut TopicSchemas::new()).unwrap();
        prop_assert_eq!(decode(&json, &encode(&json, &row)), row);
    }

    #[test]
    fn rows_are_read_into_any_others(rows in prop::collection::vec(any_mixture(), 1..5), payments in prop::collection::vec(any_payment(), 1..5)) {
        let (of_mixtures, of_payments) = (codec(), codec());
        let (mut mixture, mut payment) = (mixture(), payment());
        for row in rows {
            of_mixtures.decode_into(&encode(&of_mixtures, &row), FieldMask::ALL, &mut mixture).unwrap();
            prop_assert_eq!(&mixture, &row);
        }
        let mut long = payments.clone();
        long[0].note = Some("ö".repeat(500));
        for row in [&long[..], &payments, &long].concat() {
            of_payments.decode_into(&encode(&of_payments, &row), FieldMask::ALL, &mut payment).unwrap();
            prop_assert_eq!(&payment, &row);
        }
    }

    #[test]
    fn fields_outside_of_the_mask_change_nothing_inside(row in any_payment(), bits in 0_u8..32) {
        let codec = codec();
        let mask = (0..5).filter(|bit| bits >> bit & 1 != 0).fold(FieldMask::NONE, FieldMask::with);
        let read = codec.decode(&encode(&codec, &row), mask).unwrap();
        prop_assert_eq!(read.card, if mask.has(0) { row.card } else { crate::samples::CardId(String::new()) });
        prop_assert_eq!(read.amount, if mask.has(1) { row.amount } else { 0 });
        prop_assert_eq!(read.tip, if mask.has(2) { row.tip } else { None });
        prop_assert_eq!(read.note, if mask.has(3) { row.note } else { None });
        prop_assert_eq!(read.at.millis(), if mask.has(4) { row.at.millis() } else { 0 });
    }
}

#[test]
fn schemas_come_back_from_json_with_their_fingerprints() {
    let mut schemas = TopicSchemas::new();
    schemas.register::<Numbers>().unwrap();
    let kept = TopicSchemas::from_json(&schemas.to_json()).unwrap();
    assert_eq!(kept.number_of::<Numbers>(), schemas.number_of::<Numbers>());
    assert_eq!(kept.schemas()[0].fields, OwnedSchema::from(Numbers::SCHEMA).fields);
    assert!(
        TopicSchemas::from_json(b"[{")
            .unwrap_err()
            .to_string()
            .starts_with("the topic's list of schemas cannot be read: ")
    );
}

#[test]
fn the_fingerprint_follows_ids_names_and_kinds_but_not_the_type_or_its_order() {
    mod same {
        use super::super::samples::CardId;
        #[derive(Clone, dsl_macros::Record)]
        pub(super) struct Zahlung {
            #[field(2)]
            pub(super) amount: i64,
            #[field(1)]
            pub(super) card: CardId,
            #[field(5, default)]
            pub(super) at: dsl_runtime::Timestamp,
            #[field(4)]
            pub(super) note: Option<String>,
            #[field(3)]
            pub(super) tip: Option<u16>,
        }
    }
    mod other {
        #[derive(Clone, dsl_macros::Record)]
        pub(super) struct Kind {
            pub(super) a: i64,
        }
        #[derive(Clone, dsl_macros::Record)]
        pub(super) struct Name {
            pub(super) b: i64,
        }
        #[derive(Clone, dsl_macros::Record)]
        pub(super) struct Id {
            #[field(2)]
            pub(super) a: i64,
        }
        #[derive(Clone, dsl_macros::Record)]
        pub(super) struct Optional {
            pub(super) a: Option<i64>,
        }
        #[derive(Clone, dsl_macros::Record)]
        pub(super) struct Nested {
            pub(super) a: Kind,
        }
        #[derive(Clone, dsl_macros::Record)]
        pub(super) struct NestedName {
            pub(super) a: Name,
        }
    }
    let row = same::Zahlung { amount: 1, card: payment().card, at: payment().at, note: None, tip: None };
    let codec = codec::<same::Zahlung>();
    assert_eq!(decode(&codec, &encode(&codec, &row)).amount, 1);
    assert_eq!(same::Zahlung::FINGERPRINT, Payment::FINGERPRINT);
    let fingerprints = [
        other::Kind::FINGERPRINT,
        other::Name::FINGERPRINT,
        other::Id::FINGERPRINT,
        other::Optional::FINGERPRINT,
        other::Nested::FINGERPRINT,
        other::NestedName::FINGERPRINT,
    ];
    let distinct: std::collections::BTreeSet<u64> = fingerprints.into_iter().collect();
    assert_eq!(distinct.len(), fingerprints.len());
    // Only their fingerprints count here.
    let _ =
        (other::Kind { a: 0 }.a, other::Name { b: 0 }.b, other::Id { a: 0 }.a, other::Optional { a: None }.a);
    let _ = (other::Nested { a: other::Kind { a: 0 } }.a, other::NestedName { a: other::Name { b: 0 } }.a);
    let _ = (row.card, row.at, row.note, row.tip);
}
