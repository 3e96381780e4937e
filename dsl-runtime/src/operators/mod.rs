//! The operators, a file each: the documented method on its handle, what it registers in the plan, what runs, and its tests.

mod filter;
mod flat_map;
mod group_by;
mod map;
mod signposts;
mod sink;
mod source;
mod through;
mod union;
mod window;

#[doc(hidden)]
pub use signposts::{
    GroupWithRows, HasGroups, HasWindows, InsidePipeline, KeyedByAnotherName, SetTooLate, TakesSettings,
    WindowWithRows, WithoutWindow,
};
pub use source::{OnUndecodable, fail, skip, source};
pub use window::{Aggregated, Tumbling, Window, Windows, tumbling};
