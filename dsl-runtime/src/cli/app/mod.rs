//! The command line of a program with several pipelines.

mod call;
mod entry;
mod explain;
mod flags;
mod given;
mod graph;
mod list;
mod order;
mod reset;
mod run;
#[cfg(test)]
mod tests;

use std::error::Error as StdError;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser};
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command};

pub use call::Call;
#[doc(hidden)]
pub use entry::Entry;
pub use flags::FromFlag;
#[doc(hidden)]
pub use flags::{Flag, Flags, Given};
pub use given::GivesPipeline;

use super::failure::{Outcome, exit_code};
use super::invocation::{Session, program_name, store_arguments};
use super::{AFTER_HELP, Action, Invocation, failing_with, read, topics};
use crate::error::{Error, Result};
use crate::not_there::not_there;
use order::Member;

/// A program of several pipelines over one log, under construction. Its command line lists them, runs one, some or all of them in the
/// order of their topics, explains and resets them, and has their parameters as flags.
///
/// ```no_run
/// use std::process::ExitCode;
///
/// use waterwheel::cli::App;
/// use waterwheel::prelude::*;
/// # #[derive(Debug, Clone, PartialEq, Record)]
/// # struct Payment { card: u64, cents: i64 }
/// # topics! {
/// #     Payments("payments"): Payment { key: card }
/// #     Large("large"): Payment { key: card }
/// #     Huge("huge"): Payment { key: card }
/// # }
/// #[pipeline]
/// fn large(
///     /// The least amount, in cents.
///     #[default(1_000)]
///     least: i64,
/// ) {
///     source(Payments).filter(|p| p.cents >= least).sink(Large);
/// }
///
/// #[pipeline]
/// fn huge() {
///     source(Large).filter(|p| p.cents >= 100_000).sink(Huge);
/// }
///
/// // `shop run --until-end` runs `large`, and then `huge`; `shop run large --least 500` runs the one alone.
/// fn main() -> ExitCode {
///     App::new().pipeline(huge).pipeline(large).main()
/// }
/// ```
#[must_use = "a program does nothing until its `main()` is called"]
pub struct App {
    about: String,
    entries: Vec<Entry>,
    commands: Vec<(Command, Action<Call>)>,
}

impl Default for App {
    fn default() -> Self {
        App::new()
    }
}

impl App {
    /// A program without any pipeline yet.
    pub fn new() -> App {
        App { about: "Runs pipelines over one log".to_owned(), entries: Vec::new(), commands: Vec::new() }
    }

    /// Says in a sentence what the program does; it is the first line of its help.
    pub fn about(mut self, about: impl Into<String>) -> Self {
        self.about = about.into();
        self
    }

    /// Adds a pipeline: a `#[pipeline]` function by its name, `.pipeline(large)`, or a pipeline with its parameters, `.pipeline(large(500))`.
    ///
    /// Each parameter of a function is a flag, of the parameter's name and type: `--least 500`. What becomes of the text is said by the type's
    /// [`FromStr`](std::str::FromStr); a `bool` is the flag alone, an `Option` may be left out, and so may a parameter with `#[default(500)]`.
    /// The parameter's doc comment is the flag's help. Pipelines with a parameter of one name have one flag for it.
    ///
    /// The order does not matter. Two pipelines of one name, or two that write one topic, are refused when the program is called.
    pub fn pipeline<P, Parameters, Ways>(mut self, pipeline: P) -> Self
    where
        P: GivesPipeline<Parameters>,
        Parameters: Flags<Ways>,
    {
        self.entries.push(pipeline.into_entry());
        self
    }

