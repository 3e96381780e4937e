//! `completions`: what a shell needs to complete the program's commands and options, and the names of topics and groups.

mod names;
mod scripts;

use std::io::Write;

use clap::{Arg, ArgMatches, Command};
use clap_complete::Shell;

use crate::failure::{Failure, Outcome};

pub(crate) use names::{command as names_command, perform as names};

pub(crate) fn command() -> Command {
    let shells = [Shell::Bash, Shell::Zsh, Shell::Fish].map(|shell| shell.to_string());
    let shells = clap::builder::PossibleValuesParser::new(shells);
    Command::new("completions")
        .about("Prints what a shell needs to complete commands and options, topics and groups")
        .long_about(
            "Prints what a shell needs to complete commands and options, topics and groups:\n\n  \
             bash: waterwheel-log completions bash > ~/.local/share/bash-completion/completions/waterwheel-log\n  \
             zsh:  waterwheel-log completions zsh > \"${fpath[1]}/_waterwheel-log\"\n  \
             fish: waterwheel-log completions fish > ~/.config/fish/completions/waterwheel-log.fish\n\n\
             For names of topics and groups the shell asks this program, which looks into the data directory that the line names, or into the \
             usual one.",
        )
        .arg(Arg::new("SHELL").required(true).value_parser(shells).help("The shell"))
}

/// Prints the script of a shell for a grammar.
pub(crate) fn perform(arguments: &ArgMatches, mut grammar: Command) -> Outcome {
    let shell = arguments.get_one::<String>("SHELL").expect("the argument is required");
    let shell: Shell = shell.parse().map_err(Failure::Error)?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut grammar, "waterwheel-log", &mut script);
    let script = String::from_utf8(script).expect("a script is made of texts");
    let script = scripts::with_names(shell, &script);
    std::io::stdout().write_all(script.as_bytes()).map_err(Failure::of_stdout)
}
