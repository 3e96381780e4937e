//! `EcoString` as a field: the bytes and the schema of a `String`.

use super::error::Fault;
use super::field::{Field, by_serde, text};
use super::layout::Shape;
use super::schema::Kind;

/// A text that needs no memory of its own up to 15 bytes, and shares that of a longer one among its clones: the type of the crate
/// `ecow`. As a field and as a key it is written as a `String` is, so that a field may change from one to the other.
pub use ::ecow::EcoString;

#[diagnostic::do_not_recommend]
impl Field for EcoString {
    by_serde!();

    const KIND: Kind = Kind::String;

    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    #[inline]
    fn take(value: &[u8], _: &Shape) -> Result<EcoString, Fault> {
        text(value).map(EcoString::from)
    }

    #[inline]
    fn not_decoded() -> EcoString {
        EcoString::default()
    }
}
