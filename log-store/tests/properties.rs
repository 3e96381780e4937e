//! Properties of topics that change in a transaction: with its records, or not at all.

mod support;

use log_store::{Error, FaultyDisk, MemDisk, Result, Store, Topic, TopicConfig};
use support::{open, records, values};

fn topic(store: &Store) -> Result<Topic> {
    store.topic("t").or_else(|_| store.create_topic("t", TopicConfig::with_partitions(2)))
}

/// Writes `value` to both partitions of the topic, and as its property.
fn transact(store: &Store, value: &str) -> Result<()> {
    let topic = topic(store)?;
    let mut transaction = store.begin(&store.producer("p")?)?;
    for number in 0..2 {
        transaction.append(&topic.partition(number)?, records([value]))?;
    }
    transaction.set_property(&topic, "last", value.as_bytes());
    transaction.commit().map(drop)
}

fn state(store: &Store) -> (Option<String>, Vec<Vec<String>>) {
    let Ok(topic) = store.topic("t") else { return (None, vec![Vec::new(); 2]) };
    let last = topic.property("last").map(|value| String::from_utf8(value).unwrap());
    (last, (0..2).map(|number| values(&topic.partition(number).unwrap()).unwrap()).collect())
}

#[test]
fn after_a_crash_at_any_moment_a_property_is_there_exactly_with_the_records() {
    let (mut with, mut without) = (0, 0);
    for moment in 0.. {
        let disk = FaultyDisk::new();
        // Enough to fill the journal once, so that a head is written in between, too.
        let done = |disk: &FaultyDisk| -> Result<usize> {
            let store = open(disk)?;
            let outcomes: Vec<_> =
                (0..40).map(|number| transact(&store, &format!("value {number}"))).collect();
            Ok(outcomes.iter().filter(|outcome| outcome.is_ok()).count())
        };
        disk.power_off_at(moment);
        let acknowledged = done(&disk).unwrap_or(0);
        for seed in 0..3 {
            let store = open(&disk.crash(seed)).unwrap();
            let (last, partitions) = state(&store);
            assert_eq!(partitions[0], partitions[1], "moment {moment} seed {seed}");
            assert_eq!(last.as_ref(), partitions[0].last(), "moment {moment} seed {seed}");
            let found = partitions[0].len();
            assert!(found == acknowledged || found == acknowledged + 1, "moment {moment} seed {seed}");
            *(if found > acknowledged { &mut with } else { &mut without }) += 1;
        }
        if acknowledged == 40 {
            break;
        }
    }
    assert!(with > 20 && without > 100, "{with} {without}");
}

#[test]
fn a_property_is_not_seen_before_the_commit_nor_after_an_abort() -> Result<()> {
    let disk = MemDisk::new();
    let store = open(&disk)?;
    transact(&store, "first")?;
    let topic = topic(&store)?;
    let producer = store.producer("q")?;
    let mut transaction = store.begin(&producer)?;
    transaction.append(&topic.partition(0)?, records(["second"]))?;
    transaction.set_property(&topic, "last", b"second");
    assert_eq!(state(&store).0.as_deref(), Some("first"));
    transaction.abort()?;
    assert_eq!(state(&store).0.as_deref(), Some("first"));

    // Without any records, too.
    let mut transaction = store.begin(&producer)?;
    transaction.set_property(&topic, "last", b"alone");
    transaction.commit()?;
    assert_eq!(state(&store), (Some("alone".to_owned()), vec![vec!["first".to_owned()]; 2]));
    store.close()?;
    assert_eq!(state(&open(&disk)?).0.as_deref(), Some("alone"));
    Ok(())
}

#[test]
fn of_two_that_replace_the_same_value_one_commits() -> Result<()> {
    let store = open(&MemDisk::new())?;
    let topic = topic(&store)?;
    let (first, second) = (store.producer("first")?, store.producer("second")?);
    let (mut one, mut other) = (store.begin(&first)?, store.begin(&second)?);
    for (transaction, value) in [(&mut one, "one"), (&mut other, "other")] {
        transaction.append(&topic.partition(0)?, records([value]))?;
        transaction.replace_property(&topic, "last", None, value.as_bytes());
    }
    other.commit()?;
    let error = one.commit().expect_err("the property has a value by now");
    assert!(matches!(error, Error::PropertyChanged { .. }), "{error}");
    assert_eq!(state(&store), (Some("other".to_owned()), vec![vec!["other".to_owned()], Vec::new()]));
    // The next one begins where that one would have been.
    topic.partition(0)?.append(records(["more"]))?;
    assert_eq!(state(&store).1[0], ["other", "more"]);

    let mut again = store.begin(&first)?;
    again.replace_property(&topic, "last", Some(b"other"), b"again");
    again.commit()?;
    assert_eq!(state(&store).0.as_deref(), Some("again"));
    Ok(())
}

#[test]
fn changes_of_many_threads_that_build_on_one_another_are_all_kept() -> Result<()> {
    let disk = MemDisk::new();
    let store = open(&disk)?;
    let topic = topic(&store)?;
    let add = |name: &str| -> Result<()> {
        let producer = store.producer(name)?;
        for _ in 0..25 {
            loop {
                let before = topic.property("last");
                let mut after = before.clone().unwrap_or_default();
                after.extend_from_slice(name.as_bytes());
                let mut transaction = store.begin(&producer)?;
                transaction.append(&topic.partition(0)?, records([name]))?;
                transaction.replace_property(&topic, "last", before.as_deref(), &after);
                match transaction.commit() {
                    Ok(_) => break,
                    Err(Error::PropertyChanged { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let add = &add;
        let threads: Vec<_> =
            ["a", "b", "c"].map(|name| scope.spawn(move || add(name))).into_iter().collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap())
    })?;
    // The property tells the order of the commits, and so do the records.
    let check = |store: &Store| {
        let (last, partitions) = state(store);
        assert_eq!(partitions[0].len(), 75);
        assert_eq!(last, Some(partitions[0].concat()));
    };
    check(&store);
    drop(topic);
    store.close()?;
    check(&open(&disk)?);
    Ok(())
}

#[test]
fn a_property_of_a_deleted_topic_is_refused_with_the_transaction() -> Result<()> {
    let store = open(&MemDisk::new())?;
    let (topic, gone) = (topic(&store)?, store.create_topic("gone", TopicConfig::default())?);
    let mut transaction = store.begin(&store.producer("p")?)?;
    transaction.append(&topic.partition(0)?, records(["value"]))?;
    transaction.set_property(&gone, "last", b"value");
    store.delete_topic("gone")?;
    assert!(matches!(transaction.commit(), Err(Error::UnknownTopic { .. })));
    assert_eq!(state(&store).1[0], [""; 0]);
    Ok(())
}
