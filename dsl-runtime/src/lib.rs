//! The engine under the pipelines.

// The derives emit paths through the facade's name; this crate's own tests use them, too.
#[cfg(test)]
extern crate self as waterwheel;

pub mod key;
pub mod record;
mod time;

#[doc(hidden)]
#[path = "rt.rs"]
pub mod __rt;

pub use time::{Duration, ParseTimestampError, Timestamp};

/// Stands in until the language is here.
pub mod dsl {
    /// A stream's rows grouped by a key.
    #[derive(Debug)]
    pub struct Grouped<K, T, E>(std::marker::PhantomData<fn() -> (K, T, E)>);
}
