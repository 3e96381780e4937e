//! What the serde implementations of `#[derive(Record)]` have in common, so that the derive emits little.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};

use super::field::{BySerde, Field};

/// A record whose fields are being collected; the derive writes one for each record.
pub trait Builder<'de>: Default {
    /// What comes out.
    type Output;
    /// The type's name.
    const NAME: &'static str;
    /// The fields' names in the order of declaration.
    const FIELDS: &'static [&'static str];

    /// Reads field `index` of [`Builder::FIELDS`]; whether the input had it.
    fn set<S: Source<'de>>(&mut self, index: usize, source: &mut S) -> Result<bool, S::Error>;

    /// All fields were offered: fills in what is missing.
    fn finish<E: Error>(self) -> Result<Self::Output, E>;
}

/// An enum whose variants the derive knows.
pub trait Variants<'de> {
    /// The enum.
    type Output;
    /// The type's name.
    const NAME: &'static str;
    /// The variants' names in the order of declaration.
    const VARIANTS: &'static [&'static str];

    /// Reads the content of variant `index`.
    fn take<A: VariantAccess<'de>>(index: usize, access: A) -> Result<Self::Output, A::Error>;
}

/// Where the next field's value comes from: a map, after its key, or a sequence.
pub trait Source<'de> {
    /// The format's error.
    type Error: Error;

    /// The next value; `None` at the end of a sequence.
    fn value<T: Deserialize<'de>>(&mut self) -> Result<Option<T>, Self::Error>;
}

/// Reads a record.
pub fn deserialize<'de, B: Builder<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<B::Output, D::Error> {
    let fields = Fields(PhantomData::<B>);
    if deserializer.is_human_readable() {
        return deserializer.deserialize_struct(B::NAME, B::FIELDS, Named(fields));
    }
    deserializer.deserialize_struct(B::NAME, B::FIELDS, fields)
}

/// Reads an enum.
pub fn deserialize_enum<'de, V: Variants<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<V::Output, D::Error> {
    let named = deserializer.is_human_readable();
    deserializer.deserialize_enum(V::NAME, V::VARIANTS, OneOf { named, variants: PhantomData::<V> })
}

/// Reads the fields of a variant.
pub fn variant_fields<'de, B: Builder<'de>, A: VariantAccess<'de>>(access: A) -> Result<B::Output, A::Error> {
    access.struct_variant(B::FIELDS, Fields(PhantomData::<B>))
}

/// Reads one field into its place; whether the input had it.
pub(super) fn fill<'de, T: Field, S: Source<'de>>(
    place: &mut Option<T>,
    name: &'static str,
    source: &mut S,
) -> Result<bool, S::Error> {
    if place.is_some() {
        return Err(Error::duplicate_field(name));
    }
    // The formats say at best a line and a column; people look for the field.
    let value = source.value::<BySerde<T>>();
    let value = value.map_err(|error| Error::custom(format_args!("field `{name}`: {error}")))?;
    *place = value.map(|value| value.0);
    Ok(place.is_some())
}

struct Fields<B>(PhantomData<B>);

impl<'de, B: Builder<'de>> Visitor<'de> for Fields<B> {
    type Value = B::Output;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the fields of `{}`", B::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<B::Output, A::Error> {
        let mut builder = B::default();
        while let Some(index) = map.next_key_seed(Name(B::FIELDS))? {
            match index {
                Some(index) => {
                    builder.set(index, &mut FromMap(&mut map))?;
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        builder.finish()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<B::Output, A::Error> {
        let mut builder = B::default();
        let mut source = FromSeq(seq);
        for index in 0..B::FIELDS.len() {
            if !builder.set(index, &mut source)? {
                break;
            }
        }
        builder.finish()
    }
}

/// Fields by name only: in formats for people, JSON above all, values do not go by their order.
struct Named<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Named<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with ")?;
        self.0.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(map)
    }
}

/// A variant whose fields go by name only.
impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Named<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        self.0.newtype_variant_seed(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.struct_variant(fields, Named(visitor))
    }
}

struct OneOf<V> {
    /// Whether the fields of a variant go by name only.
    named: bool,
    variants: PhantomData<V>,
}

impl<'de, V: Variants<'de>> Visitor<'de> for OneOf<V> {
    type Value = V::Output;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a variant of `{}`", V::NAME)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<V::Output, A::Error> {
        let (index, access) = data.variant_seed(VariantName(V::VARIANTS))?;
        if self.named { V::take(index, Named(access)) } else { V::take(index, access) }
    }
}

struct FromMap<'a, A>(&'a mut A);

impl<'de, A: MapAccess<'de>> Source<'de> for FromMap<'_, A> {
    type Error = A::Error;

    fn value<T: Deserialize<'de>>(&mut self) -> Result<Option<T>, A::Error> {
        self.0.next_value().map(Some)
    }
}

struct FromSeq<A>(A);

impl<'de, A: SeqAccess<'de>> Source<'de> for FromSeq<A> {
    type Error = A::Error;

    fn value<T: Deserialize<'de>>(&mut self) -> Result<Option<T>, A::Error> {
        self.0.next_element()
    }
}

/// A name's place in a list; `None` if it is not in there.
#[derive(Clone, Copy)]
struct Name(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_u64<E: Error>(self, index: u64) -> Result<Option<usize>, E> {
        Ok(usize::try_from(index).ok().filter(|index| *index < self.0.len()))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Option<usize>, E> {
        Ok(self.0.iter().position(|known| *known == name))
    }

    fn visit_bytes<E: Error>(self, name: &[u8]) -> Result<Option<usize>, E> {
        Ok(self.0.iter().position(|known| known.as_bytes() == name))
    }
}

struct VariantName(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for VariantName {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for VariantName {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "one of {}", self.0.join(", "))
    }

    fn visit_u64<E: Error>(self, index: u64) -> Result<usize, E> {
        Name(self.0).visit_u64(index)?.ok_or_else(|| E::custom(format_args!("there is no variant {index}")))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<usize, E> {
        Name(self.0).visit_str(name)?.ok_or_else(|| E::unknown_variant(name, self.0))
    }

    fn visit_bytes<E: Error>(self, name: &[u8]) -> Result<usize, E> {
        self.visit_str(&String::from_utf8_lossy(name))
    }
}
