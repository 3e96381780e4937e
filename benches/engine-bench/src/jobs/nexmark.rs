//! The queries of the example `nexmark` over generated events.

use nexmark::EventGenerator;
use nexmark::config::NexmarkConfig;
use nexmark::event::{self, Event};
use waterwheel::prelude::*;

use super::{Settings, run};
use crate::model::{Auction, Bid, Person, SideRow};
use crate::queries::ALL;
use crate::query::Query;
use crate::report::Report;
use crate::tables::{Auctions, Bids, Persons, SideInput};
use crate::usage::{Begun, peak_kib};
use crate::{Failure, by_hand};

/// What the name of a query's job begins with.
const PREFIX: &str = "nexmark-";

/// What the name of the same query's job begins with where it is written by hand.
const BY_HAND: &str = "by-hand-";

/// When the first event happens: the same as that of the events with which the example is tested.
const BEGIN_MS: u64 = 1_719_791_960_000;

/// The name of a query's job.
pub(crate) fn job(query: &str) -> String {
    format!("{PREFIX}{query}")
}

/// The name of the job of a query that is written by hand.
pub(crate) fn job_by_hand(query: &str) -> String {
    format!("{BY_HAND}{query}")
}

/// The query that is written by hand in the job of this name.
pub(super) fn query_by_hand(job: &str) -> Option<&str> {
    job.strip_prefix(BY_HAND)
}

/// The query whose job has this name.
pub(super) fn query(job: &str) -> Option<&'static Query> {
    let name = job.strip_prefix(PREFIX)?;
    ALL.iter().find(|query| query.name == name)
}

/// How many rows the side table of q13 has: one for each key that the query asks for.
const SIDE_KEYS: u64 = 10_000;

/// Loads so many events, each into the topic of its table, and the side table.
pub(super) fn load(store: &Store, settings: &Settings) -> Result<Report, Failure> {
    let persons = TypedTopic::open(store, Persons)?;
    let auctions = TypedTopic::open(store, Auctions)?;
    let bids = TypedTopic::open(store, Bids)?;
    let side: Vec<SideRow> =
        (0..SIDE_KEYS).map(|key| SideRow { key, value: format!("side-{key}") }).collect();
    TypedTopic::open(store, SideInput)?.append(&side)?;
    let (mut persons, mut auctions, mut bids) = (persons.load()?, auctions.load()?, bids.load()?);
    let rate = settings.rate as usize;
    let config = NexmarkConfig {
        base_time: BEGIN_MS,
        first_rate: rate,
        next_rate: rate,
        out_of_order_group_size: 1,
        ..Default::default()
    };
    for event in EventGenerator::new(config).take(settings.rows as usize) {
        match event {
            Event::Person(person) => persons.push(&of_person(person))?,
            Event::Auction(auction) => auctions.push(&of_auction(auction))?,
            Event::Bid(bid) => bids.push(&of_bid(bid))?,
        }
    }
    let rows = persons.commit()? + auctions.commit()? + bids.commit()?;
    let mut report = Report::default();
    report.put("events", rows);
    Ok(report)
}

/// Runs a query over all that was loaded.
pub(super) fn answer(store: &Store, query: &Query, settings: &Settings) -> Result<Report, Failure> {
    run(store, &(query.pipeline)(), settings, RunOptions::close)
}

/// The same in raw timely.
pub(super) fn answer_by_hand(store: &Store, query: &str, settings: &Settings) -> Result<Report, Failure> {
    let mut report = Report::default();
    let begun = Begun::now();
    let rows = by_hand::run(query, store, settings.workers)?;
    begun.tell(&mut report);
    report.put("peak_kib", peak_kib()?);
    report.put("rows_written", rows);
    Ok(report)
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis as i64)
}

fn of_person(person: event::Person) -> Person {
    let event::Person { id, name, email_address, credit_card, city, state, date_time, extra } = person;
    Person { id: id as u64, name, email_address, credit_card, city, state, date_time: at(date_time), extra }
}

fn of_auction(auction: event::Auction) -> Auction {
    Auction {
        id: auction.id as u64,
        item_name: auction.item_name,
        description: auction.description,
        initial_bid: auction.initial_bid as u64,
        reserve: auction.reserve as u64,
        date_time: at(auction.date_time),
        expires: at(auction.expires),
        seller: auction.seller as u64,
        category: auction.category as u64,
        extra: auction.extra,
    }
}

fn of_bid(bid: event::Bid) -> Bid {
    let event::Bid { auction, bidder, price, channel, url, date_time, extra } = bid;
    Bid {
        auction: auction as u64,
        bidder: bidder as u64,
        price: price as u64,
        channel,
        url,
        date_time: at(date_time),
        extra,
    }
}
