//! `Box` as a field: what is in it, so that a field may come into a box or leave it.

use serde::{Deserializer, Serializer};

use super::error::Fault;
use super::field::Field;
use super::layout::Shape;
use super::schema::Kind;

#[diagnostic::do_not_recommend]
impl<T: Field> Field for Box<T> {
    const KIND: Kind = T::KIND;

    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        (**self).put(out);
    }

    #[inline]
    fn take(value: &[u8], shape: &Shape) -> Result<Self, Fault> {
        T::take(value, shape).map(Box::new)
    }

    #[inline]
    fn take_into(&mut self, value: &[u8], shape: &Shape) -> Result<(), Fault> {
        (**self).take_into(value, shape)
    }

    #[inline]
    fn not_decoded() -> Self {
        Box::new(T::not_decoded())
    }

    #[inline]
    fn is_null(&self) -> bool {
        (**self).is_null()
    }

    #[inline]
    fn null() -> Option<Self> {
        T::null().map(Box::new)
    }

    #[inline]
    fn to_serde<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).to_serde(serializer)
    }

    #[inline]
    fn from_serde<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::from_serde(deserializer).map(Box::new)
    }
}
