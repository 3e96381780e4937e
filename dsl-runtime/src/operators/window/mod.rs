//! Windows of event time over a grouped stream.
//!
//! A kind of windows is a file, such as [`tumbling`]. The row that each window makes is said by
//! [`select`](Windowed::select), which is the same for all kinds.

mod aligned;
mod clock;
mod closed;
mod cumulate;
mod every;
mod few;
mod fragments;
mod grid;
mod leaving;
mod panes;
mod parts;
mod reach;
mod router;
mod running;
mod select;
mod session;
mod slides;
mod sliding;
mod tumbling;
mod zone;

use std::fmt::Debug;

use crate::aggregates::Aggregates;
use crate::flow::{KeyOf, Owner, OwnerSetup, Router, RouterSetup};
use crate::handles::{EventTime, GoesBy, Grouped, HasEventTime, KnowsLatePolicy, KnowsLateness, Windowed};
use crate::key::Key;
use crate::plan::EntryWords;
use crate::time::Timestamp;
use panes::WindowSpec;

pub(super) use panes::Panes;
pub(super) use router::TakesRows;

pub use clock::ByClock;
pub use cumulate::{Cumulate, cumulate};
pub use every::{Every, every};
pub use select::Aggregated;
pub(super) use select::aggregate_facts;
pub use session::{Session, session};
pub use sliding::{Sliding, sliding};
pub use tumbling::{Tumbling, tumbling};

impl<K: Key, T: Clone + Send + 'static, E: EventTime> Grouped<K, T, E> {
    /// Cuts each group into windows of event time: [`tumbling(1h)`](super::tumbling). What follows is a `select`, which
    /// makes one row of each window.
    ///
    /// A window emits once, when the least watermark of all partitions of its sources has passed its end; a partition
    /// that has no row yet holds it back. A row is *late* for a window if its own partition's watermark, as of the row
    /// before it, had reached the window's last millisecond. Late rows are dropped and counted
    /// ([`Summary::rows_late`](crate::Summary::rows_late)). Whether a row is late follows from the log alone, never from
    /// timing.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    ///
    /// #[pipeline]
    /// fn card_minutes() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let per_minute = payments
    ///         .group_by(|p| p.card)
    ///         .window(tumbling(1m))
    ///         .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.cents), n: count() });
    ///     per_minute.sink(CardMinutes);
    /// }
    ///
    /// let mut t = card_minutes().test();
    /// t.push_all(Payments, [payment(1, 250, 5), payment(1, 100, 69), payment(1, 50, 59)]);
    /// assert_eq!(t.rows(CardMinutes), [], "the watermark is at 59 s, and the first minute ends at 60 s");
    /// t.push(Payments, payment(1, 500, 70));
    /// assert_eq!(t.rows(CardMinutes), [minute(1, 0, 300, 2)]);
    /// t.push(Payments, payment(1, 999, 58));
    /// assert_eq!(t.late(), 1, "the first minute has been told");
    /// ```
    ///
    /// # State
    /// See `select`.
    pub fn window<W: Windows>(self, windows: W) -> Windowed<K, T, W::Kind, <W::Time as GoesBy>::Made<E>>
    where
        <W::Time as GoesBy>::Asked<E>: HasEventTime + KnowsLateness + KnowsLatePolicy,
    {
        Windowed::new(self.node(), windows.kind())
    }
}

/// A kind of windows, such as [`tumbling(1h)`](tumbling): what `.window(..)` takes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no kind of windows",
    label = "not a kind of windows",
    note = "`.window(..)` takes a kind of windows with its lengths, such as `tumbling(1h)` or `cumulate(1d, 1h)`"
)]
pub trait Windows: Copy + Debug + 'static {
    /// The kind itself. As a projection it ends the compiler's errors at `window` when a type is no kind of windows.
    #[doc(hidden)]
    type Kind: Windows;
    /// What they go by.
    #[doc(hidden)]
    type Time: GoesBy;
    /// How it runs.
    #[doc(hidden)]
    type By: Runs<Self>;
    #[doc(hidden)]
    fn kind(self) -> Self::Kind;
    /// As a user writes it. A change of it is a different pipeline.
    #[doc(hidden)]
    fn text(self) -> String;
    /// Why there are no such windows, if there are none; said of the window operator by name.
    #[doc(hidden)]
    fn refused(self) -> Option<String>;
    /// For what, and for how long, the aggregates' states are kept.
    #[doc(hidden)]
    fn kept(self) -> &'static str;
    /// Whether the row of a window stands where one of the rows in it stood.
    #[doc(hidden)]
    fn keeps_positions(self) -> bool {
        false
    }
}

/// How windows of a kind run: what several kinds have in common.
#[doc(hidden)]
pub trait Runs<W> {
    /// The two halves: `R` is the row that `spec` makes of each window.
    fn halves<K, T, A, R, G>(key: KeyOf<T, K>, spec: WindowSpec<K, T, A, G, W>) -> Halves
    where
        K: Key,
        T: Clone + Send + 'static,
        A: Aggregates<T>,
        R: Clone + Send + 'static,
        G: Fn(Window<K>, A::Output) -> R + 'static;
}

/// The two halves of a kind of windows, and what is said of them.
pub struct Halves {
    entries: EntryWords,
    /// What the one before the exchange does, for `explain`.
    before: &'static str,
    router: Box<dyn Fn(RouterSetup) -> Box<dyn Router>>,
    owner: Box<dyn Fn(OwnerSetup) -> Box<dyn Owner>>,
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
