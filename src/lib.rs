//! Stream processing as a library: a durable partitioned log and typed pipelines that rustc checks and compiles.
//!
//! A pipeline is a function: `let` names a stream, methods are operators, closures are closures. Its rows lie in topics of a log, which is a
//! directory. Results, input offsets and state become durable in one transaction of that log, so each result is there exactly once, whatever
//! happens to the process.
//!
//! ```
//! use waterwheel::prelude::*;
//!
//! #[derive(Debug, Clone, PartialEq, Record)]
//! struct Payment { card: u64, cents: i64, at: Timestamp }
//!
//! #[derive(Debug, Clone, PartialEq, Record)]
//! struct CardMinute { card: u64, from: Timestamp, cents: i64 }
//!
//! topics! {
//!     Payments("payments"): Payment { key: card, time: at }
//!     CardMinutes("card-minutes"): CardMinute { key: card, time: from }
//! }
//!
//! /// Adds up what each card pays within a minute.
//! #[pipeline]
//! fn card_minutes() {
//!     let payments = source(Payments).lateness(10s).late_drop();
//!     let per_minute = payments
//!         .group_by(|p| p.card)
//!         .window(tumbling(1m))
//!         .select(|w, p| CardMinute { card: w.key(), from: w.start(), cents: sum(p.cents) });
//!     per_minute.sink(CardMinutes);
//! }
//!
//! let second = |second: i64| Timestamp::from_millis(second * 1000);
//! let mut t = card_minutes().test(); // the real engine, over a log in memory
//! t.push(Payments, Payment { card: 7, cents: 250, at: second(5) });
//! t.restart(); // a crash: nothing is lost, and nothing counted twice
//! t.push(Payments, Payment { card: 7, cents: 100, at: second(59) });
//! t.close();
//! assert_eq!(t.rows(CardMinutes), [CardMinute { card: 7, from: second(0), cents: 350 }]);
//! ```
//!
//! `card_minutes().main()` is a command line for it, and `card_minutes().start(&store, RunOptions::new())` runs it in threads of a program.
//!
//! # Where is what
//!
//! | to | see |
//! |---|---|
//! | say what a row is, and where rows lie | [`Record`](macro@Record), [`topics!`], [`record`], [`key`] |
//! | write a pipeline | [`pipeline`](macro@pipeline), [`dsl`]; every operator, with an example that runs: [`operators`]; what stands in a `.select(..)`: [`aggregates`] |
//! | test it | `card_minutes().test()`, which gives a [`TestDriver`] |
//! | run it | [`Pipeline::start`], [`RunOptions`], [`Job`], [`Summary`] |
//! | have a command line, for one pipeline or several | [`Pipeline::main`], `cli::App` |
//! | append, read and follow rows | [`Store`], [`TypedTopic`], [`Tail`]; as a member of a group: [`TypedConsumer`] |
//! | look results up by key | [`View`], [`views`] |
//! | do without the types | [`log`], which is usable alone |
//!
//! The repository has a guide, in `docs/guide/`, examples for many needs, and a program to begin with, `examples/template`.
//!
//! # Features
//!
//! | feature | brings |
//! |---|---|
//! | `cli`, by default | the command line of `.main()`: run, read, explain, graph, reset |
//! | `bytes` | `bytes::Bytes` as a type of fields and keys |
//! | `chrono` | [`Timestamp`] and [`Duration`] from and to the types of the crate `chrono` |
//! | `decimal` | `record::Decimal`, in the prelude: exact decimal numbers as fields and keys, with exact sums and means |
//! | `ecow` | `record::EcoString`, in the prelude: for short texts |
//! | `svg` | `Pipeline::svg`, and `graph --format svg`: the plan as a drawing |
//! | `tokio` | following and appending in async code: `Tail::stream`, `TypedTopic::append_async` |
//! | `uuid` | `uuid::Uuid` as a type of fields and keys |
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

// The macros emit paths through this name, inside this package's own tests and examples, too.
extern crate self as waterwheel;

pub use dsl_macros::{Key, Record, pipeline, topics};
#[doc(hidden)]
pub use dsl_runtime::__rt;
#[cfg(feature = "cli")]
pub use dsl_runtime::cli;
#[doc(hidden)]
pub use dsl_runtime::operators::values::*;
#[doc(hidden)]
pub use dsl_runtime::operators::{ByName, FieldOf, NotOfRow, NotOfTwo, TakesRow, TakesTwo};
#[doc(hidden)]
pub use dsl_runtime::{
    AllThere, BegunOtherwise, CalledOtherwise, CountsOtherwise, CountsUnits, GivesRowsOtherwise, HasWords,
    IsDriver, KnowsCalendar, Length, LengthMadeOtherwise, MayFail, OneRow, Params, PartOfDate,
    ReadByAnotherWord, RunsOtherwise, SeveralRows, TakesRowsOtherwise, TellsOfRun, WrittenByAnotherWord,
    pipeline_parameter,
};
#[doc(hidden)]
pub use dsl_runtime::{AlwaysRows, IsLength, IsResult, IsTested, MayNotBe, NoResult, RowsAsked};
#[doc(hidden)]
pub use dsl_runtime::{
    AppendsRows, Asked, EndedOtherwise, FollowedByAnotherWord, HasCommands, HasLog, HasRows, HasStreams,
    Instant, IsInterval, IsMade, IsPipeline, IsSeveral, MadeOtherwise, MovesEventTime, NameAlone,
    NoSummaryYet, NotCalled, NotWaitedFor, NotYet, OfLog, SaysEpochs, SaysParallelism, WithoutPipeline,
    WithoutRows,
};
pub use dsl_runtime::{CalendarError, InstantOutOfRange, civil};
pub use dsl_runtime::{Change, Changes, Keyed, LookedUpBy, SharesCommit, View, ViewAt, Views, views};
#[cfg(feature = "tokio")]
pub use dsl_runtime::{ChangeStream, TailStream};
pub use dsl_runtime::{
    Duration, Error, ExplainedRow, ExplainedRows, Job, Loading, OperatorSummary, Param, ParseDurationError,
    ParseTimestampError, Pipeline, PipelineOf, Positions, Progress, Reads, Result, RowFate, Rows, RowsOf,
    RowsWithMeta, RunOptions, Summary, Tail, TestDriver, Timestamp, TypedConsumer, TypedTopic, Writes,
    aggregates, dsl, key, operators, record,
};
pub use log_store as log;
pub use log_store::Store;

