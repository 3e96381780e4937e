//! Consumers and their groups, in one process and through the owner of the directory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use log_store::{
    Assignor, Consumer, ConsumerConfig, Error, GroupState, MemDisk, Offset, OffsetReset, OffsetSpec,
    Partition, RecordsBuilder, Store, StoreConfig, TopicConfig,
};

/// How long something that must come is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often is polled for it, some milliseconds each time.
const TRIES: usize = 10_000;

fn quick() -> ConsumerConfig {
    ConsumerConfig { heartbeat_interval: Duration::from_millis(10), ..ConsumerConfig::default() }
}

fn in_memory(partitions: u32) -> Store {
    let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap();
    store.create_topic("orders", TopicConfig::with_partitions(partitions)).unwrap();
    store
}

fn partition(store: &Store, number: u32) -> Partition {
    store.topic("orders").unwrap().partition(number).unwrap()
}

fn append(store: &Store, number: u32, values: impl IntoIterator<Item = u64>) {
    let mut records = RecordsBuilder::new();
    values.into_iter().for_each(|value| records.push(value as i64, None, Some(&value.to_be_bytes())));
    partition(store, number).append(records).unwrap();
}

type Given = Vec<(u32, u64)>;

/// Polls once; what was given, by partition and offset.
fn poll(consumer: &mut Consumer, timeout: Duration) -> Given {
    let polled = consumer.poll(timeout).unwrap();
    let Some(partition) = polled.partition() else { return Vec::new() };
    polled.records().map(|record| (partition.id().0, record.offset.0)).collect()
}

/// Polls until so many records were given.
fn take(consumer: &mut Consumer, count: usize) -> Given {
    let mut given = Given::new();
    for _ in 0..TRIES {
        if given.len() >= count {
            return given;
        }
        given.extend(poll(consumer, Duration::from_millis(20)));
    }
    panic!("{} of {count} came", given.len());
}

/// Polls them in turn until all have what they are to have, and together what there is.
fn settle(consumers: &mut [&mut Consumer], partitions: usize) -> Given {
    let mut given = Given::new();
    for _ in 0..TRIES {
        for consumer in &mut *consumers {
            given.extend(poll(consumer, Duration::from_millis(5)));
        }
        let has: usize = consumers.iter().map(|consumer| consumer.assignment().len()).sum();
        if has == partitions && consumers.iter().all(|consumer| consumer.is_settled()) {
            return given;
        }
    }
    panic!("it does not settle");
}

fn assigned(consumer: &Consumer) -> Vec<u32> {
    consumer.assignment().iter().map(|partition| partition.id().0).collect()
}

#[test]
fn a_group_goes_on_where_it_has_committed() {
    let store = in_memory(2);
    append(&store, 0, 0..10);
    append(&store, 1, 0..5);
    let config = ConsumerConfig { max_poll_records: 4, ..quick() };
    let mut consumer = store.consumer("billing", &["orders"], config.clone()).unwrap();
    let given = take(&mut consumer, 8);
    // Partitions take turns, each in its order.
    assert_eq!(given, (0..4).map(|at| (0, at)).chain((0..4).map(|at| (1, at))).collect::<Given>());
    consumer.commit().unwrap();
    take(&mut consumer, 3);
    // What it did since then is not committed.
    drop(consumer);
    let mut consumer = store.consumer("billing", &["orders"], config).unwrap();
    let mut given = take(&mut consumer, 7);
    given.sort_unstable();
    assert_eq!(given, (4..10).map(|at| (0, at)).chain([(1, 4)]).collect::<Given>());
    assert_eq!(poll(&mut consumer, Duration::ZERO), []);
    append(&store, 1, [5]);
    assert_eq!(take(&mut consumer, 1), [(1, 5)]);
    assert_eq!(
        (consumer.lag(&partition(&store, 1)), consumer.position(&partition(&store, 0))),
        (Some(0), Some(Offset(10)))
    );
}

