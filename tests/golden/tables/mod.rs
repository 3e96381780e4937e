//! Directories with what lookups keep of tables from a topic and from files, and with the types of fields that came after the first ones, in one pipeline.

mod generate;
mod till;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use waterwheel::Summary;
use waterwheel::log::{MemDisk, StoreConfig};
use waterwheel::prelude::*;

use super::archive::{Contents, Unpacked};
use super::contents::{append, in_twenties, records, rows_of};
use super::same;
use till::*;

/// Every archive that is gone on from.
const LEFT: [&str; 2] = ["2-tables-closed", "2-tables-killed"];

/// What was appended when: numbers of products, and of both sales and returns. The first `STEPS_LEFT` have been taken in the archives. Products that come
/// behind the first step are no rows of the table, for whoever reads it has read it to its end.
const STEPS: [Step; 4] = [
    Step { products: (0, 21), sales: (0, 130) },
    Step { products: (21, 30), sales: (130, 290) },
    Step { products: (30, 35), sales: (290, 350) },
    Step { products: (35, 35), sales: (350, 400) },
];
const STEPS_LEFT: usize = 2;

struct Step {
    products: (u64, u64),
    sales: (u64, u64),
}

impl Step {
    fn append(&self, store: &Store) {
        append(store, Products, &(self.products.0..self.products.1).map(described).collect::<Vec<_>>());
        append(store, Sales, &(self.sales.0..self.sales.1).map(sale).collect::<Vec<_>>());
        append(store, Returns, &(self.sales.0..self.sales.1).map(returned).collect::<Vec<_>>());
    }
}

/// The JSON file of a side table, while this stands. It is not there when the archives are opened: their copy of it is the table.
struct LimitsFile(PathBuf);

impl LimitsFile {
    fn written() -> LimitsFile {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("golden-limits.jsonl");
        let lines: String =
            limits().iter().map(|limit| serde_json::to_string(limit).unwrap() + "\n").collect();
        // At once, as another test may look at the file.
        let new = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        std::fs::write(new.path(), lines).unwrap();
        new.persist(&path).unwrap();
        LimitsFile(path)
    }
}

