//! Only the fields that are used are decoded, and no result tells: every pipeline gives the same rows with all fields decoded.

use waterwheel::log::RecordsBuilder;
use waterwheel::prelude::*;

use support::Random;
use support::sample::{CardMinutes, Large, Payments, card_minutes, random_payments};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
enum Class {
    #[variant(4)]
    First,
    Second,
}

#[derive(Debug, Clone, PartialEq, Record)]
enum Paid {
    Card { number: String, contactless: Option<bool> },
    Cash,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
struct Train(String);

#[derive(Debug, Clone, PartialEq, Record)]
struct Stop {
    name: String,
    zone: u32,
}

/// A field of every kind.
#[derive(Debug, Clone, PartialEq, Record)]
struct Trip {
    id: u64,
    train: Train,
    class: Class,
    paid: Paid,
    from: Stop,
    to: Option<Stop>,
    tags: Vec<String>,
    cents: i64,
    discount: Option<i64>,
    at: Timestamp,
    note: String,
}

impl Trip {
    fn is_long(&self) -> bool {
        self.to.as_ref().is_some_and(|to| to.zone > self.from.zone + 1)
    }
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Fare {
    id: u64,
    zone: u32,
    cents: i64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Takings {
    train: Train,
    until: Timestamp,
    cents: i64,
    first: String,
    n: u64,
}

topics! {
    Trips("trips"): Trip { key: train, time: at, partitions: 2 }
    Fares("fares"): Fare { partitions: 2 }
    MoreFares("more-fares"): Fare {}
    TakingsTopic("takings"): Takings { key: train }
    Copies("copies"): Trip { key: id }
}

fn is_dear(trip: &Trip) -> bool {
    trip.cents > 50
}

fn dear(trips: Stream<Trip, Timed>) -> Stream<Trip, Timed> {
    trips.filter(is_dear)
}

#[pipeline]
fn mapped() {
    source(Trips)
        .filter(|trip| trip.class == Class::First && trip.discount.unwrap_or(0) < 3)
        .map(|trip| Fare { id: trip.id, zone: trip.from.zone, cents: trip.cents })
        .sink(Fares);
}

#[pipeline]
fn windowed(least: i64) {
    let trips = source(Trips).lateness(5s).late_drop();
    let taken = trips.filter(|t| t.cents >= least).group_by(|t| t.train).window(tumbling(1m));
    let takings = taken.select(|w, t| Takings {
        train: w.key(),
        until: w.end(),
        cents: sum_if(t.cents, t.discount.is_none()) - sum(t.discount),
        first: first(t.note),
        n: count(),
    });
    takings.sink(TakingsTopic);
}

/// One branch reads little, another one everything else.
#[pipeline]
fn branches() {
    let trips = source(Trips).lateness(5s).late_drop();
    let second = trips.filter(|t| t.class == Class::Second);
    let fares = trips.union(second).map(|t| Fare { id: t.id, zone: t.from.zone, cents: t.cents });
    fares.sink(Fares);
    let tags = trips.flat_map(|t| {
        t.tags
            .iter()
            .map(|tag| Fare {
                id: tag.len() as u64,
                zone: 1,
                cents: if let Paid::Cash = t.paid { 1 } else { 2 },
            })
            .collect::<Vec<_>>()
    });
    tags.sink(MoreFares);
}

#[pipeline]
fn written_whole() {
    let trips = source(Trips);
    trips.filter(|t| t.id > 3).sink(Copies);
    trips.map(|t| Fare { id: t.id, zone: 0, cents: t.cents }).sink(Fares);
}

#[pipeline]
fn by_a_method() {
    source(Trips).filter(|t| t.is_long()).map(|t| Fare { id: t.id, zone: 0, cents: 0 }).sink(Fares);
}

#[pipeline]
fn by_a_function() {
    let trips = source(Trips).lateness(5s).late_drop();
    let fares = trips.through(dear).filter(|t| t.id > 2).map(|t| Fare { id: t.id, zone: 0, cents: 0 });
    fares.sink(Fares);
}

#[pipeline]
fn no_field() {
    source(Trips).map(|_| Fare { id: 0, zone: 0, cents: 0 }).sink(Fares);
}

fn random_trips(random: &mut Random, count: u64) -> Vec<Trip> {
    let stop = |random: &mut Random| Stop {
        name: "x".repeat(random.below(40) as usize),
        zone: random.below(5) as u32,
    };
    let trip = |id| Trip {
        id,
        train: Train(format!("T{}", random.below(4))),
        class: random.one_of(&[Class::First, Class::Second]),
        paid: match random.below(2) {
            0 => Paid::Cash,
            _ => Paid::Card { number: random.below(1 << 40).to_string(), contactless: Some(true) },
        },
        from: stop(random),
        to: (random.below(3) > 0).then(|| stop(random)),
        tags: (0..random.below(4)).map(|tag| "t".repeat(tag as usize)).collect(),
        cents: random.below(100) as i64,
        discount: (random.below(2) == 0).then(|| random.below(9) as i64),
        at: Timestamp::from_millis((id * 1500 + random.below(9000)) as i64),
        note: format!("note {id} {}", "é".repeat(random.below(150) as usize)),
    };
    (0..count).map(trip).collect()
}

/// Runs a pipeline with the fields decoded that are used, and with all: the rows of each topic are the same, and some. What
/// is read stands in `explain`.
macro_rules! check {
    ($pipeline:expr, $rows:expr => $source:ident, [$($sink:ident),+], $reads:expr) => {
        for epoch_rows in [1000, 7] {
            let mut projected = $pipeline.test().epoch_rows(epoch_rows);
            let mut whole = $pipeline.test().epoch_rows(epoch_rows).whole_rows();
            for driver in [&mut projected, &mut whole] {
                driver.push_all($source, $rows.clone());
                driver.close();
            }
            $(
                let rows = projected.rows($sink);
                assert!(!rows.is_empty(), "{}", stringify!($sink));
                assert_eq!(rows, whole.rows($sink), "{}", stringify!($sink));
            )+
        }
        let explained = $pipeline.explain().unwrap();
        assert_eq!(lines_read(&explained), $reads, "{explained}");
    };
}

/// What the sources of an explained pipeline read.
fn lines_read(explained: &str) -> Vec<&str> {
    explained.lines().map(str::trim).filter(|line| line.starts_with("reads ")).collect()
}

#[test]
fn fields_that_are_not_read_are_not_decoded_and_nothing_else_changes() {
    let trips = random_trips(&mut Random(7), 300);
    check!(mapped(), &trips => Trips, [Fares],
        ["reads 6 of 11 fields: id, class, from, cents, discount, at"]);
    check!(windowed(20), &trips => Trips, [TakingsTopic],
        ["reads 5 of 11 fields: train, cents, discount, at, note"]);
    check!(branches(), &trips => Trips, [Fares, MoreFares],
        ["reads 7 of 11 fields: id, class, paid, from, tags, cents, at"]);
    check!(no_field(), &trips => Trips, [Fares], ["reads 1 of 11 fields: at"]);
}

#[test]
fn a_row_that_is_used_as_a_whole_is_decoded_whole() {
    let trips = random_trips(&mut Random(8), 200);
    check!(written_whole(), &trips => Trips, [Copies, Fares],
        ["reads all fields: sink `copies` takes the whole row"]);
    check!(by_a_method(), &trips => Trips, [Fares],
        ["reads all fields: the method `is_long` takes the whole row"]);
    check!(by_a_function(), &trips => Trips, [Fares], ["reads all fields: filter `fares` takes the whole row"]);
}

#[test]
fn the_sample_pipeline_gives_the_same_rows() {
    let payments = random_payments(&mut Random(9), 400);
    check!(card_minutes(20), &payments => Payments, [CardMinutes, Large],
        ["reads all fields: sink `large` takes the whole row"]);
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Note {
    id: u64,
    text: String,
}

topics! {
    Notes("notes"): Note {}
    Ids("ids"): Fare {}
    Lengths("lengths"): Fare {}
}

#[pipeline]
fn ids() {
    source(Notes).undecodable(skip).map(|n| Fare { id: n.id, zone: 0, cents: 0 }).sink(Ids);
}

#[pipeline]
fn lengths() {
    source(Notes)
        .undecodable(skip)
        .map(|n| Fare { id: n.id, zone: 0, cents: n.text.len() as i64 })
        .sink(Lengths);
}

/// A row of schema 0 as it lies in the log: flags, id, where the text ends, the text.
fn note_bytes(id: u8, text: &[u8]) -> Vec<u8> {
    [&[0, 0, id, 0, 0, 0, 0, 0, 0, 0, text.len() as u8], text].concat()
}

#[test]
fn a_bad_value_is_seen_only_in_a_field_that_is_read_and_a_bad_structure_always() {
    let cut = note_bytes(3, b"whole")[..14].to_vec();
    let records = [note_bytes(2, b"\xff"), cut, note_bytes(4, b"good")];
    let append = |store: &Store| {
        let mut builder = RecordsBuilder::new();
        records.iter().for_each(|record| builder.push(0, None, Some(record)));
        store.topic("notes").unwrap().partition(0).unwrap().append(builder).unwrap();
    };
    let first = Note { id: 1, text: "first".to_owned() };

    let mut few = ids().test();
    few.push(Notes, first.clone());
    append(few.store());
    assert_eq!(few.rows(Ids).iter().map(|row| row.id).collect::<Vec<_>>(), [1, 2, 4]);
    assert_eq!(few.skipped(), 1);

    let mut all = lengths().test();
    all.push(Notes, first);
    append(all.store());
    assert_eq!(all.rows(Lengths).iter().map(|row| row.id).collect::<Vec<_>>(), [1, 4]);
    assert_eq!(all.skipped(), 2);
}
