//! The most read pages of each hour.
//!
//! Run it with `cargo run --example top-n`.

use std::error::Error;
use std::path::Path;

use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct View {
    page: String,
    at: Timestamp,
}

/// How often a page was read in an hour.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct PageHour {
    page: String,
    hour: Timestamp,
    views: u64,
}

/// A page that is among the first of an hour.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Ranked {
    hour: Timestamp,
    /// From 1.
    rank: u64,
    page: String,
    views: u64,
}

topics! {
    pub(crate) Views("views"): View { key: page, time: at, partitions: 4 }
    pub(crate) TopPages("top-pages"): Ranked { key: hour }
}

/// The three most read pages of each hour; of pages that were read equally often, the first by name.
#[pipeline]
pub(crate) fn top_pages() {
    let views = source(Views).lateness(5m).late_drop();
    let per_hour = views.group_by(|v| v.page).window(tumbling(1h)).select(|w, v| PageHour {
        page: w.key(),
        hour: w.start(),
        views: count(),
    });
    let top = per_hour.per_window().top(3, |p| (desc(p.views), asc(p.page))).select(|rank, p| Ranked {
        hour: p.hour,
        rank,
        page: p.page,
        views: p.views,
    });
    top.sink(TopPages);
}

/// Reads of pages, one a minute from noon on.
pub(crate) fn views(pages: &str) -> Vec<View> {
    let noon: Timestamp = "2026-06-01T12:00:00Z".parse().expect("this is a time");
    let view =
        |(minute, page): (i64, &str)| View { page: page.to_owned(), at: noon + Duration::from_mins(minute) };
    (0..).zip(pages.split_whitespace()).map(view).collect()
}

/// The first of each hour, by hour and rank.
pub(crate) fn run(dir: &Path) -> waterwheel::Result<Vec<Ranked>> {
    let store = Store::open(dir)?;
    TypedTopic::open(&store, Views)?.append(&views("home docs home blog faq docs home faq jobs"))?;
    top_pages().start(&store, RunOptions::new().close())?.wait()?;
    let mut ranked: Vec<Ranked> =
        TypedTopic::open(&store, TopPages)?.rows().collect::<waterwheel::Result<_>>()?;
    ranked.sort_by_key(|page| (page.hour, page.rank));
    Ok(ranked)
}

fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    for Ranked { hour, rank, page, views } in run(dir.path())? {
        println!("{hour}  {rank}. {page}: {views}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_three_by_views_and_then_by_name() {
        let ranked = run(tempfile::tempdir().unwrap().path()).unwrap();
        let ranked: Vec<_> = ranked.iter().map(|page| (page.rank, page.page.as_str(), page.views)).collect();
        assert_eq!(ranked, [(1, "home", 3), (2, "docs", 2), (3, "faq", 2)]);
    }
}
