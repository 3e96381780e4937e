//! Arrays as fields: the bytes of a `Vec` whose length is known, so that of elements of fixed width the array has one, too.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserializer, Serializer};

use super::error::Fault;
use super::field::{BySerde, Field};
use super::layout::{ElementShape, Shape, must_be};
use super::list::{put_element, take_element};
use super::schema::Kind;

/// The most elements: a row lies on the stack with all of them.
const LENGTH_MAX: usize = 1024;

#[diagnostic::do_not_recommend]
impl<T: Field, const N: usize> Field for [T; N] {
    const KIND: Kind = {
        must_be(N > 0, "an array of no elements holds nothing to store: leave the field out");
        must_be(N <= LENGTH_MAX, "an array that is a field has at most 1,024 elements: write a `Vec`");
        Kind::Array(&T::KIND, N as u32)
    };

    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        self.iter().for_each(|item| put_element(item, out));
    }

    fn take(value: &[u8], shape: &Shape) -> Result<Self, Fault> {
        let mut array = std::array::from_fn(|_| T::not_decoded());
        array.take_into(value, shape)?;
        Ok(array)
    }

    fn take_into(&mut self, value: &[u8], shape: &Shape) -> Result<(), Fault> {
        let Shape::List(element) = shape else { return Err(Fault::Shape) };
        let mut rest = value;
        for (at, item) in self.iter_mut().enumerate() {
            match **element {
                ElementShape::Packed { width, ref shape } => {
                    let (element, behind) = rest.split_at_checked(width).ok_or(Fault::List(at))?;
                    item.take_into(element, shape)?;
                    rest = behind;
                }
                ElementShape::Sized { .. } => {
                    (*item, rest) = take_element(rest, element, || Fault::List(at))?;
                }
            }
        }
        match rest.len() {
            0 => Ok(()),
            bytes => Err(Fault::Behind { elements: N, bytes }),
        }
    }

    #[inline]
    fn not_decoded() -> Self {
        std::array::from_fn(|_| T::not_decoded())
    }

    fn to_serde<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut items = serializer.serialize_tuple(N)?;
        for item in self {
            items.serialize_element(&BySerde(item))?;
        }
        items.end()
    }

    fn from_serde<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple(N, Elements(PhantomData))
    }
}

struct Elements<T, const N: usize>(PhantomData<T>);

impl<'de, T: Field, const N: usize> Visitor<'de> for Elements<T, N> {
    type Value = [T; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of {N} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<[T; N], A::Error> {
        let mut array = std::array::from_fn(|_| T::not_decoded());
        for (at, item) in array.iter_mut().enumerate() {
            let next = items.next_element::<BySerde<T>>()?;
            *item = next.ok_or_else(|| A::Error::invalid_length(at, &self))?.0;
        }
        Ok(array)
    }
}
