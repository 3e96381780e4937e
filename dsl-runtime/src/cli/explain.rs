//! `explain`: the plan in words, or as JSON.

use std::io::Write;

use clap::{Arg, ArgAction, Command};

use super::Invocation;
use super::failure::{Failure, Outcome};

pub(super) fn command() -> Command {
    let json = Arg::new("json").long("json").action(ArgAction::SetTrue).help("As JSON, for programs");
    Command::new("explain")
        .about("Prints the plan, operator by operator, with what each keeps in state and for how long")
        .after_help("Opens nothing: it also works while the pipeline runs.")
        .arg(json)
}

pub(super) fn perform(call: &Invocation) -> Outcome {
    let text = match call.arguments().get_flag("json") {
        true => call.pipeline().explain_json()?,
        false => call.pipeline().explain()?,
    };
    std::io::stdout().lock().write_all(text.as_bytes()).map_err(Failure::of_stdout)
}
