//! What a type must do to be a field of a record.

use serde::de::{Deserialize, Deserializer, Error, VariantAccess};
use serde::ser::{Serialize, SerializeStruct, SerializeStructVariant, Serializer};

use super::current_row::{CurrentRow, FieldPlace};
use super::error::{DecodeError, Fault};
use super::layout::{Shape, must_be};
use super::mask::FieldMask;
use super::row_ref::RowRef;
use super::row_writer::RowWriter;
use super::schema::Kind;
use super::serde_support::Source;

/// The memory of a text up to this length is used again for the next one: one long text must not be paid for by all that follow.
const KEPT_TEXT_BYTES: usize = 256;

/// A type that can be a field of a record.
///
/// Implemented for integers, floats, `bool`, `String`, [`Timestamp`](crate::Timestamp), [`Duration`](crate::Duration),
/// dates and times of day, `Option`, `Vec`, `Box`, arrays, tuples and maps of them, and by `#[derive(Record)]` for records, enums and
/// newtypes. Write no implementation by hand: the methods are the derive's, and change with it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a record",
    label = "not a field type",
    note = "fields are integers, floats, bool, String, `waterwheel::Timestamp`, `waterwheel::Duration` (std's is another type), dates and times of `waterwheel::civil`, with features `Decimal`, `Uuid`, `Bytes` and `EcoString`, Option<T>, Vec<T>, Box<T>, arrays [T; N], tuples of up to 8, BTreeMap<K, V>, HashMap<K, V>, and types of your own with `#[derive(Record)]`: structs, newtypes and enums; a set is a `Vec<T>`, in an order of your choice"
)]
pub trait Field: Sized {
    /// What the field holds.
    const KIND: Kind;

    /// What a `Vec` of this type holds.
    #[doc(hidden)]
    const LIST: Kind = Kind::List(&Self::KIND);

    /// Writes the value in serde's formats. Not by `Serialize`, which the standard library's arrays have up to 32 elements and its hash
    /// maps in an order of their own.
    #[doc(hidden)]
    fn to_serde<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// Reads what [`Field::to_serde`] wrote.
    #[doc(hidden)]
    fn from_serde<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;

    /// Appends the value's bytes: exactly [`Kind::width`] of them, if the kind has a width.
    #[doc(hidden)]
    fn put(&self, out: &mut Vec<u8>);

    /// Reads the bytes that [`Field::put`] wrote, perhaps with the writer's older schema, which `shape` tells.
    #[doc(hidden)]
    fn take(value: &[u8], shape: &Shape) -> Result<Self, Fault>;

    /// As [`Field::take`], into a value that there is already, whose memory is used again. After an error it is some value.
    #[doc(hidden)]
    #[inline]
    fn take_into(&mut self, value: &[u8], shape: &Shape) -> Result<(), Fault> {
        *self = Self::take(value, shape)?;
        Ok(())
    }

    /// Some value of the type, in place of a field that is not decoded.
    #[doc(hidden)]
    fn not_decoded() -> Self;

    /// Whether the value is `None`.
    #[doc(hidden)]
    #[inline]
    fn is_null(&self) -> bool {
        false
    }

    /// The value `None`, if the type has it: also what a missing field is.
    #[doc(hidden)]
    #[inline]
    fn null() -> Option<Self> {
        None
    }

    /// Appends the bytes of a whole `Vec`.
    #[doc(hidden)]
    fn put_list(items: &[Self], out: &mut Vec<u8>) {
        super::list::put(items, out);
    }

    /// Reads the bytes of a whole `Vec`.
    #[doc(hidden)]
    fn take_list(value: &[u8], shape: &Shape) -> Result<Vec<Self>, Fault> {
        super::list::take(value, shape)
    }

    // The code that the derive writes handles a field by nothing but the methods below, and calls them as
    // `<Type as Field>::method(..)`. So if the type is no field, each of these calls gives the same message at the same
    // place, and rustc prints it once.

    /// Writes the part of the field that lies before a row's offset table.
    #[doc(hidden)]
    #[inline]
    fn head(&self, row: &mut RowWriter<'_>) {
        row.head(self);
    }

    /// Writes the part of the field that lies behind a row's offset table.
    #[doc(hidden)]
    #[inline]
    fn tail(&self, row: &mut RowWriter<'_>) {
        row.tail(self);
    }

    /// The field's value if the mask has it, else some value.
    #[doc(hidden)]
    #[inline(always)]
    fn read(row: &RowRef<'_>, index: usize, mask: FieldMask) -> Result<Self, DecodeError> {
        row.field(index, mask)
    }

