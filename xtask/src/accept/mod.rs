//! `cargo xtask accept`: shows that nothing is lost or doubled, by killing the real program and by losing power.
//!
//! `engine` kills an example, or a program like one, with SIGKILL all over its work and compares what it has committed in
//! the end with an uninterrupted run, and that one with plain loops over the file. `log` runs the log's simulated crashes, `language` the
//! property tests of the operators. `processes` kills and stops several programs that work on one directory, and `messages` gives mistakes to rustc.

mod aircraft;
mod dump_tool;
mod engine;
mod hours;
mod language;
mod log;
mod messages;
mod model;
mod moments;
mod operators;
mod processes;
mod program;
mod progress;
mod rows;
mod tally;
mod times;
mod victim;

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use model::Subject;

use crate::error::Result;
use crate::workspace::{self, Profile};

/// The month that is bundled with the example.
const JANUARY: &str = "examples/departures/flights-2013-01.csv.gz";

/// The cases of each property of the language in a sample.
const SAMPLE_CASES: u64 = 3;

pub(crate) fn command() -> Command {
    Command::new("accept")
        .about("Shows that nothing is lost or doubled, whatever is killed")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(engine_command())
        .subcommand(
            Command::new("log")
                .about("Loses power at random instants of the log's work, on a simulated disk")
                .arg(number("crashes", "How many times the power goes off", "10000")),
        )
        .subcommand(Command::new("dump-tool").about(
            "Has Kafka's DumpLogSegments read segments of every codec and their indexes; needs java and mvn",
        ))
        .subcommand(language_command())
        .subcommand(processes_command())
        .subcommand(messages_command())
}

fn messages_command() -> Command {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    Command::new("messages")
        .about("Gives a thousand mistakes to rustc, none of which may be told worse than it was")
        .arg(flag("sample", "One of eight, others every day: less than a minute").conflicts_with("write"))
        .arg(flag("write", "Records what is told of each now"))
}

fn processes_command() -> Command {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    Command::new("processes")
        .about("Kills and stops programs that work on one directory beside one another")
        .arg(number("kills", "How many kills must hit a process at work", "300"))
        .arg(number("stop-ms", "How long a process is stopped, at most, in milliseconds", "3000"))
        .arg(number("long-one-in", "One time in so many, who runs the pipeline is stopped for longer than 10 s, and fenced; 0: never", "40"))
        .arg(number("seed", "Where the random numbers begin", "1"))
        .arg(
            flag("sample", "Few kills and short stops: less than a minute")
                .conflicts_with_all(["kills", "stop-ms", "long-one-in"]),
        )
        .arg(flag("dev", "Takes the programs as the dev profile builds them"))
}

fn language_command() -> Command {
    Command::new("language")
        .about("Runs the operators' property tests against plain loops, with many cases")
        .arg(
            Arg::new("operator")
                .long("operator")
                .value_name("NAME")
                .value_parser(PossibleValuesParser::new(language::names()))
                .help("The tests of one operator [default: those of all]"),
        )
        .arg(number("cases", "How many cases of each property", "2000"))
        .arg(number("seed", "How many seeds to pass over before", "0"))
        .arg(
            Arg::new("sample")
                .long("sample")
                .action(ArgAction::SetTrue)
                .conflicts_with_all(["cases", "write"])
                .help("Few cases, of tests as the dev profile builds them: less than a minute"),
        )
        .arg(
            Arg::new("write")
                .long("write")
                .action(ArgAction::SetTrue)
                .help("Puts the totals into docs/accept/language.md"),
        )
}

fn engine_command() -> Command {
    Command::new("engine")
        .about("Kills a program at random instants of its work, and compares its results")
        .arg(
            Arg::new("example")
                .long("example")
                .value_name("NAME")
                .value_parser(Subject::NAMES)
                .default_value(Subject::NAMES[0])
                .help("Which: `departures` has one window, `aircraft` a session, a join and the like, `operators` most others"),
        )
        .arg(
            Arg::new("input")
                .long("input")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Flights as the example loads them [default: the bundled January]"),
        )
        .arg(number("kills", "How many kills must hit the program while it works", "30"))
        .arg(number("seed", "Where the random numbers begin", "1"))
        .arg(
            Arg::new("sample")
                .long("sample")
                .action(ArgAction::SetTrue)
                .conflicts_with_all(["input", "kills"])
                .help("January and few kills: less than half a minute"),
        )
        .arg(
            Arg::new("dev")
                .long("dev")
                .action(ArgAction::SetTrue)
                .help("Takes the example as the dev profile builds it"),
        )
}

fn number(name: &'static str, help: &'static str, default: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("N")
        .value_parser(value_parser!(u64))
        .default_value(default)
        .help(help)
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    match matches.subcommand() {
        Some(("engine", matches)) => engine::run(&settings(matches)),
        Some(("log", matches)) => log::run(value(matches, "crashes")),
        Some(("dump-tool", _)) => dump_tool::run(),
        Some(("processes", matches)) => processes::run(&processes_settings(matches)),
        Some(("messages", matches)) => messages::run(&messages::Settings {
            one_in: if matches.get_flag("sample") { 8 } else { 1 },
            write: matches.get_flag("write"),
        }),
        Some(("language", matches)) => language::run(&language_settings(matches)),
        _ => unreachable!("clap asks for one of the subcommands"),
    }
}

fn settings(matches: &ArgMatches) -> engine::Settings {
    let sample = matches.get_flag("sample");
    let january = || workspace::root().join(JANUARY);
    let example = matches.get_one::<String>("example").expect("the option has a default");
    engine::Settings {
        subject: Subject::of(example).expect("clap takes none but the known names"),
        input: matches.get_one::<PathBuf>("input").cloned().unwrap_or_else(january),
        kills: if sample { 8 } else { value(matches, "kills") },
        seed: value(matches, "seed"),
        profile: if matches.get_flag("dev") { Profile::Dev } else { Profile::Release },
    }
}

fn processes_settings(matches: &ArgMatches) -> processes::Settings {
    let sample = matches.get_flag("sample");
    processes::Settings {
        input: workspace::root().join(JANUARY),
        kills: if sample { 25 } else { value(matches, "kills") },
        seed: value(matches, "seed"),
        stop_ms: if sample { 500 } else { value(matches, "stop-ms") },
        long_one_in: if sample { 0 } else { value(matches, "long-one-in") },
        profile: if matches.get_flag("dev") { Profile::Dev } else { Profile::Release },
    }
}

fn language_settings(matches: &ArgMatches) -> language::Settings {
    let sample = matches.get_flag("sample");
    language::Settings {
        cases: if sample { SAMPLE_CASES } else { value(matches, "cases") },
        seed: value(matches, "seed"),
        operator: matches.get_one("operator").cloned(),
        profile: if sample { Profile::Dev } else { Profile::Release },
        write: matches.get_flag("write"),
    }
}

fn value(matches: &ArgMatches, name: &str) -> u64 {
    *matches.get_one::<u64>(name).expect("the option has a default")
}
