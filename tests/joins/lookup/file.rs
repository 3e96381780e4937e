//! A side table of a file: it is copied once, whole or not at all, and the copy is the table from then on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use waterwheel::log::{FaultyDisk, MemDisk, StoreConfig};
use waterwheel::prelude::*;
use waterwheel::{Error, Pipeline, Summary};

use support::{Random, append, assert_of_use, assert_same_rows, multiset, open, read, run, seeds};

#[derive(Debug, Clone, PartialEq, Record)]
struct Sale {
    number: u64,
    currency: String,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Rate {
    currency: String,
    cents: i64,
    note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Priced {
    number: u64,
    cents: Option<i64>,
}

topics! {
    Sales("sales"): Sale { key: number, partitions: 2 }
    Rates("rates"): Rate { key: currency, partitions: 2 }
    PricedSales("priced-sales"): Priced { key: number }
}

#[pipeline]
fn priced(file: String) {
    let rates = side(Rates).csv(file);
    let priced = source(Sales)
        .lookup(rates)
        .on(|s| s.currency, |r| r.currency)
        .select(|s, r| Priced { number: s.number, cents: r.cents });
    priced.sink(PricedSales);
}

#[pipeline]
fn priced_by_json(file: String) {
    let rates = side(Rates).json(file);
    let priced = source(Sales)
        .lookup(rates)
        .on(|s| s.currency, |r| r.currency)
        .select(|s, r| Priced { number: s.number, cents: r.cents });
    priced.sink(PricedSales);
}

/// Reads what a pipeline has copied of a file.
#[pipeline]
fn another(file: String) {
    let rates = side(Rates).csv(file);
    let others = source(Sales).lookup(rates).on(|s| s.currency, |r| r.currency).select(|s, r| Rate {
        currency: s.currency,
        cents: r.cents.unwrap_or(0),
        note: None,
    });
    others.sink(Others);
}

topics! { Others("others"): Rate { key: currency } }

fn sale(number: u64, currency: &str) -> Sale {
    Sale { number, currency: currency.to_owned() }
}

fn cents(store: &Store) -> Vec<(u64, Option<i64>)> {
    let mut rows: Vec<_> = read(store, PricedSales).into_iter().map(|row| (row.number, row.cents)).collect();
    rows.sort_unstable();
    rows
}

/// A directory with a file of that name in it.
fn in_file(name: &str, content: &str) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, content).unwrap();
    (dir, path)
}

