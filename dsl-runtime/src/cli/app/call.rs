//! One call of a program with several pipelines: its arguments, its store, and the pipelines it is about.

use std::cell::OnceCell;
use std::path::Path;
use std::rc::Rc;

use clap::error::ErrorKind;
use clap::{ArgMatches, Command};
use log_store::Store;

use super::entry::{Entry, Mistake};
use super::flags::Given;
use super::order::{Member, ordered};
use super::run;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::invocation::{Session, program_name};
use crate::cli::{Finished, Invocation, Meter};
use crate::engine::{RunOptions, held_in};
use crate::error::{Error, Result};
use crate::pipeline::Pipeline;

/// One call of a program with several pipelines, as its commands see it.
pub struct Call {
    /// Each with its parameters, or with what is missing.
    pipelines: Vec<(&'static str, std::result::Result<Pipeline, Mistake>)>,
    ordered: OnceCell<Vec<Member>>,
    grammar: Command,
    command: String,
    arguments: ArgMatches,
    session: Rc<Session>,
}

impl Call {
    /// # Errors
    /// A flag's text that is no value. A flag that is missing is told where its pipeline is meant.
    pub(super) fn new(
        entries: &[Entry],
        given: &Given,
        grammar: Command,
        (command, arguments): (String, ArgMatches),
        session: Rc<Session>,
    ) -> std::result::Result<Call, Failure> {
        let pipelines = entries.iter().map(|entry| (entry.name, (entry.make)(given))).collect();
        let call = Call { pipelines, ordered: OnceCell::new(), grammar, command, arguments, session };
        let refused = call.pipelines.iter().find_map(|(name, made)| match made {
            Err(mistake) if mistake.refused.is_some() => Some(mistake.text(name)),
            _ => None,
        });
        match refused {
            Some(message) => Err(call.usage(ErrorKind::ValueValidation, message)),
            None => Ok(call),
        }
    }

    /// The arguments of the command.
    pub fn arguments(&self) -> &ArgMatches {
        &self.arguments
    }

    /// The data directory: `--data-dir`, or the default.
    pub fn data_dir(&self) -> &Path {
        self.session.data_dir()
    }

    /// The program as it was called, for messages that name one of its commands.
    pub fn program(&self) -> String {
        program_name("pipelines")
    }

    /// The pipelines in the order of their topics: one that reads what another writes comes after it.
    ///
    /// # Errors
    /// [`Error::Usage`] if a parameter's flag is missing, [`Error::Plan`] if the pipelines cannot be in one program.
    pub fn pipelines(&self) -> Result<Vec<Pipeline>> {
        self.refuse_missing_flags(|_| true).map_err(Error::Usage)?;
        Ok(self.known()?.into_iter().map(|member| member.pipeline).collect())
    }

    /// The store in the data directory. It is opened, and made, by the first call.
    ///
    /// # Errors
    /// The log's: another process has it open, or it is of a newer format.
    pub fn store(&self) -> Result<&Store> {
        let plans = self.known()?.iter().map(|member| member.pipeline.plan()).collect::<Result<Vec<_>>>()?;
        self.session.store(&self.program(), |topic| plans.iter().find_map(|plan| held_in(plan, topic)))
    }

    /// A progress bar on stderr, shown only if that is a terminal. `total` is in whatever unit [`Meter::advance_to`] takes.
    pub fn meter(&self, what: &str, total: u64) -> Meter {
        Meter::new(what, total)
    }

    /// Runs all pipelines as `run` does: with `until_end` one after the other, in the order of their topics, and else at the same time; with
    /// progress, ended cleanly by Ctrl-C and SIGTERM, with summaries on stderr. Gives what each has come to, in that order; after a
    /// signal only those that have run.
    ///
    /// # Errors
    /// [`Error::OfPipeline`] with the error of the first that failed; the others are stopped. Those of [`Call::pipelines`].
    pub fn run(&self, options: RunOptions) -> Result<Vec<Finished>> {
        self.pipelines()?;
        run::run(self, self.known()?, &options)
    }

    pub(super) fn session(&self) -> &Rc<Session> {
        &self.session
    }

    /// Whether the program has a pipeline of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.pipelines.iter().any(|(own, _)| *own == name)
    }

    /// As [`Call::store`], for commands that make no sense on a directory that is not there.
    pub(super) fn existing_store(&self) -> Result<&Store> {
        self.session.refuse_missing(&self.program())?;
        self.store()
    }

    /// The pipelines whose parameters are there, in the order of their topics.
    pub(super) fn known(&self) -> Result<Vec<Member>> {
        if let Some(known) = self.ordered.get() {
            return Ok(known.clone());
        }
        let made = self.pipelines.iter().filter_map(|(_, made)| made.as_ref().ok());
        let members = made.map(|pipeline| Member::new(pipeline.clone())).collect::<Result<_>>()?;
        let known = ordered(members)?;
        Ok(self.ordered.get_or_init(|| known).clone())
    }

    /// All pipelines, in the order of their topics.
    pub(super) fn all(&self) -> std::result::Result<Vec<Member>, Failure> {
        self.members(|_| true)
    }

    /// The pipelines that the arguments name, or all, in the order of their topics.
    pub(super) fn named(&self) -> std::result::Result<Vec<Member>, Failure> {
        let names: Vec<&String> = self.arguments.get_many("PIPELINE").into_iter().flatten().collect();
        self.members(|name| names.is_empty() || names.iter().any(|named| *named == name))
    }

    fn members(&self, meant: impl Fn(&str) -> bool) -> std::result::Result<Vec<Member>, Failure> {
        self.refuse_missing_flags(&meant)
            .map_err(|message| self.usage(ErrorKind::MissingRequiredArgument, message))?;
        Ok(self.known()?.into_iter().filter(|member| meant(member.name())).collect())
    }

    fn refuse_missing_flags(&self, meant: impl Fn(&str) -> bool) -> std::result::Result<(), String> {
        let mut made = self.pipelines.iter().filter(|(name, _)| meant(name));
        let mistake = made.find_map(|(name, made)| Some(made.as_ref().err()?.text(name)));
        mistake.map_or(Ok(()), Err)
    }

    /// One of the pipelines, as the commands of one pipeline see it.
    pub(super) fn of(&self, member: &Member) -> Invocation {
        Invocation::new(member.pipeline.clone(), self.arguments.clone(), self.session.clone())
    }

    /// Wrong usage of the command.
    pub(super) fn usage(&self, kind: ErrorKind, message: String) -> Failure {
        let mut grammar = self.grammar.clone();
        grammar.build();
        let command = grammar.find_subcommand_mut(&self.command).expect("the command was parsed");
        command.error(kind, message).into()
    }

    /// Performs for each of the named pipelines.
    pub(super) fn for_each_named(&self, mut act: impl FnMut(&Member) -> Outcome) -> Outcome {
        self.named()?.iter().try_for_each(&mut act)
    }
}
