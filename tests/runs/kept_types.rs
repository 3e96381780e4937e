//! Types that only rows on their way have, and that open windows keep values of: changed, they are refused until a reset.

use std::fmt::Debug;

use waterwheel::log::MemDisk;
use waterwheel::prelude::*;
use waterwheel::{Error, Pipeline};

use support::{append, open, read, run};

#[derive(Debug, Clone, PartialEq, Record)]
struct Sale {
    shop: String,
    price: i64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Told {
    shop: String,
    text: String,
}

topics! {
    Sales("sales"): Sale { time: at }
    Tolds("tolds"): Told { key: shop }
}

/// What a window made, before it is told.
#[derive(Clone)]
struct Made<V> {
    shop: String,
    value: V,
}

impl<V: Debug> Made<V> {
    fn told(&self) -> Told {
        Told { shop: self.shop.clone(), text: format!("{:?}", self.value) }
    }
}

/// Two pipelines of one name that read alike, whose `map` makes rows of their own module's `Carried`.
macro_rules! variants {
    ($body:block, $($module:ident: { $($types:item)* })*) => {$(
        mod $module {
            use super::*;

            $($types)*

            #[pipeline]
            pub(super) fn told() $body
        }
    )*};
}

fn sale(shop: &str, price: i64, at_secs: i64) -> Sale {
    Sale { shop: shop.to_owned(), price, at: Timestamp::from_millis(at_secs * 1000) }
}

/// One pipeline has left its state with windows open; the other, which reads just as it does, is refused, and runs after a reset.
#[track_caller]
fn check(left: impl Into<Pipeline>, other: impl Into<Pipeline>, difference: &str, texts: &[&str]) {
    let (left, other, store) = (left.into(), other.into(), open(&MemDisk::new()));
    append(&store, Sales, &[sale("a", 5, 0), sale("a", -1, 20), sale("b", 7, 15)]);
    let summary = run(left.clone(), &store, RunOptions::new().until_end()).unwrap();
    assert_eq!((summary.rows_written, summary.entries_open), (0, 2));

    let error = run(other.clone(), &store, RunOptions::new().close()).unwrap_err();
    assert!(matches!(error, Error::PipelineDiffers { .. }), "{error:?}");
    let said = error.to_string();
    assert!(said.contains(&format!("in this directory:\n{difference}")), "{said}");
    assert!(said.contains("drop state and results with `reset`"), "{said}");

    // The one that left it goes on.
    let summary = run(left, &store, RunOptions::new().until_end()).unwrap();
    assert_eq!((summary.rows_read, summary.entries_open), (0, 2));

    other.reset(&store).unwrap();
    run(other, &store, RunOptions::new().close()).unwrap();
    assert_eq!(told(&store), texts);
}

fn told(store: &Store) -> Vec<String> {
    let mut texts: Vec<String> = read(store, Tolds).into_iter().map(|told| told.text).collect();
    texts.sort();
    texts
}

/// With a price that is a whole number, and with one that is not.
macro_rules! prices {
    ($body:block, $integers:ident, $floats:ident) => {
        variants! {
            $body,
            $integers: {
                #[derive(Clone)]
                pub(super) struct Carried { shop: String, price: i64 }
            }
            $floats: {
                #[derive(Clone)]
                pub(super) struct Carried { shop: String, price: f64 }
            }
        }
    };
}

prices!(
    {
        let sales = source(Sales).lateness(10s).late_drop();
        let carried = sales.map(|s| Carried { shop: s.shop.clone(), price: s.price as _ });
        let per_shop = carried
            .group_by(|c| c.shop)
            .window(tumbling(1h))
            .select(|w, c| Made { shop: w.key(), value: sum(c.price) });
        per_shop.map(|m| m.told()).sink(Tolds);
    },
    sum_of_integers,
    sum_of_floats
);
prices!(
    {
        let sales = source(Sales).lateness(10s).late_drop();
        let carried = sales.map(|s| Carried { shop: s.shop.clone(), price: s.price as _ });
        let per_shop = carried
            .group_by(|c| c.shop)
            .window(cumulate(1h, 30m))
            .select(|w, c| Made { shop: w.key(), value: first(c.price) });
        per_shop.map(|m| m.told()).sink(Tolds);
    },
    first_of_integers,
    first_of_floats
);
prices!(
    {
        let sales = source(Sales).lateness(10s).late_drop();
        let carried = sales.map(|s| Carried { shop: s.shop.clone(), price: s.price as _ });
        let per_shop = carried
            .group_by(|c| c.shop)
            .window(session(1h))
            .select(|w, c| Made { shop: w.key(), value: last(c.price) });
        per_shop.map(|m| m.told()).sink(Tolds);
    },
    last_of_integers,
    last_of_floats
);
prices!(
    {
        let sales = source(Sales).lateness(10s).late_drop();
        let carried = sales.map(|s| Carried { shop: s.shop.clone(), price: s.price as _ });
        let per_shop = carried
            .group_by(|c| c.shop)
            .window(tumbling(1h))
            .select(|w, c| Made { shop: w.key(), value: min(c.price) });
        per_shop.map(|m| m.told()).sink(Tolds);
    },
    min_of_integers,
    min_of_floats
);
prices!(
    {
        let sales = source(Sales).lateness(10s).late_drop();
        let carried = sales.map(|s| Carried { shop: s.shop.clone(), price: s.price as _ });
        let per_shop = carried
            .group_by(|c| c.shop)
            .window(tumbling(1h))
            .select(|w, c| Made { shop: w.key(), value: max_if(Some(c.price), c.shop != "z") });
        per_shop.map(|m| m.told()).sink(Tolds);
    },
    max_of_integers,
    max_of_floats
);

fn was_i64(aggregate: &str) -> String {
    format!(
        "  `per_shop`: what `{aggregate}` keeps has changed: it was i64 when the state was left, and is f64 now"
    )
}

#[test]
fn a_mapped_field_of_another_type_is_refused_by_every_aggregate_that_keeps_it() {
    let of_sum = "  `per_shop`: what `sum(c.price)` keeps has changed: it was i128 when the state was left, and is \
                  { negative: bool, low: u16, limbs: a list of u32, special: Option<";
    check(sum_of_integers::told(), sum_of_floats::told(), of_sum, &["4.0", "7.0"]);
    check(
        first_of_integers::told(),
        first_of_floats::told(),
        &was_i64("first(c.price)"),
        &["5.0", "5.0", "7.0", "7.0"],
    );
    check(last_of_integers::told(), last_of_floats::told(), &was_i64("last(c.price)"), &["-1.0", "7.0"]);
    check(min_of_integers::told(), min_of_floats::told(), &was_i64("min(c.price)"), &["-1.0", "7.0"]);
    let of_max = was_i64("max_if(Some(c.price), c.shop != \"z\")");
    check(max_of_integers::told(), max_of_floats::told(), &of_max, &["Some(5.0)", "Some(7.0)"]);
}

variants! {
    {
        let sales = source(Sales).lateness(10s).late_drop();
        let carried = sales.map(Carried::of);
        let per_shop = carried
            .group_by(|c| c.shop)
            .window(tumbling(1h))
            .select(|w, c| Made { shop: w.key(), value: last(c.clone()) });
        per_shop.map(|m| Told { shop: m.shop.clone(), text: m.value.text() }).sink(Tolds);
    },
    whole: {
        #[derive(Clone, Record)]
        pub(super) struct Carried { shop: String, price: i64, kind: Kind }
        #[derive(Clone, Debug, Record)]
        pub(super) enum Kind { Sold, Refunded { cents: i64 } }
        impl Carried {
            fn of(sale: &Sale) -> Carried {
                let kind = if sale.price < 0 { Kind::Refunded { cents: -sale.price } } else { Kind::Sold };
                Carried { shop: sale.shop.clone(), price: sale.price, kind }
            }
            fn text(&self) -> String {
                format!("{} {:?}", self.price, self.kind)
            }
        }
    }
    // Postcard writes a variant's place, whatever its id in a topic.
    variants_in_another_order: {
        #[derive(Clone, Record)]
        pub(super) struct Carried { shop: String, price: i64, kind: Kind }
        #[derive(Clone, Debug, Record)]
        pub(super) enum Kind { #[variant(2)] Refunded { cents: i64 }, #[variant(1)] Sold }
        impl Carried {
            fn of(sale: &Sale) -> Carried {
                let kind = if sale.price < 0 { Kind::Refunded { cents: -sale.price } } else { Kind::Sold };
                Carried { shop: sale.shop.clone(), price: sale.price, kind }
            }
            fn text(&self) -> String {
                format!("{} {:?}", self.price, self.kind)
            }
        }
    }
    fields_in_another_order: {
        #[derive(Clone, Record)]
        pub(super) struct Carried { price: i64, shop: String, kind: Kind }
        #[derive(Clone, Debug, Record)]
        pub(super) enum Kind { Sold, Refunded { cents: i64 } }
        impl Carried {
            fn of(sale: &Sale) -> Carried {
                let kind = if sale.price < 0 { Kind::Refunded { cents: -sale.price } } else { Kind::Sold };
                Carried { shop: sale.shop.clone(), price: sale.price, kind }
            }
            fn text(&self) -> String {
                format!("{} {:?}", self.price, self.kind)
            }
        }
    }
    another_field_inside: {
        #[derive(Clone, Record)]
        pub(super) struct Carried { shop: String, price: i64, kind: Kind }
        #[derive(Clone, Debug, Record)]
        pub(super) enum Kind { Sold, Refunded { cents: u32 } }
        impl Carried {
            fn of(sale: &Sale) -> Carried {
                let kind = if sale.price < 0 { Kind::Refunded { cents: 1 } } else { Kind::Sold };
                Carried { shop: sale.shop.clone(), price: sale.price, kind }
            }
            fn text(&self) -> String {
                format!("{} {:?}", self.price, self.kind)
            }
        }
    }
    // Its bytes are those of `whole`: a newtype is what it wraps, and types may be called anything.
    other_names: {
        #[derive(Clone, Record)]
        pub(super) struct Carried { shop: String, price: Price, kind: What }
        #[derive(Clone, Record)]
        pub(super) struct Price(i64);
        #[derive(Clone, Debug, Record)]
        pub(super) enum What { Sold, Refunded { cents: i64 } }
        impl Carried {
            fn of(sale: &Sale) -> Carried {
                let kind = if sale.price < 0 { What::Refunded { cents: -sale.price } } else { What::Sold };
                Carried { shop: sale.shop.clone(), price: Price(sale.price), kind }
            }
            fn text(&self) -> String {
                format!("{} {:?}", self.price.0, self.kind)
            }
        }
    }
}

const LAST: &str = "  `per_shop`: what `last(c.clone())` keeps has changed: ";

#[test]
fn a_mapped_row_that_is_kept_may_not_change_in_any_depth() {
    let texts = ["-1 Refunded { cents: 1 }", "7 Sold"];
    let order =
        "the variants of `kind` were Sold, Refunded when the state was left, and are Refunded, Sold now";
    check(whole::told(), variants_in_another_order::told(), &format!("{LAST}{order}"), &texts);
    let order = "its fields were shop, price, kind when the state was left, and are price, shop, kind now";
    check(whole::told(), fields_in_another_order::told(), &format!("{LAST}{order}"), &texts);
    let inside = "`kind.Refunded.cents` was i64 when the state was left, and is u32 now";
    check(whole::told(), another_field_inside::told(), &format!("{LAST}{inside}"), &texts);
}

#[test]
fn types_of_other_names_that_are_written_alike_go_on() {
    let store = open(&MemDisk::new());
    append(&store, Sales, &[sale("a", 5, 0), sale("a", -1, 20), sale("b", 7, 15)]);
    run(whole::told(), &store, RunOptions::new().until_end()).unwrap();
    let summary = run(other_names::told(), &store, RunOptions::new().close()).unwrap();
    assert_eq!((summary.rows_read, summary.rows_written), (0, 2));
    assert_eq!(told(&store), ["-1 Refunded { cents: 1 }", "7 Sold"]);
}

variants! {
    {
        let sales = source(Sales).lateness(10s).late_drop();
        let carried = sales.map(|s| Carried { seat: Seat(s.price as _), price: s.price });
        let per_seat = carried
            .group_by(|c| c.seat)
            .window(tumbling(1h))
            .select(|w, c| Made { shop: format!("{:?}", w.key()), value: count() });
        per_seat.map(|m| m.told()).sink(Tolds);
    },
    signed_seats: {
        #[derive(Clone)]
        pub(super) struct Carried { seat: Seat, #[expect(dead_code)] price: i64 }
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Key)]
        pub(super) struct Seat(i64);
    }
    unsigned_seats: {
        #[derive(Clone)]
        pub(super) struct Carried { seat: Seat, #[expect(dead_code)] price: i64 }
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Key)]
        pub(super) struct Seat(u64);
    }
}

#[test]
fn a_mapped_key_that_is_written_otherwise_is_refused() {
    let store = open(&MemDisk::new());
    append(&store, Sales, &[sale("a", 5, 0)]);
    run(signed_seats::told(), &store, RunOptions::new().until_end()).unwrap();
    let said = run(unsigned_seats::told(), &store, RunOptions::new().close()).unwrap_err().to_string();
    let difference = "  `per_seat`: its key was i64 when the state was left, and is u64 now";
    assert!(said.contains(difference) && said.contains("`reset`"), "{said}");
}
