//! Testing a pipeline without disk, threads or waiting: push rows, read results.

mod clock;
mod driver;
mod signposts;

pub use driver::{Reads, SeveralRows, TestDriver, Writes};
pub use signposts::{GivesRowsOtherwise, RunsOtherwise, TakesRowsOtherwise};
