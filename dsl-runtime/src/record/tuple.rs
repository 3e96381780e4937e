//! Tuples as fields: laid out as records whose fields are the parts, so that each part lies where it can be found.

use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serializer};

use super::error::Fault;
use super::field::{BySerde, Field};
use super::layout::Shape;
use super::mask::FieldMask;
use super::row_ref::nested;
use super::row_writer::RowWriter;
use super::schema::{FieldSchema, Kind, RowShape};

/// One part of tuple.
const fn part(id: u16, name: &'static str, kind: Kind) -> FieldSchema {
    FieldSchema { id, explicit_id: true, called: name, name, kind, default: None }
}

macro_rules! tuples {
    ($($count:literal: $($part:ident $at:tt $id:literal)*;)*) => {
        $(#[diagnostic::do_not_recommend]
        impl<$($part: Field),*> Field for ($($part,)*) {
            const KIND: Kind = Kind::Tuple(&[$(part($id, stringify!($at), $part::KIND)),*]);

            fn put(&self, out: &mut Vec<u8>) {
                let shape = const { RowShape::of(&[$(part($id, stringify!($at), $part::KIND)),*]) };
                let mut row = RowWriter::begin(shape, out);
                $(row.head(&self.$at);)*
                row.table();
                $(row.tail(&self.$at);)*
            }

            fn take(value: &[u8], shape: &Shape) -> Result<Self, Fault> {
                let row = nested(value, shape)?;
                Ok(($(row.field::<$part>($at, FieldMask::ALL)?,)*))
            }

            #[inline]
            fn not_decoded() -> Self {
                ($($part::not_decoded(),)*)
            }

            fn to_serde<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut parts = serializer.serialize_tuple($count)?;
                $(parts.serialize_element(&BySerde(&self.$at))?;)*
                parts.end()
            }

            #[allow(non_snake_case, reason = "the parts are called as their types are")]
            fn from_serde<'de, De: Deserializer<'de>>(deserializer: De) -> Result<Self, De::Error> {
                let ($(BySerde($part),)*) = <($(BySerde<$part>,)*)>::deserialize(deserializer)?;
                Ok(($($part,)*))
            }
        })*
    };
}

tuples! {
    1: A 0 1;
    2: A 0 1 B 1 2;
    3: A 0 1 B 1 2 C 2 3;
    4: A 0 1 B 1 2 C 2 3 D 3 4;
    5: A 0 1 B 1 2 C 2 3 D 3 4 E 4 5;
    6: A 0 1 B 1 2 C 2 3 D 3 4 E 4 5 F 5 6;
    7: A 0 1 B 1 2 C 2 3 D 3 4 E 4 5 F 5 6 G 6 7;
    8: A 0 1 B 1 2 C 2 3 D 3 4 E 4 5 F 5 6 G 6 7 H 7 8;
}
