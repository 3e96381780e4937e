//! `graph`: the plans as one picture, with the topics by which pipelines read one another.

use clap::Command;

use super::{Call, pipelines};
use crate::cli::failure::Outcome;
use crate::cli::graph;
use crate::error::Result;

pub(super) fn command(names: &[&'static str]) -> Command {
    graph::command().arg(pipelines(names, "The pipelines to show [default: all]"))
}

pub(super) fn perform(call: &Call) -> Outcome {
    let pictures =
        call.named()?.iter().map(|member| member.pipeline.picture()).collect::<Result<Vec<_>>>()?;
    graph::print(&pictures, call.arguments())
}