#[test]
fn partitions_are_shared_with_those_that_join_and_come_back_from_those_that_leave() {
    let store = in_memory(6);
    let mut first = store.consumer("billing", &["orders"], quick()).unwrap();
    settle(&mut [&mut first], 6);
    let mut second = store.consumer("billing", &["orders"], quick()).unwrap();
    settle(&mut [&mut first, &mut second], 6);
    assert_eq!((first.assignment().len(), second.assignment().len()), (3, 3));
    let group = store.describe_group("billing").unwrap();
    assert_eq!((group.state, group.members.len(), group.partitions.len()), (GroupState::Stable, 2, 6));
    assert!(group.partitions.iter().all(|partition| partition.member.is_some()));
    let kept = assigned(&first);
    drop(second);
    settle(&mut [&mut first], 6);
    assert!(kept.iter().all(|number| assigned(&first).contains(number)));
    drop(first);
    assert!(matches!(store.describe_group("billing"), Err(Error::UnknownGroup { .. })));
}

#[test]
fn what_is_revoked_can_be_committed_and_is_told_once() {
    let store = in_memory(2);
    append(&store, 0, 0..3);
    append(&store, 1, 0..3);
    let mut first = store.consumer("billing", &["orders"], quick()).unwrap();
    take(&mut first, 6);
    let mut second = store.consumer("billing", &["orders"], quick()).unwrap();
    let revoked = (0..TRIES).find_map(|_| {
        let polled = first.poll(Duration::from_millis(5)).unwrap();
        let revoked: Vec<_> = polled.revoked().to_vec();
        drop(polled);
        assert_eq!(poll(&mut second, Duration::ZERO), [], "it is another's still");
        (!revoked.is_empty()).then_some(revoked)
    });
    let revoked = revoked.expect("something is revoked");
    assert_eq!(revoked.len(), 1);
    // Records that come meanwhile are for the other.
    append(&store, revoked[0].id().0, [3]);
    first.commit().unwrap();
    let mut given = settle(&mut [&mut first, &mut second], 2);
    if given.is_empty() {
        given = take(&mut second, 1);
    }
    assert_eq!(given, [(revoked[0].id().0, 3)]);
    assert_eq!(second.assignment().len(), 1);
    assert!(matches!(first.commit_offset(&revoked[0], Offset(1)), Err(Error::NotAssigned { .. })));
}

#[test]
fn who_does_not_poll_for_too_long_loses_its_partitions_and_its_commit_says_so() {
    let store = in_memory(1);
    append(&store, 0, 0..10);
    let config =
        ConsumerConfig { max_poll_interval: Duration::from_millis(50), max_poll_records: 3, ..quick() };
    let mut slow = store.consumer("billing", &["orders"], config).unwrap();
    take(&mut slow, 3);
    slow.commit().unwrap();
    take(&mut slow, 3);
    let mut other = store.consumer("billing", &["orders"], quick()).unwrap();
    let given = take(&mut other, 7);
    assert_eq!(given.first(), Some(&(0, 3)), "from what was committed on");
    let refused = slow.commit().unwrap_err();
    assert!(matches!(refused, Error::IllegalGeneration { .. }), "{refused}");
    other.commit().unwrap();
    let polled = slow.poll(Duration::from_secs(60)).unwrap();
    assert_eq!((polled.lost().len(), polled.records().len()), (1, 0));
    assert_eq!(other.committed(&partition(&store, 0)).unwrap().unwrap().offset, Offset(10));
}

