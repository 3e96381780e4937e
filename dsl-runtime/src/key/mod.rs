//! Keys: the one encoding of what rows are grouped, partitioned and stored by.

#[cfg(feature = "bytes")]
mod bytes;
mod calendar;
#[cfg(feature = "decimal")]
mod decimal;
#[cfg(feature = "ecow")]
mod ecow;
mod hash;
mod parts;
mod place;
mod types;
#[cfg(feature = "uuid")]
mod uuid;

use std::fmt::Debug;
use std::hash::Hash;

use crate::record::{DecodeError, Fault};

pub use hash::{KEY_GROUP_HASH, KEY_GROUPS, KeyGroup, key_group, key_hash, partition_of};
pub use parts::{KeyReader, sum};

/// A type that rows can be grouped and topics be keyed by.
///
/// Strings are plain UTF-8 and integers big-endian, as Kafka's serializers write them, so that any Kafka client finds
/// the same partition. Equal keys have equal bytes and the other way round. Floats are no keys: `NaN` equals nothing,
/// and `0.0` and `-0.0` are one value with two encodings.
///
/// Newtypes, enums and small structs of keys implement it by
/// `#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Key)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a key",
    label = "not a key type",
    note = "keys are integers, bool, String, Timestamp, Duration, dates and times of `waterwheel::civil`, Vec<u8>, Option<K>, with features `Decimal`, `Uuid`, `Bytes` and `EcoString`, tuples of up to eight keys, and types of your own with `#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Key)]`",
    note = "floats are no keys, because NaN equals nothing: round to an integer first"
)]
pub trait Key: KeyCode + Clone + Eq + Hash + Ord + Debug + Send + Sync {}

#[diagnostic::do_not_recommend]
impl<K: KeyCode + Clone + Eq + Hash + Ord + Debug + Send + Sync> Key for K {}

/// How a key is encoded: what `derive(Key)` implements, where the type has all [`KeyDerives`], so that those that are missing are
/// one error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a key",
    label = "not a key type",
    note = "keys are integers, bool, String, Timestamp, Duration, dates and times of `waterwheel::civil`, Vec<u8>, Option<K>, with features `Decimal`, `Uuid`, `Bytes` and `EcoString`, tuples of up to eight keys, and types of your own with `#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Key)]`",
    note = "floats are no keys, because NaN equals nothing: round to an integer first"
)]
pub trait KeyCode: Sized + 'static {
    /// The handle that `group_by` returns for this key. Every key sets it to `Grouped<Self, T, E>`; as a projection it
    /// ends the compiler's errors at `group_by` when a type is no key.
    #[doc(hidden)]
    type Grouped<T, E>: From<crate::handles::NodeId> + crate::handles::GroupedBy<Key = Self>;

    /// What the type is called beside the state of what is grouped by it: a run that finds another name there refuses. The
    /// derive takes the type's own name; moving it to another module changes nothing.
    fn type_name() -> String;

    /// What its bytes mean, whatever types are called: of a newtype what it wraps, of a struct its fields in their order, of an
    /// enum its variants with their ids. It is kept with the state of what is grouped by it, too.
    #[doc(hidden)]
    fn written_as() -> String {
        Self::type_name()
    }

    /// Bytes of an encoded key, if they are the same for all keys of the type.
    const WIDTH: Option<usize>;

    /// Appends the key's bytes.
    fn encode_key(&self, out: &mut Vec<u8>);

    /// Reads all of `bytes` as one key. Never panics, whatever they are.
    fn decode_key(bytes: &[u8]) -> Result<Self, DecodeError>;

    /// Appends the key as one part of several; the derive writes `<Type as Key>::put_part`, so that a type that is no
    /// key gives the same message at the same place each time, and rustc prints it once.
    #[doc(hidden)]
    fn put_part(&self, out: &mut Vec<u8>) {
        parts::put_part(self, out);
    }

    /// Reads the key as the next part of several.
    #[doc(hidden)]
    fn take_part(parts: &mut KeyReader<'_>) -> Result<Self, DecodeError> {
        parts.part()
    }
}

/// What every key's type derives beside `Key`.
#[diagnostic::on_unimplemented(
    message = "a key is compared, ordered, hashed, printed and cloned, and `{Self}` is not",
    label = "this type needs more derives",
    note = "write `#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Key)]` above it, and `Record` in the same line if it is a field of a record; the \
            types of its fields need the same"
)]
pub trait KeyDerives {}

#[diagnostic::do_not_recommend]
impl<K: KeyCode + Clone + Eq + Hash + Ord + Debug + Send + Sync> KeyDerives for K {}

/// Asks for what a key's type derives; the derive calls it where its handle's type is made, so that what is missing is one error.
#[doc(hidden)]
pub const fn key_derives<K: KeyDerives>() {}

/// The error for bytes that name no variant; for the code that `derive(Key)` writes.
#[doc(hidden)]
pub fn no_such_variant(kind: &'static str, id: u16) -> DecodeError {
    DecodeError::Key { kind, fault: Fault::Variant { name: kind.to_owned(), id } }
}
