//! Windows of event time over a grouped stream, and the row that each makes when it closes.

use std::marker::PhantomData;
use std::rc::Rc;

use crate::key::Key;
use crate::operators::WindowSpec;
use crate::plan::{NodeId, builder};
use crate::time::{Duration, Timestamp};

use super::{Aggregates, InsidePipeline, Sample, Stream, Timed};

/// Windows of one length, side by side: `tumbling(1m)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tumbling {
    size: Duration,
}

impl Tumbling {
    pub(crate) fn size(self) -> Duration {
        self.size
    }
}

/// Windows of the given length, side by side, aligned to the Unix epoch: `[start, start + size)`. Each row lies in
/// exactly one.
///
/// The length is at least 1 ms; less is refused before anything is read, and a zero in the source text does not build.
/// As days are counted from the Unix epoch, `tumbling(1d)` is a day in UTC.
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
/// # struct CardMinute { card: u64, from: Timestamp, total: i64, n: u64 }
/// # fn minute(card: u64, second: i64, total: i64, n: u64) -> CardMinute {
/// #     CardMinute { card, from: Timestamp::from_millis(second * 1000), total, n }
/// # }
/// # topics! {
/// #     Payments("payments"): Payment { key: card, time: at }
/// #     CardMinutes("card-minutes"): CardMinute { key: card, time: from }
/// # }
/// #[pipeline]
/// fn card_minutes() {
///     let payments = source(Payments).lateness(0s).late_drop();
///     let per_minute = payments
///         .group_by(|p| p.card)
///         .window(tumbling(1m))
///         .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.cents), n: count() });
///     per_minute.sink(CardMinutes);
/// }
///
/// let mut t = card_minutes().test();
/// t.push_all(Payments, [payment(1, 250, 0), payment(1, 100, 59), payment(1, 50, 60)]);
/// t.close();
/// assert_eq!(t.rows(CardMinutes), [minute(1, 0, 350, 2), minute(1, 60, 50, 1)]);
/// ```
pub fn tumbling(size: Duration) -> Tumbling {
    Tumbling { size }
}

/// A grouped stream cut into windows. It has no rows before its `.select(..)`.
#[must_use = "a window goes nowhere until a row is made of it: `.select(|w, p| ..)`"]
pub struct Windowed<K, T> {
    group: NodeId,
    size: Duration,
    marker: PhantomData<fn() -> (K, T)>,
}

impl<K, T> Clone for Windowed<K, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, T> Copy for Windowed<K, T> {}

impl<K: Key, T: Clone + Send + 'static> Windowed<K, T> {
    pub(crate) fn new(group: NodeId, size: Duration) -> Self {
        Windowed { group, size, marker: PhantomData }
    }

    /// Makes one row of each window, when it closes:
    /// `|w, p| Row { key: w.key(), start: w.start(), total: sum(p.amount), n: count() }`.
    ///
    /// `w` is the [`Window`], with its `key()`, `start()` and `end()`. The row `p` is there only for
    /// [aggregates](crate::aggregates) to take their values from. `#[pipeline]` takes the closure apart: aggregates are
    /// added up as rows come, the rest is computed when the window closes. The new row's event time is the window's end
    /// - 1 ms, and it is never late itself.
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
    /// # struct CardMinute { card: u64, from: Timestamp, total: i64, n: u64 }
    /// # fn minute(card: u64, second: i64, total: i64, n: u64) -> CardMinute {
    /// #     CardMinute { card, from: Timestamp::from_millis(second * 1000), total, n }
    /// # }
    /// # topics! {
    /// #     Payments("payments"): Payment { key: card, time: at }
    /// #     CardMinutes("card-minutes"): CardMinute { key: card, time: from }
    /// # }
    /// #[pipeline]
    /// fn card_minutes() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let per_minute = payments.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| CardMinute {
    ///         card: w.key(),
    ///         from: w.start(),
    ///         total: sum(p.cents) - sum_if(p.cents, p.cents < 0),
    ///         n: count_if(p.cents >= 0),
    ///     });
    ///     per_minute.sink(CardMinutes);
    /// }
    ///
    /// let mut t = card_minutes().test();
    /// t.push_all(Payments, [payment(1, 250, 5), payment(1, -100, 6), payment(2, 50, 7)]);
    /// t.close();
    /// assert_eq!(t.rows(CardMinutes), [minute(1, 0, 250, 1), minute(2, 0, 50, 1)]);
    /// ```
    ///
    /// # State
    /// For each key and open window the aggregates' states, and no rows; dropped when the window has emitted. A key that
    /// has no row in a window has no state there, and the window makes no row of it.
    ///
    /// # Errors
    /// An aggregate that cannot give a right result, such as a sum that does not fit, and a panic in the closure stop
    /// the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator, the key and the window.
    pub fn select<R>(self, row: impl Fn(Window<K>, &T) -> R) -> Stream<R, Timed>
    where
        Self: InsidePipeline,
    {
        let _ = row;
        unreachable!("nothing meets the bound of this method")
    }

    /// Names the aggregates of each window. `#[pipeline]` makes this call, and the `.select` after it, out of the one
    /// `.select(|w, p| Row { n: count(), total: sum(p.amount) })` that a user writes.
    #[doc(hidden)]
    pub fn aggregates<A: Aggregates<T>>(self, make: impl Fn(Sample<T>) -> A) -> Aggregated<K, T, A> {
        Aggregated { windowed: self, aggregates: make(Sample::new()) }
    }
}

