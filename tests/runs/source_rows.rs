//! A source whose row type has changed: what the state does not depend on goes on, the rest is refused, and what cannot be read
//! is refused before anything else.

use waterwheel::Error;
use waterwheel::log::{FaultyDisk, MemDisk};
use waterwheel::prelude::*;

use support::{append, open, read, run};

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct ShopTotal {
    shop: u32,
    total: i64,
}

/// Sums visits by shop, over one declaration of a visit.
macro_rules! variant {
    ($module:ident, $($visit:tt)*) => {
        mod $module {
            use super::*;

            $($visit)*

            topics! {
                pub(super) Visits("visits"): Visit { time: at }
                pub(super) Totals("totals"): ShopTotal { key: shop }
            }

            #[pipeline]
            pub(super) fn totals() {
                let visits = source(Visits).lateness(10s).late_drop();
                let per_minute = visits
                    .filter(|v| v.shop > 0)
                    .group_by(|v| v.shop)
                    .window(tumbling(1m))
                    .select(|w, v| ShopTotal { shop: w.key(), total: sum(v.cents) });
                per_minute.sink(Totals);
            }
        }
    };
}

variant! { first,
    #[derive(Debug, Clone, PartialEq, Record)]
    pub(super) struct Visit {
        pub(super) shop: u32,
        pub(super) cents: i64,
        pub(super) at: Timestamp,
        pub(super) door: String,
        pub(super) clerk: u8,
    }
}
// A field that nobody used is gone, one has another name, one is new.
variant! { evolved,
    #[derive(Debug, Clone, PartialEq, Record)]
    #[record(retired(4))]
    pub(super) struct Visit {
        pub(super) shop: u32,
        pub(super) cents: i64,
        pub(super) at: Timestamp,
        #[field(5)]
        pub(super) server: u8,
        #[field(6, default)]
        pub(super) tip: i64,
    }
}
// A field that the sum takes may be missing now.
variant! { optional,
    #[derive(Debug, Clone, PartialEq, Record)]
    pub(super) struct Visit {
        pub(super) shop: u32,
        pub(super) cents: Option<i64>,
        pub(super) at: Timestamp,
        pub(super) door: String,
        pub(super) clerk: u8,
    }
}
// The name that the sum takes belongs to another field now.
variant! { another,
    #[derive(Debug, Clone, PartialEq, Record)]
    #[record(retired(2))]
    pub(super) struct Visit {
        pub(super) shop: u32,
        #[field(3)]
        pub(super) at: Timestamp,
        #[field(4)]
        pub(super) door: String,
        #[field(5)]
        pub(super) clerk: u8,
        #[field(6, default)]
        pub(super) cents: i64,
    }
}
// The rows that are there cannot be read.
variant! { misfit,
    #[derive(Debug, Clone, PartialEq, Record)]
    pub(super) struct Visit {
        pub(super) shop: u32,
        pub(super) pence: i64,
        pub(super) at: Timestamp,
        pub(super) door: String,
        #[field(5)]
        pub(super) cents: i64,
    }
}

fn visit(cents: i64, second: i64) -> first::Visit {
    first::Visit { shop: 7, cents, at: seconds(second), door: "east".to_owned(), clerk: 1 }
}

fn seconds(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1000)
}

fn total(total: i64) -> ShopTotal {
    ShopTotal { shop: 7, total }
}

/// A store in which the first pipeline has written one total and has a window open.
fn left_by_the_first() -> Store {
    let store = open(&MemDisk::new());
    append(&store, first::Visits, &[visit(100, 0), visit(20, 75)]);
    let summary = run(first::totals(), &store, RunOptions::new().until_end()).unwrap();
    assert_eq!((summary.rows_written, summary.entries_open), (1, 1));
    store
}

#[test]
fn a_source_whose_unused_fields_have_changed_goes_on_with_the_open_windows() {
    let store = left_by_the_first();
    append(
        &store,
        evolved::Visits,
        &[evolved::Visit { shop: 7, cents: 3, at: seconds(80), server: 2, tip: 1 }],
    );
    let summary = run(evolved::totals(), &store, RunOptions::new().until_end()).unwrap();
    assert_eq!((summary.rows_read, summary.entries_open), (1, 1));
    // What it left is its own: the next run meets nothing that differs.
    run(evolved::totals(), &store, RunOptions::new().close()).unwrap();
    assert_eq!(read(&store, evolved::Totals), [total(100), total(23)]);
}

