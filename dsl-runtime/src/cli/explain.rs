//! `explain`: the plan in words.

use std::io::Write;

use clap::Command;

use super::Invocation;
use super::failure::{Failure, Outcome};

pub(super) fn command() -> Command {
    Command::new("explain")
        .about("Prints the plan, operator by operator, with what each keeps in state and for how long")
        .after_help("Opens nothing: it also works while the pipeline runs.")
}

pub(super) fn perform(call: &Invocation) -> Outcome {
    let text = call.pipeline().explain()?;
    std::io::stdout().lock().write_all(text.as_bytes()).map_err(Failure::of_stdout)
}
