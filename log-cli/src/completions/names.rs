//! `complete`: the names of topics or groups that can stand where the cursor is, for the scripts of the shells.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command};
use log_store::Store;

use crate::failure::{Failure, Outcome};
use crate::session::DEFAULT_DATA_DIR;

/// What stands at a place of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Topics,
    Groups,
}

/// Not for people, and in no help.
pub(crate) fn command() -> Command {
    let words = Arg::new("WORDS")
        .num_args(0..)
        .last(true)
        .help("What stands behind the program's name, up to the cursor");
    Command::new("complete").about("Prints the names that can stand at the cursor").hide(true).arg(words)
}

/// Prints a name a line. Of whatever goes wrong nothing is said: somebody is typing.
pub(crate) fn perform(arguments: &ArgMatches, grammar: Command) -> Outcome {
    let words: Vec<&str> =
        arguments.get_many::<String>("WORDS").into_iter().flatten().map(String::as_str).collect();
    let Some((wanted, before, begun)) = at_cursor(grammar, &words) else { return Ok(()) };
    let names = names(wanted, &data_dir(&words)).unwrap_or_default();
    let mut fitting = names.iter().filter(|name| name.starts_with(begun));
    let mut out = std::io::stdout().lock();
    fitting.try_for_each(|name| writeln!(out, "{before}{name}")).map_err(Failure::of_stdout)
}

/// What is wanted at the end of the words, what stands before it in its word, and how it begins.
fn at_cursor<'w>(mut grammar: Command, words: &[&'w str]) -> Option<(Wanted, &'w str, &'w str)> {
    grammar.build();
    let (&last, before) = words.split_last()?;
    let (mut command, mut positional, mut option) = (&grammar, 0, None);
    // Bash takes `--group=x` for three words.
    for word in before.iter().filter(|word| **word != "=") {
        if option.take().is_some() {
            continue;
        }
        if let Some(name) = word.strip_prefix("--") {
            option = with_value(command, name);
        } else if let Some(inner) = command.find_subcommand(word) {
            (command, positional) = (inner, 0);
        } else if !word.starts_with('-') {
            positional += 1;
        }
    }
    if let Some(option) = option {
        return Some((wanted_by(command, option)?, "", last.strip_prefix('=').unwrap_or(last)));
    }
    if last.starts_with('-') {
        let at = last.find('=')? + 1;
        let option = with_value(command, last[..at - 1].strip_prefix("--")?)?;
        return Some((wanted_by(command, option)?, &last[..at], &last[at..]));
    }
    let argument = command.get_positionals().nth(positional)?;
    Some((wanted_by(command, argument)?, "", last))
}

/// The option of that name, if a word follows it.
fn with_value<'c>(command: &'c Command, name: &str) -> Option<&'c Arg> {
    command.get_arguments().find(|arg| arg.get_long() == Some(name) && arg.get_action().takes_values())
}

fn wanted_by(command: &Command, argument: &Arg) -> Option<Wanted> {
    match argument.get_id().as_str() {
        // A topic that is made has no name yet.
        _ if command.get_name() == "create" => None,
        "TOPIC" | "topic" => Some(Wanted::Topics),
        "GROUP" | "group" => Some(Wanted::Groups),
        _ => None,
    }
}

/// The data directory that the words name.
fn data_dir(words: &[&str]) -> PathBuf {
    let mut words = words.iter().filter(|word| **word != "=");
    let named = words.find_map(|word| match word.strip_prefix("--data-dir") {
        Some("") => Some(None),
        Some(value) => value.strip_prefix('=').map(Some),
        None => None,
    });
    let named = named.and_then(|value| value.or_else(|| words.next().copied()));
    let named = named.unwrap_or(DEFAULT_DATA_DIR);
    // The shell has not come to it yet.
    match (named.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(named),
    }
}

fn names(wanted: Wanted, data_dir: &Path) -> Option<Vec<String>> {
    // To open it would make it.
    if !data_dir.is_dir() {
        return None;
    }
    let store = Store::open(data_dir).ok()?;
    let names = match wanted {
        Wanted::Groups => store.groups().ok()?,
        Wanted::Topics => {
            let topics = store.topics().into_iter().filter(|topic| !topic.config().internal);
            topics.map(|topic| topic.name().to_owned()).collect()
        }
    };
    store.close().ok()?;
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<(Wanted, &str, &str)>) {
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!(at_cursor(crate::grammar(), &words), expected, "{line}");
    }

    #[test]
    fn topics_and_groups_stand_where_the_grammar_has_them() {
        check("consume ", Some((Wanted::Topics, "", "")));
        check("consume or", Some((Wanted::Topics, "", "or")));
        check("--data-dir x consume --json or", Some((Wanted::Topics, "", "or")));
        check("consume --from-offset 7 or", Some((Wanted::Topics, "", "or")));
        check("consume orders --group b", Some((Wanted::Groups, "", "b")));
        check("consume orders --group = b", Some((Wanted::Groups, "", "b")));
        check("consume orders --group=b", Some((Wanted::Groups, "--group=", "b")));
        check("topic describe ", Some((Wanted::Topics, "", "")));
        check("topic delete-records o", Some((Wanted::Topics, "", "o")));
        check("group reset ", Some((Wanted::Groups, "", "")));
        check("group reset billing --topic ", Some((Wanted::Topics, "", "")));
        for none in [
            "",
            "con",
            "consume orders ",
            "consume --from-offset ",
            "consume --js",
            "topic create ",
            "topic ",
            "backup ",
        ] {
            check(none, None);
        }
    }

    #[test]
    fn the_data_directory_is_the_one_of_the_line() {
        let of = |line: &str| data_dir(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(of("consume "), PathBuf::from(DEFAULT_DATA_DIR));
        assert_eq!(of("--data-dir /x consume "), PathBuf::from("/x"));
        assert_eq!(of("consume --data-dir=/x "), PathBuf::from("/x"));
        assert_eq!(of("consume --data-dir = /x "), PathBuf::from("/x"));
    }
}
