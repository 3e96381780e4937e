//! Partitions are added to topics that are in use, in this process and through the owner.

mod support;

use std::sync::{Arc, Condvar, Mutex};

use log_store::{
    Error, FaultyDisk, NewRecord, Offset, PARTITIONS_FIXED_PROPERTY, Result, SenderConfig, Store, Topic,
    TopicConfig, partition_of,
};
use support::{open, records, values};

/// Calls of a hook, to wait until something is so.
#[derive(Default)]
struct Commits(Mutex<u64>, Condvar);

impl Commits {
    fn of(store: &Store) -> (Arc<Commits>, log_store::Subscription) {
        let commits = Arc::<Commits>::default();
        let told = commits.clone();
        let hook = move || {
            *told.0.lock().unwrap() += 1;
            told.1.notify_all();
        };
        (commits, store.on_commit(Arc::new(hook)))
    }

    /// Waits as one does who sleeps until the hook is called. A minute is never reached unless nothing wakes.
    fn wait_until(&self, what: &str, is_so: impl Fn() -> bool) {
        let count = self.0.lock().unwrap();
        let minute = std::time::Duration::from_secs(60);
        let (_count, waited) = self.1.wait_timeout_while(count, minute, |_| !is_so()).unwrap();
        assert!(!waited.timed_out(), "nobody was woken when {what}");
    }
}

