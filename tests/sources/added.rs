//! Partitions that are added to a topic: a pipeline that runs reads them, one that is started again too, and so does who follows the
//! topic; what the pipeline writes gets none. That all results follow from the logs and the epochs is tested inside the engine.

use waterwheel::Pipeline;
use waterwheel::log::{Error as LogError, MemDisk, Offset, RecordsBuilder, TopicConfig};
use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
struct Sale {
    shop: u64,
    cents: i64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct ShopMinute {
    shop: u64,
    from: Timestamp,
    cents: i64,
}

topics! {
    Sales("sales"): Sale { key: shop, time: at, partitions: 2 }
    LateSales("late-sales"): Sale { key: shop, time: at }
    ShopMinutes("shop-minutes"): ShopMinute { key: shop }
}

#[pipeline]
fn shops() {
    let sales = source(Sales).lateness(0s).late_to(LateSales);
    let minutes = sales.group_by(|s| s.shop).window(tumbling(1m)).select(|w, s| ShopMinute {
        shop: w.key(),
        from: w.start(),
        cents: sum(s.cents),
    });
    minutes.sink(ShopMinutes);
}

fn sale(shop: u64, cents: i64, second: i64) -> Sale {
    Sale { shop, cents, at: Timestamp::from_millis(second * 1000) }
}

/// Sales of as many shops, so that there are some in each partition.
fn minute(number: i64) -> Vec<Sale> {
    (0..40).map(|shop| sale(shop, 1, number * 60 + 5)).collect()
}

fn written(store: &Store) -> Vec<ShopMinute> {
    let rows = TypedTopic::open(store, ShopMinutes).unwrap().rows();
    let mut rows: Vec<ShopMinute> = rows.map(Result::unwrap).collect();
    rows.sort_by_key(|row| (row.from, row.shop));
    rows
}

fn expected(minutes: i64) -> Vec<ShopMinute> {
    let each = (0..minutes).flat_map(|number| (0..40).map(move |shop| (number, shop)));
    each.map(|(number, shop)| ShopMinute { shop, from: Timestamp::from_millis(number * 60_000), cents: 1 })
        .collect()
}

#[test]
fn a_run_takes_them_up_and_the_next_run_too_and_who_follows_the_topic() {
    for workers in 1..=4 {
        let store = support::open(&MemDisk::new());
        let sales = TypedTopic::open(&store, Sales).unwrap();
        let mut tail = sales.tail();
        let job = Pipeline::from(shops()).start(&store, RunOptions::new().workers(workers)).unwrap();
        sales.append(&minute(0)).unwrap();
        job.wait_until_caught_up().unwrap();
        store.topic("sales").unwrap().add_partitions(3).unwrap();
        sales.append(&minute(1)).unwrap();
        sales.append(&minute(2)).unwrap();
        job.wait_until_caught_up().unwrap();
        assert_eq!(
            written(&store),
            expected(2),
            "{workers} workers: what is before the last minute was told"
        );
        job.stop().unwrap();

        store.topic("sales").unwrap().add_partitions(6).unwrap();
        sales.append(&minute(3)).unwrap();
        // Behind where the operators are by now: late, and fetched again from a partition that was added.
        let mut records = RecordsBuilder::new();
        let mut scan = store.topic("sales").unwrap().partition(2).unwrap().scan(Offset(0), Offset(1));
        let first = scan.next().unwrap().unwrap();
        records.push(0, first.key, first.value);
        store.topic("sales").unwrap().partition(5).unwrap().append(records).unwrap();
        let closed =
            Pipeline::from(shops()).start(&store, RunOptions::new().close()).unwrap().wait().unwrap();
        assert_eq!((written(&store), closed.rows_late), (expected(4), 1), "{workers} workers");
        assert_eq!(TypedTopic::open(&store, LateSales).unwrap().rows().count(), 1);

        let mut followed = 0;
        while tail.try_next().unwrap().is_some() {
            followed += 1;
        }
        assert_eq!(followed, 4 * 40 + 1, "{workers} workers");
    }
}

#[test]
fn what_a_pipeline_writes_gets_none_and_its_books_neither() {
    let store = support::open(&MemDisk::new());
    let sales = TypedTopic::open(&store, Sales).unwrap();
    sales.append(&minute(0)).unwrap();
    Pipeline::from(shops()).start(&store, RunOptions::new().close()).unwrap().wait().unwrap();
    for name in ["shop-minutes", "late-sales", "__shops.state", "__shops.epochs"] {
        let refused = store.topic(name).unwrap().add_partitions(9).unwrap_err();
        assert!(matches!(refused, LogError::InvalidTopic { .. }), "{refused}");
        let message = refused.to_string();
        assert!(message.contains("pipeline `shops` writes it") || name.starts_with("__"), "{message}");
    }
    assert_eq!(written(&store), expected(1));
    // Fewer than declared cannot be.
    let store = support::open(&MemDisk::new());
    store.create_topic("sales", TopicConfig::with_partitions(1)).unwrap();
    let refused = TypedTopic::open(&store, Sales).err().unwrap().to_string();
    assert!(refused.contains("partitions 1") && refused.contains("partitions 2"), "{refused}");
}