#[test]
fn after_a_crash_too() {
    let disk = FaultyDisk::new();
    let store = open(&disk);
    append(&store, first::Visits, &[visit(100, 0), visit(20, 75)]);
    let job = waterwheel::Pipeline::from(first::totals()).start(&store, RunOptions::new()).unwrap();
    job.wait_until_caught_up().unwrap();
    disk.power_off_at(disk.changes() + 1);
    drop((job, store));
    let store = open(&disk.crash(1));
    let summary = run(evolved::totals(), &store, RunOptions::new().close()).unwrap();
    assert!(summary.epochs_replayed > 0);
    assert_eq!(read(&store, evolved::Totals), [total(100), total(20)]);
}

#[test]
fn a_change_of_a_field_that_the_state_may_depend_on_is_refused() {
    let store = left_by_the_first();
    let check = |pipeline: waterwheel::Pipeline, difference: &str| {
        let error = run(pipeline, &store, RunOptions::new().close()).unwrap_err();
        assert!(matches!(error, Error::PipelineDiffers { .. }), "{error}");
        assert!(error.to_string().contains(difference), "{error}");
    };
    let difference = "`visits`: row type `Visit` has changed since the state was left: field `cents` of `Visit` was `i64`, and is \
                      `Option<i64>`";
    check(optional::totals().into(), difference);
    check(another::totals().into(), "field `cents` of `Visit` had id 2, and has id 6");
    run(first::totals(), &store, RunOptions::new().close()).unwrap();
    assert_eq!(read(&store, first::Totals), [total(100), total(20)], "what was refused has changed nothing");
}

#[test]
fn rows_that_do_not_fit_are_told_before_the_state_and_no_reset_drops_the_results() {
    let store = left_by_the_first();
    let misfit = waterwheel::Pipeline::from(misfit::totals());
    let run_refused = run(misfit.clone(), &store, RunOptions::new().close()).unwrap_err();
    let reset_refused = misfit.reset(&store).unwrap_err();
    for error in [run_refused, reset_refused] {
        assert!(matches!(&error, Error::Schema { topic, .. } if topic == "visits"), "{error}");
        assert!(!error.to_string().contains("`reset`"), "{error}");
    }
    run(first::totals(), &store, RunOptions::new().close()).unwrap();
    assert_eq!(read(&store, first::Totals), [total(100), total(20)]);
}

#[test]
fn damage_of_what_can_be_computed_anew_says_that_a_reset_cures_it() {
    let disk = FaultyDisk::new();
    let store = open(&disk);
    append(&store, first::Visits, &[visit(100, 0), visit(20, 75)]);
    run(first::totals(), &store, RunOptions::new().until_end()).unwrap();
    let state = store.topic("__totals.state").unwrap().id();
    store.close().unwrap();
    let state = format!("topics/{state}/0/00000000000000000000.log");
    disk.set_content(std::path::Path::new(&state), Vec::new());
    let store = open(&disk);
    let error = run(first::totals(), &store, RunOptions::new().close()).unwrap_err();
    assert!(matches!(error, Error::DamagedOutput { holds: "the state", .. }), "{error}");
    assert!(error.to_string().contains("without a copy, `reset` drops its state"), "{error}");
    waterwheel::Pipeline::from(first::totals()).reset(&store).unwrap();
    run(first::totals(), &store, RunOptions::new().close()).unwrap();
    assert_eq!(read(&store, first::Totals), [total(100), total(20)]);
}

mod impostor {
    use super::*;

    topics! { pub(super) Visits("other-visits"): super::first::Visit { time: at } }

    #[pipeline]
    pub(super) fn others() {
        let visits = source(Visits).filter(|v| v.shop > 0);
        visits.map(|v| ShopTotal { shop: v.shop, total: v.cents }).sink(super::first::Totals);
    }
}

#[test]
fn a_reset_drops_no_results_of_another_pipeline() {
    let store = left_by_the_first();
    let error = waterwheel::Pipeline::from(impostor::others()).reset(&store).unwrap_err();
    assert!(matches!(error, Error::OutputIsWritten { .. }), "{error}");
    assert_eq!(read(&store, first::Totals), [total(100)]);
}
