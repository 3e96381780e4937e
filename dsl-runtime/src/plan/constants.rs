//! The values of constants that closures name, as text where their types allow it.
//!
//! Generated code calls `(&&Constant(&LIMIT)).value()`. Which of the three traits that calls is settled by how often the
//! receiver has to be dereferenced: serde's text before `Debug`'s, and nothing for a type that has neither. Only `Copy` types
//! are asked: a static that can change its value, such as an atomic or a lock, is not `Copy`, and its value is none of a
//! pipeline's.

use std::fmt::Debug;

use serde::Serialize;

use crate::key::key_hash;

/// A constant, or a static.
pub struct Constant<'a, T: ?Sized>(pub &'a T);

impl<T: ?Sized> Clone for Constant<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T: ?Sized> Copy for Constant<'_, T> {}

/// Longer texts are kept as a hash.
const TEXT_MAX: usize = 200;

/// The value of a type with serde's `Serialize`.
pub trait AsJson {
    /// The value as JSON; `None` if it cannot be that.
    fn value(&self) -> Option<String>;
}

impl<T: Copy + Serialize> AsJson for &Constant<'_, T> {
    fn value(&self) -> Option<String> {
        serde_json::to_string(self.0).ok().map(shortened)
    }
}

/// The value of a type with `Debug` alone.
pub trait AsDebug {
    /// The value as `{:?}` shows it; `None` for pointers, whose text is another one in every process.
    fn value(&self) -> Option<String>;
}

impl<T: Copy + Debug> AsDebug for Constant<'_, T> {
    fn value(&self) -> Option<String> {
        let text = format!("{:?}", self.0);
        (!text.starts_with("0x")).then(|| shortened(text))
    }
}

/// The value of any other type, which is not known.
pub trait Unknown {
    /// `None`.
    fn value(self) -> Option<String>;
}

impl<T: ?Sized> Unknown for Constant<'_, T> {
    fn value(self) -> Option<String> {
        None
    }
}

fn shortened(text: String) -> String {
    if text.len() <= TEXT_MAX {
        text
    } else {
        format!("a value with the hash {:016x}", key_hash(text.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    #[derive(Debug, Clone, Copy)]
    #[expect(dead_code, reason = "its field is read by `Debug` alone")]
    struct Shown(u8);

    struct Silent;

    fn double(value: u64) -> u64 {
        value * 2
    }

    #[test]
    #[expect(clippy::needless_borrow, reason = "emitted code asks so: the borrows choose among the traits")]
    fn values_are_taken_where_their_types_allow_it() {
        const NUMBER: i64 = -5;
        const TEXT: &str = "a";
        const LIST: &[f64] = &[0.5, 2.0];
        const SHOWN: Shown = Shown(3);
        const FUNCTION: fn(u64) -> u64 = double;
        static SILENT: Silent = Silent;
        static COUNTER: AtomicU64 = AtomicU64::new(3);
        assert_eq!((&&Constant(&NUMBER)).value().as_deref(), Some("-5"));
        assert_eq!((&&Constant(&TEXT)).value().as_deref(), Some("\"a\""));
        assert_eq!((&&Constant(&LIST)).value().as_deref(), Some("[0.5,2.0]"));
        assert_eq!((&&Constant(&SHOWN)).value().as_deref(), Some("Shown(3)"));
        assert_eq!((&&Constant(&FUNCTION)).value(), None);
        assert_eq!((&&Constant(&SILENT)).value(), None);
        assert_eq!((&&Constant(&COUNTER)).value(), None);
    }

    #[test]
    fn a_long_value_is_kept_as_a_hash() {
        const LIST: [u64; 200] = [7; 200];
        let value = (&&Constant(&LIST.as_slice())).value();
        assert!(value.is_some_and(|value| value.starts_with("a value with the hash ")));
    }
}
