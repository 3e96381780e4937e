//! Flights, and reports of them that come late, broken and from the future, through operators that the example `aircraft` has not: windows that slide,
//! grow and go by a zone, rows that look back, windows of so many rows, the best of each window, estimates, a split, outer joins and joins in windows, and
//! lookups in tables of a topic and of a file.
//! `cargo xtask accept engine --example operators` kills it, and knows what it must give.

#[path = "../../../examples/departures/flight.rs"]
mod flight;
#[path = "../../../examples/departures/load.rs"]
mod load;
mod places;
mod reports;

use std::process::ExitCode;

use waterwheel::cli::{Arg, Command};
use waterwheel::prelude::*;

use flight::Flight;

/// What is told of a flight about its departure.
#[derive(Debug, Clone, PartialEq, Record)]
struct Report {
    carrier: String,
    flight: u16,
    dest: String,
    at: Timestamp,
}

/// A report with what its record says.
#[derive(Debug, Clone, PartialEq, Record)]
struct Told {
    carrier: String,
    flight: u16,
    dest: String,
    station: Option<String>,
    partition: u32,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Bytes {
    bytes: Vec<u8>,
}

/// Three hours of an airport, every hour.
#[derive(Debug, Clone, PartialEq, Record)]
struct Smooth {
    origin: String,
    until: Timestamp,
    flights: u64,
    delay: Option<f64>,
    spread: Option<f64>,
    carriers: u64,
    miles: u64,
}

/// The airports that sent flights farthest, of such three hours.
#[derive(Debug, Clone, PartialEq, Record)]
struct Farthest {
    until: Timestamp,
    rank: u64,
    origin: String,
    miles: u64,
}

/// A flight, and those to the same place before it.
#[derive(Debug, Clone, PartialEq, Record)]
struct Recent {
    dest: String,
    carrier: String,
    flight: u16,
    at: Timestamp,
    flights: u64,
    worst: Option<i16>,
    miles: u64,
    first: u16,
    mean: Option<f64>,
}

/// Forty flights of a carrier.
#[derive(Debug, Clone, PartialEq, Record)]
struct Forty {
    carrier: String,
    from: Timestamp,
    until: Timestamp,
    miles: u64,
    farthest: String,
}

/// A day of New York.
#[derive(Debug, Clone, PartialEq, Record)]
struct Day {
    origin: String,
    from: Timestamp,
    flights: u64,
    weighted: Option<f64>,
    aircraft: u64,
    miles: f64,
    delay: Option<f64>,
}

/// What an airport has sent in a day so far.
#[derive(Debug, Clone, PartialEq, Record)]
struct SoFar {
    origin: String,
    until: Timestamp,
    flights: u64,
    miles: u64,
}

/// Flights to a place that left late.
#[derive(Debug, Clone, PartialEq, Record)]
struct Delays {
    dest: String,
    from: Timestamp,
    worst: Option<String>,
    flights: Vec<u16>,
}

/// A flight that left late, with a report of it, or one without the other.
#[derive(Debug, Clone, PartialEq, Record)]
struct Met {
    carrier: String,
    flight: u16,
    left: Option<Timestamp>,
    told: Option<Timestamp>,
}

/// What is known of a place. Some have two rows, of which the later one counts, and some have none.
#[derive(Debug, Clone, PartialEq, Record)]
struct Place {
    dest: String,
    name: String,
    region: u8,
}

/// A line of `airlines.csv`. Of one airline there are two, of which the later one counts, and some have none.
#[derive(Debug, Clone, PartialEq, Record)]
struct Airline {
    carrier: String,
    name: String,
    hub: Option<String>,
}

/// A flight with what the tables say.
#[derive(Debug, Clone, PartialEq, Record)]
struct Known {
    carrier: String,
    flight: u16,
    place: Option<String>,
    region: u8,
    airline: Option<String>,
    hub: Option<String>,
    at: Timestamp,
}

/// Two hours of an airline to a region.
#[derive(Debug, Clone, PartialEq, Record)]
struct Region {
    airline: Option<String>,
    region: u8,
    from: Timestamp,
    flights: u64,
    places: u64,
    last: u16,
}

topics! {
    Flights("flights"): Flight { key: carrier, time: |f| f.at(), partitions: 4 }
    Reports("reports"): Report { key: dest, time: at, partitions: 3, format: json }
    BadReports("bad-reports"): Bytes { format: raw }
    LateFlights("late-flights"): Flight { key: carrier }
    LateReports("late-reports"): Report { key: carrier }
    Smooths("smooths"): Smooth { key: origin }
    Farthests("farthests"): Farthest { key: origin }
    BySpan("by-span"): Recent { key: dest, partitions: 2 }
    ByRows("by-rows"): Recent { key: dest }
    Forties("forties"): Forty { key: carrier }
    Days("days"): Day { key: origin }
    DaysSoFar("days-so-far"): SoFar { key: origin }
    DelaysOfPlaces("delays-of-places"): Delays { key: dest }
    Tolds("tolds"): Told { key: carrier, partitions: 2 }
    Mets("mets"): Met { key: carrier, partitions: 2 }
    Untold("untold"): Met { key: carrier }
    InWindows("in-windows"): Met { key: carrier }
    Places("places"): Place { key: dest, partitions: 2 }
    Airlines("airlines"): Airline { key: carrier }
    Unknowns("unknowns"): Known { key: carrier, partitions: 2 }
    Regions("regions"): Region { key: region }
}

impl Flight {
    /// The scheduled departure.
    fn at(&self) -> Timestamp {
        self.time_hour + Duration::from_mins(i64::from(self.minute))
    }
}

#[pipeline]
fn operators() {
    let flights = source(Flights).lateness(2h).late_to(LateFlights);
    let reports = source(Reports)
        .lateness(3h)
        .ahead(1d)
        .undecodable(dead_letter(BadReports))
        .with_meta()
        .late_to(LateReports);

    let smooth = flights.group_by(|f| f.origin).window(sliding(3h, 1h)).select(|w, f| Smooth {
        origin: w.key(),
        until: w.end(),
        flights: count(),
        delay: mean(f.dep_delay),
        spread: stddev(f.distance),
        carriers: distinct(f.carrier),
        miles: sum(f.distance),
    });
    smooth.sink(Smooths);
    let farthest = smooth
        .per_window()
        .top(2, |s| (desc(s.miles), asc(s.origin)))
        .select(|rank, s| Farthest { until: s.until, rank, origin: s.origin, miles: s.miles });
    farthest.sink(Farthests);

    let by_dest = flights.group_by(|f| f.dest);
    let by_span = by_dest.over(last(3h)).select(|f, w| Recent {
        dest: f.dest,
        carrier: f.carrier,
        flight: f.flight,
        at: f.at(),
        flights: count(),
        worst: max(w.dep_delay),
        miles: sum(w.distance),
        first: first(w.flight),
        mean: mean(w.dep_delay),
    });
    by_span.sink(BySpan);
    let by_rows = by_dest.over(last_rows(5).ttl(8h)).select(|f, w| Recent {
        dest: f.dest,
        carrier: f.carrier,
        flight: f.flight,
        at: f.at(),
        flights: count(),
        worst: max(w.dep_delay),
        miles: sum(w.distance),
        first: first(w.flight),
        mean: mean(w.dep_delay),
    });
    by_rows.sink(ByRows);

    let forties = flights.group_by(|f| f.carrier).window(every(40)).select(|w, f| Forty {
        carrier: w.key(),
        from: w.start(),
        until: w.end(),
        miles: sum(f.distance),
        farthest: max_by(f.dest, f.distance),
    });
    forties.sink(Forties);

    let days =
        flights.group_by(|f| f.origin).window(tumbling(1d).in_zone("America/New_York")).select(|w, f| Day {
            origin: w.key(),
            from: w.start(),
            flights: count(),
            weighted: weighted_mean(f.dep_delay, f.distance),
            aircraft: approx_distinct(f.tailnum),
            miles: quantile(f.distance, 0.5),
            delay: quantile(f.dep_delay, 0.9),
        });
    days.sink(Days);

    let (delayed, others) = flights.split(|f| f.dep_delay.is_some_and(|delay| delay > 30));
    let so_far = others.group_by(|f| f.origin).window(cumulate(1d, 6h)).select(|w, f| SoFar {
        origin: w.key(),
        until: w.end(),
        flights: count(),
        miles: sum(f.distance),
    });
    so_far.sink(DaysSoFar);
    let delays = delayed.group_by(|f| f.dest).window(tumbling(6h).offset(1h)).select(|w, f| Delays {
        dest: w.key(),
        from: w.start(),
        worst: max_by_if(f.carrier, f.dep_delay, f.dep_delay.is_some()),
        flights: collect(f.flight, 5000),
    });
    delays.sink(DelaysOfPlaces);

    let told = reports.map(|r| Told {
        carrier: r.carrier,
        flight: r.flight,
        dest: r.dest,
        station: r.meta.text("station").map(str::to_owned),
        partition: r.meta.partition,
        at: r.at,
    });
    told.sink_with_headers(Tolds, |t| [("of", t.carrier), ("of", t.dest)]);

    let mets = delayed
        .full_join(told)
        .on(|f| (f.carrier.clone(), f.flight), |t| (t.carrier.clone(), t.flight))
        .between(-2h..=1h)
        .select(|f, t| Met {
            carrier: f.carrier.or(t.carrier).unwrap_or_default(),
            flight: f.flight.or(t.flight).unwrap_or_default(),
            left: f.map(|f| f.at()),
            told: t.at,
        });
    mets.sink(Mets);
    let unheard_of = delayed
        .anti_join(told)
        .on(|f| (f.carrier.clone(), f.flight), |t| (t.carrier.clone(), t.flight))
        .between(-2h..=1h);
    let untold = unheard_of.map(|f| Met {
        carrier: f.carrier.clone(),
        flight: f.flight,
        left: Some(f.at()),
        told: None,
    });
    untold.sink(Untold);
    let in_windows = delayed
        .left_join(told)
        .on(|f| (f.carrier.clone(), f.dest.clone()), |t| (t.carrier.clone(), t.dest.clone()))
        .window(tumbling(2h))
        .select(|_, f, t| Met { carrier: f.carrier, flight: f.flight, left: Some(f.at()), told: t.at });
    in_windows.sink(InWindows);

    let placed = flights.lookup(side(Places)).on(|f| f.dest, |p| p.dest).select(|f, p| Known {
        carrier: f.carrier,
        flight: f.flight,
        place: p.name,
        region: p.region.unwrap_or(u8::MAX),
        airline: None,
        hub: None,
        at: f.at(),
    });
    let airlines = side(Airlines).csv(concat!(env!("CARGO_MANIFEST_DIR"), "/airlines.csv"));
    let known = placed.lookup(airlines).on(|k| k.carrier, |a| a.carrier).select(|k, a| Known {
        airline: a.name,
        hub: a.and_then(|a| a.hub.clone()),
        ..k.clone()
    });
    let unknowns = known.filter(|k| k.place.is_none() || k.airline.is_none());
    unknowns.sink(Unknowns);
    let regions =
        known.group_by(|k| (k.airline.clone(), k.region)).window(tumbling(2h)).select(|w, k| Region {
            airline: w.key().0,
            region: w.key().1,
            from: w.start(),
            flights: count(),
            places: distinct(k.place),
            last: last(k.flight),
        });
    regions.sink(Regions);
}

fn main() -> ExitCode {
    let file = Arg::new("FILE").required(true).help("Flights as CSV, gzipped or not, with a header line");
    let load = Command::new("load")
        .about("Appends places and reports of a file of flights, and then the flights")
        .arg(file);
    operators().cli().about("Flights and reports through many operators").command(load, places::load).main()
}