    /// As `read`, of a row of today's schema.
    #[doc(hidden)]
    #[inline(always)]
    fn read_current(row: &CurrentRow<'_>, place: FieldPlace, mask: FieldMask) -> Result<Self, DecodeError> {
        row.field(place, mask)
    }

    /// As `read_current`, into a value that there is already, which stays as it is if the mask has not the field.
    #[doc(hidden)]
    #[inline(always)]
    fn read_current_into(
        &mut self,
        row: &CurrentRow<'_>,
        place: FieldPlace,
        mask: FieldMask,
    ) -> Result<(), DecodeError> {
        row.field_into(place, mask, self)
    }

    /// As `read`, for a field with a default, which is the value of rows written without the field.
    #[doc(hidden)]
    #[inline(always)]
    fn read_or(
        row: &RowRef<'_>,
        index: usize,
        mask: FieldMask,
        default: fn() -> Self,
    ) -> Result<Self, DecodeError> {
        row.field_or(index, mask, default)
    }

    /// Reads the field into its place; whether the input had it.
    #[doc(hidden)]
    fn fill<'de, S: Source<'de>>(
        place: &mut Option<Self>,
        name: &'static str,
        source: &mut S,
    ) -> Result<bool, S::Error> {
        super::serde_support::fill(place, name, source)
    }

    /// The value that was read; if there was none, `None` or an error.
    #[doc(hidden)]
    fn filled<E: Error>(place: Option<Self>, name: &'static str) -> Result<Self, E> {
        place.or_else(Self::null).ok_or_else(|| E::missing_field(name))
    }

    /// The one value of a variant.
    #[doc(hidden)]
    fn from_variant<'de, A: VariantAccess<'de>>(access: A) -> Result<Self, A::Error> {
        access.newtype_variant::<BySerde<Self>>().map(|value| value.0)
    }

    /// One field of a struct.
    #[doc(hidden)]
    fn write_struct_field<S: SerializeStruct>(
        &self,
        name: &'static str,
        fields: &mut S,
    ) -> Result<(), S::Error> {
        fields.serialize_field(name, &BySerde(self))
    }

    /// One field of a variant.
    #[doc(hidden)]
    fn write_variant_field<S: SerializeStructVariant>(
        &self,
        name: &'static str,
        fields: &mut S,
    ) -> Result<(), S::Error> {
        fields.serialize_field(name, &BySerde(self))
    }

    /// The value of a newtype.
    #[doc(hidden)]
    fn write_newtype<S: Serializer>(&self, name: &'static str, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(name, &BySerde(self))
    }

    /// The one value of a variant: its enum, its number there, its name.
    #[doc(hidden)]
    fn write_newtype_variant<S: Serializer>(
        &self,
        (name, number, variant): (&'static str, u32, &'static str),
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_variant(name, number, variant, &BySerde(self))
    }
}

/// A value whose `Serialize` and `Deserialize` are those of its [`Field`].
#[derive(Debug)]
pub(super) struct BySerde<T>(pub(super) T);

impl<T: Field> Serialize for BySerde<&T> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.to_serde(serializer)
    }
}

impl<'de, T: Field> Deserialize<'de> for BySerde<T> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::from_serde(deserializer).map(BySerde)
    }
}

/// The two methods of a type that has serde's traits.
macro_rules! by_serde {
    () => {
        #[inline]
        fn to_serde<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serde::Serialize::serialize(self, serializer)
        }

        #[inline]
        fn from_serde<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            serde::Deserialize::deserialize(deserializer)
        }
    };
}
pub(super) use by_serde;

impl<T: Field> Field for Option<T> {
    const KIND: Kind = {
        must_be(
            !T::KIND.is_option(),
            "an option of an option cannot be a field: null and `Some(None)` look alike in JSON",
        );
        Kind::Option(&T::KIND)
    };

    /// A null of fixed width keeps its place, so that the fields behind it keep theirs.
    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.put(out),
            None => out.resize(out.len() + const { width_or_zero(&T::KIND) }, 0),
        }
    }

    #[inline]
    fn take(value: &[u8], shape: &Shape) -> Result<Option<T>, Fault> {
        T::take(value, shape).map(Some)
    }

    #[inline]
    fn take_into(&mut self, value: &[u8], shape: &Shape) -> Result<(), Fault> {
        match self {
            Some(kept) => kept.take_into(value, shape),
            None => {
                *self = Some(T::take(value, shape)?);
                Ok(())
            }
        }
    }

    #[inline]
    fn not_decoded() -> Option<T> {
        None
    }

    #[inline]
    fn is_null(&self) -> bool {
        self.is_none()
    }

    #[inline]
    fn null() -> Option<Option<T>> {
        Some(None)
    }

    #[inline]
    fn to_serde<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().map(BySerde).serialize(serializer)
    }

    #[inline]
    fn from_serde<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<BySerde<T>>::deserialize(deserializer)?.map(|value| value.0))
    }
}

