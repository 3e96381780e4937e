//! Testing a pipeline without disk, threads or waiting: push rows, read results.

mod clock;
mod driver;
mod explained;
mod held_back;
mod pipeline_of;
mod signposts;

pub use driver::{IsTested, OneRow, Reads, SeveralRows, TestDriver, Writes};
pub use explained::{ExplainedRow, ExplainedRows, RowFate};
pub use pipeline_of::{IsMade, NotCalled, NotYet, PipelineOf};
pub use signposts::{
    AlwaysRows, GivesRowsOtherwise, IsLength, MayFail, MayNotBe, MovesEventTime, RowsAsked, RunsOtherwise,
    TakesRowsOtherwise, TellsOfRun, length_of_parameter,
};
