//! The facts of a topic that `topics!` puts into a type: its row, key, event time, format and partitions.

use crate::record::{Format, Record};
use crate::time::Timestamp;

use super::EventTime;

/// A topic, as a type: what `topics!` declares. Its values carry nothing; they name the topic in `source(Payments)` and
/// `.sink(Payments)`.
pub trait Topic: Copy + Default + Send + Sync + 'static {
    /// The type of the topic's rows.
    type Row: Record;
    /// [`NoLateness`](super::NoLateness) if the rows have event time, [`NoEventTime`](super::NoEventTime) if not.
    type Time: EventTime;
    /// The topic's name in the log.
    const NAME: &'static str;
    /// How many partitions the topic is created with, 1 to 65,535.
    const PARTITIONS: u32;
    /// How its rows are written.
    const FORMAT: Format;
    /// The declaration of the key as the user wrote it, empty without one.
    const KEY: &'static str;
    /// The declaration of event time as the user wrote it, empty without one.
    const TIME: &'static str;
    /// Appends the encoded key of a row; `false` if the topic has no key.
    fn encode_key(row: &Self::Row, out: &mut Vec<u8>) -> bool;
    /// The event time of a row; [`Timestamp::MIN`] if the topic has none.
    fn time(row: &Self::Row) -> Timestamp;
}

/// The topic's rows are of type `T`.
#[diagnostic::on_unimplemented(
    message = "topic `{Self}` does not hold `{T}` rows",
    label = "this topic's rows are of another type",
    note = "a topic's row type stands where it is declared: `topics! {{ Name(\"name\"): Row {{ .. }} }}`; turn the stream's rows into it with `.map(..)` or `.select(..)`"
)]
pub trait Holds<T> {}

#[diagnostic::do_not_recommend]
impl<S: Topic> Holds<S::Row> for S {}
