//! `.by_clock()`: windows of the clock's time, whatever times the rows have.
//!
//! ```text
//! clock's reading of the epoch   10:00:03   10:00:07   10:00:10 (no rows: woken for it)
//! rows                           a b        c
//! tumbling(10s).by_clock()                             [10:00:00, 10:00:10) emits: a b c
//! ```
//!
//! # Contract
//! - All rows of an epoch are taken at the epoch's reading of the clock, which stands in its binding, so that replay takes the same. None is
//!   late: readings never go back.
//! - A window is closed by the first epoch whose reading is its end or later: after that no row can come for it. Where no rows come, an
//!   epoch is bound for it. A row that comes with that very epoch lies in the next one.
//! - A row is made 1 ms behind the combined watermark, since it is made when the clock says so and not when event time does; where several
//!   windows close at once their rows stand in the order of the windows' ends. It is never late.
//! - With the close of event time every window closes: no row will follow.
//! - Before the exchange the rows of an epoch are added up for each key; behind it the epoch's reading is the time of what they have come to,
//!   and the reading less 1 ms the watermark before it, and windows go by that as they do by event time.

use std::marker::PhantomData;

use super::panes::WindowSpec;
use super::router::{PaneRouter, TakesRows};
use super::{Cumulate, Halves, Runs, Session, Sliding, Tumbling, Window, Windows};
use crate::aggregates::Aggregates;
use crate::flow::{Asks, Blame, KeyOf, Meta, Now, Owner, Packet, Ports};
use crate::handles::ByTheClock;
use crate::key::Key;
use crate::place::{Place, Position};
use crate::plan::EntryWords;
use crate::state::{StateTable, Taken};
use crate::time::{Duration, Timestamp};

/// Windows of the clock's time: `tumbling(10s).by_clock()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByClock<W> {
    windows: W,
}

/// What every kind of windows says of `by_clock`.
macro_rules! by_clock {
    ($($windows:ty: $example:literal)*) => {$(
        impl $windows {
            /// The same windows of the clock's time: a row lies in the window in which it is worked on, whatever its event time. In SQL and Flink
            /// this is processing time.
            ///
            #[doc = concat!("`", $example, "` asks neither event time nor lateness of a source, and no row is late. A window emits when the")]
            /// clock has come to its end, also if no more rows come. All rows of an epoch are taken at the epoch's reading of the clock, which is kept
            /// with it, so that what is computed again after a crash comes to the same; but the next run over the same rows meets other
            /// times, and gives other windows.
            ///
            /// The rows that windows make have an event time 1 ms behind what the watermark has come to; those of a topic without event time have none.
            ///
            /// ```
            /// use waterwheel::prelude::*;
            /// # use waterwheel_samples::*;
            ///
            /// #[pipeline]
            /// fn load() {
            ///     let payments = source(Payments);
            ///     let load = payments
            ///         .group_by(|p| p.card)
            #[doc = concat!("         .window(", $example, ")")]
            ///         .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.cents), n: count() });
            ///     load.sink(CardMinutes);
            /// }
            ///
            /// let mut t = load().test();
            /// t.push_all(Payments, [payment(1, 250, 5), payment(1, 100, 3600)]);
            /// assert_eq!(t.rows(CardMinutes), []);
            /// t.advance_clock(Duration::from_secs(10));
            /// let rows = t.rows(CardMinutes);
            /// assert_eq!((rows[0].total, rows[0].n), (350, 2));
            /// ```
            pub fn by_clock(self) -> ByClock<Self> {
                ByClock { windows: self }
            }
        }
    )*};
}

by_clock! {
    Tumbling: "tumbling(10s).by_clock()"
    Sliding: "sliding(10s, 5s).by_clock()"
    Cumulate: "cumulate(10s, 5s).by_clock()"
    Session: "session(10s).by_clock()"
}

/// Windows that can go by the clock.
pub(crate) trait Clocked: Windows {
    /// The half after the exchange.
    fn owner<K, T, A, R, G>(
        spec: WindowSpec<K, T, A, G, Self>,
        maker: u32,
    ) -> Box<dyn ClockedOwner<K, A::State>>
    where
        K: Key,
        T: Clone + Send + 'static,
        A: Aggregates<T>,
        R: Clone + Send + 'static,
        G: Fn(Window<K>, A::Output) -> R + 'static;
}

/// What rows of a key have come to in an epoch.
pub(crate) type OfEpoch<K, S> = Taken<K, (), S>;

/// The half after the exchange of windows that go by the clock.
pub(crate) trait ClockedOwner<K, S>: Owner {
    /// Takes what rows have come to, at this time and under the watermark just before it; and says where the rows stand that it makes.
    fn take_at(&mut self, at: Timestamp, rows: Vec<OfEpoch<K, S>>) -> Result<(), Blame>;
    /// The rows that leave with the epoch at hand stand there.
    fn stand_at(&mut self, time: Timestamp);
    /// The last instant of what closes next.
    fn next_close(&self) -> Option<Timestamp>;
}

