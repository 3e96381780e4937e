//! Rows as they lie in operators' state: the `native` layout of the type's own schema, without a schema number.
//!
//! What is in front of a topic's row is not there, as a manifest keeps the schema of all rows of a table.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::rc::Rc;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::layout::RowLayout;
use super::mask::FieldMask;
use super::owned_schema::OwnedSchema;
use super::{DecodeError, Record};

/// A row that is kept, shared by all who hold it.
#[derive(Debug)]
pub(crate) struct KeptRow<T>(Rc<T>);

impl<T> KeptRow<T> {
    pub(crate) fn new(row: T) -> Self {
        KeptRow(Rc::new(row))
    }

    pub(crate) fn row(&self) -> &T {
        &self.0
    }

    /// The row itself, cloned if others hold it, too.
    pub(crate) fn into_row(self) -> T
    where
        T: Clone,
    {
        Rc::unwrap_or_clone(self.0)
    }
}

impl<T> Clone for KeptRow<T> {
    fn clone(&self) -> Self {
        KeptRow(self.0.clone())
    }
}

impl<T: Record> Serialize for KeptRow<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::new();
        self.0.encode(&mut bytes);
        serializer.serialize_bytes(&bytes)
    }
}

impl<'de, T: Record> Deserialize<'de> for KeptRow<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(RowBytes(PhantomData))
    }
}

struct RowBytes<T>(PhantomData<T>);

impl<T: Record> Visitor<'_> for RowBytes<T> {
    type Value = KeptRow<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the bytes of a row of `{}`", T::SCHEMA.name)
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        decode(bytes).map(KeptRow::new).map_err(E::custom)
    }
}

fn decode<T: Record>(bytes: &[u8]) -> Result<T, DecodeError> {
    thread_local! {
        /// By row type: laying one out takes longer than reading a row.
        static LAYOUTS: RefCell<HashMap<TypeId, Rc<RowLayout>>> = RefCell::default();
    }
    let layout = LAYOUTS
        .with_borrow_mut(|layouts| layouts.entry(TypeId::of::<T>()).or_insert_with(own_layout::<T>).clone());
    T::decode_current(&layout, bytes, FieldMask::ALL)
}

fn own_layout<T: Record>() -> Rc<RowLayout> {
    let own = OwnedSchema::from(T::SCHEMA);
    Rc::new(RowLayout::resolve(&own, &own).expect("a schema fits itself"))
}
