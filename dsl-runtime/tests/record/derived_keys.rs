//! Keys of one's own types.

use dsl_macros::{Key, Record};
use dsl_runtime::Timestamp;
use dsl_runtime::key::{Key, KeyCode, partition_of};
use proptest::option;
use proptest::prelude::*;

use crate::samples::{CardId, Level};

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Key)]
struct Shop {
    country: String,
    number: u16,
    level: Level,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Key)]
struct Pair(u8, CardId);

/// Every kind of a variant; the ids go down, so that the order of keys is not that of their bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
enum Payer {
    #[variant(9)]
    Unknown,
    #[variant(4)]
    Card(CardId),
    #[variant(3)]
    Account { bank: u16, holder: String, level: Level },
    #[variant(2)]
    At(Timestamp),
    #[variant(1)]
    Perhaps(Option<String>),
}

/// Several unnamed values, which a record has none of, and no values in any way of writing that.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Key)]
enum Shape {
    Point(),
    Line {},
    Box(u8, String, u16),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Key)]
struct Wrapped(Payer);

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Key)]
enum Nested {
    Of(Payer, Shop),
    Pair((u8, Payer)),
}

#[track_caller]
fn check<K: KeyCode + PartialEq + std::fmt::Debug>(key: K, bytes: &[u8]) {
    let mut encoded = Vec::new();
    key.encode_key(&mut encoded);
    assert_eq!(encoded, bytes);
    assert_eq!(K::decode_key(bytes), Ok(key));
    assert!(K::WIDTH.is_none_or(|width| width == bytes.len()));
}

#[test]
fn a_newtype_is_what_it_wraps_an_enum_its_id_and_a_struct_its_parts() {
    check(CardId("4711".to_owned()), b"4711");
    check(Level::Low, &[0, 1]);
    check(Level::High, &[0, 7]);
    check(Shop { country: "DE".to_owned(), number: 3, level: Level::High }, &[2, b'D', b'E', 0, 3, 0, 7]);
    check(Pair(1, CardId("x".to_owned())), &[1, 1, b'x']);
    assert_eq!((Level::WIDTH, Shop::WIDTH, CardId::WIDTH), (Some(2), None, None));
}

fn card(number: &str) -> Payer {
    Payer::Card(CardId(number.to_owned()))
}

fn account(bank: u16, holder: &str) -> Payer {
    Payer::Account { bank, holder: holder.to_owned(), level: Level::High }
}

/// Topics' partitions and state go by these bytes.
#[test]
fn an_enum_with_data_is_its_id_and_then_the_parts() {
    check(Payer::Unknown, &[0, 9]);
    check(card("47"), &[0, 4, 2, b'4', b'7']);
    check(account(258, "Ö"), &[0, 3, 1, 2, 2, 0xc3, 0x96, 0, 7]);
    check(Payer::At(Timestamp::from_millis(5)), &[0, 2, 0, 0, 0, 0, 0, 0, 0, 5]);
    check(Payer::Perhaps(None), &[0, 1, 1, 0]);
    check(Payer::Perhaps(Some("a".to_owned())), &[0, 1, 2, 1, b'a']);
    check(Shape::Point(), &[0, 1]);
    check(Shape::Line {}, &[0, 2]);
    check(Shape::Box(1, "b".to_owned(), 2), &[0, 3, 1, 1, b'b', 0, 2]);
    assert_eq!((Payer::WIDTH, Wrapped::WIDTH), (None, None));
}

#[test]
fn among_the_parts_of_a_key_it_needs_no_length() {
    check(Wrapped(card("47")), &[0, 4, 2, b'4', b'7']);
    check((7_u8, Wrapped(card("4")), 8_u8), &[7, 0, 4, 1, b'4', 8]);
    check((Payer::Unknown, Level::Low), &[0, 9, 0, 1]);
    check(Some(Payer::Unknown), &[1, 0, 9]);
    let shop = Shop { country: "D".to_owned(), number: 1, level: Level::Low };
    check(Nested::Of(card("4"), shop), &[0, 1, 0, 4, 1, b'4', 6, 1, b'D', 0, 1, 0, 1]);
    check(Nested::Pair((3, Payer::Unknown)), &[0, 2, 3, 3, 0, 9]);
}