/// What a program that writes pipelines needs: `use waterwheel::prelude::*;`.
pub mod prelude {
    #[doc(hidden)]
    pub use crate::Views as _;
    #[doc(hidden)]
    pub use crate::aggregates::missing::{
        any, any_value, approx_count_distinct, approx_median, approx_n_unique, approx_percentile,
        approx_quantile, approx_unique, arg_max, arg_min, argmax, argmin, array_agg, average, avg,
        avg_weighted, bool_and, bool_or, coalesce, collect_list, collect_set, corr, correlation, count_all,
        count_distinct, count_rows, count_where, covar, covar_pop, covar_samp, covariance, cumsum,
        dense_rank, distinct_count, end, entropy, every, first_by, first_value, group_concat, histogram, hll,
        hop_end, hop_start, hyperloglog, ifnull, key, kurtosis, lag, last_by, last_value, lead, list,
        list_agg, listagg, mad, maximum, mean_of, mean_weighted, median, minimum, mode, moving_average,
        n_unique, nth_value, nunique, nvl, p50, p75, p90, p95, p99, p999, percentile, percentile_cont,
        percentile_disc, product, rank, rolling_mean, row_count, row_number, skew, skewness,
        standard_deviation, start, std, std_dev, std_dev_pop, stddev_samp, stdev, string_agg, sum_all,
        sum_of, to_list, to_set, to_vec, top, top_k, top_n, topk, tumble_end, tumble_start, unique_values,
        values, var, var_pop, var_samp, variance_samp, weighted_average, weighted_avg, wend, window_end,
        window_start, wstart,
    };
    #[doc(inline)]
    pub use crate::aggregates::written::*;
    #[cfg(feature = "cli")]
    pub use crate::cli::{App, Arg, Call, Command, Invocation, value_parser};
    pub use crate::dsl::{OfWindows, Stream, Timed};
    #[doc(hidden)]
    pub use crate::operators::missing::{
        consume, from, from_collection, from_elements, from_topic, global_table, ktable, read, read_csv,
        read_file, read_json, read_parquet, read_topic, stream, subscribe, table,
    };
    #[doc(hidden)]
    pub use crate::operators::values::functions::*;
    #[doc(inline)]
    pub use crate::operators::words::*;
    #[cfg(feature = "decimal")]
    pub use crate::record::Decimal;
    #[cfg(feature = "ecow")]
    pub use crate::record::EcoString;
    #[doc(hidden)]
    pub use crate::{AlwaysRows as _, NoResult as _, NotCalled as _, WithoutPipeline as _, WithoutRows as _};
    pub use crate::{
        Duration, Key, Record, Result, RunOptions, Store, TestDriver, Timestamp, TypedTopic, pipeline, topics,
    };
}

/// The README and the guide: their snippets are compiled and run as doc tests.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../README.md")]
    mod readme {}
    #[doc = include_str!("../docs/guide/getting-started.md")]
    mod getting_started {}
    #[doc = include_str!("../docs/guide/language.md")]
    mod language {}
    #[doc = include_str!("../docs/guide/joins.md")]
    mod joins {}
    #[doc = include_str!("../docs/guide/time.md")]
    mod time {}
    #[doc = include_str!("../docs/guide/windows.md")]
    mod windows {}
    #[doc = include_str!("../docs/guide/aggregates.md")]
    mod aggregates {}
    #[doc = include_str!("../docs/guide/records.md")]
    mod records {}
    #[doc = include_str!("../docs/guide/testing.md")]
    mod testing {}
    #[doc = include_str!("../docs/guide/reading.md")]
    mod reading {}
    #[doc = include_str!("../docs/guide/running.md")]
    mod running {}
    #[doc = include_str!("../docs/guide/processes.md")]
    mod processes {}
    #[doc = include_str!("../docs/guide/log.md")]
    mod log {}
    #[doc = include_str!("../docs/guide/flink.md")]
    mod flink {}
    #[doc = include_str!("../docs/guide/changing.md")]
    mod changing {}
}
