//! `reset`: drops state and results, and asks first.

use std::io::{self, BufRead, IsTerminal};

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command};

use super::Invocation;
use super::failure::{Failure, Outcome};
use super::topics::{own, quoted};
use crate::engine::{has_run, refuse_reset};
use crate::error::Error;

/// `own` are the topics that it drops.
pub(super) fn command(own: &[&'static str]) -> Command {
    Command::new("reset")
        .about("Drops the pipeline's state and results, and keeps its inputs")
        .after_help(format!(
            "Drops the topics it writes ({}); those it reads stay, and the next run computes everything anew. While another \
             pipeline reads one of them that is refused: reset that pipeline first.",
            quoted(own)
        ))
        .arg(yes())
}

/// The flag that has nothing asked.
pub(super) fn yes() -> Arg {
    Arg::new("yes").long("yes").action(ArgAction::SetTrue).help("Do not ask")
}

pub(super) fn perform(call: &Invocation) -> Outcome {
    let store = call.existing_store()?;
    if !has_run(store, call.pipeline().name()) {
        let (name, dir) = (call.pipeline().name(), call.data_dir().display());
        eprintln!("nothing to drop: pipeline `{name}` has not run in {dir} yet, or not since its last reset");
        return Ok(());
    }
    // Before it asks whether to do it.
    refuse_reset(store, &call.pipeline().plan()?, &[])?;
    if !call.arguments().get_flag("yes") && !confirmed(call)? {
        eprintln!("nothing was dropped");
        return Ok(());
    }
    let dropped = call.pipeline().reset(store)?;
    let dropped: Vec<&str> = dropped.iter().map(String::as_str).collect();
    eprintln!(
        "dropped the state of pipeline `{}` and the rows of {}",
        call.pipeline().name(),
        quoted(&dropped)
    );
    Ok(())
}

fn confirmed(call: &Invocation) -> Result<bool, Failure> {
    let own = own(call.pipeline())?;
    confirms(&format!(
        "`reset` drops the state of pipeline `{}` and every row of {} in {}",
        call.pipeline().name(),
        quoted(&own),
        call.data_dir().display()
    ))
}

/// Asks whether to do what is dropped by it.
pub(super) fn confirms(drops: &str) -> Result<bool, Failure> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        // How it is called is no part of what is wrong.
        let message = format!("{drops}, and there is no terminal to ask on; say `--yes` if that is meant\n");
        return Err(clap::Error::raw(ErrorKind::MissingRequiredArgument, message).into());
    }
    eprint!("{drops}. Go on? [y/N] ");
    let mut answer = String::new();
    let read = stdin.lock().read_line(&mut answer);
    read.map_err(|source| Error::Io { what: "cannot read the answer".to_owned(), source })?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
