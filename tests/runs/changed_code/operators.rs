//! The same before every kind of operator that keeps something, and of the closures of these operators.

use super::*;

/// What a function that closures call decides by, here.
static FED: AtomicI64 = AtomicI64::new(0);

fn is_fed(sale: &Sale) -> bool {
    sale.price >= FED.load(Ordering::Relaxed)
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Shop {
    shop: u64,
    factor: i64,
}

topics! {
    Shops("shops"): Shop { key: shop }
}

fn total_of(sale: &Sale) -> ShopTotal {
    ShopTotal { shop: sale.shop, n: 1, total: sale.price }
}

fn half_of(sale: &Sale) -> ShopTotal {
    ShopTotal { total: sale.price / 2, ..total_of(sale) }
}

/// Pipelines of one name and one state: one, another whose filter has another text, and one whose filter calls a function.
struct Fed {
    operator: &'static str,
    original: Pipeline,
    other_text: Pipeline,
    by_function: Pipeline,
}

macro_rules! fed {
    ($operator:literal, |$counted:ident| { $($behind:tt)+ }) => {{
        macro_rules! variant {
            ($module:ident, $filter:expr) => {
                mod $module {
                    use super::*;

                    #[pipeline]
                    pub(super) fn totals() {
                        let sales = source(Sales).lateness(1h).late_drop();
                        let $counted = sales.filter($filter);
                        $($behind)+
                    }
                }
            };
        }
        variant!(original, |s| s.price >= 0);
        variant!(other_text, |s| s.price >= 50);
        variant!(by_function, |s| is_fed(s));
        Fed {
            operator: $operator,
            original: original::totals().into(),
            other_text: other_text::totals().into(),
            by_function: by_function::totals().into(),
        }
    }};
}

fn windows() -> [Fed; 5] {
    [
        fed!("sliding", |counted| {
            let made = counted.group_by(|s| s.shop).window(sliding(10m, 1m)).select(|w, s| ShopTotal {
                shop: w.key(),
                n: count(),
                total: sum(s.price),
            });
            made.sink(ShopTotals);
        }),
        fed!("cumulate", |counted| {
            let made = counted.group_by(|s| s.shop).window(cumulate(10m, 1m)).select(|w, s| ShopTotal {
                shop: w.key(),
                n: count(),
                total: sum(s.price),
            });
            made.sink(ShopTotals);
        }),
        fed!("session", |counted| {
            let made = counted.group_by(|s| s.shop).window(session(1m)).select(|w, s| ShopTotal {
                shop: w.key(),
                n: count(),
                total: sum(s.price),
            });
            made.sink(ShopTotals);
        }),
        fed!("every", |counted| {
            let made = counted.group_by(|s| s.shop).window(every(10)).select(|w, s| ShopTotal {
                shop: w.key(),
                n: count(),
                total: sum(s.price),
            });
            made.sink(ShopTotals);
        }),
        fed!("by the clock", |counted| {
            let made = counted
                .group_by(|s| s.shop)
                .window(tumbling(1d).by_clock())
                .select(|w, s| ShopTotal { shop: w.key(), n: count(), total: sum(s.price) });
            made.sink(ShopTotals);
        }),
    ]
}

fn in_order() -> [Fed; 4] {
    [
        fed!("over a span", |counted| {
            let made = counted.group_by(|s| s.shop).over(last(1m)).select(|s, w| ShopTotal {
                shop: s.shop,
                n: count(),
                total: sum(w.price),
            });
            made.sink(ShopTotals);
        }),
        fed!("over rows", |counted| {
            let made = counted.group_by(|s| s.shop).over(last_rows(5)).select(|s, w| ShopTotal {
                shop: s.shop,
                n: count(),
                total: sum(w.price),
            });
            made.sink(ShopTotals);
        }),
        fed!("distinct_by", |counted| {
            let made = counted.distinct_by(|s| s.price).within(1h);
            made.map(|s| total_of(s)).sink(ShopTotals);
        }),
        fed!("the best of windows", |counted| {
            let hours = counted.group_by(|s| s.shop).window(tumbling(1h)).select(|w, s| ShopTotal {
                shop: w.key(),
                n: count(),
                total: sum(s.price),
            });
            let made = hours
                .per_window()
                .top(2, |t| desc(t.total))
                .select(|rank, t| ShopTotal { n: rank, ..t.clone() });
            made.sink(ShopTotals);
        }),
    ]
}

fn joins() -> [Fed; 5] {
    [
        fed!("join", |counted| {
            let made =
                counted.join(counted).on(|l| l.shop, |r| r.shop).between(0s..=3s).select(|l, _| total_of(l));
            made.sink(ShopTotals);
        }),
        fed!("join of windows", |counted| {
            let made = counted
                .join(counted)
                .on(|l| l.shop, |r| r.shop)
                .window(tumbling(5s))
                .select(|_, l, _| total_of(l));
            made.sink(ShopTotals);
        }),
        fed!("left join", |counted| {
            let made = counted
                .left_join(counted)
                .on(|l| l.shop, |r| r.shop)
                .between(1s..=3s)
                .select(|l, _| total_of(l));
            made.sink(ShopTotals);
        }),
        fed!("semi join", |counted| {
            let made = counted.semi_join(counted).on(|l| l.shop, |r| r.shop).between(1s..=3s);
            made.map(|s| total_of(s)).sink(ShopTotals);
        }),
        fed!("lookup", |counted| {
            let shops = side(Shops);
            let made = counted
                .lookup(shops)
                .on(|s| s.shop, |a| a.shop)
                .select(|s, a| ShopTotal { total: s.price * a.map_or(1, |a| a.factor), ..total_of(s) });
            made.sink(ShopTotals);
        }),
    ]
}

#[test]
fn before_any_operator_changed_code_is_found() {
    for Fed { operator, original, other_text, by_function } in
        windows().into_iter().chain(in_order()).chain(joins())
    {
        FED.store(0, Ordering::Relaxed);
        println!("{operator}");
        check_refused(other_text, &killed(original), OTHER_FILTER);
        let store = killed(by_function.clone());
        FED.store(50, Ordering::Relaxed);
        check_refused(by_function.clone(), &store, "than when it was committed");
        FED.store(0, Ordering::Relaxed);
        let summary = run(by_function, &store, options().recover_only()).unwrap();
        assert!(summary.epochs_replayed > 10 && summary.rows_read == 0, "{operator}: {summary:?}");
    }
}

/// Two pipelines of one name and one state, and what is said of the closure in which they differ.
macro_rules! differing {
    (|$sales:ident| { $($one:tt)+ } { $($other:tt)+ }, $told:expr) => {{
        mod one {
            use super::*;

            #[pipeline]
            pub(super) fn totals() {
                let $sales = source(Sales).lateness(1h).late_drop();
                $($one)+
            }
        }
        mod other {
            use super::*;

            #[pipeline]
            pub(super) fn totals() {
                let $sales = source(Sales).lateness(1h).late_drop();
                $($other)+
            }
        }
        (Pipeline::from(one::totals()), Pipeline::from(other::totals()), $told)
    }};
}

fn without_state() -> [(Pipeline, Pipeline, &'static str); 5] {
    [
        differing!(
            |sales| { sales.filter_map(|s| Some(total_of(s))).sink(ShopTotals); }
            { sales.filter_map(|s| (s.price > 9).then(|| total_of(s))).sink(ShopTotals); },
            "filter_map was |s| Some(total_of(s)), and is |s| (s.price > 9).then(|| total_of(s)) now"
        ),
        differing!(
            |sales| { sales.flat_map(|s| vec![total_of(s)]).sink(ShopTotals); }
            { sales.flat_map(|s| vec![total_of(s); 2]).sink(ShopTotals); },
            "flat_map was |s| vec![total_of(s)], and is |s| vec![total_of(s); 2] now"
        ),
        differing!(
            |sales| {
                let (kept, _) = sales.split(|s| s.price > 9);
                kept.map(total_of).sink(ShopTotals);
            }
            {
                let (kept, _) = sales.split(|s| s.price > 8);
                kept.map(total_of).sink(ShopTotals);
            },
            "split was |s| s.price > 9, and is |s| s.price > 8 now"
        ),
        differing!(
            |sales| { sales.map(total_of).sink(ShopTotals); }
            { sales.map(half_of).sink(ShopTotals); },
            "map was total_of, and is half_of now"
        ),
        differing!(
            |sales| { sales.map(total_of).sink_with_headers(ShopTotals, |_| [("kind", "a")]); }
            { sales.map(total_of).sink_with_headers(ShopTotals, |_| [("kind", "b")]); },
            "sink_with_headers was |_| [(\"kind\", \"a\")], and is |_| [(\"kind\", \"b\")] now"
        ),
    ]
}

fn with_state() -> [(Pipeline, Pipeline, &'static str); 5] {
    [
        differing!(
            |sales| {
                let made = sales.join(sales).on(|l| l.shop, |r| r.shop).between(0s..=3s).select(|l, _| total_of(l));
                made.sink(ShopTotals);
            }
            {
                let made = sales.join(sales).on(|l| l.shop, |r| r.shop).between(0s..=3s).select(|_, r| total_of(r));
                made.sink(ShopTotals);
            },
            "`made`: select was |l, _| total_of(l), and is |_, r| total_of(r) now"
        ),
        differing!(
            |sales| {
                let shops = side(Shops);
                let made = sales.lookup(shops).on(|s| s.shop, |a| a.shop).select(|s, _| total_of(s));
                made.sink(ShopTotals);
            }
            {
                let shops = side(Shops);
                let made = sales.lookup(shops).on(|s| s.shop, |a| a.shop).select(|s, _| half_of(s));
                made.sink(ShopTotals);
            },
            "`made`: select was |s, _| total_of(s), and is |s, _| half_of(s) now"
        ),
        differing!(
            |sales| {
                let made = sales.group_by(|s| s.shop).over(last(1m)).select(|s, w| ShopTotal {
                    shop: s.shop,
                    n: count(),
                    total: sum(w.price),
                });
                made.sink(ShopTotals);
            }
            {
                let made = sales.group_by(|s| s.shop).over(last(1m)).select(|s, w| ShopTotal {
                    shop: s.shop + 1,
                    n: count(),
                    total: sum(w.price),
                });
                made.sink(ShopTotals);
            },
            "`made`: select was |s, w| ShopTotal { shop: s.shop, n: count(), total: sum(w.price) }, and is |s, w| ShopTotal { shop: s.shop + 1,"
        ),
        differing!(
            |sales| {
                let hours = sales.group_by(|s| s.shop).window(tumbling(1h)).select(|w, _| ShopTotal {
                    shop: w.key(),
                    n: count(),
                    total: 0,
                });
                let made = hours.per_window().top(2, |t| desc(t.n)).select(|n, t| ShopTotal { n, ..t.clone() });
                made.sink(ShopTotals);
            }
            {
                let hours = sales.group_by(|s| s.shop).window(tumbling(1h)).select(|w, _| ShopTotal {
                    shop: w.key(),
                    n: count(),
                    total: 0,
                });
                let made = hours.per_window().top(2, |t| desc(t.shop)).select(|n, t| ShopTotal { n, ..t.clone() });
                made.sink(ShopTotals);
            },
            "`made`: top was |t| desc(t.n), and is |t| desc(t.shop) now"
        ),
        differing!(
            |sales| {
                let hours = sales.group_by(|s| s.shop).window(tumbling(1h)).select(|w, _| ShopTotal {
                    shop: w.key(),
                    n: count(),
                    total: 0,
                });
                let made = hours.per_window().top(2, |t| desc(t.n)).select(|n, t| ShopTotal { n, ..t.clone() });
                made.sink(ShopTotals);
            }
            {
                let hours = sales.group_by(|s| s.shop).window(tumbling(1h)).select(|w, _| ShopTotal {
                    shop: w.key(),
                    n: count(),
                    total: 0,
                });
                let made = hours.per_window().top(2, |t| desc(t.n)).select(|n, t| ShopTotal { total: n as i64, ..t.clone() });
                made.sink(ShopTotals);
            },
            "`made`: select was |n, t| ShopTotal { n, ..t.clone() }, and is |n, t| ShopTotal { total: n as i64, ..t.clone() } now"
        ),
    ]
}

#[test]
fn after_a_crash_other_closures_of_any_operator_are_refused() {
    for (one, other, told) in without_state().into_iter().chain(with_state()) {
        check_refused(other, &killed(one), told);
    }
}
