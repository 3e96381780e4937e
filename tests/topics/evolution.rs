//! A topic between programs whose row types differ: who only reads leaves no trace, and a type comes in with its first row.

use std::sync::Arc;

use waterwheel::__rt::Topic;
use waterwheel::log::{FaultyDisk, MemDisk, StoreConfig};
use waterwheel::prelude::*;
use waterwheel::record::TopicSchemas;
use waterwheel::{Error, Result};

/// The type as it was when the topic was made.
mod first {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Record)]
    pub(super) struct Order {
        pub(super) id: u64,
        pub(super) buyer: String,
        pub(super) cents: i64,
    }

    topics! {
        pub(super) Orders("orders"): Order { key: id }
        pub(super) OrdersAsJson("orders-as-json"): Order { key: id, format: json }
        pub(super) Copies("copies"): Order { key: id }
    }

    #[pipeline]
    pub(super) fn copy() {
        source(Orders).filter(|order| order.cents > 0).sink(Copies);
    }

    #[pipeline]
    pub(super) fn lenient_copy() {
        source(Orders).undecodable(skip).sink(Copies);
    }

    pub(super) fn order(id: u64) -> Order {
        Order { id, buyer: "Ada".to_owned(), cents: 500 }
    }
}

/// A field got another name under its id, another may be missing now, a third is new.
mod renamed {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Record)]
    pub(super) struct Order {
        pub(super) id: u64,
        #[field(2)]
        pub(super) customer: Option<String>,
        pub(super) cents: i64,
        #[field(default = "EUR".to_owned())]
        pub(super) currency: String,
    }

    topics! { pub(super) Orders("orders"): Order { key: id } }
}

/// A field is gone that the first type cannot do without.
mod shorter {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Record)]
    #[record(retired(2))]
    pub(super) struct Order {
        pub(super) id: u64,
        #[field(3)]
        pub(super) cents: i64,
    }

    topics! {
        pub(super) Orders("orders"): Order { key: id }
        pub(super) OrdersAsJson("orders-as-json"): Order { key: id, format: json }
    }
}

/// Only added to, so that each type reads the rows of the other.
mod longer {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Record)]
    pub(super) struct Order {
        pub(super) id: u64,
        pub(super) buyer: String,
        pub(super) cents: i64,
        pub(super) note: Option<String>,
    }

    topics! {
        pub(super) Orders("orders"): Order { key: id }
        pub(super) OrdersAsJson("orders-as-json"): Order { key: id, format: json }
        pub(super) Copies("copies"): Order { key: id }
    }

    #[pipeline]
    pub(super) fn copy() {
        source(Orders).filter(|order| order.cents > 0).sink(Copies);
    }

    pub(super) fn order(id: u64) -> Order {
        let note = Some("fragile".to_owned());
        Order { id, buyer: "Bo".to_owned(), cents: 900, note }
    }
}

/// A type that has nothing to do with the others.
mod other {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Record)]
    pub(super) struct Order {
        pub(super) id: u64,
        pub(super) buyer: u64,
    }

    topics! { pub(super) Orders("orders"): Order { key: id } }
}

fn store() -> Store {
    Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap()
}

fn open<P: Topic>(store: &Store, topic: P) -> TypedTopic<P> {
    TypedTopic::open(store, topic).unwrap_or_else(|error| panic!("{error}"))
}

fn rows<P: Topic>(topic: &TypedTopic<P>) -> Vec<P::Row> {
    topic.rows().collect::<Result<_>>().unwrap_or_else(|error| panic!("{error}"))
}

/// How many schemas a topic keeps.
fn schemas(store: &Store, topic: &str) -> usize {
    let kept = store.topic(topic).unwrap().property("waterwheel.schemas");
    kept.map_or(0, |kept| TopicSchemas::from_json(&kept).unwrap().schemas().len())
}

fn settle(pipeline: impl Into<waterwheel::Pipeline>, store: &Store) -> Result<waterwheel::Summary> {
    pipeline.into().start(store, RunOptions::new().until_end())?.wait()
}

#[test]
fn a_newer_program_that_only_reads_does_not_lock_the_older_one_out() {
    let store = store();
    open(&store, first::Orders).append([&first::order(1)]).unwrap();
    let seen = rows(&open(&store, renamed::Orders));
    assert_eq!((seen[0].customer.as_deref(), seen[0].currency.as_str()), (Some("Ada"), "EUR"));
    assert_eq!(rows(&open(&store, shorter::Orders)), [shorter::Order { id: 1, cents: 500 }]);
    assert_eq!(schemas(&store, "orders"), 1);

    let older = open(&store, first::Orders);
    older.append([&first::order(2)]).unwrap();
    assert_eq!(rows(&older), [first::order(1), first::order(2)]);
}

