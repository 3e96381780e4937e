//! A row type that changes while its rows stay in the log: a field renamed, one added, one dropped.
//!
//! Run it with `cargo run --example evolve-a-row`.

use std::error::Error;
use std::path::Path;

use waterwheel::prelude::*;

/// The program of last year.
pub(crate) mod last_year {
    use waterwheel::prelude::*;

    #[derive(Debug, Clone, PartialEq, Record)]
    pub(crate) struct Payment {
        pub(crate) card: u64,
        pub(crate) terminal: String,
        pub(crate) amount: i64,
        pub(crate) at: Timestamp,
    }

    topics! { pub(crate) Payments("payments"): Payment { key: card, time: at } }
}

/// A payment. Fields have numbers in the log, from 1; where a field has moved, it says which was its own.
#[derive(Debug, Clone, PartialEq, Record)]
#[record(retired(2))] // `terminal`: nobody needs it, and its number is never used again
pub(crate) struct Payment {
    card: u64,
    /// `amount` was not clear enough.
    #[field(3)]
    cents: i64,
    #[field(4)]
    at: Timestamp,
    /// Rows of last year have no currency; all of them were euros.
    #[field(5, default = "EUR".to_owned())]
    currency: String,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Total {
    currency: String,
    cents: i64,
}

topics! {
    pub(crate) Payments("payments"): Payment { key: card, time: at }
    pub(crate) Totals("totals"): Total { key: currency }
}

/// What was paid in each currency in a year, be it in rows of last year's program or of today's.
#[pipeline]
pub(crate) fn totals() {
    let payments = source(Payments).lateness(0s).late_drop();
    let totals = payments
        .group_by(|p| p.currency)
        .window(tumbling(365d))
        .select(|w, p| Total { currency: w.key(), cents: sum(p.cents) });
    totals.sink(Totals);
}

/// Totals over rows of both programs.
pub(crate) fn run(dir: &Path) -> Result<Vec<Total>, Box<dyn Error>> {
    let at: Timestamp = "2026-06-01T12:00:00Z".parse()?;
    let store = Store::open(dir)?;
    let old = last_year::Payment { card: 4000, terminal: "T1".to_owned(), amount: 1_250, at };
    TypedTopic::open(&store, last_year::Payments)?.append(&old)?;

    // Opening compares the type with all that the topic was written with. One that could not read its rows is refused here.
    let payments = TypedTopic::open(&store, Payments)?;
    payments.append(&[
        Payment { card: 4000, cents: 750, currency: "EUR".to_owned(), at },
        Payment { card: 5000, cents: 99, currency: "USD".to_owned(), at },
    ])?;
    totals().start(&store, RunOptions::new().close())?.wait()?;
    Ok(TypedTopic::open(&store, Totals)?.rows().collect::<waterwheel::Result<_>>()?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    for Total { currency, cents } in run(dir.path())? {
        println!("{currency}: {cents} cents");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_both_programs_are_counted() {
        let mut totals = run(tempfile::tempdir().unwrap().path()).unwrap();
        totals.sort_by(|left, right| left.currency.cmp(&right.currency));
        let total = |currency: &str, cents| Total { currency: currency.to_owned(), cents };
        assert_eq!(totals, [total("EUR", 2_000), total("USD", 99)]);
    }

    #[test]
    fn last_years_program_does_not_read_what_it_does_not_know() {
        let dir = tempfile::tempdir().unwrap();
        run(dir.path()).unwrap();
        let store = Store::open(dir.path()).unwrap();
        assert!(TypedTopic::open(&store, last_year::Payments).is_err());
    }
}
