//! The append-only stream, and the operators that keep no state.

use std::marker::PhantomData;
use std::rc::Rc;

use crate::key::Key;
use crate::operators::{filter_stage, flat_map_stage, map_stage};
use crate::plan::{NodeId, builder};

use super::{EventTime, Holds, Meet, Topic};

/// An append-only stream of rows of type `T`: a row, once emitted, stays. `E` says what is known of its event time.
///
/// A handle, free to copy; it holds no rows.
#[must_use = "a stream goes nowhere until it is written to a topic: `.sink(Topic)`"]
pub struct Stream<T, E> {
    node: NodeId,
    marker: PhantomData<fn() -> (T, E)>,
}

impl<T, E> Clone for Stream<T, E> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T, E> Copy for Stream<T, E> {}

impl<T: Clone + Send + 'static, E: EventTime> Stream<T, E> {
    /// Keeps the rows for which `condition` holds. Event time and position stay with the row.
    ///
    /// ```
    /// # extern crate dsl_runtime as waterwheel;
    /// # use dsl_macros::{Record, pipeline, topics};
    /// # use dsl_runtime::{Timestamp, aggregates::*, dsl::*};
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Payment { card: u64, cents: i64, at: Timestamp }
    /// # fn payment(card: u64, cents: i64, second: i64) -> Payment {
    /// #     Payment { card, cents, at: Timestamp::from_millis(second * 1000) }
    /// # }
    /// # topics! {
    /// #     Payments("payments"): Payment { key: card, time: at }
    /// #     Large("large"): Payment { key: card, time: at }
    /// # }
    /// #[pipeline]
    /// fn large(least: i64) {
    ///     source(Payments).filter(|p| p.cents >= least).sink(Large);
    /// }
    ///
    /// let mut t = large(1_000).test();
    /// t.push_all(Payments, [payment(1, 250, 0), payment(1, 1_200, 1)]);
    /// assert_eq!(t.rows(Large), [payment(1, 1_200, 1)]);
    /// ```
    ///
    /// # State
    /// None. It never drops a row as late.
    ///
    /// # Errors
    /// A panic in the closure stops the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator
    /// and the row's topic, partition and offset; nothing is lost, and the next run meets the same row again.
    pub fn filter(self, condition: impl Fn(&T) -> bool + 'static) -> Stream<T, E> {
        let condition = Rc::new(condition);
        let stage = move || filter_stage::<T, _>(condition.clone());
        Stream::at(builder::stateless("filter", self.node, stage))
    }

    /// Makes one row of each row. Event time and position stay with the row, whatever the new row's fields say.
    ///
    /// A field that the closure gives back is cloned for you: `|p| p.card`.
    ///
    /// ```
    /// # extern crate dsl_runtime as waterwheel;
    /// # use dsl_macros::{Record, pipeline, topics};
    /// # use dsl_runtime::{Timestamp, aggregates::*, dsl::*};
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Payment { card: u64, cents: i64, at: Timestamp }
    /// # fn payment(card: u64, cents: i64, second: i64) -> Payment {
    /// #     Payment { card, cents, at: Timestamp::from_millis(second * 1000) }
    /// # }
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Euro { card: u64, euros: f64 }
    /// # topics! {
    /// #     Payments("payments"): Payment { key: card, time: at }
    /// #     Euros("euros"): Euro { key: card }
    /// # }
    /// #[pipeline]
    /// fn in_euros() {
    ///     source(Payments).map(|p| Euro { card: p.card, euros: p.cents as f64 / 100.0 }).sink(Euros);
    /// }
    ///
    /// let mut t = in_euros().test();
    /// t.push(Payments, payment(1, 250, 0));
    /// assert_eq!(t.rows(Euros), [Euro { card: 1, euros: 2.5 }]);
    /// ```
    ///
    /// # State
    /// None. It never drops a row as late.
    ///
    /// # Errors
    /// A panic in the closure stops the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator
    /// and the row's topic, partition and offset; nothing is lost, and the next run meets the same row again.
    pub fn map<R: Clone + Send + 'static>(self, make: impl Fn(&T) -> R + 'static) -> Stream<R, E> {
        let make = Rc::new(make);
        let stage = move || map_stage::<T, R, _>(make.clone());
        Stream::at(builder::stateless("map", self.node, stage))
    }

    /// Makes any number of rows of each row, in the order the iterator gives them. All have the row's event time, and
    /// none is late that the row was not.
    ///
    /// The iterator is used up before the next row is looked at, so it must end; and it owns what it gives.
    ///
    /// ```
    /// # extern crate dsl_runtime as waterwheel;
    /// # use dsl_macros::{Record, pipeline, topics};
    /// # use dsl_runtime::{Timestamp, aggregates::*, dsl::*};
    /// #
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Line { text: String }
    /// # topics! {
    /// #     Lines("lines"): Line {}
    /// #     Words("words"): Line {}
    /// # }
    /// #[pipeline]
    /// fn words() {
    ///     let words = source(Lines).flat_map(|l| {
    ///         let words: Vec<_> = l.text.split_whitespace().map(|word| Line { text: word.to_owned() }).collect();
    ///         words
    ///     });
    ///     words.sink(Words);
    /// }
    ///
    /// let line = |text: &str| Line { text: text.to_owned() };
    /// let mut t = words().test();
    /// t.push_all(Lines, [line("to be"), line(""), line("or not")]);
    /// assert_eq!(t.rows(Words), [line("to"), line("be"), line("or"), line("not")]);
    /// ```
    ///
    /// # State
    /// None. It never drops a row as late.
    ///
    /// # Errors
    /// A panic in the closure stops the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator
    /// and the row's topic, partition and offset; nothing is lost, and the next run meets the same row again.
    pub fn flat_map<I>(self, make: impl Fn(&T) -> I + 'static) -> Stream<I::Item, E>
    where
        I: IntoIterator + 'static,
        I::Item: Clone + Send + 'static,
    {
        let make = Rc::new(make);
        let stage = move || flat_map_stage::<T, I, _>(make.clone());
        Stream::at(builder::stateless("flat_map", self.node, stage))
    }

    /// The rows of both streams, which are of one type; turn others into it with [`map`](Stream::map).
    ///
    /// The union knows of event time what both streams know: windows can be built on it if they can be built on each.
    /// Each row stays under the watermark of its own source's partition, so a source that is behind makes no rows of the
    /// other late; a window waits for both.
    ///
    /// ```
    /// # extern crate dsl_runtime as waterwheel;
    /// # use dsl_macros::{Record, pipeline, topics};
    /// # use dsl_runtime::{Timestamp, aggregates::*, dsl::*};
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Payment { card: u64, cents: i64, at: Timestamp }
    /// # fn payment(card: u64, cents: i64, second: i64) -> Payment {
    /// #     Payment { card, cents, at: Timestamp::from_millis(second * 1000) }
    /// # }
    /// # topics! {
    /// #     Payments("payments"): Payment { key: card, time: at }
    /// #     Refunds("refunds"): Payment { key: card, time: at }
    /// #     Large("large"): Payment { key: card, time: at }
    /// # }
    /// #[pipeline]
    /// fn both() {
    ///     let refunds = source(Refunds).map(|r| Payment { cents: -r.cents, ..r.clone() });
    ///     source(Payments).union(refunds).sink(Large);
    /// }
    ///
    /// let mut t = both().test();
    /// t.push(Payments, payment(1, 250, 0));
    /// t.push(Refunds, payment(1, 100, 5));
    /// assert_eq!(t.rows(Large).iter().map(|p| p.cents).sum::<i64>(), 150);
    /// ```
    ///
    /// # State
    /// None. It never drops a row as late.
    pub fn union<F: EventTime>(self, other: Stream<T, F>) -> Stream<T, E::Both>
    where
        E: Meet<F>,
    {
        Stream::at(builder::union(self.node, other.node))
    }

    /// Passes the stream through a function of streams, so that pipelines can share parts: `payments.through(clean)`. It is
    /// `clean(payments)`, written where it happens.
    ///
    /// Inside such a function Rust is plain: it has no durations such as `10s`, no clones made for you, and no
    /// `.select(..)` with aggregates.
    ///
    /// ```
    /// # extern crate dsl_runtime as waterwheel;
    /// # use dsl_macros::{Record, pipeline, topics};
    /// # use dsl_runtime::{Timestamp, aggregates::*, dsl::*};
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Payment { card: u64, cents: i64, at: Timestamp }
    /// # fn payment(card: u64, cents: i64, second: i64) -> Payment {
    /// #     Payment { card, cents, at: Timestamp::from_millis(second * 1000) }
    /// # }
    /// # topics! {
    /// #     Payments("payments"): Payment { key: card, time: at }
    /// #     Large("large"): Payment { key: card, time: at }
    /// # }
    /// fn settled<E: EventTime>(payments: Stream<Payment, E>) -> Stream<Payment, E> {
    ///     payments.filter(|p| p.cents > 0).filter(|p| p.card != 0)
    /// }
    ///
    /// #[pipeline]
    /// fn clean() {
    ///     source(Payments).through(settled).sink(Large);
    /// }
    ///
    /// let mut t = clean().test();
    /// t.push_all(Payments, [payment(0, 250, 0), payment(1, 1_200, 1)]);
    /// assert_eq!(t.rows(Large), [payment(1, 1_200, 1)]);
    /// ```
    ///
    /// # State
    /// What the function's operators keep.
    pub fn through<R>(self, function: impl FnOnce(Self) -> R) -> R {
        function(self)
    }

    /// Groups the rows by a key: `|p| p.card`, or several fields as a tuple of up to four, `|p| (p.card, p.country)`.
    /// What follows is a window.
    ///
    /// A key is an integer, `bool`, `String`, [`Timestamp`](crate::Timestamp), `Vec<u8>`, an `Option` or a tuple of
    /// these, or a type of your own with `#[derive(Key)]`; a float is none. `|_| ()` makes one group of all rows.
    ///
    /// ```
    /// # extern crate dsl_runtime as waterwheel;
    /// # use dsl_macros::{Record, pipeline, topics};
    /// # use dsl_runtime::{Timestamp, aggregates::*, dsl::*};
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Payment { card: u64, cents: i64, at: Timestamp }
    /// # fn payment(card: u64, cents: i64, second: i64) -> Payment {
    /// #     Payment { card, cents, at: Timestamp::from_millis(second * 1000) }
    /// # }
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct CentsOfDay { large: bool, cents: i64 }
    /// # topics! {
    /// #     Payments("payments"): Payment { key: card, time: at }
    /// #     Totals("totals"): CentsOfDay { key: large }
    /// # }
    /// #[pipeline]
    /// fn by_size() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let totals = payments
    ///         .group_by(|p| p.cents >= 1_000)
    ///         .window(tumbling(1d))
    ///         .select(|w, p| CentsOfDay { large: w.key(), cents: sum(p.cents) });
    ///     totals.sink(Totals);
    /// }
    ///
    /// let mut t = by_size().test();
    /// t.push_all(Payments, [payment(1, 250, 0), payment(2, 1_200, 1), payment(3, 50, 2)]);
    /// t.close();
    /// let [small, large] = [(false, 300), (true, 1_200)].map(|(large, cents)| CentsOfDay { large, cents });
    /// assert_eq!(t.rows(Totals), [small, large]);
    /// ```
    ///
    /// # State
    /// None; the window keeps what is kept. Between the workers, groups are spread by the key's hash.
    ///
    /// # Errors
    /// A panic in the closure stops the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator
    /// and the row's topic, partition and offset; nothing is lost, and the next run meets the same row again.
    pub fn group_by<K: Key>(self, key: impl Fn(&T) -> K + 'static) -> K::Grouped<T, E> {
        builder::group_by::<T, K>(self.node, key).into()
    }

    /// Writes every row to the topic, in the epoch's commit: each row once, whatever happens to the process, and visible
    /// to readers when the epoch's other results are. Key and partition come from the topic.
    ///
    /// A stream may be written to several topics; several streams go into one topic by [`union`](Stream::union). A pipeline
    /// cannot write to a topic that it reads: that is refused before anything is read.
    ///
    /// ```
    /// # extern crate dsl_runtime as waterwheel;
    /// # use dsl_macros::{Record, pipeline, topics};
    /// # use dsl_runtime::{Timestamp, aggregates::*, dsl::*};
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Payment { card: u64, cents: i64, at: Timestamp }
    /// # fn payment(card: u64, cents: i64, second: i64) -> Payment {
    /// #     Payment { card, cents, at: Timestamp::from_millis(second * 1000) }
    /// # }
    /// # topics! {
    /// #     Payments("payments"): Payment { key: card, time: at }
    /// #     Large("large"): Payment { key: card, time: at }
    /// # }
    /// #[pipeline]
    /// fn large(least: i64) {
    ///     let payments = source(Payments);
    ///     payments.filter(|p| p.cents >= least).sink(Large);
    /// }
    ///
    /// let mut t = large(1_000).test();
    /// t.push(Payments, payment(1, 1_200, 0));
    /// assert_eq!(t.rows(Large), [payment(1, 1_200, 0)]);
    /// t.restart();
    /// assert_eq!(t.rows(Large), [payment(1, 1_200, 0)], "not written twice");
    /// ```
    ///
    /// # State
    /// None.
    pub fn sink<P: Topic + Holds<T>>(self, topic: P) {
        let _ = topic;
        builder::sink::<P>(self.node);
    }
}

impl<T, E> Stream<T, E> {
    pub(crate) fn at(node: NodeId) -> Self {
        Stream { node, marker: PhantomData }
    }

    pub(super) fn node(self) -> NodeId {
        self.node
    }

    pub(super) fn cast<F>(self) -> Stream<T, F> {
        Stream::at(self.node)
    }
}
