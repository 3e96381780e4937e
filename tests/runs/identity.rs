//! What a pipeline is: values that its closures decide by belong to it, and what says nothing about rows does not.

use std::collections::{BTreeMap, HashMap};

use waterwheel::log::MemDisk;
use waterwheel::prelude::*;
use waterwheel::{Error, Pipeline};

use support::{append, open, read, run};

/// Everything that a pipeline is made of, in a module of its own: it may be moved to another one.
macro_rules! module {
    ($module:ident { $($items:tt)* }) => {
        mod $module {
            use super::*;
            use waterwheel::aggregates::{Aggregate, Place};

            #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
            pub(super) enum Kind {
                Small,
                Large,
            }

            #[derive(Debug, Clone, PartialEq, Record)]
            pub(super) struct Sale {
                pub(super) kind: Kind,
                pub(super) price: i64,
                pub(super) at: Timestamp,
            }

            #[derive(Debug, Clone, PartialEq, Record)]
            pub(super) struct KindTotal {
                pub(super) kind: Kind,
                pub(super) total: i64,
                pub(super) product: i64,
            }

            topics! {
                pub(super) Sales("sales"): Sale { time: at }
                pub(super) KindTotals("kind-totals"): KindTotal { key: kind }
            }

            pub(super) struct Product;

            pub(super) fn product() -> Product {
                Product
            }

            impl Aggregate<i64> for Product {
                type State = i64;
                type Output = i64;
                const NAME: &'static str = "product";

                fn init(&self) -> i64 {
                    1
                }
                fn add(&self, state: &mut i64, value: i64, _: Place) {
                    *state *= value;
                }
                fn merge(&self, state: &mut i64, other: i64) {
                    *state *= other;
                }
                fn finish(&self, state: i64) -> i64 {
                    state
                }
            }

            $($items)*

            #[pipeline]
            pub(super) fn totals(floors: HashMap<String, i64>) {
                let sales = source(Sales).lateness(10s).late_drop();
                let counted = sales.filter(|s| s.price >= floors["price"] - MARGIN);
                let per_minute = counted.group_by(|s| s.kind).window(tumbling(1m)).select(|w, s| KindTotal {
                    kind: w.key(),
                    total: sum(s.price * RATE) + seen(&SEEN),
                    product: product(s.price.min(LIMITS.most)),
                });
                per_minute.sink(KindTotals);
            }

            fn seen(seen: &std::sync::atomic::AtomicI64) -> i64 {
                0 * seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
            }

            #[derive(Debug, Clone, Copy)]
            pub(super) struct Limits {
                most: i64,
            }

            static SEEN: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);
        }
    };
}

module! { original {
    const MARGIN: i64 = 5;
    const RATE: i64 = 2;
    const LIMITS: Limits = Limits { most: 100 };
} }
module! { moved {
    static RATE: i64 = 2;
    const MARGIN: i64 = 2 + 3;
    static LIMITS: Limits = Limits { most: 10 * 10 };
} }
module! { other_rate {
    const MARGIN: i64 = 5;
    const RATE: i64 = 3;
    const LIMITS: Limits = Limits { most: 100 };
} }
module! { other_limits {
    const MARGIN: i64 = 5;
    const RATE: i64 = 2;
    const LIMITS: Limits = Limits { most: 20 };
} }
module! { other_margin {
    const MARGIN: i64 = 7;
    const RATE: i64 = 2;
    const LIMITS: Limits = Limits { most: 100 };
} }

/// A map of many names: it has another order each time it is made.
fn floors(price: i64) -> HashMap<String, i64> {
    let others = (0..30).map(|number| (format!("floor {number}"), number));
    others.chain([("price".to_owned(), price)]).collect()
}

fn append_some(store: &Store) {
    use original::{Kind, Sale};
    let sale = |kind, price, second: i64| Sale { kind, price, at: Timestamp::from_millis(second * 1000) };
    let sales = [sale(Kind::Small, 2, 0), sale(Kind::Large, 30, 1), sale(Kind::Small, 3, 2)];
    append(store, original::Sales, &sales);
}

fn left_by_the_original() -> Store {
    let store = open(&MemDisk::new());
    append_some(&store);
    run(original::totals(floors(0)), &store, RunOptions::new().until_end()).unwrap();
    store
}

fn manifest(store: &Store) -> String {
    let manifest = store.topic("__totals.state").unwrap().property("waterwheel.manifest").unwrap();
    String::from_utf8(manifest).unwrap()
}

#[track_caller]
fn check_refused(other: impl Into<Pipeline>, difference: &str) {
    let store = left_by_the_original();
    let error = run(other, &store, RunOptions::new().close()).unwrap_err();
    assert!(matches!(error, Error::PipelineDiffers { .. }), "{error:?}");
    assert!(error.to_string().contains(difference), "{error}");
}

#[test]
fn a_parameter_without_an_order_is_the_same_in_every_run() {
    let store = left_by_the_original();
    for _ in 0..10 {
        run(original::totals(floors(0)), &store, RunOptions::new().until_end()).unwrap();
    }
    let error = run(original::totals(floors(1)), &store, RunOptions::new()).unwrap_err().to_string();
    assert!(error.contains("parameters: [{\"floor 0\":0,\"floor 1\":1,\"floor 10\":10,"), "{error}");
}