fn until_end(pipeline: impl Into<Pipeline>, store: &Store) -> waterwheel::Result<Summary> {
    run(pipeline, store, RunOptions::new().until_end())
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn a_file_is_copied_once_and_not_needed_any_more() {
    let (_dir, path) = in_file("rates.csv", "currency,cents,note\nEUR,100,\nUSD,90,old\nUSD,92,new\n");
    let store = open(&MemDisk::new());
    append(&store, Sales, &[sale(1, "USD"), sale(2, "GBP")]);
    until_end(priced(text(&path)), &store).unwrap();
    assert_eq!(cents(&store), [(1, Some(92)), (2, None)]);
    assert_eq!(read(&store, Rates).len(), 3, "the topic has the file's rows");
    until_end(priced(text(&path)), &store).unwrap();
    std::fs::remove_file(&path).unwrap();
    append(&store, Sales, &[sale(3, "EUR")]);
    until_end(priced(text(&path)), &store).unwrap();
    assert_eq!(cents(&store), [(1, Some(92)), (2, None), (3, Some(100))]);
    assert_eq!(read(&store, Rates).len(), 3);
}

#[test]
fn a_file_that_has_changed_is_refused_until_it_is_moved_away_or_a_reset() {
    let (_dir, path) = in_file("rates.csv", "currency,cents,note\nEUR,100,\nUSD,90,\n");
    let store = open(&MemDisk::new());
    append(&store, Sales, &[sale(1, "EUR")]);
    until_end(priced(text(&path)), &store).unwrap();
    std::fs::write(&path, "currency,cents,note\nEUR,105,\n").unwrap();
    append(&store, Sales, &[sale(2, "EUR")]);
    let refused = until_end(priced(text(&path)), &store).unwrap_err();
    let Error::SideFileChanged { topic, path: told, then, now, .. } = &refused else { panic!("{refused}") };
    assert_eq!((topic.as_str(), told.as_str()), ("rates", text(&path).as_str()));
    assert!(then.starts_with("37 bytes") && now.starts_with("29 bytes") && then != now, "{refused}");
    assert_eq!(cents(&store), [(1, Some(100))], "nothing was read");
    let aside = path.with_extension("new");
    std::fs::rename(&path, &aside).unwrap();
    until_end(priced(text(&path)), &store).unwrap();
    assert_eq!(cents(&store), [(1, Some(100)), (2, Some(100))], "the table is what was copied");
    std::fs::rename(&aside, &path).unwrap();
    Pipeline::from(priced(text(&path))).reset(&store).unwrap();
    until_end(priced(text(&path)), &store).unwrap();
    assert_eq!(cents(&store), [(1, Some(105)), (2, Some(105))]);
    assert_eq!(read(&store, Rates).len(), 1, "the old copy is gone, with the key that the new file has not");
}

#[test]
fn json_gives_the_same_table() {
    let lines = "{\"currency\":\"EUR\",\"cents\":100,\"note\":null}\n{\"currency\":\"USD\",\"cents\":90,\"note\":\"x\"}\n";
    let array = format!("[{}]", lines.trim_end().replace('\n', ",\n"));
    for content in [lines, array.as_str()] {
        let (_dir, path) = in_file("rates.json", content);
        let store = open(&MemDisk::new());
        append(&store, Sales, &[sale(1, "USD"), sale(2, "EUR")]);
        until_end(priced_by_json(text(&path)), &store).unwrap();
        assert_eq!(cents(&store), [(1, Some(90)), (2, Some(100))], "{content}");
    }
}

#[test]
fn a_file_that_cannot_be_a_table_is_refused_with_its_line_and_leaves_nothing() {
    let (_dir, path) = in_file("rates.csv", "currency,cents,note\nEUR,100,\nUSD,many,\n");
    let store = open(&MemDisk::new());
    append(&store, Sales, &[sale(1, "EUR")]);
    let refused = until_end(priced(text(&path)), &store).unwrap_err();
    let said = format!(
        "side table `rates` cannot be copied from {}: line 3: field `cents`: invalid digit found in string; nothing of it was copied",
        path.display()
    );
    assert_eq!(refused.to_string(), said);
    let missing = path.with_extension("missing");
    let refused = until_end(priced(text(&missing)), &open(&MemDisk::new())).unwrap_err();
    assert!(
        matches!(&refused, Error::SideFile { reason, .. } if reason.contains("No such file")),
        "{refused}"
    );
    assert!(read(&store, Rates).is_empty() && cents(&store).is_empty());
    // Mended, it is taken as if nothing had been.
    std::fs::write(&path, "currency,cents,note\nEUR,100,\n").unwrap();
    until_end(priced(text(&path)), &store).unwrap();
    assert_eq!(cents(&store), [(1, Some(100))]);
}

#[test]
fn the_topic_of_a_file_is_the_pipelines_own() {
    let (_dir, path) = in_file("rates.csv", "currency,cents,note\nEUR,100,\n");
    let store = open(&MemDisk::new());
    append(&store, Rates, &[Rate { currency: "USD".to_owned(), cents: 1, note: None }]);
    let refused = until_end(priced(text(&path)), &store).unwrap_err();
    assert!(
        matches!(&refused, Error::SideFile { reason, .. } if reason.contains("did not come from it")),
        "{refused}"
    );

    let store = open(&MemDisk::new());
    append(&store, Sales, &[sale(1, "EUR")]);
    until_end(priced(text(&path)), &store).unwrap();
    let refused = until_end(another(text(&path)), &store).unwrap_err();
    let is_written = matches!(&refused, Error::OutputIsWritten { topic, writer, .. } if topic == "rates" && writer == "priced");
    assert!(is_written, "{refused}");
}

#[test]
fn a_test_driver_reads_no_file() {
    let mut t = priced("there/is/no/such.csv".to_owned()).test();
    t.push(Rates, Rate { currency: "EUR".to_owned(), cents: 7, note: None });
    t.push_all(Sales, [sale(1, "EUR"), sale(2, "USD")]);
    t.restart();
    assert_eq!(multiset(t.rows(PricedSales)).len(), 2);
    t.push(Sales, sale(3, "EUR"));
    assert!(t.rows(PricedSales).contains(&Priced { number: 3, cents: Some(7) }));
}

/// Power is lost while the file is copied, too, and meanwhile it changes and is moved away.
#[test]
fn a_loss_of_power_at_any_moment_leaves_a_whole_copy_or_none() {
    let (mut without, mut with, mut failed) = (0, 0, 0);
    for seed in seeds(25) {
        let mut random = Random(seed * 7_368_787);
        let rates: Vec<(String, i64)> = (0..40).map(|at| (format!("C{}", at % 25), at)).collect();
        let lines: String = rates.iter().map(|(currency, cents)| format!("{currency},{cents},\n")).collect();
        let (_dir, path) = in_file("rates.csv", &format!("currency,cents,note\n{lines}"));
        let sales: Vec<Sale> =
            (0..60).map(|number| sale(number, &format!("C{}", random.below(30)))).collect();
        let mut disk = FaultyDisk::new();
        append(&open(&disk), Sales, &sales);
        for _ in 0..4 {
            disk.power_off_at(disk.changes() + 1 + random.below(60));
            let options =
                RunOptions::new().workers(1 + random.below(3) as usize).epoch_rows(1 + random.below(20));
            let life = || -> waterwheel::Result<Summary> {
                let store = Store::open_on(Arc::new(disk.clone()), StoreConfig::default())?;
                run(priced(text(&path)), &store, options.until_end())
            };
            match { life }() {
                Ok(_) => {}
                Err(Error::Log(_)) => failed += 1,
                Err(error) => panic!("seed {seed}: {error}"),
            }
            disk = disk.crash(random.number());
            let store = open(&disk);
            match read(&store, Rates).len() {
                0 => without += 1,
                40 => {
                    with += 1;
                    let _ = std::fs::remove_file(&path);
                }
                some => panic!("seed {seed}: {some} rows of the file"),
            }
        }
        let store = open(&disk);
        until_end(priced(text(&path)), &store).unwrap();
        let expected = sales.iter().map(|sale| {
            let cents =
                rates.iter().rfind(|(currency, _)| *currency == sale.currency).map(|(_, cents)| *cents);
            Priced { number: sale.number, cents }
        });
        assert_same_rows(read(&store, PricedSales), expected, format!("seed {seed}"));
    }
    assert_of_use(
        without > 3 && with > 3 && failed > 10,
        format!("{without} without a copy, {with} with one, {failed} failed"),
    );
}
