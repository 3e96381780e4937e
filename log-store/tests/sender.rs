//! Records that are sent one at a time: where they come to lie, in which order, and what their acknowledgements tell.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use log_store::{
    Ack, Error, FaultyDisk, MemDisk, NewRecord, Offset, Result, Sender, SenderConfig, Store, Topic,
    TopicConfig, partition_of,
};
use proptest::prelude::*;
use support::{open, records, tiny, values};

const PARTITIONS: u32 = 4;
/// Nothing is written before it is asked for.
const NEVER: SenderConfig =
    SenderConfig { linger: Duration::from_secs(1 << 40), batch_bytes: usize::MAX, buffer_bytes: usize::MAX };

fn topic(store: &Store) -> Result<Topic> {
    store.create_topic("t", TopicConfig::with_partitions(PARTITIONS))
}

type Blob = Option<Vec<u8>>;

/// What a partition has, with keys.
fn all(topic: &Topic, number: u32) -> Vec<(Blob, Blob)> {
    let partition = topic.partition(number).unwrap();
    let (mut scan, mut found) = (partition.scan(Offset(0), partition.last_stable_offset()), Vec::new());
    while let Some(record) = scan.next().unwrap() {
        found.push((record.key.map(<[u8]>::to_vec), record.value.map(<[u8]>::to_vec)));
    }
    found
}

#[test]
fn a_record_goes_to_its_partition_with_all_that_it_has() -> Result<()> {
    let store = open(&MemDisk::new())?;
    let topic = topic(&store)?;
    let sender = topic.sender(SenderConfig::default())?;
    let keyed =
        NewRecord::new(b"value").key(b"key").header("name", Some(b"x")).header("none", None).timestamp_ms(77);
    let acknowledged = sender.send(&keyed)?.wait()?;
    let expected = partition_of(b"key", PARTITIONS);
    assert_eq!((acknowledged.partition.0, acknowledged.offset), (expected, Offset(0)));
    let fetched = topic.partition(expected)?.read(Offset(0), 1000)?;
    let record = fetched.records().next().unwrap();
    assert_eq!((record.timestamp, record.key, record.value), (77, Some(&b"key"[..]), Some(&b"value"[..])));
    assert_eq!(record.headers().collect::<Vec<_>>(), [("name", Some(&b"x"[..])), ("none", None)]);

    let elsewhere = (expected + 1) % PARTITIONS;
    let moved = sender.send(&NewRecord::tombstone(b"key").partition(elsewhere))?.wait()?;
    assert_eq!((moved.partition.0, moved.offset), (elsewhere, Offset(0)));
    assert_eq!(all(&topic, elsewhere), [(Some(b"key".to_vec()), None)]);
    assert!(matches!(sender.send(&keyed.partition(PARTITIONS)), Err(Error::UnknownPartition { .. })));
    let large = vec![0; 70 << 20];
    assert!(matches!(sender.send(&NewRecord::new(&large)), Err(Error::RecordTooLarge { .. })));
    sender.flush()
}

#[test]
fn records_wait_for_others_until_somebody_cannot_wait() -> Result<()> {
    let store = open(&MemDisk::new())?;
    let topic = topic(&store)?;
    let sender = topic.sender(NEVER)?;
    let elsewhere =
        store.create_topic("elsewhere", TopicConfig::default())?.sender(SenderConfig::default())?;
    let acks: Vec<_> = (0..100)
        .map(|_| {
            let ack = sender.send(&NewRecord::new(b"value"))?;
            // Time enough to write it, if somebody did.
            elsewhere.send(&NewRecord::new(b"value"))?.wait()?;
            Ok(ack)
        })
        .collect::<Result<_>>()?;
    assert!(acks.iter().all(|ack| ack.poll().is_none()));
    assert!(acks[0].wait_for(Duration::ZERO).is_none());
    sender.flush()?;
    let places: Vec<_> = acks.iter().map(|ack| ack.poll().unwrap().unwrap()).collect();
    // Without a key all of a batch go to one partition, and those of the next to another.
    assert!(places.iter().all(|place| place.partition == places[0].partition));
    assert!(places.iter().map(|place| place.offset.0).eq(0..100));
    let next = sender.send(&NewRecord::new(b"value"))?;
    drop(sender);
    assert_ne!(next.wait()?.partition, places[0].partition, "dropping it sends what is left");

    // Enough for a batch.
    let sender = topic.sender(SenderConfig { batch_bytes: 200, ..NEVER })?;
    let acks: Vec<_> = (0..10).map(|_| sender.send(&NewRecord::new(&[7; 60]))).collect::<Result<_>>()?;
    acks[0].wait()?;
    // More than there is room for: who sends waits, and something is written.
    drop(sender);
    let sender = topic.sender(SenderConfig { buffer_bytes: 300, ..NEVER })?;
    let acks: Vec<_> = (0..50).map(|_| sender.send(&NewRecord::new(&[7; 60]))).collect::<Result<_>>()?;
    assert!(acks[40].poll().is_some(), "only so many are on their way at a time");
    sender.flush()
}

