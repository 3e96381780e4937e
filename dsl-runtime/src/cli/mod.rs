//! The command line of a pipeline, or of a program with several: `run`, `read`, `explain`, `graph` and `reset`, and a program's own commands beside
//! them.
//!
//! Rows go to stdout and everything else to stderr. Exit codes: 0, 1 for an error, 2 for wrong usage.

mod app;
mod explain;
mod failure;
mod graph;
mod instants;
mod invocation;
mod meter;
mod operators;
mod read;
mod reset;
mod run;
mod signals;
mod summary;
mod topics;

use std::error::Error as StdError;
use std::ffi::OsString;
use std::process::ExitCode;

#[doc(hidden)]
pub use app::{AddedOtherwise, Entry, Flag, Flags, Given, RunOtherwise, TestedOtherwise};
pub use app::{App, Call, FromFlag, GivesPipeline};
pub use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
pub use indicatif::HumanCount;
pub use invocation::{Finished, Invocation};
pub use meter::Meter;

use crate::error::Result;
use crate::not_there::nowhere;
use crate::pipeline::{HasCommands, Pipeline};
use failure::{Failure, Outcome, exit_code};
use invocation::{Session, store_arguments};

const AFTER_HELP: &str =
    "Rows go to stdout, everything else to stderr. Exit codes: 0, 1 for an error, 2 for wrong usage.";

/// What a command does, with the call as `C`.
type Action<C> = Box<dyn FnOnce(&C) -> Outcome>;

/// A command line under construction: the pipeline's own commands, and what the program adds.
///
/// ```no_run
/// use waterwheel::prelude::*;
/// use waterwheel::{Pipeline, Result};
/// use waterwheel::cli::{Arg, Command, Invocation};
/// # fn load(_: &Invocation) -> Result<()> { Ok(()) }
/// # fn main_of(pipeline: Pipeline) -> std::process::ExitCode {
/// pipeline
///     .cli()
///     .about("Counts departures.")
///     .command(Command::new("load").arg(Arg::new("FILE").required(true)), load)
///     .without_arguments(|call| call.run(RunOptions::new().close()).map(|_| ()))
///     .main()
/// # }
/// ```
#[must_use = "a command line does nothing until its `main()` is called"]
pub struct Cli {
    pipeline: Pipeline,
    about: String,
    commands: Vec<(Command, Action<Invocation>)>,
    otherwise: Option<Action<Invocation>>,
}

impl Pipeline {
    /// Runs the program's command line: `run`, `read`, `explain`, `graph`, `reset`. It gives the exit code, which `fn main` returns.
    ///
    /// ```no_run
    /// # fn departures() -> waterwheel::Pipeline { waterwheel::Pipeline::new("departures", (), |()| {}) }
    /// fn main() -> std::process::ExitCode {
    ///     departures().main()
    /// }
    /// ```
    #[must_use = "it is the exit code, and without it a failure looks like a success: write `fn main() -> std::process::ExitCode`, and no semicolon after `.main()`; several pipelines of one program are `App::new().pipeline(first).pipeline(second).main()`"]
    pub fn main(&self) -> ExitCode {
        self.cli().main()
    }

    /// There is none: it says where commands go.
    #[doc(hidden)]
    pub fn command<C, A>(&self, _: C, _: A) -> Cli
    where
        Self: HasCommands<C>,
    {
        nowhere()
    }

    /// The command line, to add commands of the program's own before its [`Cli::main`].
    pub fn cli(&self) -> Cli {
        let about = format!("Runs the pipeline `{}` over its log", self.name());
        Cli { pipeline: self.clone(), about, commands: Vec::new(), otherwise: None }
    }
}

impl Cli {
    /// Says in a sentence what the program does; it is the first line of its help.
    pub fn about(mut self, about: impl Into<String>) -> Self {
        self.about = about.into();
        self
    }

    /// Adds a command of the program's own. It also takes `--data-dir`; its error is printed, and the program ends with 1.
    ///
    /// # Panics
    /// When the command line is parsed, if two commands have the same name.
    pub fn command<E>(
        mut self,
        command: Command,
        action: impl FnOnce(&Invocation) -> std::result::Result<(), E> + 'static,
    ) -> Self
    where
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.commands.push((command, failing_with(action)));
        self
    }

    /// What to do if no command is given. Without it that is wrong usage, and prints the help.
    pub fn without_arguments<E>(
        mut self,
        action: impl FnOnce(&Invocation) -> std::result::Result<(), E> + 'static,
    ) -> Self
    where
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.otherwise = Some(failing_with(action));
        self
    }

    /// Parses the process's arguments and does what they say. It gives the exit code, which `fn main` returns.
    #[must_use = "it is the exit code, and without it a failure looks like a success: write `fn main() -> std::process::ExitCode`, and no semicolon after `.main()`; several pipelines of one program are `App::new().pipeline(first).pipeline(second).main()`"]
    pub fn main(self) -> ExitCode {
        exit_code(self.perform(std::env::args_os()))
    }

    fn perform(mut self, arguments: impl IntoIterator<Item = OsString>) -> Outcome {
        let mut matches = self.grammar()?.try_get_matches_from(arguments)?;
        let session = Session::new(&matches);
        let (action, arguments): (Action<Invocation>, ArgMatches) = match matches.remove_subcommand() {
            None => {
                let otherwise = self.otherwise.take();
                (
                    otherwise.expect("a command is required if there is nothing to do without"),
                    ArgMatches::default(),
                )
            }
            Some((name, arguments)) => {
                let own = self.commands.iter().position(|(command, _)| command.get_name() == name);
                let action: Action<Invocation> = match (own, name.as_str()) {
                    (Some(own), _) => self.commands.swap_remove(own).1,
                    (None, "run") => Box::new(run::perform),
                    (None, "read") => Box::new(read::perform),
                    (None, "explain") => Box::new(explain::perform),
                    (None, "graph") => Box::new(graph::perform),
                    (None, "reset") => Box::new(reset::perform),
                    (None, name) => unreachable!("`{name}` is not in the grammar"),
                };
                (action, arguments)
            }
        };
        action(&Invocation::new(self.pipeline, arguments, session.clone()))?;
        Ok(session.close()?)
    }

    fn grammar(&self) -> Result<Command> {
        let (reads, writes) = topics::of(&self.pipeline)?;
        let own = self.commands.iter().map(|(command, _)| command.clone());
        let grammar = Command::new(self.pipeline.name())
            .about(self.about.clone())
            .after_help(AFTER_HELP)
            .args(store_arguments())
            .subcommand_required(self.otherwise.is_none())
            .arg_required_else_help(self.otherwise.is_none())
            .disable_help_subcommand(true)
            .subcommands(own)
            .subcommands([
                run::command(),
                read::command(&reads, &writes),
                explain::command(),
                graph::command(),
                reset::command(&topics::own(&self.pipeline)?),
            ]);
        Ok(grammar)
    }
}

/// An action of the program's own, whose error is printed.
fn failing_with<C, E>(action: impl FnOnce(&C) -> std::result::Result<(), E> + 'static) -> Action<C>
where
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    Box::new(move |call| action(call).map_err(|error| Failure::Error(error.into())))
}