#[test]
fn another_value_of_a_constant_in_an_aggregate_is_another_pipeline() {
    let limits = "LIMITS.most = 100";
    assert!(!manifest(&left_by_the_original()).contains(limits), "a field is seen with the whole constant");
    let rate = "`per_minute`: aggregate constants was RATE = 2, LIMITS = Limits { most: 100 } when the state was left, and is \
                RATE = 3, LIMITS = Limits { most: 100 } now";
    check_refused(other_rate::totals(floors(0)), rate);
    let limits = "and is RATE = 2, LIMITS = Limits { most: 20 } now";
    check_refused(other_limits::totals(floors(0)), limits);
}

#[test]
fn another_value_of_a_constant_in_a_filter_goes_on_after_a_clean_stop() {
    let store = left_by_the_original();
    run(other_margin::totals(floors(0)), &store, RunOptions::new().close()).unwrap();
    assert_eq!(read(&store, original::KindTotals).len(), 2);
}

#[test]
fn a_pipeline_moved_to_another_module_goes_on() {
    let store = left_by_the_original();
    let before = manifest(&store);
    run(moved::totals(floors(0)), &store, RunOptions::new().close()).unwrap();
    assert_eq!(manifest(&store), before);
    let fresh = open(&MemDisk::new());
    append_some(&fresh);
    run(moved::totals(floors(0)), &fresh, RunOptions::new().close()).unwrap();
    assert_eq!(manifest(&fresh), before, "nothing in it says where the code stands");
}

/// What is kept must not change when a file, a module or a type of this project is renamed: users have state that was left
/// under these words. A change here refuses all of it, and needs a way for old manifests to be read.
#[test]
fn the_manifest_has_these_words() {
    let text = manifest(&left_by_the_original());
    let manifest: BTreeMap<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    let facts = |id: &str| manifest["operators"][id].to_string();
    assert_eq!(
        facts("per_minute/window"),
        r#"{"aggregate constants":"RATE = 2, LIMITS = Limits { most: 100 }","aggregates":"sum(s.price * RATE), product(s.price.min(LIMITS.most))","key":"|s| s.kind","key type":"Kind","window":"tumbling(1m)"}"#
    );
    assert_eq!(
        facts("sales/source"),
        r#"{"event time":"at","format":"native","lateness":"10s","row":"Sale fc4b6ad0c9d2d38c","topic":"sales","topic key":""}"#
    );
    assert!(!text.contains("::"), "a path stands in the manifest: {text}");
}

/// A pipeline of each operator with a key or aggregates of its own, and of a constant that stands in them.
macro_rules! by_constant {
    ($module:ident, $of:literal) => {
        mod $module {
            use super::original::{Kind, KindTotal, KindTotals, Sale, Sales};
            use super::*;

            const PART: i64 = $of;

            #[derive(Debug, Clone, PartialEq, Record)]
            pub(super) struct Rate {
                of: i64,
                rate: i64,
            }

            topics! {
                pub(super) Rates("rates"): Rate { key: of }
            }

            fn total_of(sale: &Sale, product: i64) -> KindTotal {
                KindTotal { kind: Kind::Small, total: sale.price, product }
            }

            #[pipeline]
            pub(super) fn distinct() {
                let sales = source(Sales).lateness(10s).late_drop();
                let made = sales.distinct_by(|s| s.price / PART).within(1m);
                made.map(|s| total_of(s, 0)).sink(KindTotals);
            }

            #[pipeline]
            pub(super) fn joined() {
                let sales = source(Sales).lateness(10s).late_drop();
                let on = sales.join(sales).on(|l| l.price, |r| r.price / PART);
                let made = on.between(0s..=1m).select(|l, r| total_of(l, r.price));
                made.sink(KindTotals);
            }

            #[pipeline]
            pub(super) fn looked_up() {
                let rates = side(Rates);
                let sales = source(Sales).lateness(10s).late_drop();
                let made = sales
                    .lookup(rates)
                    .on(|s| s.price / PART, |r| r.of)
                    .select(|s, r| total_of(s, r.rate.unwrap_or(0)));
                made.sink(KindTotals);
            }

            #[pipeline]
            pub(super) fn looked_back() {
                let sales = source(Sales).lateness(10s).late_drop();
                let made = sales.group_by(|s| s.kind).over(last(1m)).select(|s, w| KindTotal {
                    kind: s.kind,
                    total: s.price,
                    product: sum(w.price / PART),
                });
                made.sink(KindTotals);
            }
        }
    };
}

by_constant!(by_two, 2);
by_constant!(by_three, 3);

#[test]
fn another_value_of_a_constant_in_a_key_or_aggregate_of_any_operator_is_another_pipeline() {
    let pairs: [(Pipeline, Pipeline, &str); 4] = [
        (by_two::distinct().into(), by_three::distinct().into(), "key constants was PART = 2"),
        (by_two::joined().into(), by_three::joined().into(), "key constants was PART = 2"),
        (by_two::looked_up().into(), by_three::looked_up().into(), "key constants was PART = 2"),
        (by_two::looked_back().into(), by_three::looked_back().into(), "aggregate constants was PART = 2"),
    ];
    for (two, three, difference) in pairs {
        let store = open(&MemDisk::new());
        append_some(&store);
        run(two.clone(), &store, RunOptions::new().until_end()).unwrap();
        let error = run(three, &store, RunOptions::new().until_end()).unwrap_err();
        assert!(matches!(error, Error::PipelineDiffers { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(difference) && text.contains("and is PART = 3 now"), "{text}");
        run(two, &store, RunOptions::new().close()).unwrap();
    }
}
