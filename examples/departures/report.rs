//! What the example does without arguments: loads January, runs, and prints the busiest hours.

use std::error::Error;
use std::io::Write;

use waterwheel::cli::{HumanCount, Invocation};
use waterwheel::{RunOptions, Store, TypedTopic};

use super::load::load;
use super::{AirportHour, DeparturesPerHour, Flights};

/// January 2013; its README beside it names source and licence.
const JANUARY: &[u8] = include_bytes!("flights-2013-01.csv.gz");

const ROWS_SHOWN: usize = 10;

/// Appends January if there are no flights yet, processes what is there, and prints the busiest hours.
pub(crate) fn january(call: &Invocation) -> Result<(), Box<dyn Error + Send + Sync>> {
    let store = call.store()?;
    if TypedTopic::open(store, Flights)?.is_empty() {
        let rows = HumanCount(load(call, "flights-2013-01.csv.gz", JANUARY.len() as u64, JANUARY)?);
        eprintln!("appended January 2013, {rows} flights, to topic `flights`");
    }
    let finished = call.run(RunOptions::new().close())?;
    if finished.interrupted {
        return Ok(());
    }
    print_busiest(store)?;
    tell_what_next(call);
    Ok(())
}

fn print_busiest(store: &Store) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut hours =
        TypedTopic::open(store, DeparturesPerHour)?.rows().collect::<Result<Vec<AirportHour>, _>>()?;
    let all = HumanCount(hours.len() as u64);
    hours.sort_by_key(|row| (std::cmp::Reverse(row.scheduled), row.hour));
    hours.truncate(ROWS_SHOWN);
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "\nThe {} busiest of {all} rows; hours are those of the scheduled departure, in UTC:\n",
        hours.len()
    )?;
    writeln!(out, "{:<20}  origin  scheduled  departed  cancelled  mean delay", "hour")?;
    for row in &hours {
        let AirportHour { origin, scheduled, departed, cancelled, .. } = row;
        let (hour, delay) =
            (row.hour.to_string(), row.mean_delay.map_or("-".to_owned(), |mean| format!("{mean:.1} min")));
        writeln!(out, "{hour:<20}  {origin:<6}  {scheduled:>9}  {departed:>8}  {cancelled:>9}  {delay:>10}")?;
    }
    Ok(())
}

fn tell_what_next(call: &Invocation) {
    let dir = call.data_dir();
    let option = match dir.to_str() {
        Some("waterwheel-data") => String::new(),
        _ => format!(" --data-dir {}", dir.display()),
    };
    let departures = "cargo run --release --example departures";
    eprintln!(
        "
The log lies in {dir}: flights, results, and the pipeline's state. To try next:

  {departures} -- read departures-per-hour{option} | head
      prints the results as JSON, one row a line
  {departures} -- explain
      prints the plan: each operator, and what it keeps in state
  {departures} -- reset{option}
      drops state and results, and keeps the flights. Called as now, without a command, it counts them again and closes event
      time, so that every hour is told; so does `run --until-end --close`, while `run` alone leaves the last hours open

Or change the window in examples/departures/main.rs from 1h to 2h and run again: it refuses to mix the two.",
        dir = dir.display(),
    );
}
