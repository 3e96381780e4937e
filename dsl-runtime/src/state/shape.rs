//! What a table keeps, as it is written: the description that stands in the manifest, so that state is never read as what it is not.

use std::fmt;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::trace::trace;
use crate::key::Key;

/// What a table keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TableShape {
    key: String,
    sub_key: String,
    value: Shape,
}

/// How a type's values are written to a checkpoint: what they consist of, in which order. Names of types are left out, since bytes
/// do not depend on them; so is a newtype around something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Shape {
    /// `i64`, `text`, `bytes`.
    Plain(String),
    Option(Box<Shape>),
    List(Box<Shape>),
    Map(Box<(Shape, Shape)>),
    Tuple(Vec<Shape>),
    Fields(Vec<(String, Shape)>),
    Variants(Vec<(String, Shape)>),
    /// A type that holds values of itself, at the place where it comes again.
    Again,
    /// It reads nothing but values of a kind that could not be found out.
    Unknown,
}

impl TableShape {
    pub(super) fn of<K: Key, S: Key, V: DeserializeOwned>() -> TableShape {
        TableShape { key: K::written_as(), sub_key: S::written_as(), value: trace::<V>() }
    }

    /// What is different from what it was, a sentence each. `parts` are the texts of what the value keeps one after the other, if
    /// these are several: of a window, its aggregates.
    pub(crate) fn changes_since(&self, then: &TableShape, parts: &[&str]) -> Vec<String> {
        let mut changes = Vec::new();
        for (what, then, now) in [("key", &then.key, &self.key), ("sub-key", &then.sub_key, &self.sub_key)] {
            if then != now {
                changes.push(format!("its {what} {}", was_and_is(then, now)));
            }
        }
        Comparison { parts, path: Path::default(), changes: &mut changes }.compare(&then.value, &self.value);
        changes
    }
}

impl Shape {
    pub(super) fn plain(name: &str) -> Shape {
        Shape::Plain(name.to_owned())
    }

    /// Nothing of it is unknown.
    pub(super) fn is_known(&self) -> bool {
        match self {
            Shape::Plain(_) | Shape::Again => true,
            Shape::Option(inner) | Shape::List(inner) => inner.is_known(),
            Shape::Map(inner) => inner.0.is_known() && inner.1.is_known(),
            Shape::Tuple(parts) => parts.iter().all(Shape::is_known),
            Shape::Fields(parts) | Shape::Variants(parts) => parts.iter().all(|(_, part)| part.is_known()),
            Shape::Unknown => false,
        }
    }

    /// The elements of nested pairs that end in nothing, as a list of aggregates is kept; `None` if it is something else.
    fn chain(&self) -> Option<Vec<&Shape>> {
        let (mut rest, mut elements) = (self, Vec::new());
        loop {
            match rest {
                Shape::Tuple(parts) => match &parts[..] {
                    [] => return Some(elements),
                    [first, next] => {
                        elements.push(first);
                        rest = next;
                    }
                    _ => return None,
                },
                _ => return None,
            }
        }
    }
}

/// Where in a value something is different.
#[derive(Debug, Clone, Default)]
struct Path {
    /// The text of the part, such as an aggregate.
    part: Option<String>,
    /// Names of fields and variants, the outermost first. What lies above a part is left out.
    names: Vec<String>,
}

struct Comparison<'a> {
    parts: &'a [&'a str],
    path: Path,
    changes: &'a mut Vec<String>,
}

impl Comparison<'_> {
    fn compare(&mut self, then: &Shape, now: &Shape) {
        if then == now {
            return;
        }
        if let (None, Some(then), Some(now)) = (&self.path.part, then.chain(), now.chain())
            && then.len() == now.len()
            && then.len() == self.parts.len()
        {
            for (at, (then, now)) in then.into_iter().zip(now).enumerate() {
                let path = Path { part: Some(self.parts[at].to_owned()), names: Vec::new() };
                self.at(path, then, now);
            }
            return;
        }
        match (then, now) {
            (Shape::Option(then), Shape::Option(now)) | (Shape::List(then), Shape::List(now)) => {
                self.compare(then, now);
            }
            (Shape::Map(then), Shape::Map(now)) => {
                self.compare(&then.0, &now.0);
                self.compare(&then.1, &now.1);
            }
            (Shape::Tuple(then), Shape::Tuple(now)) if then.len() == now.len() => {
                then.iter().zip(now).for_each(|(then, now)| self.compare(then, now));
            }
            (Shape::Fields(then), Shape::Fields(now)) => self.named("fields", "field", then, now),
            (Shape::Variants(then), Shape::Variants(now)) => self.named("variants", "variant", then, now),
            _ => {
                self.tell(&format!("{} {}", self.subject(), was_and_is(&then.to_string(), &now.to_string())))
            }
        }
    }

    fn named(&mut self, many: &str, one: &str, then: &[(String, Shape)], now: &[(String, Shape)]) {
        let names = |list: &[(String, Shape)]| list.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let (before, after) = (names(then), names(now));
        if before != after {
            let gone: Vec<_> = before.iter().filter(|name| !after.contains(name)).collect();
            let new: Vec<_> = after.iter().filter(|name| !before.contains(name)).collect();
            for (names, what) in [(&gone, "is gone"), (&new, "is new")] {
                names.iter().for_each(|name| self.tell(&format!("{one} `{}` {what}", self.path.with(name))));
            }
            if gone.is_empty() && new.is_empty() {
                let order = was_and_is(&before.join(", "), &after.join(", "));
                let order = order.replacen("was", "were", 1).replacen("is", "are", 1);
                self.tell(&match self.path.names.is_empty() {
                    true => format!("its {many} {order}"),
                    false => format!("the {many} of {} {order}", self.subject()),
                });
            }
        }
        for (name, then) in then {
            if let Some((_, now)) = now.iter().find(|(other, _)| other == name) {
                let mut path = self.path.clone();
                path.names.push(name.clone());
                self.at(path, then, now);
            }
        }
    }

    fn at(&mut self, path: Path, then: &Shape, now: &Shape) {
        Comparison { parts: self.parts, path, changes: &mut *self.changes }.compare(then, now);
    }

    fn tell(&mut self, change: &str) {
        self.changes.push(match &self.path.part {
            Some(part) => format!("what `{part}` keeps has changed: {change}"),
            None => format!("what it keeps has changed: {change}"),
        });
    }

    fn subject(&self) -> String {
        if self.path.names.is_empty() { "it".to_owned() } else { format!("`{}`", self.path.names.join(".")) }
    }
}