    /// Adds a command of the program's own. It also takes `--data-dir` and the pipelines' parameters; its error is printed, and the program
    /// ends with 1.
    ///
    /// # Panics
    /// When the command line is parsed, if two commands have the same name.
    pub fn command<E>(
        mut self,
        command: Command,
        action: impl FnOnce(&Call) -> std::result::Result<(), E> + 'static,
    ) -> Self
    where
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.commands.push((command, failing_with(action)));
        self
    }

    /// Parses the process's arguments and does what they say. It gives the exit code, which `fn main` returns.
    #[must_use = "it is the exit code, and without it a failure looks like a success: write `fn main() -> std::process::ExitCode`, and no semicolon after `.main()`"]
    pub fn main(self) -> ExitCode {
        exit_code(self.perform(std::env::args_os()))
    }

    fn perform(mut self, arguments: impl IntoIterator<Item = OsString>) -> Outcome {
        self.refuse_twice()?;
        let grammar = self.grammar()?;
        let mut matches = grammar.clone().try_get_matches_from(arguments)?;
        let session = Session::new(&matches);
        let (name, arguments) = matches.remove_subcommand().expect("a command is required");
        let flags: Vec<Flag> = self.entries.iter().flat_map(|entry| entry.flags.clone()).collect();
        let given = Given::of(&flags, &arguments);
        let call = Call::new(&self.entries, &given, grammar, (name.clone(), arguments), session.clone())?;
        let own = self.commands.iter().position(|(command, _)| command.get_name() == name);
        match (own, name.as_str()) {
            (Some(own), _) => self.commands.swap_remove(own).1(&call),
            (None, "list") => list::perform(&call, &self.entries),
            (None, "run") => run::perform(&call),
            (None, "read") => perform_read(&call),
            (None, "explain") => explain::perform(&call),
            (None, "graph") => graph::perform(&call),
            (None, "reset") => reset::perform(&call),
            (None, name) => unreachable!("`{name}` is not in the grammar"),
        }?;
        Ok(session.close()?)
    }

    /// Refuses what no program can have, whatever it is called with.
    fn refuse_twice(&self) -> Result<()> {
        if self.entries.is_empty() {
            return Err(Error::Plan(
                "this program has no pipeline: add each with `.pipeline(..)` before `.main()`".to_owned(),
            ));
        }
        for (at, entry) in self.entries.iter().enumerate() {
            if self.entries[..at].iter().any(|earlier| earlier.name == entry.name) {
                return Err(Error::Plan(format!(
                    "this program has two pipelines named `{}`: what they keep in the log goes by their name. Take one of the two \
                     `.pipeline(..)` out, or give one of the functions another name",
                    entry.name
                )));
            }
        }
        Ok(())
    }

    /// What can be said on the command line.
    fn grammar(&self) -> Result<Command> {
        let names: Vec<&'static str> = self.entries.iter().map(|entry| entry.name).collect();
        let own = self.commands.iter().map(|(command, _)| command.clone());
        let grammar = Command::new(program_name("pipelines"))
            .about(self.about.clone())
            .after_help(AFTER_HELP)
            .args(store_arguments())
            .subcommand_required(true)
            .arg_required_else_help(true)
            .disable_help_subcommand(true)
            .subcommands(own)
            .subcommands([list::command(), run::command(&names), read_command()])
            .subcommands([explain::command(&names), graph::command(&names), reset::command(&names)]);
        let arguments = self.arguments(&grammar)?;
        Ok(grammar.args(arguments))
    }

    /// The flags of the parameters, each once.
    fn arguments(&self, grammar: &Command) -> Result<Vec<Arg>> {
        let all: Vec<(&'static str, &Flag)> =
            self.entries.iter().flat_map(|entry| entry.flags.iter().map(|flag| (entry.name, flag))).collect();
        let taken: Vec<&str> = [grammar]
            .into_iter()
            .chain(grammar.get_subcommands())
            .flat_map(|command| command.get_arguments().filter_map(Arg::get_long))
            .chain(["help"])
            .collect();
        let mut arguments = Vec::new();
        for (at, (pipeline, flag)) in all.iter().enumerate() {
            if taken.contains(&flag.name.as_str()) {
                return Err(Error::Plan(format!(
                    "pipeline `{pipeline}` has a parameter whose flag would be `--{}`, which the command line has already: give the parameter \
                     another name, or its value in the program, `.pipeline({pipeline}(value))`",
                    flag.name
                )));
            }
            let same: Vec<(&'static str, &Flag)> =
                all.iter().filter(|(_, other)| other.name == flag.name).copied().collect();
            if !all[..at].iter().any(|(_, earlier)| earlier.name == flag.name) {
                arguments.push(flag.argument(&same));
            }
        }
        Ok(arguments)
    }
}

/// The pipelines that a command is about.
fn pipelines(names: &[&'static str], help: &'static str) -> Arg {
    Arg::new("PIPELINE")
        .action(ArgAction::Append)
        .num_args(0..)
        .value_parser(PossibleValuesParser::new(names.to_vec()))
        .help(help)
}

/// As that of one pipeline, with any text for the topic: which topics there are is known when the parameters are.
fn read_command() -> Command {
    read::command(&[], &[]).mut_arg("TOPIC", |topic| {
        topic.value_parser(NonEmptyStringValueParser::new()).help("A topic of any of the pipelines")
    })
}

fn perform_read(call: &Call) -> Outcome {
    let topic = call.arguments().get_one::<String>("TOPIC").expect("the argument is required");
    for member in call.known()? {
        if member.reads.iter().chain(&member.writes).any(|name| name == topic) {
            let arguments: ArgMatches = call.arguments().clone();
            return read::perform(&Invocation::new(member.pipeline, arguments, call.session().clone()));
        }
    }
    // A pipeline whose parameters are missing may have it.
    let known = call.all()?;
    let mut names: Vec<&str> =
        known.iter().flat_map(|member| member.writes.iter().chain(&member.reads)).copied().collect();
    names.sort_unstable();
    names.dedup();
    let message = format!(
        "no pipeline of this program reads or writes a topic `{topic}`; there are {}",
        topics::quoted(&names)
    );
    Err(call.usage(ErrorKind::InvalidValue, message))
}

not_there! {
    [] App, whatever is given:
    AddedOtherwise: with register add_pipeline with_pipeline job topology add pipelines;
    RunOtherwise: run execute start launch serve parse;
    TestedOtherwise: test driver push push_all rows close restart;
}

/// A program that takes pipelines by another word: none.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a program is given its pipelines by `.pipeline(..)`",
    label = "there is no such method",
    note = "`App::new().pipeline(large).pipeline(totals).main()`: each by the name of its function, or with its parameters"
)]
pub trait AddedOtherwise<'given> {}

/// A program that is run by another word: none.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a program of several pipelines is run by `.main()`",
    label = "there is no such method",
    note = "`fn main() -> std::process::ExitCode {{ App::new().pipeline(large).main() }}` gives it its command line, of which `run` is a command",
    note = "in a program of your own, each pipeline is started on one store: `large().start(&store, RunOptions::new())?`"
)]
pub trait RunOtherwise<'given> {}

/// A program that is tested as a whole: none.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a test drives one pipeline: `large().test()`",
    label = "there is no such method",
    note = "of a chain, the rows that one writes are pushed into the next: `let mut next = totals().test(); next.push_all(Large, t.rows(Large));`"
)]
pub trait TestedOtherwise<'given> {}
