//! `Uuid` as a field: its sixteen bytes.

use uuid::Uuid;

use super::error::Fault;
use super::field::{Field, by_serde, fixed};
use super::layout::Shape;
use super::schema::Kind;

#[diagnostic::do_not_recommend]
impl Field for Uuid {
    const KIND: Kind = Kind::Uuid;

    by_serde!();

    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    #[inline]
    fn take(value: &[u8], _: &Shape) -> Result<Uuid, Fault> {
        fixed(value).map(Uuid::from_bytes)
    }

    #[inline]
    fn not_decoded() -> Uuid {
        Uuid::nil()
    }
}
