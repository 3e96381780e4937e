//! The operators, a file each: the documented method on its handle, what it registers in the plan, what runs, and its tests.

mod ahead;
mod arithmetic;
mod dead_letter;
mod distinct_by;
mod filter;
mod filter_map;
mod flat_map;
mod group_by;
mod idle;
mod in_order;
mod inspect;
mod join;
mod late_to;
mod lookup;
mod map;
mod meant;
pub mod missing;
mod names_stream;
mod over;
mod per_window;
mod reads;
mod side;
mod side_file;
mod signposts;
mod sink;
mod sink_headers;
mod source;
mod split;
mod through;
mod topic_reader;
mod union;
#[doc(hidden)]
pub mod values;
mod window;
mod with_meta;
mod without_rows;

#[doc(hidden)]
pub use arithmetic::{
    AddedUpWith, ConditionOf, DivisibleBy, EqualWith, LessenedBy, MultipliedBy, OrderedWith, WithRemainderBy,
    YesOrNo,
};
#[doc(hidden)]
pub use dead_letter::HoldsRecordsAsTheyAre;
pub use dead_letter::{DeadLetter, dead_letter};
#[doc(hidden)]
pub use filter_map::RowOrNone;
#[doc(hidden)]
pub use flat_map::ManyRows;
#[doc(hidden)]
pub use join::{
    HasKeys, HasRange, IsJoin, JoinWithRows, JoinsWith, KeptByJoin, MakesPairs, StreamToJoin, WindowsOfJoin,
};
#[doc(hidden)]
pub use late_to::HoldsLateRows;
#[doc(hidden)]
pub use lookup::{GoesByTime, HasKeysToLookUp, LookupWithRows, SideTable, StreamToLookUp};
#[doc(hidden)]
pub use meant::{ByName, FieldOf, HoldsText, NotOfRow, NotOfTwo, OfRow, OfTwo, RowWords, TakesRow, TakesTwo};
#[doc(hidden)]
pub use names_stream::{NamesStream, named};
pub use over::{AggregatedOver, Frame, Last, LastRows, last, last_rows};
#[doc(hidden)]
pub use over::{EitherOfTwo, FramedWithRows, HasKeysToLookBack, KeptByOver};
pub use per_window::{Asc, Desc, Ranks, TakenTogether, asc, desc};
#[doc(hidden)]
pub use per_window::{First, IsPerWindow, PerWindowWithRows, RankedWithRows, SharedKey, StreamOfWindows};
pub use side::side;
#[doc(hidden)]
pub use side::{SideWithRows, TakesSettingsOfASource};
#[doc(hidden)]
pub use side_file::TakesFileOtherwise;
#[doc(hidden)]
pub use signposts::{
    DistinctWithRows, GroupWithRows, HasGroups, HasWindows, InsidePipeline, KeyedByAnotherName, SetTooLate,
    TakesSettings, TellsRowsApart, WindowWithRows, WithoutWindow,
};
#[doc(hidden)]
pub use sink_headers::{AddsHeaders, HeaderValue, HeadersOfRow};
pub use source::{OnUndecodable, fail, skip, source};
#[doc(hidden)]
pub use split::{Parts, TellsParts, Variants};
#[doc(hidden)]
pub use through::{GivenTo, NotGiven};
#[doc(hidden)]
pub use union::StreamsOf;
pub use window::*;
pub use with_meta::{RecordMeta, WithMeta};

/// What a pipeline's body says without a handle in front: the functions among the operators, and what they take.
#[doc(hidden)]
pub mod words {
    pub use super::{
        asc, cumulate, dead_letter, desc, fail, last_rows, session, side, skip, sliding, source, tumbling,
    };
}
