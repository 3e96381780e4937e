//! What a pipeline's body is written in: handles to streams, and their methods, the operators.
//!
//! A handle is a number into the plan that the body is registering: it is `Copy`, holds no rows, and opens nothing. A
//! method on a handle adds one node to the plan and returns the handle of its result, so a body may name a stream once
//! and use it many times, and a helper function may take streams and return streams.
//!
//! ```text
//! source(T) ─► Source ─► Stream ─ group_by ─► Grouped ─ window ─► Windowed ─ select ─► Stream ─ sink
//!                          │ ▲
//!                          └─┘ filter map filter_map flat_map inspect split union through, distinct_by and within
//!
//! Grouped ─ over ─► Framed ─ select ─► Stream
//!
//! Stream of windows' rows ─ per_window ─► PerWindow ─ max_by, min_by ─► Stream
//!                                              └ top ─► Ranked ─ select ─► Stream
//!
//! Stream ─ join ─► Join ─ on ─► KeyedJoin ─ between ─► IntervalJoin ─ select ─► Stream     left_join right_join full_join alike
//!                                KeyedJoin ─ window ─► WindowJoin ─ select ─► Stream
//! Stream ─ lookup(side(T)) ─► Lookup ─ on ─► KeyedLookup ─ select ─► Stream
//! Stream ─ semi_join ─► Join ─ on ─► KeyedJoin ─ between, window ─► Stream                 anti_join alike
//! ```
//!
//! The examples at the operators run in the pipeline's [test driver](crate::TestDriver). Most have in front of them:
//!
//! ```text
//! #[derive(Debug, Clone, PartialEq, Record)]
//! struct Payment { card: u64, cents: i64, at: Timestamp } // made by payment(card, cents, second)
//!
//! #[derive(Debug, Clone, PartialEq, Record)]
//! struct CardMinute { card: u64, from: Timestamp, total: i64, n: u64 } // made by minute(card, second, total, n)
//!
//! topics! {
//!     Payments("payments"): Payment { key: card, time: at }
//!     Large("large"): Payment { key: card, time: at }
//!     CardMinutes("card-minutes"): CardMinute { key: card, time: from }
//! }
//! ```

#[doc(hidden)]
pub use crate::aggregates::fields::*;
pub use crate::aggregates::{Aggregates, Column, Sample};
pub use crate::handles::{
    Anti, ByCommonEnds, ByEventTime, ByTheClock, Distinct, EventTime, Framed, FullOuter, GoesBy, Grouped,
    GroupedBy, HasEventTime, Holds, Inner, IntervalJoin, IsEventTime, Join, KeyedJoin, KeyedLookup,
    KnowsLatePolicy, KnowsLateness, LeftOuter, Lookup, Meet, NamesTopic, NoEventTime, NoLatePolicy,
    NoLateness, OfWindows, PerKey, PerWindow, PolicyOnly, Ranked, RightOuter, RowsOfWindows, Semi, Side,
    Source, Stream, TakesIdle, TakesLateness, Timed, Topic, WholeWindow, WindowJoin, Windowed, topic,
};
pub use crate::handles::{HasHeartbeats, KnowsWhatBecomesOfRowsAhead, TakesAhead};
pub use crate::operators::*;
