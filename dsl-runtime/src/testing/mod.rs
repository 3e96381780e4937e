//! Testing a pipeline without disk, threads or waiting: push rows, read results.

mod clock;
mod driver;
mod pipeline_of;
mod signposts;

pub use driver::{Reads, SeveralRows, TestDriver, Writes};
pub use pipeline_of::PipelineOf;
pub use signposts::{
    GivesRowsOtherwise, MayFail, MovesEventTime, RunsOtherwise, TakesRowsOtherwise, TellsOfRun, Told,
};
