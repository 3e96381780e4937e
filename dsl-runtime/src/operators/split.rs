//! `split`: the rows of one stream as several streams.

use std::rc::Rc;

use crate::flow::Stage;
use crate::handles::{EventTime, Stream};
use crate::plan::{Reads, registry};

use super::filter::keeping;
use super::filter_map::stage;

impl<T: Clone + Send + 'static, E: EventTime> Stream<T, E> {
    /// The rows of this stream as several streams, each with a name in the `let`. What the closure gives says which:
    ///
    /// | the closure gives | streams |
    /// |---|---|
    /// | a `bool` | the rows for which it holds, then the others |
    /// | two to eight `Option`s in a tuple | for each of them what is in it; a row may be in several, or in none |
    /// | an enum with `#[derive(Record)]`, whose variants have one value or none | for each variant what it carries, `()` for nothing, in the order in which the variants are declared |
    ///
    /// Event time and position stay with the rows. A part that nobody needs is named `_`, and costs nothing.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # topics! {
    /// #     Small("small"): Payment { key: card }
    /// # }
    /// #[pipeline]
    /// fn by_amount(least: i64) {
    ///     let (large, small) = source(Payments).split(|p| p.cents >= least);
    ///     large.sink(Large);
    ///     small.sink(Small);
    /// }
    ///
    /// let mut t = by_amount(1_000).test();
    /// t.push_all(Payments, [payment(1, 250, 0), payment(1, 1_200, 1)]);
    /// assert_eq!((t.rows(Large), t.rows(Small)), (vec![payment(1, 1_200, 1)], vec![payment(1, 250, 0)]));
    /// ```
    ///
    /// A topic that holds several kinds of rows, as clients of other systems write them, is split into streams of each kind:
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// #[derive(Debug, Clone, PartialEq, Record)]
    /// struct Bid { auction: u64, cents: i64 }
    ///
    /// #[derive(Debug, Clone, PartialEq, Record)]
    /// struct Person { id: u64, name: String }
    ///
    /// #[derive(Debug, Clone, PartialEq, Record)]
    /// struct Event { person: Option<Person>, bid: Option<Bid> }
    ///
    /// topics! {
    ///     Events("events"): Event { format: json }
    ///     Persons("persons"): Person { key: id }
    ///     Bids("bids"): Bid { key: auction }
    /// }
    ///
    /// #[pipeline]
    /// fn kinds() {
    ///     let (persons, bids) = source(Events).split(|e| (e.person, e.bid));
    ///     persons.sink(Persons);
    ///     bids.filter(|b| b.cents > 100).sink(Bids);
    /// }
    ///
    /// let mut t = kinds().test();
    /// let bid = |cents| Bid { auction: 7, cents };
    /// t.push(Events, Event { person: Some(Person { id: 1, name: "ann".to_owned() }), bid: None });
    /// t.push_all(Events, [50, 150].map(|cents| Event { person: None, bid: Some(bid(cents)) }));
    /// assert_eq!((t.rows(Persons).len(), t.rows(Bids)), (1, vec![bid(150)]));
    /// ```
    ///
    /// The same with an enum: `source(Events).split(|e| e.kind)`, where `kind` is an `enum Kind { Person(Person), Bid(Bid) }`; and where the
    /// rows are such an enum, `.split(|e| e.clone())`.
    ///
    /// # State
    /// None. It never drops a row as late. The closure is called once for each of the streams that are used.
    ///
    /// # Errors
    /// A panic in the closure stops the run with [`Error::UserCode`](crate::Error::UserCode), which names the part
    /// and the row's topic, partition and offset; nothing is lost, and the next run meets the same row again.
    pub fn split<P: TellsParts<T>>(self, part: impl Fn(&T) -> P + 'static) -> P::Streams<E> {
        P::split(self, Rc::new(part))
    }
}