/// A variant keeps its bytes, by itself and in a tuple, when others come to have data: so a topic's rows stay in their partitions.
#[test]
fn a_variant_that_is_added_changes_no_bytes() {
    mod later {
        use super::*;

        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Key)]
        pub(super) enum Level {
            #[variant(3)]
            Other { name: String },
            #[variant(1)]
            Low,
            #[variant(7)]
            High,
        }
    }
    fn bytes<K: Key>(key: &K) -> Vec<u8> {
        let mut bytes = Vec::new();
        key.encode_key(&mut bytes);
        bytes
    }
    for (then, now) in [(Level::Low, later::Level::Low), (Level::High, later::Level::High)] {
        assert_eq!(bytes(&then), bytes(&now));
        assert_eq!(bytes(&(1_u8, then, "x".to_owned())), bytes(&(1_u8, now.clone(), "x".to_owned())));
        assert_eq!(partition_of(&bytes(&then), 64), partition_of(&bytes(&now), 64));
        assert_eq!(later::Level::decode_key(&bytes(&then)), Ok(now));
    }
    let said = Level::decode_key(&bytes(&later::Level::Other { name: String::new() })).unwrap_err();
    assert!(said.to_string().contains("`Level` has no variant with id 3"), "{said}");
}

/// These stand beside users' state. A changed one would refuse it.
#[test]
fn what_a_key_is_written_as_is_kept_with_state() {
    assert_eq!(Level::written_as(), "1 Low | 7 High");
    assert_eq!(
        Payer::written_as(),
        "9 Unknown | 4 Card(String) | 3 Account { bank: u16, holder: String, level: 1 Low | 7 High } | 2 At(Timestamp) \
         | 1 Perhaps(Option<String>)"
    );
    assert_eq!(Shape::written_as(), "1 Point | 2 Line | 3 Box(u8, String, u16)");
    assert_eq!((Payer::type_name(), Wrapped::written_as()), ("Payer".to_owned(), Payer::written_as()));
}

fn any_payer() -> impl Strategy<Value = Payer> {
    prop_oneof![
        Just(Payer::Unknown),
        ".{0,4}".prop_map(|number| card(&number)),
        (any::<u16>(), ".{0,4}").prop_map(|(bank, holder)| account(bank, &holder)),
        any::<i64>().prop_map(|millis| Payer::At(Timestamp::from_millis(millis))),
        option::of(".{0,4}").prop_map(Payer::Perhaps),
    ]
}

proptest! {
    #[test]
    fn enums_with_data_come_back_and_are_equal_where_their_bytes_are(
        keys in proptest::collection::vec((any_payer(), option::of(any_payer()), any::<u8>()), 2..6),
        cut in any::<proptest::sample::Index>(),
    ) {
        let encoded = keys.iter().map(|key| {
            let mut bytes = Vec::new();
            key.encode_key(&mut bytes);
            bytes
        });
        let encoded: Vec<Vec<u8>> = encoded.collect();
        for (key, bytes) in keys.iter().zip(&encoded) {
            prop_assert_eq!(&<(Payer, Option<Payer>, u8)>::decode_key(bytes).unwrap(), key);
            let end = cut.index(bytes.len());
            prop_assert!(<(Payer, Option<Payer>, u8)>::decode_key(&bytes[..end]).is_err());
            for (other, others) in keys.iter().zip(&encoded) {
                prop_assert_eq!(key == other, bytes == others);
            }
        }
    }

    #[test]
    fn no_bytes_make_a_key_with_data_panic(bytes in proptest::collection::vec(0_u8..10, 0..20)) {
        let _ = Nested::decode_key(&bytes);
        if let Ok(key) = Payer::decode_key(&bytes) {
            let mut again = Vec::new();
            key.encode_key(&mut again);
            prop_assert_eq!(again, bytes);
        }
    }
}

#[test]
fn bytes_that_are_no_key_say_why() {
    assert_eq!(
        Level::decode_key(&[0, 2]).unwrap_err().to_string(),
        "not a key of type Level: `Level` has no variant with id 2; was the row written by a newer program?",
    );
    assert_eq!(
        Level::decode_key(&[7]).unwrap_err().to_string(),
        "not a key of type Level: a length of 1 instead of 2 bytes",
    );
    assert_eq!(
        Payer::decode_key(&[0, 5]).unwrap_err().to_string(),
        "not a key of type Payer: `Payer` has no variant with id 5; was the row written by a newer program?",
    );
    assert_eq!(
        Payer::decode_key(&[0, 3, 1, 2, 9, b'x']).unwrap_err().to_string(),
        "not a key of type Payer: a length of 1 instead of 9 bytes",
    );
    assert_eq!(
        Shop::decode_key(&[2, b'D']).unwrap_err().to_string(),
        "not a key of type Shop: a length of 1 instead of 2 bytes",
    );
    assert_eq!(
        Pair::decode_key(&[1, 1, b'x', 0]).unwrap_err().to_string(),
        "not a key of type Pair: a length of 1 instead of 0 bytes",
    );
}
