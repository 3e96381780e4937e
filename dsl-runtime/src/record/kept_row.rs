//! Rows as they lie in operators' state: the `native` layout of the type's own schema, without a schema number.
//!
//! What is in front of a topic's row is not there, as a manifest keeps the schema of all rows of a table.

use std::any::TypeId;
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::rc::Rc;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::layout::RowLayout;
use super::mask::FieldMask;
use super::owned_schema::OwnedSchema;
use super::{DecodeError, Record};

/// The encoding of a row, which lies elsewhere.
pub(crate) struct EncodedRow<'b, T>(&'b [u8], PhantomData<fn() -> T>);

/// A row that is kept. It lies there encoded, in one piece of memory however many texts are in it, as most rows that wait for others meet none;
/// once somebody has asked for it, it is there as itself, too, and shared by all who hold it.
pub(crate) struct KeptRow<T> {
    bytes: Box<[u8]>,
    row: OnceCell<Rc<T>>,
}

impl<'b, T: Record> EncodedRow<'b, T> {
    /// Of what [`Record::encode`] of this type has written.
    #[inline]
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        EncodedRow(bytes, PhantomData)
    }

    /// The row itself.
    pub(crate) fn decoded(&self) -> T {
        decode(self.0).expect("this type has written the row, and read it where it came from a checkpoint")
    }

    /// To be kept as it is.
    pub(crate) fn kept(&self) -> KeptRow<T> {
        KeptRow { bytes: self.0.into(), row: OnceCell::new() }
    }
}

impl<T: Record> KeptRow<T> {
    /// The row itself.
    pub(crate) fn row(&self) -> Rc<T> {
        self.row.get_or_init(|| Rc::new(EncodedRow::new(&self.bytes).decoded())).clone()
    }
}

impl<T> Serialize for KeptRow<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.bytes)
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
        // That it can be read is seen here, where there is somebody to tell.
        decode::<T>(bytes).map_err(E::custom)?;
        Ok(KeptRow { bytes: bytes.into(), row: OnceCell::new() })
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
