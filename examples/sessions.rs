//! Visits: clicks of a visitor that follow one another within half an hour.
//!
//! Run it with `cargo run --example sessions`.

use std::error::Error;
use std::path::Path;

use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Click {
    visitor: String,
    page: String,
    at: Timestamp,
}

/// Clicks without a pause of more than half an hour.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Visit {
    visitor: String,
    from: Timestamp,
    clicks: u64,
    entered_at: String,
    left_from: String,
}

topics! {
    pub(crate) Clicks("clicks"): Click { key: visitor, time: at }
    pub(crate) Visits("visits"): Visit { key: visitor, time: from }
}

#[pipeline]
pub(crate) fn visits() {
    let clicks = source(Clicks).lateness(5m).late_drop();
    let visits = clicks.group_by(|c| c.visitor).window(session(30m)).select(|w, c| Visit {
        visitor: w.key(),
        from: w.start(),
        clicks: count(),
        entered_at: first(c.page),
        left_from: last(c.page),
    });
    visits.sink(Visits);
}

/// A click so many minutes after noon.
pub(crate) fn click(visitor: &str, page: &str, minute: i64) -> Click {
    let noon: Timestamp = "2026-06-01T12:00:00Z".parse().expect("this is a time");
    Click { visitor: visitor.to_owned(), page: page.to_owned(), at: noon + Duration::from_mins(minute) }
}

/// Three visits of two visitors.
pub(crate) fn run(dir: &Path) -> waterwheel::Result<Vec<Visit>> {
    let store = Store::open(dir)?;
    TypedTopic::open(&store, Clicks)?.append(&[
        click("ann", "home", 0),
        click("bob", "blog", 5),
        click("ann", "docs", 20),
        click("ann", "faq", 45),
        click("ann", "home", 120),
    ])?;
    visits().start(&store, RunOptions::new().close())?.wait()?;
    TypedTopic::open(&store, Visits)?.rows().collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    for visit in run(dir.path())? {
        let Visit { visitor, from, clicks, entered_at, left_from } = visit;
        println!("{visitor} came at {from}: {clicks} clicks from {entered_at} to {left_from}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(visitor: &str, minute: i64, clicks: u64, entered_at: &str, left_from: &str) -> Visit {
        Visit {
            visitor: visitor.to_owned(),
            from: click("", "", minute).at,
            clicks,
            entered_at: entered_at.to_owned(),
            left_from: left_from.to_owned(),
        }
    }

    #[test]
    fn a_pause_of_more_than_half_an_hour_ends_a_visit() {
        let mut visits = run(tempfile::tempdir().unwrap().path()).unwrap();
        visits.sort_by_key(|visit| visit.from);
        let expected = [
            visit("ann", 0, 3, "home", "faq"),
            visit("bob", 5, 1, "blog", "blog"),
            visit("ann", 120, 1, "home", "home"),
        ];
        assert_eq!(visits, expected);
    }

    #[test]
    fn a_late_click_between_two_visits_makes_one_of_them() {
        let clicks = [click("ann", "home", 0), click("ann", "faq", 32), click("ann", "docs", 29)];
        let mut t = visits().test();
        t.push_all(Clicks, clicks[..2].to_vec());
        t.close();
        assert_eq!(t.rows(Visits), [visit("ann", 0, 1, "home", "home"), visit("ann", 32, 1, "faq", "faq")]);
        let mut t = visits().test();
        t.push_all(Clicks, clicks);
        t.close();
        assert_eq!(t.rows(Visits), [visit("ann", 0, 3, "home", "faq")]);
    }
}
