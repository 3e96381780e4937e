//! `explain`: the plans in words, or as JSON.

use std::io::Write;

use clap::Command;

use super::{Call, pipelines};
use crate::cli::explain;
use crate::cli::failure::{Failure, Outcome};
use crate::error::Result;
use crate::plan::Picture;

pub(super) fn command(names: &[&'static str]) -> Command {
    explain::command().arg(pipelines(names, "The pipelines to explain [default: all]"))
}

pub(super) fn perform(call: &Call) -> Outcome {
    let mut out = std::io::stdout().lock();
    if call.arguments().get_flag("json") {
        let pictures =
            call.named()?.iter().map(|member| member.pipeline.picture()).collect::<Result<Vec<_>>>()?;
        return out.write_all(Picture::list_to_json(&pictures).as_bytes()).map_err(Failure::of_stdout);
    }
    let mut between = "";
    call.for_each_named(|member| {
        let text = member.pipeline.explain()?;
        let written = out.write_all(between.as_bytes()).and_then(|()| out.write_all(text.as_bytes()));
        between = "\n";
        written.map_err(Failure::of_stdout)
    })
}
