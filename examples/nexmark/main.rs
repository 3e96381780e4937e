//! Nexmark, the field's common workload: an auction site's persons, auctions and bids, and queries over them, each in a file
//! of its own under `queries/`.

mod load;
mod model;
mod queries;
mod query;
mod tables;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use waterwheel::cli::{Arg, ArgMatches, Command, HumanCount, value_parser};
use waterwheel::{RunOptions, Store};

use query::Query;

fn main() -> ExitCode {
    match run(&command().get_matches()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> Command {
    let path = |name, value| Arg::new(name).long(name).value_name(value).value_parser(value_parser!(PathBuf));
    Command::new("nexmark")
        .about("Answers a query of Nexmark over a file of events")
        .arg(
            Arg::new("QUERY")
                .required(true)
                .help("A query's name; `all`, for every one; or `list`, which prints their names"),
        )
        .arg(path("events", "FILE").help("Events, one JSON object a line"))
        .arg(path("output", "FILE").help(
            "Where the result goes, one JSON object a line, sorted; for `all` a directory of such files",
        ))
        .arg(
            Arg::new("workers")
                .long("workers")
                .value_name("N")
                .value_parser(value_parser!(usize))
                .default_value("1")
                .help("Worker threads"),
        )
        .arg(
            Arg::new("epoch-rows")
                .long("epoch-rows")
                .value_name("N")
                .value_parser(value_parser!(u64).range(1..))
                .help(
                    "At most so many events in an epoch, which is committed at once; the result is the same",
                ),
        )
}

fn run(matches: &ArgMatches) -> Result<(), Box<dyn Error>> {
    let name = matches.get_one::<String>("QUERY").expect("clap asks for it");
    if name == "list" {
        queries::ALL.iter().for_each(|query| println!("{:<18} {}", query.name, query.about));
        return Ok(());
    }
    let asked = asked(name)?;
    let path = |option, what| {
        let given = matches.get_one::<PathBuf>(option);
        given.ok_or_else(|| format!("`--{option}` is missing: {what}"))
    };
    let events = path("events", "the file of events to read")?;
    let output = path("output", "the file for the result, or the directory for `all`")?;
    let workers = *matches.get_one::<usize>("workers").expect("it has a default");
    let mut options = RunOptions::new().workers(workers).close();
    if let Some(rows) = matches.get_one::<u64>("epoch-rows") {
        options = options.epoch_rows(*rows);
    }

    let dir = tempfile::tempdir()?;
    let store = Store::open(dir.path())?;
    let begun = Instant::now();
    let number = load::file(&store, events)?;
    eprintln!("loaded {} events in {:.2} s", HumanCount(number), begun.elapsed().as_secs_f64());
    if name == "all" {
        fs::create_dir_all(output).map_err(|error| format!("cannot make {}: {error}", output.display()))?;
    }
    for query in asked {
        let file = match name.as_str() {
            "all" => output.join(query.name).with_extension("jsonl"),
            _ => output.clone(),
        };
        answer(query, &store, options.clone(), &file)?;
    }
    Ok(store.close()?)
}

/// The queries that a name stands for.
fn asked(name: &str) -> Result<Vec<&'static Query>, String> {
    let asked: Vec<_> = queries::ALL.iter().filter(|query| name == "all" || query.name == name).collect();
    if asked.is_empty() {
        let names: Vec<&str> = queries::ALL.iter().map(|query| query.name).collect();
        return Err(format!("there is no query `{name}`; there are {}, and `all`", names.join(", ")));
    }
    Ok(asked)
}

/// Runs a query over all events, and writes its result.
fn answer(query: &Query, store: &Store, options: RunOptions, file: &Path) -> Result<(), Box<dyn Error>> {
    let begun = Instant::now();
    let summary = (query.pipeline)().start(store, options)?.wait()?;
    let seconds = begun.elapsed().as_secs_f64();
    let lines = (query.lines)(store)?;
    let mut text = lines.join("\n");
    text.extend((!lines.is_empty()).then_some('\n'));
    fs::write(file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    let (read, rows, late) = (HumanCount(summary.rows_read), lines.len(), HumanCount(summary.rows_late));
    let rows = HumanCount(rows as u64);
    eprintln!("{}: {read} events read, {rows} rows, {late} late, in {seconds:.2} s", query.name);
    Ok(())
}
