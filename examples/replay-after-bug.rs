//! A pipeline had a bug, and its results are wrong: mend it, `reset` it, and run it over the same inputs.
//!
//! Run it with `cargo run --example replay-after-bug`.

use std::error::Error;
use std::path::Path;

use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Order {
    shop: String,
    cents: i64,
    /// Sent back: what was paid was given back.
    returned: bool,
    at: Timestamp,
}

/// What a shop has taken on a day.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Day {
    shop: String,
    day: Timestamp,
    cents: i64,
}

topics! {
    pub(crate) Orders("orders"): Order { key: shop, time: at }
    pub(crate) Turnover("turnover"): Day { key: shop, time: day }
}

/// As it was: it counts what was given back.
pub(crate) mod as_it_was {
    use super::*;

    #[pipeline]
    pub(crate) fn turnover() {
        let orders = source(Orders).lateness(1h).late_drop();
        let days = orders.group_by(|o| o.shop).window(tumbling(1d)).select(|w, o| Day {
            shop: w.key(),
            day: w.start(),
            cents: sum(o.cents),
        });
        days.sink(Turnover);
    }
}

#[pipeline]
pub(crate) fn turnover() {
    let orders = source(Orders).lateness(1h).late_drop();
    let days = orders.group_by(|o| o.shop).window(tumbling(1d)).select(|w, o| Day {
        shop: w.key(),
        day: w.start(),
        cents: sum_if(o.cents, !o.returned),
    });
    days.sink(Turnover);
}

/// A day's rows, with the bug and without it.
pub(crate) fn run(dir: &Path) -> Result<[Vec<Day>; 2], Box<dyn Error>> {
    let store = Store::open(dir)?;
    let at: Timestamp = "2026-06-01T12:00:00Z".parse()?;
    let order = |cents, returned| Order { shop: "Lisbon".to_owned(), cents, returned, at };
    TypedTopic::open(&store, Orders)?.append(&[
        order(1_000, false),
        order(9_900, true),
        order(500, false),
    ])?;
    let days = || TypedTopic::open(&store, Turnover)?.rows().collect::<waterwheel::Result<Vec<_>>>();

    as_it_was::turnover().start(&store, RunOptions::new().close())?.wait()?;
    let wrong = days()?;

    // The sums in the log were made by the old rule. The mended pipeline does not add to them, and says what differs.
    match turnover().start(&store, RunOptions::new()) {
        Err(error) => println!("refused, as it should be: {error}\n"),
        Ok(_) => unreachable!("the aggregate has changed"),
    }
    // It drops the results and what the pipeline keeps. The orders stay; the next run reads all of them anew.
    turnover().reset(&store)?;
    turnover().start(&store, RunOptions::new().close())?.wait()?;
    Ok([wrong, days()?])
}

fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let [wrong, mended] = run(dir.path())?;
    for (was, is) in wrong.iter().zip(&mended) {
        println!("{} on {}: {} cents; it said {}", is.shop, is.day, is.cents, was.cents);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_a_reset_the_same_inputs_give_what_the_mended_pipeline_says() {
        let [wrong, mended] = run(tempfile::tempdir().unwrap().path()).unwrap();
        let cents = |days: Vec<Day>| days.iter().map(|day| day.cents).collect::<Vec<_>>();
        assert_eq!((cents(wrong), cents(mended)), (vec![11_400], vec![1_500]));
    }
}