#[test]
fn a_topic_that_a_reader_made_has_no_schema_and_takes_rows_of_any_type() {
    let store = store();
    assert_eq!(rows(&open(&store, shorter::Orders)), []);
    assert_eq!(open(&store, shorter::Orders).load().unwrap().commit().unwrap(), 0);
    open(&store, shorter::Orders).append(&Vec::<shorter::Order>::new()).unwrap();
    assert_eq!(schemas(&store, "orders"), 0);
    open(&store, first::Orders).append([&first::order(1)]).unwrap();
    assert_eq!((schemas(&store, "orders"), rows(&open(&store, first::Orders)).len()), (1, 1));
}

#[test]
fn an_open_reader_reads_rows_of_a_newer_writer() {
    let store = store();
    let (older, older_json) = (open(&store, first::Orders), open(&store, first::OrdersAsJson));
    older.append([&first::order(1)]).unwrap();
    older_json.append([&first::order(1)]).unwrap();
    let under_way = older.rows();
    open(&store, longer::Orders).append([&longer::order(2)]).unwrap();
    open(&store, longer::OrdersAsJson).append([&longer::order(2)]).unwrap();
    let newer = first::Order { id: 2, buyer: "Bo".to_owned(), cents: 900 };
    assert_eq!(rows(&older), [first::order(1), newer.clone()]);
    assert_eq!(rows(&older_json), [first::order(1), newer]);
    assert_eq!(under_way.collect::<Result<Vec<_>>>().unwrap(), [first::order(1)]);
    assert_eq!((schemas(&store, "orders"), schemas(&store, "orders-as-json")), (2, 2));
}

#[test]
fn an_open_reader_reads_rows_of_an_older_writer() {
    let store = store();
    let (newer, newer_json) = (open(&store, longer::Orders), open(&store, longer::OrdersAsJson));
    open(&store, first::Orders).append([&first::order(1)]).unwrap();
    open(&store, first::OrdersAsJson).append([&first::order(1)]).unwrap();
    let older = longer::Order { id: 1, buyer: "Ada".to_owned(), cents: 500, note: None };
    assert_eq!(rows(&newer), std::slice::from_ref(&older));
    assert_eq!(rows(&newer_json), std::slice::from_ref(&older));
    newer.append([&longer::order(2)]).unwrap();
    assert_eq!(rows(&newer), [older, longer::order(2)]);
    assert_eq!(schemas(&store, "orders"), 2);
}

#[test]
fn a_row_of_a_newer_type_that_the_reader_cannot_do_with_is_told_with_its_place() {
    let store = store();
    let older = open(&store, first::Orders);
    older.append([&first::order(1)]).unwrap();
    open(&store, shorter::Orders).append([&shorter::Order { id: 2, cents: 1 }]).unwrap();
    let mut read = older.rows();
    assert_eq!(read.next().unwrap().unwrap(), first::order(1));
    let text = read.next().unwrap().unwrap_err().to_string();
    assert!(text.starts_with("topic `orders` partition 0 offset "), "{text}");
    let reason = "row type `Order` does not fit rows that are in the topic already (its schema 1): field `buyer` of `Order` has \
                  id 2, which the type of those rows has retired: if a newer program dropped the field, use that program's type";
    assert!(text.contains(reason), "{text}");
    let error = TypedTopic::open(&store, first::Orders).err().unwrap();
    assert!(matches!(error, Error::Schema { .. }), "{error}");
}

#[test]
fn a_pipeline_registers_nothing_for_what_it_reads_and_its_output_with_the_first_row() {
    let store = store();
    settle(first::copy(), &store).unwrap();
    assert_eq!((schemas(&store, "orders"), schemas(&store, "copies")), (0, 0));
    let refused = first::Order { cents: 0, ..first::order(1) };
    open(&store, first::Orders).append([&refused]).unwrap();
    settle(first::copy(), &store).unwrap();
    assert_eq!((schemas(&store, "orders"), schemas(&store, "copies")), (1, 0));
    assert_eq!(rows(&open(&store, longer::Copies)), []);
    open(&store, first::Orders).append([&first::order(2)]).unwrap();
    settle(first::copy(), &store).unwrap();
    assert_eq!(schemas(&store, "copies"), 1);
    assert_eq!(rows(&open(&store, first::Copies)), [first::order(2)]);
}