impl Path {
    fn with(&self, name: &str) -> String {
        self.names.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join(".")
    }
}

fn was_and_is(then: &str, now: &str) -> String {
    format!("was {then} when the state was left, and is {now} now")
}

/// For messages.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Plain(name) => f.write_str(name),
            Shape::Option(inner) => write!(f, "Option<{inner}>"),
            Shape::List(inner) => write!(f, "a list of {inner}"),
            Shape::Map(inner) => write!(f, "a map from {} to {}", inner.0, inner.1),
            Shape::Tuple(parts) => {
                let parts: Vec<String> = parts.iter().map(Shape::to_string).collect();
                write!(f, "({})", parts.join(", "))
            }
            Shape::Fields(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|(name, shape)| format!("{name}: {shape}")).collect();
                write!(f, "{{ {} }}", fields.join(", "))
            }
            Shape::Variants(variants) => {
                let names: Vec<&str> = variants.iter().map(|(name, _)| name.as_str()).collect();
                write!(f, "one of {}", names.join(" | "))
            }
            Shape::Again => f.write_str("itself"),
            Shape::Unknown => f.write_str("something"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Chain<A, B> = (A, (B, ()));

    #[track_caller]
    fn check<Then: DeserializeOwned, Now: DeserializeOwned>(parts: &[&str], expected: &[&str]) {
        let (then, now) = (TableShape::of::<u64, (), Then>(), TableShape::of::<u64, (), Now>());
        assert_eq!(now.changes_since(&then, parts), expected);
        assert!(now.changes_since(&now, parts).is_empty());
    }

    mod then {
        #[derive(serde::Deserialize)]
        pub(super) struct Pick {
            _at: i64,
            _kind: Kind,
            _gone: bool,
        }
        #[derive(serde::Deserialize)]
        pub(super) enum Kind {
            _Card,
            _Cash,
        }
        #[derive(serde::Deserialize)]
        pub(super) struct Ordered {
            _a: i64,
            _b: i64,
        }
    }

    mod now {
        #[derive(serde::Deserialize)]
        pub(super) struct Pick {
            _at: f64,
            _kind: Kind,
            _new: bool,
        }
        #[derive(serde::Deserialize)]
        pub(super) enum Kind {
            _Cash,
            _Card,
        }
        #[derive(serde::Deserialize)]
        pub(super) struct Ordered {
            _b: i64,
            _a: i64,
        }
    }

    #[test]
    fn a_change_names_the_aggregate_and_the_field() {
        check::<Chain<u64, Option<then::Pick>>, Chain<u64, Option<now::Pick>>>(
            &["count()", "last(p.pick)"],
            &[
                "what `last(p.pick)` keeps has changed: field `_gone` is gone",
                "what `last(p.pick)` keeps has changed: field `_new` is new",
                "what `last(p.pick)` keeps has changed: `_at` was i64 when the state was left, and is f64 now",
                "what `last(p.pick)` keeps has changed: the variants of `_kind` were _Card, _Cash when the state was left, and are _Cash, \
                 _Card now",
            ],
        );
        check::<Chain<u64, Option<u32>>, Chain<u64, Option<String>>>(
            &["count()", "max(p.seat)"],
            &["what `max(p.seat)` keeps has changed: it was u32 when the state was left, and is text now"],
        );
    }

    #[test]
    fn what_has_no_parts_is_told_of_the_whole() {
        check::<Vec<then::Ordered>, Vec<now::Ordered>>(
            &[],
            &[
                "what it keeps has changed: its fields were _a, _b when the state was left, and are _b, _a now",
            ],
        );
        check::<(u8, u8), (u8, u8, u8)>(
            &[],
            &["what it keeps has changed: it was (u8, u8) when the state was left, and is (u8, u8, u8) now"],
        );
    }

    #[test]
    fn a_key_that_is_written_otherwise_is_another_key() {
        let (then, now) = (TableShape::of::<u64, (), ()>(), TableShape::of::<(u32, bool), (), ()>());
        assert_eq!(
            now.changes_since(&then, &[]),
            ["its key was u64 when the state was left, and is (u32, bool) now"]
        );
    }
}
