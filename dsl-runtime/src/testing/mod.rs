//! Testing a pipeline without disk, threads or waiting: push rows, read results.

mod driver;

pub use driver::{Reads, TestDriver, Writes};