#[diagnostic::do_not_recommend]
impl<W: Clocked> Windows for ByClock<W> {
    type Kind = Self;
    type Time = ByTheClock;
    type By = ByReadings;

    fn kind(self) -> Self {
        self
    }

    fn text(self) -> String {
        format!("{}.by_clock()", self.windows.text())
    }

    fn refused(self) -> Option<String> {
        self.windows.refused()
    }

    fn kept(self) -> &'static str {
        "for each key and open window, until the clock has come to its end"
    }
}

/// No row is late, and where it belongs is known behind the exchange.
impl<W: Clocked> TakesRows for ByClock<W> {
    type Pane = ();

    #[inline]
    fn pane_of(self, _: Timestamp, _: Timestamp) -> Option<()> {
        Some(())
    }
}

/// Windows that go by the readings of the clock.
pub struct ByReadings;

impl<W: Clocked> Runs<ByClock<W>> for ByReadings {
    fn halves<K, T, A, R, G>(key: KeyOf<T, K>, spec: WindowSpec<K, T, A, G, ByClock<W>>) -> Halves
    where
        K: Key,
        T: Clone + Send + 'static,
        A: Aggregates<T>,
        R: Clone + Send + 'static,
        G: Fn(Window<K>, A::Output) -> R + 'static,
    {
        let (windows, aggregates, row) = (spec.windows.windows, spec.aggregates.clone(), spec.row.clone());
        Halves {
            entries: EntryWords {
                one: "window",
                many: "windows",
                emits: "a window emits when the clock has come to its end",
            },
            before: "before the exchange: adds rows up per key",
            router: Box::new(move |setup| Box::new(PaneRouter::new(key.clone(), &spec, setup))),
            owner: Box::new(move |setup| {
                let (aggregates, row) = (aggregates.clone(), row.clone());
                let inner = WindowSpec { windows, aggregates, row, marker: PhantomData };
                Box::new(ClockOwner { inner: W::owner(inner, setup.maker), arrived: Vec::new() })
            }),
        }
    }
}

/// The half after the exchange: gives the other one times of the clock in the place of event times.
struct ClockOwner<K, S> {
    inner: Box<dyn ClockedOwner<K, S>>,
    /// Of the epoch at hand.
    arrived: Vec<OfEpoch<K, S>>,
}

impl<K: Key, S: Send + 'static> Owner for ClockOwner<K, S> {
    fn packet(&mut self, _input: usize, packet: Packet) -> Result<(), Blame> {
        let Ok(rows) = packet.downcast::<Vec<OfEpoch<K, S>>>() else {
            unreachable!("a window's two halves come from one node of the plan")
        };
        self.arrived.extend(*rows);
        Ok(())
    }

    fn end_epoch(&mut self, now: &Now<'_>, out: &mut Ports) -> Result<(), Blame> {
        self.inner.take_at(now.clock, std::mem::take(&mut self.arrived))?;
        self.inner.stand_at(now.combined + Duration::from_millis(1));
        let passed = if now.closes { Timestamp::MAX } else { before(now.clock) };
        // What has closed is known by the state, and nothing comes too late for anything.
        self.inner.end_epoch(&Now { combined: passed, combined_before: Timestamp::MIN, ..*now }, out)
    }

    fn emit(&mut self, out: &mut Ports) -> Result<bool, Blame> {
        self.inner.emit(out)
    }

    fn asks(&self) -> Asks {
        let last = self.inner.next_close();
        Asks { wake_at: last.map(|last| last + Duration::from_millis(1)), hold_at: None }
    }

    fn tables(&mut self) -> Vec<&mut dyn StateTable> {
        self.inner.tables()
    }
}

/// The watermark of rows that come at a time of the clock.
pub(super) fn before(at: Timestamp) -> Timestamp {
    at - Duration::from_millis(1)
}

/// Where the rows stand that windows make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowPlaces {
    maker: u32,
    /// Of windows by the clock, the time of all rows that leave at once.
    at: Option<Timestamp>,
}

impl RowPlaces {
    /// Those of rows of event time, made by the operator of this number.
    pub(crate) fn of(maker: u32) -> RowPlaces {
        RowPlaces { maker, at: None }
    }

    /// From here on rows have this time.
    pub(super) fn stand_at(&mut self, time: Timestamp) {
        self.at = Some(time);
    }

    /// The place of a key's row of the window with this last instant; `bytes` is room to encode in.
    pub(crate) fn place<K: Key>(self, last: Timestamp, key: &K, bytes: &mut Vec<u8>) -> Meta {
        use crate::key::KeyCode;
        bytes.clear();
        if self.at.is_some() {
            // Windows that end at different times may have rows of one key at one time.
            last.encode_key(bytes);
        }
        key.encode_key(bytes);
        let position = Position::of_key(self.maker, bytes);
        Meta::when_reached(Place { time: self.at.unwrap_or(last), position })
    }
}
