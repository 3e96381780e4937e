//! Places of rows that operators made: whatever the workers, the epochs and the other operators of a pipeline, what depends on
//! the order of rows is the same, also where keys begin alike.

use std::collections::BTreeMap;

use waterwheel::aggregates::Position;
use waterwheel::log::MemDisk;
use waterwheel::prelude::*;
use waterwheel::{Pipeline, RunOptions};

use support::{Random, append, open, read, run, seeds};

#[derive(Debug, Clone, PartialEq, Record)]
struct Sale {
    shop: String,
    cents: i64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Part {
    shop: String,
    part: u64,
    cents: i64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Ends {
    from: Timestamp,
    rows: u64,
    first_shop: String,
    first_part: u64,
    last_shop: String,
    last_part: u64,
    cents: i64,
}

topics! {
    Sales("sales"): Sale { key: shop, time: at, partitions: 3 }
    Others("another"): Sale { key: shop, time: at }
    Summed("summed"): Ends {}
    Aside("aside"): Part { key: shop }
}

/// Window, flat_map, first and last, window.
#[pipeline]
fn plain() {
    let sales = source(Sales).lateness(5s).late_drop();
    let minutes = sales.group_by(|s| s.shop.clone()).window(tumbling(10s)).select(|w, s| Part {
        shop: w.key(),
        part: count(),
        cents: sum(s.cents),
    });
    let parts = minutes.flat_map(parts_of);
    let ends = parts.group_by(|_| ()).window(tumbling(30s)).select(|w, p| Ends {
        from: w.start(),
        rows: count(),
        first_shop: first(p.shop),
        first_part: first(p.part),
        last_shop: last(p.shop),
        last_part: last(p.part),
        cents: sum(p.cents),
    });
    ends.sink(Summed);
}

/// The same, with a source and a window whose names come before all others.
#[pipeline]
fn with_another_source() {
    let a_source = source(Others).lateness(5s).late_drop();
    let a_window = a_source.group_by(|s| s.shop.clone()).window(tumbling(10s)).select(|w, s| Part {
        shop: w.key(),
        part: count(),
        cents: sum(s.cents),
    });
    a_window.sink(Aside);
    let sales = source(Sales).lateness(5s).late_drop();
    let minutes = sales.group_by(|s| s.shop.clone()).window(tumbling(10s)).select(|w, s| Part {
        shop: w.key(),
        part: count(),
        cents: sum(s.cents),
    });
    let parts = minutes.flat_map(parts_of);
    let ends = parts.group_by(|_| ()).window(tumbling(30s)).select(|w, p| Ends {
        from: w.start(),
        rows: count(),
        first_shop: first(p.shop),
        first_part: first(p.part),
        last_shop: last(p.shop),
        last_part: last(p.part),
        cents: sum(p.cents),
    });
    ends.sink(Summed);
}

/// As many rows as there were sales, at most three.
fn parts_of(minute: &Part) -> Vec<Part> {
    (0..minute.part.min(3)).map(|part| Part { part, ..minute.clone() }).collect()
}

const SHOPS: [&str; 5] = [
    "the department of long names, first floor, shop 1",
    "the department of long names, first floor, shop 2",
    "the department of long names, first floor, shop 3",
    "the department",
    "x",
];

fn sales(random: &mut Random, count: u64) -> Vec<Sale> {
    let sale = |at: u64, random: &mut Random| Sale {
        shop: random.one_of(&SHOPS).to_owned(),
        cents: random.below(1000) as i64,
        at: Timestamp::from_millis((at * 700) as i64 - random.below(4_000) as i64),
    };
    (0..count).map(|at| sale(at, random)).collect()
}

/// Windows by a map, ends of the long ones by the places that documentation promises.
fn expected(sales: &[Sale]) -> Vec<Ends> {
    let mut minutes: BTreeMap<(i64, &str), (u64, i64)> = BTreeMap::new();
    for sale in sales {
        let from = sale.at.millis() - sale.at.millis().rem_euclid(10_000);
        let minute = minutes.entry((from, &sale.shop)).or_default();
        *minute = (minute.0 + 1, minute.1 + sale.cents);
    }
    let mut windows: BTreeMap<i64, Vec<(i64, Position, Part)>> = BTreeMap::new();
    for ((from, shop), (part, cents)) in minutes {
        let of = windows.entry(from - from.rem_euclid(30_000)).or_default();
        let minute = Part { shop: shop.to_owned(), part, cents };
        let position = Position::of_key(0, shop.as_bytes());
        of.extend(parts_of(&minute).into_iter().map(|part| (from, position, part)));
    }
    let ends = |(from, mut rows): (i64, Vec<(i64, Position, Part)>)| {
        rows.sort_by_key(|(time, position, part)| (*time, *position, part.part));
        let (first, last) = (&rows[0].2, &rows[rows.len() - 1].2);
        Ends {
            from: Timestamp::from_millis(from),
            rows: rows.len() as u64,
            first_shop: first.shop.clone(),
            first_part: first.part,
            last_shop: last.shop.clone(),
            last_part: last.part,
            cents: rows.iter().map(|(.., part)| part.cents).sum(),
        }
    };
    windows.into_iter().map(ends).collect()
}

#[test]
fn what_depends_on_order_is_the_same_for_long_keys_workers_epochs_and_other_operators() {
    for seed in seeds(6) {
        let mut random = Random(seed * 0x9E37_79B9);
        let sales = sales(&mut random, 120);
        // In the order of time, so that none is late in any partition.
        let mut sales = sales;
        sales.sort_by_key(|sale| sale.at);
        let expected = expected(&sales);
        let pipelines: [Pipeline; 2] = [plain().into(), with_another_source().into()];
        for pipeline in pipelines {
            for workers in 1..=4 {
                let store = open(&MemDisk::new());
                let cut = random.below(sales.len() as u64) as usize;
                for (part, close) in [(&sales[..cut], false), (&sales[cut..], true)] {
                    append(&store, Sales, part);
                    let options = RunOptions::new().workers(workers).epoch_rows(random.one_of(&[1, 7, 1000]));
                    let options = if close { options.close() } else { options.until_end() };
                    run(pipeline.clone(), &store, options).unwrap();
                }
                assert_eq!(read(&store, Summed), expected, "seed {seed}, {workers} workers, cut at {cut}");
            }
        }
    }
}