#[test]
fn a_static_member_comes_back_to_what_it_had_and_fences_the_one_before() {
    let store = in_memory(4);
    let named = |id: &str| ConsumerConfig { group_instance_id: Some(id.to_owned()), ..quick() };
    let mut first = store.consumer("billing", &["orders"], named("a")).unwrap();
    let mut second = store.consumer("billing", &["orders"], named("b")).unwrap();
    settle(&mut [&mut first, &mut second], 4);
    let had = assigned(&first);
    drop(first);
    let mut again = store.consumer("billing", &["orders"], named("a")).unwrap();
    settle(&mut [&mut again, &mut second], 4);
    assert_eq!(assigned(&again), had);
    let mut third = store.consumer("billing", &["orders"], named("a")).unwrap();
    let error = (0..TRIES).find_map(|_| {
        let _ = third.poll(Duration::from_millis(5)).unwrap();
        again.poll(Duration::ZERO).err()
    });
    let error = error.expect("the later one fences it");
    assert!(matches!(&error, Error::FencedInstance { instance, .. } if instance == "a"), "{error}");
    assert_eq!(again.assignment().len(), 0);
    third.leave();
    settle(&mut [&mut second], 4);
}

#[test]
fn where_nothing_is_committed_the_settings_say_where_to_begin() {
    let store = in_memory(1);
    append(&store, 0, 0..10);
    let orders = partition(&store, 0);
    let position = |reset: OffsetReset| {
        let config = ConsumerConfig { auto_offset_reset: reset, ..quick() };
        store.assign(None, [orders.clone()], config).map(|consumer| consumer.position(&orders).unwrap().0)
    };
    assert_eq!(position(OffsetReset::Earliest).unwrap(), 0);
    assert_eq!(position(OffsetReset::Latest).unwrap(), 10);
    let now_ms = u64::try_from(store.clock().now_ms()).unwrap();
    assert_eq!(position(OffsetReset::ByDuration(Duration::from_millis(now_ms - 1000))).unwrap(), 10);
    let before_all = Duration::from_millis(now_ms + 1000);
    assert_eq!(position(OffsetReset::ByDuration(before_all)).unwrap(), 0);
    assert!(matches!(position(OffsetReset::Error), Err(Error::NoOffset { .. })));
    // What is deleted is left out, if it may be.
    let mut consumer = store.assign(None, [orders.clone()], quick()).unwrap();
    orders.delete_records_before(Offset(4)).unwrap();
    assert_eq!(poll(&mut consumer, Duration::ZERO).first(), Some(&(0, 4)));
}

#[test]
fn seeking_pausing_and_waking() {
    let store = in_memory(2);
    append(&store, 0, 0..10);
    append(&store, 1, 0..10);
    let (first, second) = (partition(&store, 0), partition(&store, 1));
    let mut consumer = store.assign(None, [first.clone(), second.clone()], quick()).unwrap();
    consumer.pause(&first).unwrap();
    assert_eq!(poll(&mut consumer, Duration::ZERO).len(), 10);
    assert_eq!(poll(&mut consumer, Duration::ZERO).len(), 0);
    consumer.resume(&first).unwrap();
    for (to, expected) in [
        (OffsetSpec::Offset(Offset(7)), 7),
        (OffsetSpec::Shift(-2), 8),
        (OffsetSpec::Time(6), 6),
        (OffsetSpec::Latest, 10),
        (OffsetSpec::Earliest, 0),
    ] {
        consumer.seek(&first, to).unwrap();
        assert_eq!(consumer.position(&first), Some(Offset(expected)), "{to:?}");
        if expected < 10 {
            assert_eq!(poll(&mut consumer, Duration::ZERO).first(), Some(&(0, expected)));
        }
    }
    let beyond = consumer.seek(&first, OffsetSpec::Offset(Offset(11)));
    assert!(matches!(beyond, Err(Error::OffsetOutOfRange { .. })));
    assert!(matches!(consumer.commit(), Err(Error::InvalidGroup { .. })));

    let hooked = Arc::<AtomicUsize>::default();
    let counts = hooked.clone();
    let hook = move || {
        counts.fetch_add(1, Ordering::Relaxed);
    };
    consumer.on_news(Arc::new(hook));
    append(&store, 0, [10]);
    assert!(hooked.load(Ordering::Relaxed) > 0);
    assert_eq!(poll(&mut consumer, Duration::ZERO), [(0, 10)]);
    let waker = consumer.waker();
    std::thread::scope(|scope| {
        scope.spawn(|| waker.wake());
        assert!(consumer.poll(Duration::MAX).unwrap().is_empty());
    });
}