/// A window's aggregates, before they are put into a row.
pub struct Aggregated<K, T, A> {
    windowed: Windowed<K, T>,
    aggregates: A,
}

impl<K: Key, T: Clone + Send + 'static, A: Aggregates<T>> Aggregated<K, T, A> {
    /// Makes one row of each window, when it closes:
    /// `|w, p| Row { key: w.key(), start: w.start(), total: sum(p.amount), n: count() }`.
    ///
    /// `w` is the [`Window`], with its `key()`, `start()` and `end()`. The row `p` is there only for
    /// [aggregates](crate::aggregates) to take their values from. `#[pipeline]` takes the closure apart: aggregates are
    /// added up as rows come, the rest is computed when the window closes. The new row's event time is the window's end
    /// - 1 ms, and it is never late itself.
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
    /// # struct CardMinute { card: u64, from: Timestamp, total: i64, n: u64 }
    /// # fn minute(card: u64, second: i64, total: i64, n: u64) -> CardMinute {
    /// #     CardMinute { card, from: Timestamp::from_millis(second * 1000), total, n }
    /// # }
    /// # topics! {
    /// #     Payments("payments"): Payment { key: card, time: at }
    /// #     CardMinutes("card-minutes"): CardMinute { key: card, time: from }
    /// # }
    /// #[pipeline]
    /// fn card_minutes() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let per_minute = payments.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| CardMinute {
    ///         card: w.key(),
    ///         from: w.start(),
    ///         total: sum(p.cents) - sum_if(p.cents, p.cents < 0),
    ///         n: count_if(p.cents >= 0),
    ///     });
    ///     per_minute.sink(CardMinutes);
    /// }
    ///
    /// let mut t = card_minutes().test();
    /// t.push_all(Payments, [payment(1, 250, 5), payment(1, -100, 6), payment(2, 50, 7)]);
    /// t.close();
    /// assert_eq!(t.rows(CardMinutes), [minute(1, 0, 250, 1), minute(2, 0, 50, 1)]);
    /// ```
    ///
    /// # State
    /// For each key and open window the aggregates' states, and no rows; dropped when the window has emitted. A key that
    /// has no row in a window has no state there, and the window makes no row of it.
    ///
    /// # Errors
    /// An aggregate that cannot give a right result, such as a sum that does not fit, and a panic in the closure stop
    /// the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator, the key and the window.
    pub fn select<R: Clone + Send + 'static>(
        self,
        row: impl Fn(Window<K>, A::Output) -> R + 'static,
    ) -> Stream<R, Timed> {
        let spec = WindowSpec {
            size: self.windowed.size,
            aggregates: Rc::new(self.aggregates),
            row: Rc::new(row),
            marker: PhantomData,
        };
        Stream::at(builder::window::<K, T, A, R, _>(self.windowed.group, spec))
    }
}

/// One window of one key, as `.select(|w, p| ..)` sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window<K> {
    pub(crate) key: K,
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
}

impl<K: Clone> Window<K> {
    /// The key of the group.
    pub fn key(&self) -> K {
        self.key.clone()
    }

    /// The first instant of the window.
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// The first instant after the window.
    pub fn end(&self) -> Timestamp {
        self.end
    }
}
