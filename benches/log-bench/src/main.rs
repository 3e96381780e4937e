//! Measures the log: `cargo xtask bench log`. Ratios are of one run, whose rounds take turns, and each is the median of those of the
//! rounds; what is beside the log writes the same bytes to the same file system.
//!
//! - `threads`: durable single appends from several threads, beside redb, fjall and SQLite;
//! - `socket`: through the process that owns the directory, beside in process;
//! - `batches`: many records at once, beside the bare file;
//! - `steady`: minutes of a steady load with retention: what drifts, and what grows.

mod batches;
mod engines;
mod figures;
mod machine;
#[path = "../../engine-bench/src/page.rs"]
mod page;
mod rounds;
mod socket;
mod steady;
mod threads;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Result<T, E = Failure> = std::result::Result<T, E>;

const PARTS: [&str; 4] = ["threads", "socket", "batches", "steady"];

/// How much is measured, and where.
struct Plan {
    /// Where directories are made, and removed again.
    dir: PathBuf,
    rounds: usize,
    /// How long each variant runs in a round.
    each: Duration,
    /// How long the steady load lasts.
    steady: Duration,
}

fn main() -> Result<()> {
    let matches = command().get_matches();
    if let Some(("owner", owner)) = matches.subcommand() {
        return socket::own(owner.get_one::<PathBuf>("directory").ok_or("no directory")?);
    }
    let plan = plan(&matches)?;
    let only: Option<&String> = matches.get_one("part");
    for part in PARTS.into_iter().filter(|part| only.is_none_or(|only| only == part)) {
        eprintln!("measuring `{part}` ..");
        let table = format!("{}\n{}", machine::when(plan.rounds), measure(part, &plan)?);
        println!("{table}");
        if matches.get_flag("write") {
            write(part, &table)?;
        }
    }
    Ok(())
}

fn measure(part: &str, plan: &Plan) -> Result<String> {
    match part {
        "threads" => threads::table(plan),
        "socket" => socket::table(plan),
        "batches" => batches::table(plan),
        _ => steady::table(plan),
    }
}

fn plan(matches: &ArgMatches) -> Result<Plan> {
    let is_quick = matches.get_flag("quick");
    let number = |name: &str, quick: u64, full: u64| {
        matches.get_one(name).copied().unwrap_or(if is_quick { quick } else { full })
    };
    let dir = matches.get_one::<PathBuf>("dir").cloned();
    let dir = dir.unwrap_or_else(|| std::env::temp_dir().join(format!("log-bench-{}", std::process::id())));
    Ok(Plan {
        dir,
        rounds: usize::try_from(number("runs", 3, 5))?.max(1),
        each: Duration::from_millis(number("milliseconds", 300, 1_500)),
        steady: Duration::from_secs(number("seconds", 20, 300)),
    })
}

fn write(part: &str, table: &str) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = folder.ancestors().nth(2).ok_or("no folder of the project")?.join("docs/benchmarks.md");
    std::fs::write(&path, page::replaced(&std::fs::read_to_string(&path)?, &format!("log {part}"), table))?;
    eprintln!("wrote the table of `log {part}` into {}", path.display());
    Ok(())
}

fn command() -> Command {
    let number = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name("N").value_parser(value_parser!(u64)).help(help)
    };
    Command::new("log-bench")
        .about("Measures the log beside bare files, embedded databases, and itself through another process")
        .arg(
            Arg::new("part")
                .long("part")
                .value_name("NAME")
                .value_parser(PossibleValuesParser::new(PARTS))
                .help("Measures that alone"),
        )
        .arg(number("runs", "Rounds, in each of which all take turns [default: 5]"))
        .arg(number("milliseconds", "How long each runs in a round [default: 1500]"))
        .arg(number("seconds", "How long the steady load lasts [default: 300]"))
        .arg(Arg::new("quick").long("quick").action(ArgAction::SetTrue).help("Measures little: 3 rounds of 0.3 s, 20 s of steady load"))
        .arg(Arg::new("write").long("write").action(ArgAction::SetTrue).help("Writes the tables into docs/benchmarks.md"))
        .arg(
            Arg::new("dir")
                .long("dir")
                .value_name("DIR")
                .value_parser(value_parser!(PathBuf))
                .help("Where files are written, and removed again; on the disk that is to be measured [default: the system's folder for such]"),
        )
        .subcommand(
            Command::new("owner")
                .hide(true)
                .arg(Arg::new("directory").required(true).value_parser(value_parser!(PathBuf))),
        )
}
