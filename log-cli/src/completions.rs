//! `completions`: what a shell needs to complete the program's commands and options.

use std::io::Write;

use clap::{Arg, ArgMatches, Command};
use clap_complete::Shell;

use crate::failure::{Failure, Outcome};

pub(crate) fn command() -> Command {
    let shells = [Shell::Bash, Shell::Zsh, Shell::Fish].map(|shell| shell.to_string());
    let shells = clap::builder::PossibleValuesParser::new(shells);
    Command::new("completions")
        .about("Prints what a shell needs to complete commands and options")
        .long_about(
            "Prints what a shell needs to complete commands and options:\n\n  \
             bash: waterwheel-log completions bash > ~/.local/share/bash-completion/completions/waterwheel-log\n  \
             zsh:  waterwheel-log completions zsh > \"${fpath[1]}/_waterwheel-log\"\n  \
             fish: waterwheel-log completions fish > ~/.config/fish/completions/waterwheel-log.fish",
        )
        .arg(Arg::new("SHELL").required(true).value_parser(shells).help("The shell"))
}

pub(crate) fn perform(arguments: &ArgMatches, mut grammar: Command) -> Outcome {
    let shell = arguments.get_one::<String>("SHELL").expect("the argument is required");
    let shell: Shell = shell.parse().map_err(Failure::Error)?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut grammar, "waterwheel-log", &mut script);
    std::io::stdout().write_all(&script).map_err(Failure::of_stdout)
}
