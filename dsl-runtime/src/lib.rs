//! The engine under the pipelines of Waterwheel.
//!
//! Programs depend on `waterwheel`, which has all that is public here under its own names; what the macros emit refers to it. So do the examples here.
//! Whoever works on the engine begins with `ARCHITECTURE.md` in the repository, and then [`operators`] for what a pipeline can say, [`aggregates`],
//! [`record`] and [`key`] for what a row is, and [`Pipeline`], [`Job`] and [`TestDriver`] for what runs it.
//!
//! Its features are those of `waterwheel`: `bytes`, `chrono`, `cli`, `decimal`, `ecow`, `svg`, `tokio`, `uuid`.
#![cfg_attr(docsrs, feature(doc_cfg))]

// The derives emit paths through the facade's name; this crate's own tests use them, too.
#[cfg(test)]
extern crate self as waterwheel;

pub mod aggregates;
#[cfg(feature = "cli")]
pub mod cli;
pub mod dsl;
mod engine;
mod error;
mod flow;
mod handles;
pub mod key;
mod not_there;
pub mod operators;
mod pipeline;
mod place;
mod plan;
pub mod record;
mod state;
mod testing;
mod time;
mod typed;
mod views;

#[doc(hidden)]
#[path = "rt.rs"]
pub mod __rt;

#[doc(hidden)]
pub use engine::{EndedOtherwise, IsInterval, NoSummaryYet, NotWaitedFor, SaysEpochs, SaysParallelism};
pub use engine::{Job, OperatorSummary, Progress, RunOptions, Summary};
pub use error::{Error, Result};
pub use handles::Keyed;
#[doc(hidden)]
pub use handles::{HasLog, NameAlone, OfLog};
/// Dates and times of day of the calendar, of the crate `jiff`: types of fields and keys.
#[doc(inline)]
pub use jiff::civil;
#[doc(hidden)]
pub use pipeline::{
    Asked, CalledOtherwise, HasCommands, IsDriver, IsPipeline, IsResult, IsSeveral, NoResult, Params,
    WithoutPipeline, pipeline_parameter,
};
pub use pipeline::{Param, Pipeline};
#[doc(hidden)]
pub use testing::{
    AlwaysRows, GivesRowsOtherwise, IsLength, IsMade, IsTested, MayFail, MayNotBe, MovesEventTime, NotCalled,
    NotYet, OneRow, RowsAsked, RunsOtherwise, SeveralRows, TakesRowsOtherwise, TellsOfRun,
};
pub use testing::{ExplainedRow, ExplainedRows, PipelineOf, Reads, RowFate, TestDriver, Writes};
pub use time::{CalendarError, InstantOutOfRange};
#[doc(hidden)]
pub use time::{
    CountsOtherwise, CountsUnits, HasWords, Instant, KnowsCalendar, Length, LengthMadeOtherwise,
    MadeOtherwise, PartOfDate,
};
pub use time::{Duration, ParseDurationError, ParseTimestampError, Timestamp};
#[doc(hidden)]
#[cfg(feature = "tokio")]
pub use typed::TailStream;
#[doc(hidden)]
pub use typed::{
    AllThere, BegunOtherwise, FollowedByAnotherWord, HasRows, HasStreams, ReadByAnotherWord,
    WrittenByAnotherWord,
};
#[doc(hidden)]
pub use typed::{AppendsRows, WithoutRows};
pub use typed::{Loading, Positions, Rows, RowsOf, RowsWithMeta, Tail, TypedConsumer, TypedTopic};
#[cfg(feature = "tokio")]
pub use views::ChangeStream;
pub use views::{Change, Changes, LookedUpBy, SharesCommit, View, ViewAt, Views, views};
