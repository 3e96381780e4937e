//! Finding out how a type's values are written, by reading some that are made up on the way.
//!
//! A type says what it reads by what its `Deserialize` asks for: a struct with these fields, an `i64`, one variant of these. It is
//! given small values until every variant of every enum in it was seen.
//!
//! # Contract
//! It ends for every type, with the same shape in every process. What a type refuses, whatever it is given, stays
//! [`Shape::Unknown`], as does what stands behind it.

use std::any::type_name;
use std::{fmt, mem};

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};

use super::shape::Shape;

/// Values that are tried one after the other, where a type does not take the first.
const NUMBERS: [u8; 2] = [0, 1];
const TEXTS: [&str; 4] = ["", "1", "1970-01-01T00:00:00Z", "00000000-0000-0000-0000-000000000000"];
const BYTES: [&[u8]; 2] = [&[], &[0; 16]];

/// So many values in a row that a type does not take end the search.
const REFUSED_MAX: usize = 16;
/// So many values end it in any case.
const VALUES_MAX: usize = 4096;
/// Types that lie in one another so deep are given up.
const DEPTH_MAX: usize = 128;

/// How the values of a type are written.
pub(super) fn trace<T: DeserializeOwned>() -> Shape {
    let (mut shape, mut refused) = (Shape::Unknown, 0);
    for value in 0..VALUES_MAX {
        let mut way = Way { choice: value, around: Vec::new(), ends: false };
        match T::deserialize(Tracer { shape: &mut shape, way: &mut way }) {
            Ok(_) => refused = 0,
            Err(_) => refused += 1,
        }
        if shape.is_known() || refused >= REFUSED_MAX {
            break;
        }
    }
    shape
}

/// The way to the place at hand in the value that is read.
struct Way {
    /// Which of several values is given, where there is a choice.
    choice: usize,
    /// The types that the place lies in.
    around: Vec<&'static str>,
    /// One of them has come a second time: the value is to end soon.
    ends: bool,
}

/// Reads a made-up value, and notes what was asked for.
struct Tracer<'a> {
    shape: &'a mut Shape,
    way: &'a mut Way,
}

/// A made-up value was not taken, or the type asks for what its values must say themselves.
#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a made-up value was refused")
    }
}

impl std::error::Error for Refused {}

impl de::Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Refused {
        Refused
    }
}

impl<'a> Tracer<'a> {
    /// Reads what consists of parts, inside of which its own type may come again.
    fn within<V, T>(
        self,
        found: Shape,
        read: impl FnOnce(V, &mut Shape, &mut Way) -> Result<T, Refused>,
        visitor: V,
    ) -> Result<T, Refused> {
        let Tracer { shape, way } = self;
        let name = type_name::<V>();
        let comes_again = way.around.contains(&name);
        if way.around.len() >= DEPTH_MAX {
            return Err(Refused);
        }
        let mut aside = found.clone();
        let inner_ends = comes_again || way.ends;
        let shape = if inner_ends {
            if comes_again && *shape == Shape::Unknown {
                *shape = Shape::Again;
            }
            &mut aside
        } else {
            note(shape, found);
            shape
        };
        let ends = mem::replace(&mut way.ends, inner_ends);
        way.around.push(name);
        let read = read(visitor, shape, way);
        way.around.pop();
        way.ends = ends;
        read
    }

    fn names(names: &[&str]) -> Vec<(String, Shape)> {
        names.iter().map(|name| ((*name).to_owned(), Shape::Unknown)).collect()
    }
}

/// Notes what was found, unless it is known already, in parts.
fn note(shape: &mut Shape, found: Shape) {
    if *shape == Shape::Unknown {
        *shape = found;
    }
}

/// The shapes that the parts of a shape have.
fn parts(shape: &mut Shape) -> Vec<&mut Shape> {
    match shape {
        Shape::Option(inner) | Shape::List(inner) => vec![inner],
        Shape::Map(inner) => {
            let (key, value) = &mut **inner;
            vec![key, value]
        }
        Shape::Tuple(parts) => parts.iter_mut().collect(),
        Shape::Fields(parts) | Shape::Variants(parts) => parts.iter_mut().map(|(_, part)| part).collect(),
        Shape::Plain(_) | Shape::Again | Shape::Unknown => Vec::new(),
    }
}