fn refusal(topic: &Topic, total: u32) -> String {
    match topic.add_partitions(total) {
        Err(error @ Error::InvalidTopic { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn handles_that_exist_have_them_at_once_and_what_was_there_stays() -> Result<()> {
    let disk = FaultyDisk::new();
    let store = open(&disk)?;
    let topic = store.create_topic("orders", TopicConfig::with_partitions(2))?;
    let before = [topic.partition(0)?, topic.partition(1)?];
    before[1].append(records(["old"]))?;
    let elsewhere = store.topic("orders")?;
    assert!(matches!(elsewhere.partition(2), Err(Error::UnknownPartition { partitions: 2, .. })));

    topic.add_partitions(5)?;
    assert_eq!((elsewhere.partitions(), elsewhere.config().partitions), (5, 5));
    assert_eq!(elsewhere.snapshot().len(), 5);
    elsewhere.partition(4)?.append(records(["new"]))?;
    let appended = topic.append_together([(0, records(["a"])), (3, records(["b"]))])?;
    assert_eq!(appended.len(), 2);
    let producer = store.producer("p")?;
    let mut transaction = store.begin(&producer)?;
    transaction.append(&topic.partition(2)?, records(["c"]))?;
    transaction.commit()?;
    store.set_pins("reader", &[(topic.id(), topic.partition(4)?.id(), Offset(0))])?;
    // Nothing is to be done for as many as there are.
    topic.add_partitions(5)?;
    assert_eq!(topic.partitions(), 5);

    let found = |store: &Store| -> Result<Vec<Vec<String>>> {
        let topic = store.topic("orders")?;
        (0..topic.partitions()).map(|number| values(&topic.partition(number)?)).collect()
    };
    let expected = [vec!["a"], vec!["old"], vec!["c"], vec!["b"], vec!["new"]];
    assert_eq!(found(&store)?, expected);
    assert_eq!(found(&open(&disk.copy())?)?, expected, "after a kill");
    store.close()?;
    let store = open(&disk)?;
    assert!(store.recovery().clean);
    assert_eq!(found(&store)?, expected, "after a close");
    assert_eq!(store.pins_on(store.topic("orders")?.id()), ["reader"]);
    Ok(())
}

#[test]
fn what_cannot_be_is_refused_with_what_to_do_and_nothing_is_changed() -> Result<()> {
    let store = open(&FaultyDisk::new())?;
    let topic = store.create_topic("orders", TopicConfig::with_partitions(3))?;
    let fewer = refusal(&topic, 2);
    assert!(fewer.contains("it has 3 partitions, and none can be taken away: 2 are fewer"), "{fewer}");
    assert!(refusal(&topic, 0).contains("none can be taken away"));
    assert!(refusal(&topic, 65_537).contains("1 to 65,536 partitions"));
    topic.set_property(PARTITIONS_FIXED_PROPERTY, b"`w` writes it; reset `w` first")?;
    let fixed = refusal(&topic, 4);
    assert!(fixed.ends_with("no partitions can be added to it: `w` writes it; reset `w` first"), "{fixed}");
    assert_eq!(topic.partitions(), 3);
    topic.set_property(PARTITIONS_FIXED_PROPERTY, b"")?;
    topic.add_partitions(4)?;
    let internal = TopicConfig { internal: true, ..TopicConfig::default() };
    let internal = store.create_topic("__books", internal)?;
    assert!(refusal(&internal, 2).contains("a program keeps its books in it"));
    store.delete_topic("orders")?;
    assert!(matches!(topic.add_partitions(9), Err(Error::UnknownTopic { .. })));
    store.close()?;
    assert!(matches!(topic.add_partitions(9), Err(Error::Closed)));
    Ok(())
}

#[test]
fn after_a_crash_at_any_moment_all_of_them_are_there_or_none_and_all_can_be_used() -> Result<()> {
    let (mut with, mut without) = (0, 0);
    for seed in 0..40 {
        let disk = FaultyDisk::new();
        let store = open(&disk)?;
        let topic = store.create_topic("t", TopicConfig::with_partitions(2))?;
        topic.partition(1)?.append(records(["old"]))?;
        disk.power_off_at(disk.changes() + seed % 12);
        let added = topic.add_partitions(4).is_ok();
        let appended = added && topic.partition(3)?.append(records(["new"])).is_ok();
        let store = open(&disk.crash(seed))?;
        let topic = store.topic("t")?;
        let there = topic.partitions() == 4;
        assert!(there || (!added && topic.partitions() == 2), "seed {seed}: {}", topic.partitions());
        *(if there { &mut with } else { &mut without }) += 1;
        assert_eq!(values(&topic.partition(1)?)?, ["old"]);
        if appended {
            assert_eq!(values(&topic.partition(3)?)?, ["new"], "seed {seed}");
        }
        topic.add_partitions(4)?;
        topic.partition(3)?.append(records(["newer"]))?;
        assert!(values(&topic.partition(3)?)?.contains(&"newer".to_owned()));
    }
    assert!(with > 5 && without > 5, "{with} with them, {without} without");
    Ok(())
}

#[test]
fn of_many_that_add_at_once_the_greatest_counts() -> Result<()> {
    for _ in 0..20 {
        let store = open(&FaultyDisk::new())?;
        let topic = store.create_topic("t", TopicConfig::default())?;
        std::thread::scope(|scope| {
            for total in 2..10 {
                let topic = &topic;
                scope.spawn(move || match topic.add_partitions(total) {
                    Ok(()) => {
                        topic.partition(total - 1).unwrap().append(records([format!("{total}")])).unwrap();
                    }
                    Err(error) => assert!(error.to_string().contains("are fewer"), "{error}"),
                });
            }
        });
        assert_eq!(topic.partitions(), 9);
        assert_eq!(values(&topic.partition(8)?)?, ["9"]);
    }
    Ok(())
}

#[test]
fn a_client_adds_them_and_has_them_and_the_next_owner_too() -> Result<()> {
    let dir = tempfile::tempdir().unwrap();
    let owner = Store::open(dir.path())?;
    let owned = owner.create_topic("orders", TopicConfig::default())?;
    let (client, other) = (Store::open(dir.path())?, Store::open(dir.path())?);
    let (theirs, others) = (client.topic("orders")?, other.topic("orders")?);
    let (commits, _subscription) = Commits::of(&other);

    theirs.add_partitions(3)?;
    assert_eq!((theirs.partitions(), owned.partitions()), (3, 3), "who asked has them when it is answered");
    theirs.partition(2)?.append(records(["from a client"]))?;
    assert_eq!(values(&owned.partition(2)?)?, ["from a client"]);
    commits.wait_until("another process added partitions", || {
        others.partition(2).is_ok_and(|partition| partition.last_stable_offset() == Offset(1))
    });
    assert_eq!(values(&others.partition(2)?)?, ["from a client"]);
    assert!(refusal(&theirs, 2).contains("none can be taken away"));
    owned.set_property(PARTITIONS_FIXED_PROPERTY, b"not now")?;
    assert!(refusal(&theirs, 4).contains("not now"));
    owned.set_property(PARTITIONS_FIXED_PROPERTY, b"")?;

    // One of the two takes over. Whoever was away while partitions are added learns of it when it is back.
    drop((owner, owned));
    theirs.add_partitions(4)?;
    others.add_partitions(6)?;
    theirs.add_partitions(6)?;
    others.partition(5)?.append(records(["after the owner went"]))?;
    assert_eq!(theirs.partitions(), 6);
    commits.wait_until("the other asked", || others.partitions() == 6);
    drop((client, other, theirs, others));
    // Whoever of them owns the directory may be about to go.
    let store = Store::open(dir.path())?;
    let topic = store.topic("orders")?;
    assert_eq!(topic.partitions(), 6);
    assert_eq!(values(&topic.partition(5)?)?, ["after the owner went"]);
    Ok(())
}

#[test]
fn what_is_sent_by_key_goes_by_the_number_that_there_is() -> Result<()> {
    let store = open(&FaultyDisk::new())?;
    let topic = store.create_topic("t", TopicConfig::default())?;
    let sender = topic.sender(SenderConfig::default())?;
    let keys: Vec<String> = (0..40).map(|number| format!("key {number}")).collect();
    let send = |key: &String| sender.send(&NewRecord::new(b"v").key(key.as_bytes()));
    let first = keys.iter().map(|key| send(key)?.wait()).collect::<Result<Vec<_>>>()?;
    assert!(first.iter().all(|acknowledged| acknowledged.partition.0 == 0));
    topic.add_partitions(4)?;
    for key in &keys {
        assert_eq!(send(key)?.wait()?.partition.0, partition_of(key.as_bytes(), 4));
    }
    Ok(())
}

#[test]
fn settings_that_are_altered_later_count_in_partitions_that_were_added() -> Result<()> {
    let dir = tempfile::tempdir().unwrap();
    let (owner, client) = (Store::open(dir.path())?, {
        // Made before the partitions are added, so that each store adds them to a topic that it has.
        let first = Store::open(dir.path())?;
        first.create_topic("orders", TopicConfig::default())?;
        first
    });
    let topics = [owner.topic("orders")?, client.topic("orders")?];
    topics[1].add_partitions(2)?;
    topics[1].alter(|config| config.max_message_bytes = Some(100))?;
    for topic in &topics {
        for number in 0..2 {
            topic.partition(number)?.append(records(["small"]))?;
            let refused = topic.partition(number)?.append(records(["large".repeat(30)]));
            assert!(
                matches!(refused, Err(Error::RecordTooLarge { limit: 100, .. })),
                "{number}: {refused:?}"
            );
        }
    }
    Ok(())
}
