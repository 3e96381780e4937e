//! Loading a file of events: each into the topic of its table, all of the file or an error that names the line.

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::Deserialize;
use waterwheel::{Store, TypedTopic};

use super::model::{Auction, Bid, Person, SideRow};
use super::tables::{Auctions, Bids, Persons, SideInput};

/// An event as the generator writes it: `event_type` is 0, 1 or 2, and the table's row stands under its name.
#[derive(Deserialize)]
struct Event {
    event_type: u8,
    person: Option<Person>,
    auction: Option<Auction>,
    bid: Option<Bid>,
}

/// Loads a file; gives the number of its events.
pub(crate) fn file(store: &Store, path: &Path) -> Result<u64, Box<dyn Error>> {
    let input = File::open(path).map_err(|error| format!("cannot open {}: {error}", path.display()))?;
    events(store, input).map_err(|wrong| format!("{}: {wrong}; nothing was loaded", path.display()).into())
}

/// Loads events, one JSON object a line.
pub(crate) fn events(store: &Store, input: impl Read) -> Result<u64, Box<dyn Error>> {
    let persons = TypedTopic::open(store, Persons)?;
    let auctions = TypedTopic::open(store, Auctions)?;
    let bids = TypedTopic::open(store, Bids)?;
    let (mut persons, mut auctions, mut bids) = (persons.load()?, auctions.load()?, bids.load()?);
    let mut number = 0;
    for line in BufReader::new(input).lines() {
        number += 1;
        let line = line.map_err(|error| format!("line {number}: {error}"))?;
        let event: Event = serde_json::from_str(&line).map_err(|wrong| format!("line {number}: {wrong}"))?;
        match event {
            Event { event_type: 0, person: Some(person), .. } => persons.push(&person)?,
            Event { event_type: 1, auction: Some(auction), .. } => auctions.push(&auction)?,
            Event { event_type: 2, bid: Some(bid), .. } => bids.push(&bid)?,
            Event { event_type, .. } => {
                return Err(format!(
                    "line {number}: an event of type {event_type} has no row of its table: 0 goes with `person`, 1 with \
                     `auction`, 2 with `bid`"
                )
                .into());
            }
        }
    }
    side_table(store)?;
    persons.commit()?;
    auctions.commit()?;
    bids.commit()?;
    Ok(number)
}

/// The keys of the side table are those below this.
const SIDE_KEYS: u64 = 10_000;

/// Loads the side table, unless it is there.
fn side_table(store: &Store) -> Result<(), Box<dyn Error>> {
    let side = TypedTopic::open(store, SideInput)?;
    if side.is_empty() {
        let rows: Vec<SideRow> =
            (0..SIDE_KEYS).map(|key| SideRow { key, value: format!("side-{key}") }).collect();
        side.append(&rows)?;
    }
    Ok(())
}