#[test]
fn a_pipeline_that_follows_reads_rows_of_types_that_come_in_meanwhile() {
    let store = store();
    let job = waterwheel::Pipeline::from(first::copy()).start(&store, RunOptions::new()).unwrap();
    open(&store, first::Orders).append([&first::order(1)]).unwrap();
    job.wait_until_caught_up().unwrap();
    open(&store, longer::Orders).append([&longer::order(2)]).unwrap();
    job.wait_until_caught_up().unwrap();
    job.stop().unwrap();
    let newer = first::Order { id: 2, buyer: "Bo".to_owned(), cents: 900 };
    assert_eq!(rows(&open(&store, first::Copies)), [first::order(1), newer]);
}

#[test]
fn rows_of_a_newer_type_are_not_skipped_as_undecodable() {
    let store = store();
    let pipeline = || waterwheel::Pipeline::from(first::lenient_copy());
    let job = pipeline().start(&store, RunOptions::new()).unwrap();
    open(&store, first::Orders).append([&first::order(1)]).unwrap();
    job.wait_until_caught_up().unwrap();
    open(&store, shorter::Orders).append([&shorter::Order { id: 2, cents: 1 }]).unwrap();
    for error in [job.wait().unwrap_err(), pipeline().start(&store, RunOptions::new()).err().unwrap()] {
        assert!(matches!(error, Error::Schema { .. }), "{error}");
        assert!(error.to_string().contains("use that program's type"), "{error}");
    }
}

#[test]
fn a_pipeline_over_another_row_type_is_refused_with_the_fields_that_differ() {
    let store = store();
    open(&store, first::Orders).append([&first::order(1)]).unwrap();
    settle(first::copy(), &store).unwrap();
    let differs = |pipeline: waterwheel::Pipeline| {
        let error = settle(pipeline, &store).unwrap_err();
        assert!(matches!(error, Error::PipelineDiffers { .. }), "{error}");
        error.to_string()
    };
    let text = differs(longer::copy().into());
    for (topic, why) in
        [("copies", ""), ("orders", "; which matters here as sink `copies` takes the whole row")]
    {
        let line = format!(
            "  `{topic}`: row type `Order` has changed since the state was left: field `note` (id 4) of `Order` is new{why}\n"
        );
        assert!(text.contains(&line), "{text}");
    }
    settle(first::copy(), &store).unwrap();
}

#[test]
fn of_two_first_writers_the_second_appends_after_the_first_or_is_told_why_not() {
    let store = store();
    let (fits, does_not_fit) = (open(&store, longer::Orders), open(&store, other::Orders));
    let mut misfit = does_not_fit.load().unwrap();
    misfit.push(&other::Order { id: 4, buyer: 4 }).unwrap();
    let mut loading = fits.load().unwrap();
    loading.push(&longer::order(1)).unwrap();
    open(&store, first::Orders).append([&first::order(2)]).unwrap();
    let error = loading.commit().unwrap_err();
    assert!(matches!(error, Error::SchemasChanged { .. }), "{error}");
    assert_eq!(rows(&fits).len(), 1, "nothing of it is there");
    fits.append([&longer::order(3)]).unwrap();
    assert_eq!(rows(&fits).iter().map(|row| row.id).collect::<Vec<_>>(), [2, 3]);

    for error in
        [misfit.commit().unwrap_err(), does_not_fit.append([&other::Order { id: 5, buyer: 5 }]).unwrap_err()]
    {
        assert!(matches!(error, Error::Schema { .. }), "{error}");
        assert!(error.to_string().contains("field `buyer` (id 2) of `Order` is `u64` now"), "{error}");
    }
    assert_eq!(rows(&fits).len(), 2);
}

#[test]
fn a_run_whose_output_got_rows_of_another_type_first_says_so_and_the_next_run_goes_on() {
    let store = store();
    let job = waterwheel::Pipeline::from(first::copy()).start(&store, RunOptions::new()).unwrap();
    open(&store, longer::Copies).append([&longer::order(7)]).unwrap();
    open(&store, first::Orders).append([&first::order(1)]).unwrap();
    let error = job.wait().unwrap_err();
    assert!(matches!(&error, Error::SchemasChanged { topic } if topic == "copies"), "{error}");
    settle(first::copy(), &store).unwrap();
    let ids: Vec<u64> = rows(&open(&store, first::Copies)).iter().map(|row| row.id).collect();
    assert_eq!((ids, schemas(&store, "copies")), (vec![7, 1], 2));
}

