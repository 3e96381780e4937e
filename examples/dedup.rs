//! A producer that sends some rows twice: the first of them counts.
//!
//! Run it with `cargo run --example dedup`.

use std::error::Error;
use std::path::Path;

use waterwheel::prelude::*;

/// A payment, as a terminal sends it; and sends it again, if the answer was lost.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Payment {
    /// The terminal's own number of it.
    id: u64,
    card: String,
    cents: i64,
    at: Timestamp,
}

topics! {
    pub(crate) Payments("payments"): Payment { key: card, time: at }
    pub(crate) Once("payments-once"): Payment { key: card, time: at }
}

/// Passes on the first payment of each number. A number is remembered for an hour of event time, which bounds what is kept: a
/// terminal gives up earlier than that.
#[pipeline]
pub(crate) fn once() {
    let payments = source(Payments).lateness(1m).late_drop();
    let first = payments.distinct_by(|p| p.id).within(1h);
    first.sink(Once);
}

/// The payment with a number, some seconds after noon.
pub(crate) fn payment(id: u64, second: i64) -> Payment {
    let noon: Timestamp = "2026-06-01T12:00:00Z".parse().expect("this is a time");
    Payment { id, card: "4000".to_owned(), cents: 250, at: noon + Duration::from_secs(second) }
}

/// What is left of five sendings.
pub(crate) fn run(dir: &Path) -> waterwheel::Result<Vec<Payment>> {
    let store = Store::open(dir)?;
    let payments = TypedTopic::open(&store, Payments)?;
    payments.append(&[payment(1, 0), payment(2, 5), payment(1, 7), payment(1, 20)])?;
    once().start(&store, RunOptions::new().until_end())?.wait()?;

    // What has been seen is kept in the log as well: the next run, or the one behind a crash, knows it.
    payments.append(&payment(2, 30))?;
    once().start(&store, RunOptions::new().close())?.wait()?;
    TypedTopic::open(&store, Once)?.rows().collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    for payment in run(dir.path())? {
        println!(
            "payment {} of card {}: {} cents, at {}",
            payment.id, payment.card, payment.cents, payment.at
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_passed_on_once() {
        let payments = run(tempfile::tempdir().unwrap().path()).unwrap();
        assert_eq!(payments, [payment(1, 0), payment(2, 5)]);
    }

    #[test]
    fn a_number_is_forgotten_behind_its_hour() {
        let mut t = once().test();
        t.push_all(Payments, [payment(1, 0), payment(2, 4_000), payment(1, 4_001)]);
        t.close();
        assert_eq!(t.rows(Once), [payment(1, 0), payment(2, 4_000), payment(1, 4_001)]);
    }
}
