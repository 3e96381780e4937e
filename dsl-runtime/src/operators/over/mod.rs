//! `over`: one row of each row, with aggregates over the rows that it looks back over.
//!
//! ```text
//! rows of a key, by time     1     4  4        9     10         over(last(5m))
//! the frame of each          1     1..4  1..4  4..9  9..10      from its time less 5 to its time, both ends included
//! ```
//!
//! # Contract
//! - The rows of each key are taken in order, by event time and then by position ([`OrderedOwner`](crate::flow::OrderedOwner)), and each makes
//!   one row. [`last`] takes in all rows of the row's own instant, [`last_rows`] those before it alone.
//! - What is made of a row keeps its event time and position, and is never late for what stands behind. The output's watermark is the
//!   operator's own.
//! - What rows have come to is kept by where they stand: an entry of the state for each instant, or for each row. A row adds one entry and
//!   removes those that have left its frame, so a checkpoint writes what has changed and no more.
//! - Aggregates cannot be taken back. What a frame comes to is had by merging, about once for each row ([`Running`](running::Running)).

mod frame;
mod running;
mod signposts;

use std::rc::Rc;

use crate::aggregates::{Aggregates, Sample};
use crate::handles::{
    EventTime, Framed, Grouped, HasEventTime, KnowsLatePolicy, KnowsLateness, Stream, Timed,
};
use crate::key::Key;
use crate::not_there::nowhere;
use crate::operators::InsidePipeline;
use crate::operators::in_order::{self, OrderedWords};
use crate::operators::window::aggregate_facts;
use crate::plan::{EntryWords, registry};
use crate::record::Record;

pub use frame::{Frame, Last, LastRows, last, last_rows};
use running::LookingBack;
pub use signposts::{EitherOfTwo, FramedWithRows, HasKeysToLookBack};

/// A row that can wait for its turn: a record.
#[diagnostic::on_unimplemented(
    message = "`.over(..)` keeps rows until it is their turn, and `{Self}` is no record that can be kept",
    label = "these rows are no records",
    note = "make records of them before the group: `.map(|row| Row {{ .. }})`, with `#[derive(Clone, Record)]` on `Row`"
)]
pub trait KeptByOver: Record {}

#[diagnostic::do_not_recommend]
impl<T: Record> KeptByOver for T {}

impl<K: Key, T: Clone + Send + 'static, E: EventTime> Grouped<K, T, E> {
    /// Lets each row look back over rows of its key: [`last(5m)`](super::last), or [`last_rows(10)`](super::last_rows). What follows is
    /// a `select`, which makes one row of each row.
    ///
    /// Rows are taken in order of event time, and of their place in the input where that is the same, never of which came first:
    /// a row waits until the watermark of every partition has passed it. A row whose event time the watermark of its own partition had
    /// reached before it is late: dropped and counted ([`Summary::rows_late`](crate::Summary::rows_late)).
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Reading { sensor: u64, celsius: f64, at: Timestamp }
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Smooth { sensor: u64, at: Timestamp, celsius: f64, mean: f64 }
    /// # topics! {
    /// #     Readings("readings"): Reading { key: sensor, time: at }
    /// #     SmoothReadings("smooth"): Smooth { key: sensor, time: at }
    /// # }
    /// #[pipeline]
    /// fn smooth() {
    ///     let readings = source(Readings).lateness(10s).late_drop();
    ///     let smooth = readings.group_by(|r| r.sensor).over(last(5m)).select(|r, w| Smooth {
    ///         sensor: r.sensor,
    ///         at: r.at,
    ///         celsius: r.celsius,
    ///         mean: mean(w.celsius),
    ///     });
    ///     smooth.sink(SmoothReadings);
    /// }
    ///
    /// let mut t = smooth().test();
    /// for (celsius, minute) in [(20.0, 0), (26.0, 5), (21.0, 3), (28.0, 9)] {
    ///     t.push(Readings, Reading { sensor: 1, celsius, at: Timestamp::from_secs(minute * 60) });
    /// }
    /// t.close();
    /// let found: Vec<_> = t.rows(SmoothReadings).iter().map(|row| (row.celsius, row.mean)).collect();
    /// assert_eq!(found, [(20.0, 20.0), (26.0, 23.0), (28.0, 27.0)]);
    /// assert_eq!(t.late(), 1, "that of minute 3 came when the watermark was at 4:50");
    /// ```
    ///
    /// # State
    /// See `select`.
    pub fn over<F: Frame>(self, frame: F) -> Framed<K, T, F::Kind>
    where
        E: HasEventTime + KnowsLateness + KnowsLatePolicy,
    {
        Framed::new(self.node(), frame.kind())
    }
}

