//! Maps as fields: before each value its key, both as elements of a list are, in the order of the keys.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserializer, Serializer};

use super::error::Fault;
use super::field::{BySerde, Field};
use super::layout::{MapShape, Shape, must_be};
use super::list::{put_element, take_element};
use super::schema::Kind;

/// A field's type whose values can be the keys of a map: they are equal or not, have an order, and each is a text in JSON.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a map in a record",
    label = "not a key of a map",
    note = "a map's keys are integers, bool, String, `waterwheel::Timestamp`, `waterwheel::Duration`, dates and times, `Decimal`, `Uuid`, and newtypes of these and enums without data \
            with `#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Record)]`",
    note = "floats are no keys, because NaN equals nothing: round to an integer first"
)]
pub trait MapKey: Field + Eq + Hash + Ord {}

#[diagnostic::do_not_recommend]
impl<K: Field + Eq + Hash + Ord> MapKey for K {}

/// What a map of these holds.
#[track_caller]
const fn kind(key: &'static Kind, value: &'static Kind) -> Kind {
    must_be(
        key.is_text_in_json(),
        "a map's key is a text in JSON, so it cannot be an `Option`, a tuple, an array, a `Vec`, a map, a struct or an enum with data: \
         make it a `String`, or the map a `Vec` of records",
    );
    Kind::Map(key, value)
}

impl<K: MapKey, V: Field> Field for BTreeMap<K, V> {
    const KIND: Kind = kind(&K::KIND, &V::KIND);

    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        put(self, out);
    }

    fn take(value: &[u8], shape: &Shape) -> Result<Self, Fault> {
        let mut map = BTreeMap::new();
        take(value, shape, |key, value| map.insert(key, value).is_none())?;
        Ok(map)
    }

    #[inline]
    fn not_decoded() -> Self {
        BTreeMap::new()
    }

    fn to_serde<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(key, value)| (BySerde(key), BySerde(value))))
    }

    fn from_serde<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut map = BTreeMap::new();
        deserializer.deserialize_map(Entries::new(|key, value| map.insert(key, value).is_none()))?;
        Ok(map)
    }
}

/// Its bytes are those of a `BTreeMap`, whatever the order of its entries is.
impl<K: MapKey, V: Field, B: BuildHasher + Default> Field for HashMap<K, V, B> {
    const KIND: Kind = kind(&K::KIND, &V::KIND);

    fn put(&self, out: &mut Vec<u8>) {
        put(in_order(self), out);
    }

    fn take(value: &[u8], shape: &Shape) -> Result<Self, Fault> {
        let mut map = HashMap::default();
        take(value, shape, |key, value| map.insert(key, value).is_none())?;
        Ok(map)
    }

    /// The table is used again.
    fn take_into(&mut self, value: &[u8], shape: &Shape) -> Result<(), Fault> {
        self.clear();
        take(value, shape, |key, value| self.insert(key, value).is_none())
    }

    #[inline]
    fn not_decoded() -> Self {
        HashMap::default()
    }

    fn to_serde<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(in_order(self).into_iter().map(|(key, value)| (BySerde(key), BySerde(value))))
    }

    fn from_serde<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut map = HashMap::default();
        deserializer.deserialize_map(Entries::new(|key, value| map.insert(key, value).is_none()))?;
        Ok(map)
    }
}

/// The entries by ascending key.
fn in_order<K: Ord, V, B>(map: &HashMap<K, V, B>) -> Vec<(&K, &V)> {
    let mut entries: Vec<(&K, &V)> = map.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries
}

fn put<'a, K: Field + 'a, V: Field + 'a>(
    entries: impl IntoIterator<Item = (&'a K, &'a V)>,
    out: &mut Vec<u8>,
) {
    for (key, value) in entries {
        put_element(key, out);
        put_element(value, out);
    }
}

/// Gives each entry to `insert`, which says whether its key is a new one. No order is asked for, as the one of a type of the
/// user's may change; but a key stands there once.
fn take<K: Field, V: Field>(
    value: &[u8],
    shape: &Shape,
    mut insert: impl FnMut(K, V) -> bool,
) -> Result<(), Fault> {
    let Shape::Map(of) = shape else { return Err(Fault::Shape) };
    let MapShape { key: of_key, value: of_value } = &**of;
    let (mut rest, mut taken) = (value, 0);
    while !rest.is_empty() {
        let (key, behind) = take_element(rest, of_key, || Fault::Map(taken))?;
        let (value, behind) = take_element(behind, of_value, || Fault::Map(taken))?;
        if !insert(key, value) {
            return Err(Fault::Repeated(taken));
        }
        // Every key has at least a byte, as there is none without a width that has not its length in front.
        rest = behind;
        taken += 1;
    }
    Ok(())
}

/// Gives the entries that one of serde's formats has to `insert`, which says whether the key is a new one.
struct Entries<K, V, I> {
    insert: I,
    entries: PhantomData<(K, V)>,
}

impl<K, V, I: FnMut(K, V) -> bool> Entries<K, V, I> {
    fn new(insert: I) -> Self {
        Entries { insert, entries: PhantomData }
    }
}

impl<'de, K: Field, V: Field, I: FnMut(K, V) -> bool> Visitor<'de> for Entries<K, V, I> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut taken = 0;
        while let Some((key, value)) = map.next_entry::<BySerde<K>, BySerde<V>>()? {
            if !(self.insert)(key.0, value.0) {
                return Err(A::Error::custom(Fault::Repeated(taken)));
            }
            taken += 1;
        }
        Ok(())
    }
}
