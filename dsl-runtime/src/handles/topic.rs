//! The facts of a topic that `topics!` puts into a type: its row, key, event time, format and partitions.

use crate::not_there::not_there;
use crate::record::{Format, Record};
use crate::time::Timestamp;

use super::EventTime;

/// A topic, as a type: what `topics!` declares. Its values carry nothing; they name the topic in `source(Payments)` and
/// `.sink(Payments)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a topic",
    label = "not a topic",
    note = "topics are declared with `topics! {{ Payments(\"payments\"): Payment {{ .. }} }}`, and go by their names, which are no texts, and not the type of their rows: `source(Payments)`, `.sink(Payments)`, \
            `TypedTopic::open(&store, Payments)?`, and in a test `t.push(Payments, payment)` and `t.rows(Payments)`"
)]
pub trait Topic: NamesTopic<Topic = Self> + Copy + Send + Sync + 'static {
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
    /// How long its records are kept, in milliseconds; `None` if the declaration does not say.
    const RETENTION_MS: Option<u64> = None;
    /// How its records are compressed, by the name of a [`log_store::Compression`]; `None` if the declaration does not say.
    const COMPRESSION: Option<&'static str> = None;
    /// What an acknowledgement of its rows promises, by the name of a [`log_store::Durability`] in the log's settings; `None` if the declaration does not say.
    const DURABILITY: Option<&'static str> = None;
    /// The fields that the event time is taken from, by name; `None` if that may be any of them.
    #[doc(hidden)]
    const TIME_FIELDS: Option<&'static [&'static str]> = None;
    /// Whether the event time is the record's append time, and not one of the row's own.
    #[doc(hidden)]
    const TIME_IS_APPEND: bool = false;
    /// Appends the encoded key of a row; `false` if the topic has no key.
    fn encode_key(row: &Self::Row, out: &mut Vec<u8>) -> bool;
    /// The event time of a row; [`Timestamp::MIN`] if the topic has none, or takes it from the record.
    fn time(row: &Self::Row) -> Timestamp;
}

/// A topic with a key. `topics!` implements it for each that declares one.
#[diagnostic::on_unimplemented(
    message = "topic `{Self}` has no key",
    label = "a view has the latest row of each key",
    note = "declare what its rows go by, `topics! {{ Name(\"name\"): Row {{ key: field }} }}`, or `key: (field, other)`"
)]
pub trait Keyed {}

/// A topic that is opened, or whose rows are asked for, by its name alone: none.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a topic's name is not the topic in a log",
    label = "there is no such method",
    note = "its rows are read and appended through a store: `let topic = TypedTopic::open(&store, Payments)?;`, then `topic.rows()`, \
            `topic.tail()` and `topic.append(&rows)?`; in a pipeline it is read by `source(Payments)`, and written by `.sink(Payments)`"
)]
pub trait HasLog {}

/// What the name of a topic dereferences to, so that methods which are looked for there are found: those of a topic that is open. `topics!`
/// says so of each topic alone, and no other type's methods are looked for here.
#[doc(hidden)]
#[derive(Debug)]
pub struct NameAlone<P>(std::marker::PhantomData<P>);

impl<P: 'static> NameAlone<P> {
    /// The one there is.
    pub const NAME: &'static Self = &NameAlone(std::marker::PhantomData);
}

/// What a topic that is open would give.
#[doc(hidden)]
#[derive(Debug)]
pub struct OfLog<P, R>(std::marker::PhantomData<(P, R)>);

// As many arguments as people give: the store, and rows.
not_there! {
    [P] NameAlone<P>:
    [<A, B, R>(&self, _: A, _: B) -> R] where [OfLog<P, R>: HasLog]: append append_all send write push insert publish produce;
    [<A, R>(&self, _: A) -> R] where [OfLog<P, R>: HasLog]: open rows read reader writer producer consumer consume poll stream records read_all
        follow subscribe count load;
    [<R>(&self) -> R] where [OfLog<P, R>: HasLog]: tail;
}

/// The topic's rows are of type `T`. `topics!` implements it for each topic and its row.
#[diagnostic::on_unimplemented(
    message = "topic `{Self}` does not hold `{T}` rows",
    label = "this topic's rows are of another type",
    note = "a topic's row type stands where it is declared: `topics! {{ Name(\"name\"): Row {{ .. }} }}`; turn the stream's rows into it with `.map(..)`, or sink the stream into a topic of its own",
    note = "rows with a `&` in front come of a closure that gives back what it was lent: write `p.clone()` in the place of `p`",
    note = "`Option` rows come of a `.map(..)` that should be a `.filter_map(..)`, which leaves out those without a value, `Vec` rows of one that should be a `.flat_map(..)`; `()` rows of a closure that ends with a semicolon"
)]
pub trait Holds<T> {}

/// A type that names a topic: all that `topics!` declares.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a topic",
    label = "not a topic",
    note = "topics are declared with `topics! {{ Payments(\"payments\"): Payment {{ .. }} }}`, and go by their names, which are no texts, and not the type of their rows: `source(Payments)`, `.sink(Payments)`, \
            `TypedTopic::open(&store, Payments)?`, and in a test `t.push(Payments, payment)` and `t.rows(Payments)`"
)]
pub trait NamesTopic {
    /// The topic, which is the type itself. As a projection it ends the compiler's errors at the name that is no topic.
    type Topic: Topic;
    /// The topic.
    fn topic() -> Self::Topic;
}

/// A value that can be a row's event time: a [`Timestamp`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an event time",
    label = "event time is a `waterwheel::Timestamp`",
    note = "make a `Timestamp` of it in a closure, for example `time: |row| Timestamp::from_millis(row.at)`; every row needs one, so say what stands in for a missing value"
)]
pub trait IsEventTime {
    /// The event time.
    fn event_time(&self) -> Timestamp;
}

#[diagnostic::do_not_recommend]
impl IsEventTime for Timestamp {
    fn event_time(&self) -> Timestamp {
        *self
    }
}

// No record has one, which is said there: the topics of it are not blamed as well.
#[diagnostic::do_not_recommend]
impl IsEventTime for std::time::SystemTime {
    fn event_time(&self) -> Timestamp {
        Timestamp::from(*self)
    }
}

/// A topic, from its type; `#[pipeline]` makes this call of the name in `source(..)` and `.sink(..)`.
#[doc(hidden)]
pub fn topic<P: NamesTopic>() -> P::Topic {
    P::topic()
}
