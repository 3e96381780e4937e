//! The kill test of several processes on one directory: whoever is killed or stopped, nothing acknowledged is lost, nothing is there
//! twice, and the results are those of one process that nobody disturbs.

mod cast;
mod checks;
mod round;
mod tally;

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use flate2::read::MultiGzDecoder;

use super::model::Subject;
use super::program::{Cut, Program, finish};
use super::rows::Results;
use crate::error::{Error, Result};
use crate::random::Random;
use crate::workspace::{Profile, build_binary};
use round::Round;
use tally::Tally;

/// A round ends after so many kills that hit, and is compared; then the next one begins.
const ROUND_KILLS_MAX: u64 = 60;

/// So many loads bring the input, about.
const PIECES: usize = 48;

/// What to do.
pub(super) struct Settings {
    pub(super) input: PathBuf,
    /// How many kills must hit.
    pub(super) kills: u64,
    pub(super) seed: u64,
    /// How long one may be stopped, at most.
    pub(super) stop_ms: u64,
    /// One time in so many, who runs the pipeline is stopped for longer than the log waits for it; 0: never.
    pub(super) long_one_in: u64,
    pub(super) profile: Profile,
}

/// What the rounds have in common.
struct Theatre {
    departures: Program,
    log: PathBuf,
    /// The input in files, in its order, with how many flights each has.
    pieces: Vec<(PathBuf, u64)>,
    reference: Results,
    stop_ms: u64,
    long_one_in: u64,
}

/// Runs rounds until enough kills have hit.
pub(super) fn run(settings: &Settings) -> Result<()> {
    let departures = Subject::Departures.program(settings.profile)?;
    let log = build_binary("waterwheel-log", settings.profile)?;
    let (folder, whole) = (super::engine::new_dir()?, super::engine::new_dir()?);
    let pieces = pieces_of(settings, folder.path())?;
    finish(departures.load(&settings.input, whole.path()))?;
    finish(departures.run(Cut { workers: 1, epoch_rows: 32_768 }, true, whole.path()))?;
    let reference = Results::of(departures.results(whole.path())?);
    println!(
        "reference: {} rows of {} flights, loaded at once and processed by one process",
        reference.len(),
        pieces.iter().map(|(_, flights)| flights).sum::<u64>()
    );
    let (stop_ms, long_one_in) = (settings.stop_ms, settings.long_one_in);
    let theatre = Theatre { departures, log, pieces, reference, stop_ms, long_one_in };
    let (mut random, mut tally) = (Random::new(settings.seed), Tally::new());
    while tally.hits() < settings.kills {
        let kills = (settings.kills - tally.hits()).min(ROUND_KILLS_MAX);
        Round::begin(&theatre, &mut random, &mut tally)?.play(kills)?;
        eprintln!("round {}: {} of {} kills have hit", tally.rounds, tally.hits(), settings.kills);
    }
    println!("{tally}");
    Ok(())
}

/// Cuts the input into files with the same header, in its order.
fn pieces_of(settings: &Settings, folder: &std::path::Path) -> Result<Vec<(PathBuf, u64)>> {
    let input = &settings.input;
    let bytes = fs::read(input).map_err(Error::path(input))?;
    let mut text = String::new();
    let read = match bytes.starts_with(&[0x1f, 0x8b]) {
        true => MultiGzDecoder::new(&bytes[..]).read_to_string(&mut text),
        false => (&bytes[..]).read_to_string(&mut text),
    };
    read.map_err(Error::path(input))?;
    let empty = || Error::Input { path: input.clone(), reason: "it has no header line".to_owned() };
    let (header, rows) = text.split_once('\n').ok_or_else(empty)?;
    let rows: Vec<_> = rows.lines().collect();
    let size = rows.len().div_ceil(PIECES).max(1);
    rows.chunks(size)
        .enumerate()
        .map(|(number, rows)| {
            let path = folder.join(format!("{number}.csv"));
            let lines = [&[header], rows].concat().join("\n") + "\n";
            fs::write(&path, lines).map_err(Error::path(&path))?;
            Ok((path, rows.len() as u64))
        })
        .collect()
}
