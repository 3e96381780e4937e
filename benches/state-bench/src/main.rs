//! Measures what keyed state costs, in a table of Markdown: how far checkpoints slow a run down and hold up its commits, how
//! long a restart takes and how much memory, and how many bytes an entry takes in the log and a key in memory.
//!
//! Every measurement is a process of its own, so that its CPU time and its peak of memory are its own.

mod measured;
mod pipeline;
mod runs;

use std::path::Path;
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, value_parser};

use measured::Measured;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run(&command().get_matches()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("state-bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> Command {
    let number = |name: &'static str, default: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_parser(value_parser!(u64)).default_value(default).help(help)
    };
    Command::new("state-bench")
        .about("Measures what keyed state costs")
        .arg(number("keys", "865000", "How many keys there are"))
        .arg(number("rows", "20000000", "How many rows are read, of random keys"))
        .arg(number("rounds", "3", "How often each run is measured; the runs take turns"))
        .arg(number("workers", "1", "Worker threads of a run"))
        .arg(Arg::new("child").long("child").num_args(2..).hide(true))
}

fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let number = |name: &str| *matches.get_one::<u64>(name).expect("it has a default");
    if let Some(mut child) = matches.get_many::<String>("child") {
        let mut next = || child.next().map_or("", String::as_str);
        let (what, dir) = (next(), next());
        return runs::child(what, Path::new(dir), number("keys"), number("rows"), number("workers"));
    }
    let bench = runs::Bench {
        keys: number("keys"),
        rows: number("rows"),
        rounds: number("rounds").max(1),
        workers: number("workers"),
    };
    print!("{}", bench.measure()?);
    Ok(())
}

impl Measured {
    fn print(&self) {
        println!("{}", self.to_line());
    }
}
