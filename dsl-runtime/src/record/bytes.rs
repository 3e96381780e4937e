//! `Bytes` as a field: the bytes and the schema of a `Vec<u8>`.

use bytes::Bytes;

use super::error::Fault;
use super::field::{Field, by_serde};
use super::layout::Shape;
use super::schema::Kind;

#[diagnostic::do_not_recommend]
impl Field for Bytes {
    const KIND: Kind = Kind::Bytes;

    by_serde!();

    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    #[inline]
    fn take(value: &[u8], _: &Shape) -> Result<Bytes, Fault> {
        Ok(Bytes::copy_from_slice(value))
    }

    #[inline]
    fn not_decoded() -> Bytes {
        Bytes::new()
    }
}
