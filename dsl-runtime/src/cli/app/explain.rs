//! `explain`: the plans in words.

use std::io::Write;

use clap::Command;

use super::{Call, pipelines};
use crate::cli::explain;
use crate::cli::failure::{Failure, Outcome};

pub(super) fn command(names: &[&'static str]) -> Command {
    explain::command().arg(pipelines(names, "The pipelines to explain [default: all]"))
}

pub(super) fn perform(call: &Call) -> Outcome {
    let mut out = std::io::stdout().lock();
    let mut between = "";
    call.for_each_named(|member| {
        let text = member.pipeline.explain()?;
        let written = out.write_all(between.as_bytes()).and_then(|()| out.write_all(text.as_bytes()));
        between = "\n";
        written.map_err(Failure::of_stdout)
    })
}
