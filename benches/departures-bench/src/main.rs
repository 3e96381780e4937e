//! Measures the departures job beside the same by hand, through the log, and the latency of commits: `cargo xtask bench`.

mod by_hand;
mod compiled;
#[path = "../../../examples/departures/flight.rs"]
mod flight;
mod input;
mod latency;
mod machine;
mod median;
mod memory;
mod page;
mod pipeline;
mod program;
mod through_log;

use std::error::Error;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

/// Whatever goes wrong.
type Failure = Box<dyn Error + Send + Sync>;

/// In memory, the input is copied until it has about so many rows, so that a run is long enough to be measured.
const MEMORY_ROWS: usize = 300_000;

const SECTIONS: [&str; 3] = ["memory", "log", "latency"];

fn main() -> Result<(), Failure> {
    let matches = command().get_matches();
    let page = measure(&matches)?;
    println!("{page}");
    if matches.get_flag("write") {
        let path = root().join("docs/benchmarks.md");
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        std::fs::write(&path, page::with_kept(&page.to_string(), &before))?;
        eprintln!("wrote {}", path.display());
    }
    Ok(())
}

fn command() -> Command {
    let path = |name: &'static str| {
        Arg::new(name).long(name).value_name("FILE").value_parser(value_parser!(PathBuf))
    };
    let number = |name: &'static str, default: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("N")
            .value_parser(value_parser!(u64).range(1..))
            .default_value(default)
    };
    Command::new("bench")
        .bin_name("cargo xtask bench")
        .override_usage("cargo xtask bench [OPTIONS]")
        .about("Measures the departures job: in memory beside raw timely, through the log, and the latency of commits")
        .after_help("`cargo xtask bench bids --help` lists what is measured apart, of one build or of two in turn.")
        .arg(path("departures").required(true).hide(true))
        .arg(path("input").help("The whole file of flights; without it January stands for it"))
        .arg(number("runs", "9").help("How often each variant runs; medians are told"))
        .arg(number("seconds", "20").help("How long rows are appended for the latency"))
        .arg(
            Arg::new("section")
                .long("section")
                .action(ArgAction::Append)
                .value_parser(SECTIONS)
                .help("Measures only this; may be given several times [default: all]"),
        )
        .arg(
            Arg::new("write")
                .long("write")
                .action(ArgAction::SetTrue)
                .requires("input")
                .conflicts_with("section")
                .help("Writes docs/benchmarks.md, where sections that were not measured stay"),
        )
}

fn measure(matches: &ArgMatches) -> Result<page::Page, Failure> {
    let given = matches.get_one::<PathBuf>("input").map(PathBuf::as_path);
    let january = root().join("examples/departures/flights-2013-01.csv.gz");
    let departures =
        matches.get_one::<PathBuf>("departures").ok_or("`cargo xtask bench` passes the program")?;
    let number = |name: &str| *matches.get_one::<u64>(name).expect("the option has a default");
    let runs = number("runs") as usize;
    let sections: Vec<&String> = matches.get_many("section").unwrap_or_default().collect();
    let wanted = |section: &str| sections.is_empty() || sections.iter().any(|wanted| *wanted == section);
    let mut page = page::Page::default();
    if wanted("memory") {
        let flights = input::flights(given.unwrap_or(&january))?;
        let copies = MEMORY_ROWS.div_ceil(flights.len().max(1)).max(1);
        let copies = if flights.len() > MEMORY_ROWS { 1 } else { copies };
        page.memory = Some(memory::measure(&input::copies(flights, copies), runs)?);
    }
    if wanted("log") {
        page.through_log = Some(through_log::measure(departures, &january, given, runs)?);
    }
    if wanted("latency") {
        page.latency = Some(latency::measure(number("seconds"))?);
    }
    Ok(page)
}

/// The workspace's root.
fn root() -> &'static Path {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.ancestors().nth(2).expect("the package is two folders below the root")
}
