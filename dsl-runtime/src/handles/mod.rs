//! Handles: plain numbers into the plan, with what the compiler is to know of them in their types.
//!
//! A handle is `Copy`, holds no rows and opens nothing. What stands behind it are the [operators](crate::dsl), methods that
//! their own files add.

mod distinct;
mod event_time;
mod framed;
mod grouped;
mod heartbeats;
mod joining;
mod lookup;
mod per_window;
mod row_types;
mod source;
mod stream;
mod topic;
mod windowed;

pub use distinct::Distinct;
pub use event_time::{
    ByCommonEnds, ByEventTime, ByTheClock, EventTime, GoesBy, HasEventTime, KnowsLatePolicy, KnowsLateness,
    KnowsWhatBecomesOfRowsAhead, Meet, NoEventTime, NoLatePolicy, NoLateness, OfWindows, PolicyOnly,
    RowsOfWindows, TakesAhead, TakesIdle, TakesLateness, Timed,
};
pub use framed::Framed;
pub use grouped::{Grouped, GroupedBy};
pub use heartbeats::HasHeartbeats;
pub use joining::{
    Anti, FullOuter, Inner, IntervalJoin, Join, KeyedJoin, LeftOuter, RightOuter, Semi, WindowJoin,
};
pub use lookup::{KeyedLookup, Lookup, Side};
pub use per_window::{PerKey, PerWindow, Ranked, WholeWindow};
pub(crate) use row_types::{RowTypes, row_types_of};
pub use source::Source;
pub use stream::Stream;
pub use topic::{HasLog, Holds, IsEventTime, Keyed, NameAlone, NamesTopic, OfLog, Topic, topic};
pub use windowed::Windowed;

/// A node's number in its plan, and one of the ports by which its rows leave it: what a stream handle holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeId {
    pub(crate) plan: u32,
    pub(crate) node: u32,
    /// 0 for the operator's results. Few operators have others.
    pub(crate) port: u16,
}

impl NodeId {
    pub(crate) fn index(self) -> usize {
        self.node as usize
    }
}
