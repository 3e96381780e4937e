//! Testing a pipeline without disk, threads or waiting: push rows, read results.

mod clock;
mod driver;

pub use driver::{Reads, SeveralRows, TestDriver, Writes};