#[test]
fn a_group_is_reset_and_deleted_when_nobody_is_in_it() {
    let store = in_memory(2);
    append(&store, 0, 0..10);
    append(&store, 1, 0..4);
    let mut consumer = store.consumer("billing", &["orders"], quick()).unwrap();
    take(&mut consumer, 14);
    consumer.commit_with("all of it").unwrap();
    let refused = store.reset_group("billing", &["orders"], OffsetSpec::Earliest);
    assert!(matches!(refused, Err(Error::GroupNotEmpty { members: 1, .. })));
    assert!(matches!(store.delete_group("billing"), Err(Error::GroupNotEmpty { .. })));
    drop(consumer);
    let committed = |store: &Store| -> Vec<u64> {
        let group = store.describe_group("billing").unwrap();
        group.partitions.iter().map(|one| one.committed.as_ref().unwrap().offset.0).collect()
    };
    assert_eq!(committed(&store), [10, 4]);
    for (to, expected) in [
        (OffsetSpec::Shift(-3), [7, 1]),
        (OffsetSpec::Shift(-3), [4, 0]),
        (OffsetSpec::Offset(Offset(6)), [6, 4]),
        (OffsetSpec::Time(2), [2, 2]),
        (OffsetSpec::Latest, [10, 4]),
        (OffsetSpec::Earliest, [0, 0]),
    ] {
        assert_eq!(store.plan_reset("billing", &[], to).unwrap().len(), 2);
        store.reset_group("billing", &[], to).unwrap();
        assert_eq!(committed(&store), expected, "{to:?}");
    }
    assert_eq!(store.groups().unwrap(), ["billing"]);
    store.delete_group("billing").unwrap();
    assert_eq!(store.groups().unwrap(), [] as [&str; 0]);
    assert!(matches!(store.delete_group("billing"), Err(Error::UnknownGroup { .. })));
    assert!(matches!(store.reset_group("billing", &[], OffsetSpec::Latest), Err(Error::UnknownGroup { .. })));
    assert!(matches!(store.delete_topic("__consumer_offsets"), Err(Error::InvalidTopic { .. })));
}

#[test]
fn offsets_of_a_topic_that_was_deleted_are_none_of_the_next_one_with_its_name() {
    let store = in_memory(1);
    append(&store, 0, 0..3);
    store.reset_group("billing", &["orders"], OffsetSpec::Latest).unwrap();
    store.delete_topic("orders").unwrap();
    assert!(matches!(store.describe_group("billing"), Err(Error::UnknownGroup { .. })));
    store.create_topic("orders", TopicConfig::default()).unwrap();
    append(&store, 0, 0..3);
    let mut consumer = store.consumer("billing", &["orders"], quick()).unwrap();
    assert_eq!(take(&mut consumer, 3)[0], (0, 0));
}

#[test]
fn a_topic_that_is_deleted_or_made_anew_goes_and_comes() {
    let store = in_memory(2);
    store.create_topic("payments", TopicConfig::default()).unwrap();
    let mut consumer = store.consumer("billing", &["orders", "payments"], quick()).unwrap();
    settle(&mut [&mut consumer], 3);
    store.delete_topic("orders").unwrap();
    settle(&mut [&mut consumer], 1);
    store.create_topic("orders", TopicConfig::with_partitions(5)).unwrap();
    settle(&mut [&mut consumer], 6);
    store.topic("orders").unwrap().add_partitions(7).unwrap();
    append(&store, 6, [1]);
    settle(&mut [&mut consumer], 8);
    assert_eq!(consumer.committed(&partition(&store, 6)).unwrap(), None);
    consumer.seek(&partition(&store, 6), OffsetSpec::Earliest).unwrap();
    assert_eq!(take(&mut consumer, 1), [(6, 0)]);
}

