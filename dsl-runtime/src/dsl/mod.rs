//! What a pipeline's body is written in: handles to streams, and their methods, the operators.
//!
//! A handle is a number into the plan that the body is registering: it is `Copy`, holds no rows, and opens nothing. A
//! method on a handle adds one node to the plan and returns the handle of its result, so a body may name a stream once
//! and use it many times, and a helper function may take streams and return streams.
//!
//! ```text
//! source(T) ─► Source ─► Stream ─ group_by ─► Grouped ─ window ─► Windowed ─ select ─► Stream ─ sink
//!                          │ ▲
//!                          └─┘ filter map flat_map union through
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

mod event_time;
mod grouped;
mod select;
mod signposts;
mod source;
mod stream;
mod topic;
mod window;

pub use event_time::{
    EventTime, HasEventTime, KnowsLatePolicy, KnowsLateness, Meet, NoEventTime, NoLatePolicy, NoLateness,
    PolicyOnly, TakesLateness, Timed,
};
pub use grouped::Grouped;
pub(crate) use select::short_name;
pub use select::{Aggregates, Column, Sample};
#[doc(hidden)]
pub use signposts::{
    GroupWithRows, HasGroups, HasWindows, InsidePipeline, KeyedByAnotherName, SetTooLate, TakesSettings,
    WindowWithRows, WithoutWindow,
};
pub use source::{OnUndecodable, Source, fail, skip, source};
pub use stream::Stream;
pub use topic::{Holds, NamesTopic, Topic};
pub use window::{Aggregated, Tumbling, Window, Windowed, tumbling};