impl Drop for LimitsFile {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

/// The rows of every topic that the pipeline reads or writes, as text.
fn rows(store: &Store) -> Vec<(&'static str, Vec<String>)> {
    macro_rules! of {
        ($($topic:ident)*) => {
            vec![$({
                let mut rows = Vec::new();
                rows_of(store, $topic, &mut rows);
                (stringify!($topic), rows)
            }),*]
        };
    }
    of!(
        Sales Returns Products Rates Limits
        LateSales Tolds ByDay ByProduct ByPrice ByOpening ByReceipt ByShop ByClerk Firsts Backs BacksInWindows
    )
}

/// How many of the topics above the pipeline does not write, or writes only once.
const INPUTS: usize = 5;

/// All that can be read of the pipeline's topics, and all records of the log.
fn contents(store: &Store) -> Contents {
    let rows: Vec<String> = rows(store).into_iter().flat_map(|(_, rows)| rows).collect();
    Contents { rows: in_twenties(&rows), records: in_twenties(&records(store)) }
}

/// Like [`rows`], those of each topic sorted.
fn sorted(store: &Store) -> Vec<(&'static str, Vec<String>)> {
    let mut topics = rows(store);
    topics.iter_mut().for_each(|(_, rows)| rows.sort());
    topics
}

fn opened(name: &str) -> Store {
    Store::open_on(Arc::new(Unpacked::of(name).in_memory()), StoreConfig::default()).unwrap()
}

#[test]
fn every_row_and_record_that_was_left_is_read() {
    for name in LEFT {
        let unpacked = Unpacked::of(name);
        let expected = unpacked.expected();
        // A second time after the first has mended what the end of the program had left.
        for _ in 0..2 {
            let store = Store::open(unpacked.data()).unwrap();
            let found = contents(&store);
            same(&found.rows, &expected.rows, &format!("rows of {name}"));
            same(&found.records, &expected.records, &format!("records of {name}"));
            assert_eq!(store.recovery().damaged, [""; 0]);
            store.close().unwrap();
        }
    }
}

/// Takes further steps of what is appended, and closes event time with the last one.
fn go_on(store: &Store, steps: std::ops::Range<usize>, options: &RunOptions) -> Vec<Summary> {
    let run = |number: usize| {
        STEPS[number].append(store);
        let options = options.clone();
        let options = if number + 1 == STEPS.len() { options.close() } else { options.until_end() };
        till().start(store, options).unwrap().wait().unwrap()
    };
    steps.map(run).collect()
}

#[test]
fn of_every_operator_there_is_state() {
    let store = opened(LEFT[0]);
    // What an operator holds is counted at the end of an epoch, so there is a row of each source.
    append(&store, Sales, &[sale(290)]);
    append(&store, Returns, &[returned(290)]);
    let summary = till().start(&store, RunOptions::new().until_end()).unwrap().wait().unwrap();
    let keeps = |kind: &str| {
        let of_kind = summary.operators.iter().filter(|of| of.operator.ends_with(&format!("({kind})")));
        of_kind.map(|of| of.entries).collect::<Vec<_>>()
    };
    // Nine products, the rates of six days, and the limits of four shops.
    let mut tables = keeps("lookup");
    tables.sort_unstable();
    assert_eq!(tables, [4, 6, 9]);
    for (kind, count) in [("window", 6), ("over", 1), ("distinct_by", 1), ("full_join", 1), ("left_join", 1)]
    {
        let found = keeps(kind);
        assert_eq!(found.len(), count, "{kind}");
        assert!(found.iter().all(|entries| *entries > 3), "{kind}: {found:?}");
    }
}

#[test]
fn what_was_left_goes_on_as_if_nothing_had_been() {
    let file = LimitsFile::written();
    let undisturbed = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap();
    go_on(&undisturbed, 0..STEPS.len(), &RunOptions::new());
    assert_eq!(sorted_tolds(&undisturbed), naive_tolds());
    let undisturbed = sorted(&undisturbed);
    drop(file);
    for (name, workers) in [(LEFT[0], 1), (LEFT[0], 3), (LEFT[1], 2), (LEFT[1], 4)] {
        let store = opened(name);
        let before: Vec<usize> = rows(&store).iter().map(|(_, rows)| rows.len()).collect();
        let options = RunOptions::new().workers(workers).epoch_rows(70);
        let summaries = go_on(&store, STEPS_LEFT..STEPS.len(), &options);
        assert_eq!(summaries[0].epochs_replayed > 0, name == LEFT[1], "{name}: {:?}", summaries[0]);
        let results = sorted(&store).into_iter().zip(&undisturbed).zip(before);
        for (number, (((topic, found), (_, expected)), before)) in results.enumerate() {
            same(&found, expected, &format!("{name}, {workers} workers: {topic}"));
            assert!(number < INPUTS || found.len() > before, "{topic}: what was left has made no more rows");
        }
    }
}

fn sorted_tolds(store: &Store) -> Vec<String> {
    super::sorted(&super::contents::read(store, Tolds))
}

/// What plain loops find in the tables as they were when the first sale was read.
fn naive_tolds() -> Vec<String> {
    let (_, until) = STEPS[0].products;
    let products: Vec<Described> = (0..until).map(described).collect();
    let rates: Vec<Rate> = csv::Reader::from_path("tests/golden/tables/rates.csv")
        .unwrap()
        .deserialize()
        .map(Result::unwrap)
        .collect();
    let limits = limits();
    let told = |sale: Sale| {
        let product = products.iter().rfind(|row| row.product == sale.product);
        let rate = rates.iter().rfind(|row| (row.currency, row.on) == (sale.currency, sale.on));
        let limit = limits.iter().rfind(|row| row.shop == sale.shop);
        Told {
            id: sale.id,
            product: sale.product,
            name: product.map(|row| row.name.clone()),
            listed: product.and_then(|row| row.prices.get(&sale.on).copied()),
            shelf: product.and_then(|row| row.shelf),
            per_euro: rate.map(|row| row.per_euro),
            by: rate.and_then(|row| row.by),
            most: limit.map(|row| row.most),
            spot: limit.and_then(|row| row.spots.get(&3).copied()),
            at: sale.at,
        }
    };
    let (_, until) = STEPS[STEPS.len() - 1].sales;
    super::sorted(&(0..until).map(sale).map(told).collect::<Vec<_>>())
}