#[test]
fn offsets_are_committed_with_records_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let owner = Store::open(dir.path()).unwrap();
    owner.create_topic("orders", TopicConfig::default()).unwrap();
    let bills = owner.create_topic("bills", TopicConfig::default()).unwrap();
    for (store, seed) in [(owner.clone(), 0), (Store::open(dir.path()).unwrap(), 10)] {
        append(&store, 0, seed..seed + 6);
        let bills = store.topic("bills").unwrap().partition(0).unwrap();
        let producer = store.producer("billing").unwrap();
        let mut consumer = store.consumer("billing", &["orders"], quick()).unwrap();
        take(&mut consumer, 6);
        let mut bill = RecordsBuilder::new();
        bill.push(0, None, Some(b"a bill"));
        let before = consumer.committed(&partition(&store, 0)).unwrap().map(|committed| committed.offset);
        let mut transaction = store.begin(&producer).unwrap();
        transaction.append(&bills, bill.clone()).unwrap();
        transaction.commit_offsets(consumer.offsets());
        transaction.abort().unwrap();
        let after = consumer.committed(&partition(&store, 0)).unwrap().map(|committed| committed.offset);
        assert_eq!(after, before);
        let mut transaction = store.begin(&producer).unwrap();
        transaction.append(&bills, bill.clone()).unwrap();
        transaction.commit_offsets(consumer.offsets());
        let ranges = transaction.commit().unwrap();
        assert_eq!(ranges.len(), 1, "the offsets' own place is not told");
        let committed = consumer.committed(&partition(&store, 0)).unwrap().unwrap().offset;
        assert_eq!(committed, partition(&store, 0).last_stable_offset());
        // Of one who has lost its partitions nothing is committed.
        let offsets = consumer.offsets();
        assert!(!offsets.is_empty(), "they are where they were before the consumer's own commit");
        drop(consumer);
        let end = bills.last_stable_offset();
        let mut transaction = store.begin(&producer).unwrap();
        transaction.append(&bills, bill).unwrap();
        transaction.commit_offsets(offsets);
        let refused = transaction.commit();
        assert!(matches!(refused, Err(Error::IllegalGeneration { .. })), "{refused:?}");
        assert_eq!(bills.last_stable_offset(), end);
    }
    drop(bills);
}

#[test]
fn many_commits_take_no_more_room_than_the_offsets_that_count() {
    let disk = MemDisk::new();
    let open = || Store::open_on(Arc::new(disk.clone()), StoreConfig::default()).unwrap();
    let store = open();
    let orders = store.create_topic("orders", TopicConfig::default()).unwrap().partition(0).unwrap();
    append(&store, 0, 0..100);
    let mut kept = store.assign(Some("kept"), [orders.clone()], quick()).unwrap();
    kept.commit_offset(&orders, Offset(42)).unwrap();
    store.reset_group("gone", &["orders"], OffsetSpec::Latest).unwrap();
    store.delete_group("gone").unwrap();
    let mut busy = store.assign(Some("busy"), [orders.clone()], quick()).unwrap();
    for round in 0..10_000_u64 {
        busy.commit_offset(&orders, Offset(round % 100)).unwrap();
    }
    let offsets = store.topic("__consumer_offsets").unwrap().partition(0).unwrap();
    let records = offsets.last_stable_offset().0 - offsets.log_start_offset().0;
    assert!(offsets.log_start_offset() > Offset(0) && records < 5000, "{records}");
    drop((kept, busy, orders, offsets));
    store.close().unwrap();
    let store = open();
    let found: BTreeMap<_, _> = ["busy", "kept"]
        .map(|name| {
            (name, store.describe_group(name).unwrap().partitions[0].committed.clone().unwrap().offset.0)
        })
        .into();
    assert_eq!(found, BTreeMap::from([("busy", 99), ("kept", 42)]));
    assert_eq!(store.groups().unwrap(), ["busy", "kept"]);
}

