//! Measures what rows, epochs, state and restarts cost, each apart, of one build or of two in turn: `cargo xtask bench PART`.

mod build_time;
mod builds;
mod by_hand;
#[path = "../../../examples/departures/flight.rs"]
mod flight;
mod gaps;
mod jobs;
mod median;
#[path = "../../../examples/nexmark/model.rs"]
mod model;
mod page;
mod parts;
#[path = "../../departures-bench/src/pipeline.rs"]
mod pipeline;
#[path = "../../../examples/nexmark/queries/mod.rs"]
mod queries;
#[path = "../../../examples/nexmark/query.rs"]
#[expect(dead_code, reason = "results are counted here, and not printed")]
mod query;
mod random;
mod report;
mod rounds;
#[path = "../../../examples/nexmark/tables.rs"]
mod tables;
mod usage;

use std::error::Error;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use builds::Build;
use parts::{PARTS, Part};
use rounds::Bench;

/// Whatever goes wrong.
type Failure = Box<dyn Error + Send + Sync>;

/// Keys of the parts that measure state.
const KEYS: u64 = 864_864;

fn main() -> Result<(), Failure> {
    let matches = command().get_matches();
    if let Some(("job", matches)) = matches.subcommand() {
        let (job, settings) = job(matches);
        print!("{}", jobs::perform(job, &settings)?);
        return Ok(());
    }
    let bench = bench(&matches)?;
    let path = matches.get_flag("write").then(|| root().join("docs/benchmarks.md"));
    for part in wanted(&matches) {
        let table = rounds::measure(&bench, part)?;
        println!("{table}");
        if let Some(path) = &path {
            let text = page::replaced(&std::fs::read_to_string(path)?, part.name, &table.to_string());
            std::fs::write(path, text)?;
            eprintln!("wrote the table of `{}` into {}", part.name, path.display());
        }
    }
    Ok(())
}

fn command() -> Command {
    let names = PARTS.map(|part| part.name);
    let about = PARTS.map(|part| format!("  {:<12} {}", part.name, part.about)).join("\n");
    Command::new("bench")
        .bin_name("cargo xtask bench")
        .override_usage("cargo xtask bench [PART].. [OPTIONS]")
        .about("Measures what rows, epochs, state and restarts cost, each in a process of its own")
        .after_help(format!("Parts (`all` is all of them):\n{about}"))
        .args_conflicts_with_subcommands(true)
        .arg(
            Arg::new("part")
                .num_args(0..)
                .value_parser(PossibleValuesParser::new(names.into_iter().chain(["all"])))
                .hide_possible_values(true)
                .help("What to measure [default: all]"),
        )
        .arg(number("runs", "5").help("How many rounds; medians are told"))
        .arg(
            number("workers", "1,2")
                .value_delimiter(',')
                .action(ArgAction::Append)
                .help("How many worker threads, one number after the other"),
        )
        .arg(
            number("percent", "100")
                .help("How many of the usual rows and keys: few are for trying the bench, not for measuring"),
        )
        .arg(path("against").help(
            "The same program of another build, as `target/release/engine-bench`, to run in turn as `before`",
        ))
        .arg(
            path("dir")
                .help("Where the logs lie meanwhile, on a disk [default: the directory for temporary files]"),
        )
        .arg(
            Arg::new("write")
                .long("write")
                .action(ArgAction::SetTrue)
                .help("Writes the tables into docs/benchmarks.md"),
        )
        .subcommand(job_command())
}

/// What a process is started with that does one job.
fn job_command() -> Command {
    Command::new("job")
        .hide(true)
        .arg(Arg::new("job").required(true))
        .arg(path("dir").required(true))
        .arg(number("rows", "1"))
        .arg(number("keys", "1"))
        .arg(number("readers", "1"))
        .arg(number("workers", "1"))
        .arg(number("epoch-rows", "32768"))
        .arg(number("checkpoint-ms", "5000"))
        .arg(number("rate", "50"))
}

fn number(name: &'static str, default: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("N")
        .value_parser(value_parser!(u64).range(1..))
        .default_value(default)
        .value_delimiter(',')
}

fn path(name: &'static str) -> Arg {
    Arg::new(name).long(name).value_name("PATH").value_parser(value_parser!(PathBuf))
}

fn value(matches: &ArgMatches, name: &str) -> u64 {
    *matches.get_one::<u64>(name).expect("the option has a default")
}

fn job(matches: &ArgMatches) -> (&str, jobs::Settings) {
    let job = matches.get_one::<String>("job").expect("clap asks for it");
    let settings = jobs::Settings {
        dir: matches.get_one::<PathBuf>("dir").expect("clap asks for it").clone(),
        rows: value(matches, "rows"),
        keys: value(matches, "keys"),
        readers: value(matches, "readers"),
        workers: value(matches, "workers") as usize,
        epoch_rows: value(matches, "epoch-rows"),
        checkpoint_ms: value(matches, "checkpoint-ms"),
        rate: value(matches, "rate"),
    };
    (job, settings)
}

fn bench(matches: &ArgMatches) -> Result<Bench, Failure> {
    let mut builds = vec![Build { name: "now", program: std::env::current_exe()? }];
    if let Some(other) = matches.get_one::<PathBuf>("against") {
        let program = other.canonicalize().map_err(|error| format!("{}: {error}", other.display()))?;
        builds.insert(0, Build { name: "before", program });
    }
    let folder = match matches.get_one::<PathBuf>("dir") {
        Some(dir) => tempfile::tempdir_in(dir)?,
        None => tempfile::tempdir()?,
    };
    Ok(Bench {
        builds,
        rounds: value(matches, "runs"),
        workers: matches.get_many("workers").expect("the option has a default").copied().collect(),
        percent: value(matches, "percent"),
        keys: KEYS,
        folder,
    })
}

fn wanted(matches: &ArgMatches) -> Vec<&'static Part> {
    let names: Vec<&String> = matches.get_many("part").unwrap_or_default().collect();
    let all = names.is_empty() || names.iter().any(|name| *name == "all");
    PARTS.iter().filter(|part| all || names.iter().any(|name| *name == part.name)).collect()
}

/// The workspace's root.
pub(crate) fn root() -> &'static Path {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.ancestors().nth(2).expect("the package is two folders below the root")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
        let wanted = |words: &[&str]| {
            let words = ["bench"].iter().chain(words);
            let matches = command().try_get_matches_from(words).unwrap();
            wanted(&matches).iter().map(|part| part.name).collect::<Vec<&str>>()
        };
        assert_eq!(wanted(&["light", "bids", "--runs", "3"]), ["bids", "light"]);
        assert_eq!(wanted(&[]), PARTS.map(|part| part.name));
        assert_eq!(wanted(&["all", "--workers", "1,2"]), PARTS.map(|part| part.name));
    }
}