impl<K: Key, T, F: Frame> Framed<K, T, F> {
    /// Makes one row of each row: `|p, w| Smooth { card: p.card, mean: mean(w.amount), n: count() }`.
    ///
    /// `p` is the row, whose fields stand as they are. `w` stands for the rows that it looks back over, itself among them: it is there
    /// only for [aggregates](crate::aggregates) to take their values from. `#[pipeline]` takes the closure apart. The new row has the event
    /// time of the row that it is made of, and is never late itself.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    ///
    /// #[pipeline]
    /// fn so_far() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let sums = payments.group_by(|p| p.card).over(last(1h)).select(|p, w| CardMinute {
    ///         card: p.card,
    ///         from: p.at,
    ///         total: p.cents - min(w.cents),
    ///         n: count_if(w.cents > 100),
    ///     });
    ///     sums.sink(CardMinutes);
    /// }
    ///
    /// let mut t = so_far().test();
    /// t.push_all(Payments, [payment(1, 250, 5), payment(1, 50, 7), payment(1, 120, 8)]);
    /// t.close();
    /// assert_eq!(t.rows(CardMinutes), [minute(1, 5, 0, 1), minute(1, 7, 0, 1), minute(1, 8, 70, 2)]);
    /// ```
    ///
    /// # State
    /// The rows that the watermark has not passed, whole. Of those that it has passed, what they have come to in the aggregates: with
    /// `last(5m)` for each key and instant, until no row can look back to it; with `last_rows(10)` for each of the last ten rows of every key,
    /// for ever or for its [`ttl`](super::LastRows::ttl). Beside it, in memory, about as much again of the keys that have rows.
    ///
    /// # Errors
    /// An aggregate that cannot give a right result, such as a sum that does not fit, and a panic in the closure stop
    /// the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator, the key and the row's time.
    pub fn select<R>(self, row: impl Fn(&T, &T) -> R) -> Stream<R, Timed>
    where
        Self: InsidePipeline,
    {
        let _ = row;
        nowhere()
    }

    /// Names the aggregates of each frame. `#[pipeline]` makes this call, and the `.select` after it, out of the one
    /// `.select(|p, w| Row { card: p.card, mean: mean(w.amount) })` that a user writes.
    #[doc(hidden)]
    pub fn aggregates<A>(self, make: impl Fn(Sample<T>) -> A) -> AggregatedOver<K, T, A, F> {
        AggregatedOver { framed: self, aggregates: make(Sample::new()) }
    }
}

/// The aggregates of rows that look back, before they are put into rows.
pub struct AggregatedOver<K, T, A, F> {
    framed: Framed<K, T, F>,
    aggregates: A,
}

impl<K: Key, T, A, F: Frame> AggregatedOver<K, T, A, F> {
    /// Makes one row of each row: `|p, w| Smooth { card: p.card, mean: mean(w.amount), n: count() }`.
    ///
    /// `p` is the row, whose fields stand as they are. `w` stands for the rows that it looks back over, itself among them: it is there
    /// only for [aggregates](crate::aggregates) to take their values from. `#[pipeline]` takes the closure apart. The new row has the event
    /// time of the row that it is made of, and is never late itself.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    ///
    /// #[pipeline]
    /// fn so_far() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let sums = payments.group_by(|p| p.card).over(last(1h)).select(|p, w| CardMinute {
    ///         card: p.card,
    ///         from: p.at,
    ///         total: p.cents - min(w.cents),
    ///         n: count_if(w.cents > 100),
    ///     });
    ///     sums.sink(CardMinutes);
    /// }
    ///
    /// let mut t = so_far().test();
    /// t.push_all(Payments, [payment(1, 250, 5), payment(1, 50, 7), payment(1, 120, 8)]);
    /// t.close();
    /// assert_eq!(t.rows(CardMinutes), [minute(1, 5, 0, 1), minute(1, 7, 0, 1), minute(1, 8, 70, 2)]);
    /// ```
    ///
    /// # State
    /// The rows that the watermark has not passed, whole. Of those that it has passed, what they have come to in the aggregates: with
    /// `last(5m)` for each key and instant, until no row can look back to it; with `last_rows(10)` for each of the last ten rows of every key,
    /// for ever or for its [`ttl`](super::LastRows::ttl). Beside it, in memory, about as much again of the keys that have rows.
    ///
    /// # Errors
    /// An aggregate that cannot give a right result, such as a sum that does not fit, and a panic in the closure stop
    /// the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator, the key and the row's time.
    pub fn select<R: Clone + Send + 'static>(
        self,
        row: impl Fn(&T, A::Output) -> R + 'static,
    ) -> Stream<R, Timed>
    where
        T: KeptByOver,
        A: Aggregates<T>,
    {
        let AggregatedOver { framed, aggregates } = self;
        let (frame, names, settings_refused) = (framed.frame(), aggregates.names(), aggregates.refused());
        let mut facts = vec![("frame", frame.text())];
        facts.extend(aggregate_facts(&names));
        let words = OrderedWords {
            kind: "over",
            keeps: frame.kept(&names.join(", ")),
            entries: EntryWords {
                one: "row or instant of `over`",
                many: "rows and instants of `over`",
                emits: "a row leaves `over` when the watermark of every partition has passed it",
            },
            facts,
            refused: frame
                .refused()
                .or_else(|| aggregates.refused().map(|reason| format!("cannot be: {reason}"))),
        };
        let (aggregates, row) = (Rc::new(aggregates), Rc::new(row));
        let operator = move |_| LookingBack::<K, T, A, _, F>::new(frame, aggregates.clone(), row.clone());
        let node = in_order::register::<K, T, _>(framed.group(), words, operator);
        registry::edit(node, |node| {
            node.keeps_positions = true;
            let refused = settings_refused.map(|reason| format!("over `{}`: {reason}", node.name));
            node.refused = node.refused.take().or(refused);
        });
        Stream::at(node)
    }
}