#[test]
fn two_loads_of_one_new_type_both_end_right() {
    let store = store();
    let orders = open(&store, first::Orders);
    let (mut one, mut two) = (orders.load().unwrap(), orders.load().unwrap());
    one.push(&first::order(1)).unwrap();
    two.push(&first::order(2)).unwrap();
    assert_eq!((two.commit().unwrap(), one.commit().unwrap()), (1, 1));
    assert_eq!((rows(&orders).len(), schemas(&store, "orders")), (2, 1));
}

#[test]
fn first_writers_of_two_types_that_race_lose_no_row() {
    for _ in 0..50 {
        let store = store();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                (0..3).for_each(|id| open(&store, first::Orders).append([&first::order(id)]).unwrap())
            });
            (3..6).for_each(|id| open(&store, longer::Orders).append([&longer::order(id)]).unwrap());
        });
        let mut ids: Vec<u64> = rows(&open(&store, longer::Orders)).iter().map(|row| row.id).collect();
        ids.sort_unstable();
        assert_eq!((ids, schemas(&store, "orders")), (vec![0, 1, 2, 3, 4, 5], 2));
    }
}

/// As of two programs, each with a store of its own over the directory: neither sees at once what the other has committed.
#[test]
fn first_writers_of_several_processes_that_race_lose_no_row() {
    for round in 0..20 {
        let dir = tempfile::tempdir().unwrap();
        let owner = Store::open(dir.path()).unwrap();
        // Made before, so that all begin with their first row.
        let first = open(&owner, first::Orders);
        let clients = [(); 2].map(|()| Store::open(dir.path()).unwrap());
        let (same, longer) = (open(&clients[0], first::Orders), open(&clients[1], longer::Orders));
        let together = std::sync::Barrier::new(3);
        std::thread::scope(|scope| {
            for (topic, from) in [(&first, 0), (&same, 2)] {
                let together = &together;
                scope.spawn(move || {
                    together.wait();
                    (from..from + 2).for_each(|id| topic.append(first::order(id)).unwrap());
                });
            }
            together.wait();
            (4..6).for_each(|id| longer.append(longer::order(id)).unwrap());
        });
        let mut ids: Vec<u64> = rows(&open(&owner, longer::Orders)).iter().map(|row| row.id).collect();
        ids.sort_unstable();
        assert_eq!((ids, schemas(&owner, "orders")), (vec![0, 1, 2, 3, 4, 5], 2), "round {round}");
    }
}

#[test]
fn after_a_loss_of_power_a_type_is_in_the_topic_if_and_only_if_a_row_of_it_is() {
    let (mut with, mut without) = (0, 0);
    for seed in 0..300 {
        let disk = FaultyDisk::new();
        let life = |disk: &FaultyDisk| -> Result<()> {
            let store = Store::open_on(Arc::new(disk.clone()), StoreConfig::default())?;
            TypedTopic::open(&store, first::Orders)?.append([&first::order(1)])?;
            TypedTopic::open(&store, longer::Orders)?.append([&longer::order(2)])?;
            settle(first::copy(), &store).map(drop)
        };
        disk.power_off_at(1 + seed % 110);
        let acknowledged = life(&disk).is_ok();
        let disk = disk.crash(seed);
        let store = Store::open_on(Arc::new(disk.clone()), StoreConfig::default()).unwrap();
        let Ok(log) = store.topic("orders") else { continue };
        let there = rows(&open(&store, longer::Orders)).len();
        assert_eq!(
            log.property("waterwheel.schemas").map_or(0, |_| schemas(&store, "orders")),
            there,
            "seed {seed}"
        );
        assert!(!acknowledged || there == 2, "seed {seed}: {there} rows");
        *if there > 0 { &mut with } else { &mut without } += 1;
        let copies = store.topic("copies").map_or(0, |_| rows(&open(&store, first::Copies)).len());
        assert_eq!(
            store.topic("copies").map_or(0, |_| schemas(&store, "copies")),
            copies.min(1),
            "seed {seed}"
        );
        // Whatever was lost, the older program is not locked out by it.
        open(&store, first::Orders).append([&first::order(3)]).unwrap();
        assert_eq!(rows(&open(&store, first::Orders)).len(), there + 1);
    }
    assert!(with > 30 && without > 15, "{with} with rows, {without} without");
}