#[test]
fn what_cannot_be_is_told() {
    let store = in_memory(1);
    let refused = |group: &str, topics: &[&str], config: ConsumerConfig| {
        store.consumer(group, topics, config).err().expect("it is refused").to_string()
    };
    assert!(refused("", &["orders"], quick()).contains("1 to 249 bytes"));
    assert!(refused("g", &[], quick()).contains("one topic at least"));
    assert!(refused("g", &["order"], quick()).contains("did you mean `orders`?"));
    let silent = ConsumerConfig { session_timeout: Duration::from_millis(1), ..quick() };
    assert!(refused("g", &["orders"], silent).contains("less than the session timeout"));
    let mut one = store.consumer("g", &["orders"], quick()).unwrap();
    settle(&mut [&mut one], 1);
    let mut other =
        store.consumer("g", &["orders"], ConsumerConfig { assignor: Assignor::Range, ..quick() }).unwrap();
    let error = loop {
        if let Err(error) = other.poll(PATIENCE) {
            break error;
        }
    };
    assert!(matches!(error, Error::InconsistentAssignor { .. }), "{error}");
    let long = "x".repeat(4097);
    let _ = one.poll(Duration::ZERO).unwrap();
    assert!(matches!(one.commit_with(&long), Err(Error::InvalidGroup { .. })));
}

/// Whoever has the directory, members in other processes have what those in it have.
fn store_at(dir: &Path) -> Store {
    let config = StoreConfig { patience: PATIENCE, ..StoreConfig::default() };
    Store::open_with(dir, config).unwrap()
}

#[test]
fn members_of_several_processes_share_and_outlive_the_owner() {
    let dir = tempfile::tempdir().unwrap();
    let owner = store_at(dir.path());
    owner.create_topic("orders", TopicConfig::with_partitions(4)).unwrap();
    let (one, two) = (store_at(dir.path()), store_at(dir.path()));
    (0..4).for_each(|number| append(&one, number, 0..50));
    let mut first = one.consumer("billing", &["orders"], quick()).unwrap();
    let mut second = two.consumer("billing", &["orders"], quick()).unwrap();
    let mut given = settle(&mut [&mut first, &mut second], 4);
    while given.len() < 200 {
        given.extend(poll(&mut first, Duration::from_millis(5)));
        given.extend(poll(&mut second, Duration::from_millis(5)));
    }
    // Those who got a partition from another may have read it again.
    assert_eq!(given.iter().collect::<BTreeSet<_>>().len(), 200);
    first.commit().unwrap();
    second.commit().unwrap();
    let had = (assigned(&first), assigned(&second));
    let claims = owner.processes().unwrap().clients.into_iter().flat_map(|process| process.claims);
    assert_eq!(claims.filter(|claim| claim.starts_with("consumer group billing, member ")).count(), 2);

    owner.close().unwrap();
    (0..4).for_each(|number| append(&two, number, 50..60));
    let mut given = Given::new();
    while given.len() < 40 {
        for consumer in [&mut first, &mut second] {
            let polled = consumer.poll(Duration::from_millis(5)).unwrap();
            assert!(polled.lost().is_empty() && polled.revoked().is_empty(), "nobody loses anything");
            drop(polled);
        }
        first.commit().unwrap();
        second.commit().unwrap();
        let positions = [&first, &second].map(|consumer| {
            let parts = consumer.assignment();
            parts.iter().map(|one| consumer.position(one).unwrap().0 as usize - 50).sum::<usize>()
        });
        given.resize(positions.iter().sum(), (0, 0));
    }
    assert_eq!((assigned(&first), assigned(&second)), had, "they keep what they had");
    // One that comes now gets its share from the new owner.
    let three = store_at(dir.path());
    let mut third = three.consumer("billing", &["orders"], quick()).unwrap();
    settle(&mut [&mut first, &mut second, &mut third], 4);
    drop(second);
    settle(&mut [&mut first, &mut third], 4);
}