/// What the closure of a `split` gives: it says which of the parts a row is in, and what of it.
#[diagnostic::on_unimplemented(
    message = "the closure of `.split(..)` says which part a row is in, and `{Self}` does not",
    label = "gives `{Self}`",
    note = "by a condition: `let (large, others) = rows.split(|row| row.amount > 99);`",
    note = "by what is in a row: `let (persons, bids) = events.split(|e| (e.person, e.bid));`, where these are from two to eight `Option`s",
    note = "by the variants of an enum: `let (persons, bids) = events.split(|e| e.kind);`, an enum with `#[derive(Record)]`, of two to eight variants with one value or none each",
    note = "by a value that is one of several: once for each, `let (german, rest) = orders.split(|o| o.country == \"DE\");`, then `let (french, others) = rest.split(|o| o.country == \"FR\");`"
)]
pub trait TellsParts<T>: Sized + 'static {
    /// The streams, one for each part.
    type Streams<E: EventTime>;
    /// Makes them.
    #[doc(hidden)]
    fn split<E: EventTime, F: Fn(&T) -> Self + 'static>(rows: Stream<T, E>, part: Rc<F>) -> Self::Streams<E>;
}

/// An enum as a tuple of `Option`s, one for each variant. `derive(Record)` implements it.
#[doc(hidden)]
pub trait Variants {
    /// In the order in which the variants are declared.
    type Parts;
    /// What its variant carries, in the place of that variant.
    fn parts(self) -> Self::Parts;
}

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + 'static> TellsParts<T> for bool {
    type Streams<E: EventTime> = (Stream<T, E>, Stream<T, E>);

    fn split<E: EventTime, F: Fn(&T) -> bool + 'static>(rows: Stream<T, E>, part: Rc<F>) -> Self::Streams<E> {
        let other = part.clone();
        let others = keeping(Rc::new(move |row: &T| !other(row)));
        let streams = (add(rows, 0, keeping(part)), add(rows, 1, others));
        registry::edit(streams.0.node(), |node| node.passes_on = true);
        registry::edit(streams.1.node(), |node| node.passes_on = true);
        streams
    }
}

#[diagnostic::do_not_recommend]
impl<T, V: Variants + 'static> TellsParts<T> for V
where
    V::Parts: TellsParts<T>,
{
    type Streams<E: EventTime> = <V::Parts as TellsParts<T>>::Streams<E>;

    fn split<E: EventTime, F: Fn(&T) -> V + 'static>(rows: Stream<T, E>, part: Rc<F>) -> Self::Streams<E> {
        V::Parts::split(rows, Rc::new(move |row: &T| part(row).parts()))
    }
}

/// What the macro says of the closure of a `split`.
#[doc(hidden)]
pub trait Parts: Sized {
    /// It reads only these fields of the rows that it is given.
    fn reads(self, fields: &'static [&'static str]) -> Self;
    /// It may read all of a row, and why.
    fn reads_whole(self, why: &'static str) -> Self;
}

macro_rules! parts {
    ($($part:ident $number:tt),*) => {
        #[diagnostic::do_not_recommend]
        impl<T: Clone + Send + 'static, $($part: Clone + Send + 'static),*> TellsParts<T> for ($(Option<$part>,)*) {
            type Streams<E: EventTime> = ($(Stream<$part, E>,)*);

            fn split<E: EventTime, F: Fn(&T) -> Self + 'static>(rows: Stream<T, E>, part: Rc<F>) -> Self::Streams<E> {
                ($({
                    let part = part.clone();
                    add(rows, $number, stage(Rc::new(move |row: &T| part(row).$number)))
                },)*)
            }
        }

        impl<E, $($part),*> Parts for ($(Stream<$part, E>,)*) {
            fn reads(self, fields: &'static [&'static str]) -> Self {
                $(registry::edit(self.$number.node(), |node| node.reads = Reads::Fields(fields));)*
                self
            }
            fn reads_whole(self, why: &'static str) -> Self {
                $(registry::edit(self.$number.node(), |node| node.reads = Reads::Whole(Some(why)));)*
                self
            }
        }
    };
}

parts!(A 0, B 1);
parts!(A 0, B 1, C 2);
parts!(A 0, B 1, C 2, D 3);
parts!(A 0, B 1, C 2, D 3, J 4);
parts!(A 0, B 1, C 2, D 3, J 4, G 5);
parts!(A 0, B 1, C 2, D 3, J 4, G 5, H 6);
parts!(A 0, B 1, C 2, D 3, J 4, G 5, H 6, I 7);

/// The part of this number, under its name in the `let`.
fn add<T, R, E>(
    rows: Stream<T, E>,
    part: usize,
    stage: impl Fn() -> Box<dyn Stage> + 'static,
) -> Stream<R, E> {
    let node = registry::stateless("split", rows.node(), stage);
    if let Some(name) = registry::part(part) {
        registry::edit(node, |node| node.name = name.to_owned());
    }
    Stream::at(node)
}