macro_rules! numbers {
    ($($method:ident, $visit:ident, $type:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
            note(self.shape, Shape::plain(stringify!($type)));
            visitor.$visit(<$type>::from(NUMBERS[self.way.choice % NUMBERS.len()]))
        }
    )*};
}

macro_rules! values {
    ($($method:ident, $visit:ident, $name:literal, $values:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
            note(self.shape, Shape::plain($name));
            visitor.$visit($values[self.way.choice % $values.len()])
        }
    )*};
}

impl<'de> Deserializer<'de> for Tracer<'_> {
    type Error = Refused;

    fn is_human_readable(&self) -> bool {
        false
    }

    numbers! {
        deserialize_i16, visit_i16, i16;
        deserialize_i32, visit_i32, i32;
        deserialize_i64, visit_i64, i64;
        deserialize_i128, visit_i128, i128;
        deserialize_u8, visit_u8, u8;
        deserialize_u16, visit_u16, u16;
        deserialize_u32, visit_u32, u32;
        deserialize_u64, visit_u64, u64;
        deserialize_u128, visit_u128, u128;
        deserialize_f32, visit_f32, f32;
        deserialize_f64, visit_f64, f64;
    }

    values! {
        deserialize_i8, visit_i8, "i8", [0_i8, 1];
        deserialize_bool, visit_bool, "bool", [false, true];
        deserialize_char, visit_char, "char", ['a', '1'];
        deserialize_str, visit_str, "text", TEXTS;
        deserialize_string, visit_str, "text", TEXTS;
        deserialize_bytes, visit_bytes, "bytes", BYTES;
        deserialize_byte_buf, visit_bytes, "bytes", BYTES;
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refused> {
        Err(Refused)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refused> {
        Err(Refused)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refused> {
        Err(Refused)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        if self.way.ends {
            return visitor.visit_none();
        }
        note(self.shape, Shape::Option(Box::new(Shape::Unknown)));
        let way = self.way;
        match parts(self.shape).into_iter().next() {
            Some(shape) => visitor.visit_some(Tracer { shape, way }),
            None => visitor.visit_none(),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        note(self.shape, Shape::Tuple(Vec::new()));
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        if self.way.ends {
            return visitor.visit_seq(Parts { shapes: Vec::new().into_iter(), way: self.way });
        }
        note(self.shape, Shape::List(Box::new(Shape::Unknown)));
        visitor.visit_seq(Parts { shapes: parts(self.shape).into_iter(), way: self.way })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Refused> {
        self.within(Shape::Tuple(vec![Shape::Unknown; length]), read_parts, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        if self.way.ends {
            return visitor.visit_map(Parts { shapes: Vec::new().into_iter(), way: self.way });
        }
        note(self.shape, Shape::Map(Box::new((Shape::Unknown, Shape::Unknown))));
        visitor.visit_map(Parts { shapes: parts(self.shape).into_iter(), way: self.way })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.within(Shape::Fields(Tracer::names(fields)), read_parts, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let found = Shape::Variants(Tracer::names(variants));
        self.within(found, |visitor, shape, way| visitor.visit_enum(Chosen { shape, way }), visitor)
    }
}

fn read_parts<'de, V: Visitor<'de>>(
    visitor: V,
    shape: &mut Shape,
    way: &mut Way,
) -> Result<V::Value, Refused> {
    visitor.visit_seq(Parts { shapes: parts(shape).into_iter(), way })
}

/// The parts of a value, one after the other.
struct Parts<'a> {
    shapes: std::vec::IntoIter<&'a mut Shape>,
    way: &'a mut Way,
}

impl<'de> SeqAccess<'de> for Parts<'_> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refused> {
        let Some(shape) = self.shapes.next() else { return Ok(None) };
        seed.deserialize(Tracer { shape, way: &mut *self.way }).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.shapes.len())
    }
}

/// One pair.
impl<'de> MapAccess<'de> for Parts<'_> {
    type Error = Refused;

    fn next_key_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refused> {
        self.next_element_seed(seed)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Refused> {
        self.next_element_seed(seed)?.ok_or(Refused)
    }
}

/// An enum, of which one variant is read.
struct Chosen<'a> {
    shape: &'a mut Shape,
    way: &'a mut Way,
}

impl<'a, 'de> EnumAccess<'de> for Chosen<'a> {
    type Error = Refused;
    type Variant = Tracer<'a>;

    /// One that is not known yet, if there are such; else any.
    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Tracer<'a>), Refused> {
        let variants = parts(self.shape);
        let unknown: Vec<usize> = (0..variants.len()).filter(|at| !variants[*at].is_known()).collect();
        let candidates = if unknown.is_empty() { (0..variants.len()).collect() } else { unknown };
        let at = *candidates.get(self.way.choice % candidates.len().max(1)).ok_or(Refused)?;
        let number = u32::try_from(at).map_err(|_| Refused)?;
        let shape = variants.into_iter().nth(at).ok_or(Refused)?;
        let variant = seed.deserialize(IntoDeserializer::<Refused>::into_deserializer(number))?;
        Ok((variant, Tracer { shape, way: self.way }))
    }
}

