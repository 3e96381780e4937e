//! Keys of one's own types.

use dsl_macros::Key;
use dsl_runtime::key::KeyCode;

use crate::samples::{CardId, Level};

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Key)]
struct Shop {
    country: String,
    number: u16,
    level: Level,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Key)]
struct Pair(u8, CardId);

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

#[test]
fn bytes_that_are_no_key_say_why() {
    assert_eq!(
        Level::decode_key(&[0, 2]).unwrap_err().to_string(),
        "not a key of type Level: `Level` has no variant with id 2; was the row written by a newer program?",
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