#[test]
fn records_of_each_thread_keep_their_order_and_acknowledgements_say_where_they_are() -> Result<()> {
    let store = open(&MemDisk::new())?;
    let topic = topic(&store)?;
    let sender = topic.sender(SenderConfig { batch_bytes: 500, ..SenderConfig::default() })?;
    let sent: Vec<Vec<(String, String, Ack)>> = std::thread::scope(|scope| {
        let send = |thread: u32| {
            let one = |number: u32| {
                let (key, value) = (format!("key {}", number % 7), format!("{thread} {number}"));
                let ack = sender.send(&NewRecord::new(value.as_bytes()).key(key.as_bytes())).unwrap();
                (key, value, ack)
            };
            (0..300).map(one).collect()
        };
        let threads: Vec<_> = (0..4).map(|thread| scope.spawn(move || send(thread))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    sender.flush()?;
    let mut found = BTreeMap::new();
    for number in 0..PARTITIONS {
        let in_partition = all(&topic, number);
        (0..).zip(in_partition).for_each(|(offset, record)| drop(found.insert((number, offset), record)));
    }
    assert_eq!(found.len(), 1200);
    for of_thread in &sent {
        let mut last = BTreeMap::new();
        for (key, value, ack) in of_thread {
            let place = ack.poll().unwrap()?;
            let there = &found[&(place.partition.0, place.offset.0)];
            assert_eq!(*there, (Some(key.clone().into_bytes()), Some(value.clone().into_bytes())));
            let before = last.insert(place.partition, place.offset);
            assert!(before.is_none_or(|before| before < place.offset), "{key} {value}");
        }
    }
    Ok(())
}

#[test]
fn a_partition_that_takes_nothing_costs_the_records_for_it_alone() -> Result<()> {
    let disk = FaultyDisk::new();
    let store = open(&disk)?;
    topic(&store)?.append_together((0..PARTITIONS).map(|number| (number, records(["before"]))))?;
    store.close()?;
    disk.flip_bit(Path::new("topics/0000000000000000/1/00000000000000000000.log"), 300);
    let store = open(&disk)?;
    let topic = store.topic("t")?;
    assert!(values(&topic.partition(1)?).is_err(), "it is damaged, and takes nothing from now on");
    let sender = topic.sender(NEVER)?;
    let to = |number| sender.send(&NewRecord::new(b"value").partition(number));
    let (damaged, healthy) = (to(1)?, to(2)?);
    let error = sender.flush().unwrap_err();
    assert!(
        matches!(&error, Error::SendFailed { cause } if matches!(**cause, Error::Corrupt { .. })),
        "{error}"
    );
    assert!(damaged.wait().is_err());
    assert_eq!(healthy.wait()?.offset, Offset(1));
    sender.flush()
}

#[test]
fn a_sender_says_what_became_of_its_topic_and_its_store() -> Result<()> {
    let store = open(&MemDisk::new())?;
    let topic = topic(&store)?;
    let (sender, other) = (topic.sender(NEVER)?, topic.sender(NEVER)?);
    let lost = sender.send(&NewRecord::new(b"value"))?;
    store.delete_topic("t")?;
    assert!(matches!(sender.send(&NewRecord::new(b"value")), Err(Error::UnknownTopic { .. })));
    assert!(sender.flush().unwrap_err().to_string().contains("was deleted"));
    assert!(lost.wait().is_err());
    store.close()?;
    assert!(matches!(other.send(&NewRecord::new(b"value")), Err(Error::Closed)));
    Ok(())
}

#[test]
fn behind_a_batch_of_a_writer_that_failed_nothing_is_written() -> Result<()> {
    let store = open(&MemDisk::new())?;
    let topic = topic(&store)?;
    let first = topic.writer("w")?;
    let sender = first.sender(NEVER)?;
    sender.send(&NewRecord::new(b"first").partition(0))?;
    sender.flush()?;
    let second = topic.writer("w")?;
    let late = sender.send(&NewRecord::new(b"too late").partition(0))?;
    let fenced = |error: &Error| matches!(error, Error::SendFailed { cause } if matches!(**cause, Error::Fenced { .. }));
    assert!(fenced(&sender.flush().unwrap_err()) && fenced(&late.wait().unwrap_err()));
    assert!(fenced(&sender.send(&NewRecord::new(b"later")).unwrap_err()));
    let sender = second.sender(SenderConfig::default())?;
    sender.send(&NewRecord::new(b"second").partition(0))?;
    sender.flush()?;
    let found: Vec<_> = all(&topic, 0).into_iter().map(|(_, value)| value.unwrap()).collect();
    assert_eq!((found, second.next_sequence()), (vec![b"first".to_vec(), b"second".to_vec()], 2));
    Ok(())
}

/// Sends the input behind what a writer has written; says whether all is there.
fn load(store: &Store, input: &[String], batch_bytes: usize) -> Result<()> {
    let topic = store.topic("t").or_else(|_| topic(store))?;
    let writer = topic.writer("loader")?;
    let sender: Sender = writer.sender(SenderConfig { batch_bytes, ..SenderConfig::default() })?;
    for line in &input[writer.next_sequence() as usize..] {
        sender.send(&NewRecord::new(line.as_bytes()).key(line.as_bytes()))?;
    }
    sender.flush()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn a_load_that_is_killed_and_repeated_is_there_once(
        lines in 1_usize..300,
        batch_bytes in 50_usize..3000,
        kills in proptest::collection::vec((0_u64..400, any::<u64>()), 0..5),
    ) {
        let input: Vec<_> = (0..lines).map(|number| format!("line {number}")).collect();
        let mut disk = FaultyDisk::new();
        for (moment, seed) in kills {
            disk.power_off_at(disk.changes() + moment);
            if let Ok(store) = Store::open_on(Arc::new(disk.clone()), tiny()) {
                let _ = load(&store, &input, batch_bytes);
            }
            disk = disk.crash(seed);
        }
        let store = Store::open_on(Arc::new(disk), tiny()).unwrap();
        load(&store, &input, batch_bytes).unwrap();
        let topic = store.topic("t").unwrap();
        for number in 0..PARTITIONS {
            let found: Vec<_> = all(&topic, number).into_iter().map(|(_, value)| value.unwrap()).collect();
            let here = |line: &&String| partition_of(line.as_bytes(), PARTITIONS) == number;
            let expected: Vec<_> = input.iter().filter(here).map(|line| line.clone().into_bytes()).collect();
            prop_assert_eq!(found, expected);
        }
    }
}

#[test]
fn what_is_sent_through_another_process_is_there_once_when_that_one_ends() {
    let dir = tempfile::tempdir().unwrap();
    let owner = Store::open(dir.path()).unwrap();
    owner.create_topic("t", TopicConfig::with_partitions(PARTITIONS)).unwrap();
    let client = Store::open(dir.path()).unwrap();
    let topic = client.topic("t").unwrap();
    let plain = topic.sender(SenderConfig { batch_bytes: 2000, ..SenderConfig::default() }).unwrap();
    let numbered = topic.writer("w").unwrap().sender(SenderConfig::default()).unwrap();
    let mut owner = Some(owner);
    for number in 0..2000 {
        let value = format!("{number}");
        plain.send(&NewRecord::new(value.as_bytes()).partition(0)).unwrap();
        numbered.send(&NewRecord::new(value.as_bytes()).partition(1)).unwrap();
        if number == 1000 {
            owner.take().unwrap().close().unwrap();
        }
    }
    plain.flush().unwrap();
    numbered.flush().unwrap();
    for partition in 0..2 {
        let found: Vec<_> = all(&topic, partition).into_iter().map(|(_, value)| value.unwrap()).collect();
        assert!(found.iter().enumerate().all(|(number, value)| *value == number.to_string().into_bytes()));
        assert_eq!(found.len(), 2000);
    }
}