impl<T: Field> Field for Vec<T> {
    const KIND: Kind = T::LIST;

    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        T::put_list(self, out);
    }

    #[inline]
    fn take(value: &[u8], shape: &Shape) -> Result<Vec<T>, Fault> {
        T::take_list(value, shape)
    }

    #[inline]
    fn not_decoded() -> Vec<T> {
        Vec::new()
    }

    #[inline]
    fn to_serde<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(BySerde))
    }

    #[inline]
    fn from_serde<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<BySerde<T>>::deserialize(deserializer)?.into_iter().map(|value| value.0).collect())
    }
}

#[diagnostic::do_not_recommend]
impl Field for String {
    by_serde!();

    const KIND: Kind = Kind::String;

    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    #[inline]
    fn take(value: &[u8], _: &Shape) -> Result<String, Fault> {
        text(value).map(str::to_owned)
    }

    #[inline]
    fn take_into(&mut self, value: &[u8], _: &Shape) -> Result<(), Fault> {
        let text = text(value)?;
        if text.len().max(self.capacity()) > KEPT_TEXT_BYTES {
            *self = text.to_owned();
        } else {
            self.clear();
            self.push_str(text);
        }
        Ok(())
    }

    #[inline]
    fn not_decoded() -> String {
        String::new()
    }
}

#[diagnostic::do_not_recommend]
impl Field for bool {
    by_serde!();

    const KIND: Kind = Kind::Bool;

    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    #[inline]
    fn take(value: &[u8], _: &Shape) -> Result<bool, Fault> {
        match *value {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(Fault::Bool(other)),
            _ => Err(Fault::Width { expected: 1, found: value.len() }),
        }
    }

    #[inline]
    fn not_decoded() -> bool {
        false
    }
}

/// A `Vec<u8>` is bytes: copied whole.
#[diagnostic::do_not_recommend]
impl Field for u8 {
    by_serde!();

    const KIND: Kind = Kind::U8;
    const LIST: Kind = Kind::Bytes;

    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }

    #[inline]
    fn take(value: &[u8], _: &Shape) -> Result<u8, Fault> {
        fixed(value).map(u8::from_le_bytes)
    }

    #[inline]
    fn not_decoded() -> u8 {
        0
    }

    #[inline]
    fn put_list(items: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(items);
    }

    #[inline]
    fn take_list(value: &[u8], _: &Shape) -> Result<Vec<u8>, Fault> {
        Ok(value.to_vec())
    }
}

macro_rules! numbers {
    ($($type:ident $kind:ident),* $(,)?) => {
        $(#[diagnostic::do_not_recommend]
        impl Field for $type {
            by_serde!();

            const KIND: Kind = Kind::$kind;

            #[inline]
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            #[inline]
            fn take(value: &[u8], _: &Shape) -> Result<$type, Fault> {
                fixed(value).map($type::from_le_bytes)
            }

            #[inline]
            fn not_decoded() -> $type {
                $type::default()
            }
        })*
    };
}

numbers!(i8 I8, i16 I16, i32 I32, i64 I64, i128 I128, u16 U16, u32 U32, u64 U64, u128 U128, f32 F32, f64 F64);

macro_rules! times {
    ($($type:ident),*) => {
        $(#[diagnostic::do_not_recommend]
        impl Field for crate::time::$type {
            by_serde!();

            const KIND: Kind = Kind::$type;

            #[inline]
            fn put(&self, out: &mut Vec<u8>) {
                self.millis().put(out);
            }

            #[inline]
            fn take(value: &[u8], shape: &Shape) -> Result<Self, Fault> {
                i64::take(value, shape).map(Self::from_millis)
            }

            #[inline]
            fn not_decoded() -> Self {
                Self::default()
            }
        })*
    };
}

times!(Timestamp, Duration);

/// The value's bytes as text.
#[inline]
pub(super) fn text(value: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(value).map_err(|error| Fault::Utf8(error.valid_up_to()))
}

#[inline]
pub(super) fn fixed<const N: usize>(value: &[u8]) -> Result<[u8; N], Fault> {
    value.try_into().map_err(|_| Fault::Width { expected: N, found: value.len() })
}

const fn width_or_zero(kind: &Kind) -> usize {
    match kind.width() {
        Some(width) => width,
        None => 0,
    }
}
