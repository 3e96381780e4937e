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

/// Windows of the given length, side by side, aligned to the Unix epoch: `[start, start + size)`. At least 1 ms.
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

    /// Makes one row of each window: `|w, p| Row { key: w.key(), start: w.start(), total: sum(p.amount), n: count() }`.
    ///
    /// `w` is the [`Window`]. The row `p` is only there for aggregates to take their values from: `#[pipeline]` takes the
    /// closure apart into `.aggregates(..)` and what makes the row of their results. The row's event time is the window's
    /// end - 1 ms.
    ///
    /// # State
    /// For each key and open window the aggregates' states; dropped when the window has emitted.
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
    /// Makes one row of each window: `|w, p| Row { key: w.key(), start: w.start(), total: sum(p.amount), n: count() }`.
    ///
    /// `w` is the [`Window`]. The row `p` is only there for aggregates to take their values from: `#[pipeline]` takes the
    /// closure apart into its aggregates and what makes the row of their results. The row's event time is the window's
    /// end - 1 ms.
    ///
    /// # State
    /// For each key and open window the aggregates' states; dropped when the window has emitted.
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