impl<'de> VariantAccess<'de> for Tracer<'_> {
    type Error = Refused;

    fn unit_variant(self) -> Result<(), Refused> {
        note(self.shape, Shape::Tuple(Vec::new()));
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Refused> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Refused> {
        note(self.shape, Shape::Tuple(vec![Shape::Unknown; length]));
        read_parts(visitor, self.shape, self.way)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        note(self.shape, Shape::Fields(Tracer::names(fields)));
        read_parts(visitor, self.shape, self.way)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};
    use std::num::NonZeroU32;

    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::aggregates::{self, Aggregate, ExactSum};
    use crate::place::Place;
    use crate::time::{Duration, Timestamp};

    #[track_caller]
    fn check<T: DeserializeOwned>(json: &str) {
        let shape = trace::<T>();
        assert_eq!(serde_json::to_string(&shape).unwrap().replace('"', ""), json);
        assert_eq!(serde_json::from_str::<Shape>(&serde_json::to_string(&shape).unwrap()).unwrap(), shape);
    }

    #[derive(Serialize, Deserialize)]
    struct Cents(i64);

    #[derive(Serialize, Deserialize)]
    struct Nothing;

    #[derive(Serialize, Deserialize)]
    struct Pair<T> {
        left: T,
        right: Option<T>,
    }

    #[derive(Serialize, Deserialize)]
    enum Event {
        Started,
        Paid(Cents),
        Moved(u8, String),
        Named { name: String, way: Way },
    }

    #[derive(Serialize, Deserialize)]
    enum Way {
        Up,
        Down(bool),
    }

    #[derive(Serialize, Deserialize)]
    enum Term {
        Negative(Box<Term>),
        Sum(Vec<Term>),
        Number(i64),
    }

    #[derive(Serialize, Deserialize)]
    struct Tree {
        value: u8,
        left: Option<Box<Tree>>,
        right: Option<Box<Tree>>,
    }

    #[test]
    fn types_are_what_they_ask_for() {
        check::<(i8, u128, f32, char, bool)>(
            "{tuple:[{plain:i8},{plain:u128},{plain:f32},{plain:char},{plain:bool}]}",
        );
        check::<Vec<Option<String>>>("{list:{option:{plain:text}}}");
        check::<BTreeMap<u16, HashMap<String, ()>>>("{map:[{plain:u16},{map:[{plain:text},{tuple:[]}]}]}");
        check::<(Timestamp, Duration, Nothing)>("{tuple:[{plain:i64},{plain:i64},{tuple:[]}]}");
        check::<Pair<Pair<Cents>>>(
            "{fields:[[left,{fields:[[left,{plain:i64}],[right,{option:{plain:i64}}]]}],\
             [right,{option:{fields:[[left,{plain:i64}],[right,{option:{plain:i64}}]]}}]]}",
        );
        check::<Event>(
            "{variants:[[Started,{tuple:[]}],[Paid,{plain:i64}],[Moved,{tuple:[{plain:u8},{plain:text}]}],\
             [Named,{fields:[[name,{plain:text}],[way,{variants:[[Up,{tuple:[]}],[Down,{plain:bool}]]}]]}]]}",
        );
    }

    #[test]
    fn a_type_that_holds_itself_ends_where_it_comes_again() {
        check::<Tree>("{fields:[[value,{plain:u8}],[left,{option:again}],[right,{option:again}]]}");
        check::<Term>("{variants:[[Negative,again],[Sum,{list:again}],[Number,{plain:i64}]]}");
    }

    #[test]
    fn a_type_that_does_not_take_every_value_is_known_by_one_that_it_takes() {
        check::<(NonZeroU32, std::net::IpAddr)>(
            "{tuple:[{plain:u32},{variants:[[V4,{tuple:[{plain:u8},{plain:u8},{plain:u8},{plain:u8}]}],[V6,{tuple:[{plain:u8},\
             {plain:u8},{plain:u8},{plain:u8},{plain:u8},{plain:u8},{plain:u8},{plain:u8},{plain:u8},{plain:u8},{plain:u8},\
             {plain:u8},{plain:u8},{plain:u8},{plain:u8},{plain:u8}]}]]}]}",
        );
        assert!(trace::<ExactSum>().is_known() && trace::<Place>().is_known());
    }

    fn check_aggregate<V, A: Aggregate<V>>(_: A, json: &str) {
        check::<(A::State, u8)>(&format!("{{tuple:[{json},{{plain:u8}}]}}"));
    }

    /// What is behind one of them, in the list of a window's aggregates, is known only if it is known itself.
    #[test]
    fn what_aggregates_keep_is_known() {
        let floats = "{fields:[[negative,{plain:bool}],[low,{plain:u16}],[limbs,{list:{plain:u32}}],[special,{option:{fields:[[nan,{plain:u64}],\
                      [infinity,{plain:u64}],[negative_infinity,{plain:u64}]]}}]]}";
        let three = "{tuple:[{plain:u64},{plain:u64},{plain:u64}]}";
        let total =
            format!("{{fields:[[negative,{{plain:bool}}],[whole,{three}],[floats,{{option:{floats}}}]]}}");
        let moments = format!("{{fields:[[count,{{plain:u64}}],[sum,{total}],[squares,{total}]]}}");
        check_aggregate::<f64, _>(aggregates::variance(), &moments);
        check_aggregate::<(i64, f64), _>(
            aggregates::weighted_mean(),
            &format!("{{tuple:[{total},{total}]}}"),
        );
        check_aggregate::<String, _>(aggregates::distinct(), "{list:{plain:text}}");
        check_aggregate::<String, _>(aggregates::approx_distinct(), "{plain:bytes}");
        let counts = "{map:[{plain:i32},{plain:u64}]}";
        check_aggregate::<f64, _>(
            aggregates::quantile(0.5),
            &format!(
                "{{fields:[[below,{counts}],[zero,{{plain:u64}}],[above,{counts}],[not_a_number,{{plain:u64}}],[ends,{{option:{{tuple:[\
                 {{plain:f64}},{{plain:f64}}]}}}}]]}}"
            ),
        );
        assert!(trace::<<aggregates::Collect as Aggregate<String>>::State>().is_known());
        assert!(trace::<<aggregates::MaxBy as Aggregate<(String, u64)>>::State>().is_known());
    }

    /// A text that only its author knows.
    #[derive(Debug, Serialize)]
    struct Secret;

    impl<'de> Deserialize<'de> for Secret {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
            match String::deserialize(deserializer)?.as_str() {
                "open sesame" => Ok(Secret),
                other => Err(de::Error::custom(other)),
            }
        }
    }

    #[test]
    fn what_stands_behind_a_value_that_is_refused_is_unknown() {
        check::<(u8, Secret, u8)>("{tuple:[{plain:u8},{plain:text},unknown]}");
        check::<serde_json::Value>("unknown");
    }
}
