//! Topics whose acknowledgements do not wait for the disk.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use log_store::{Durability, FaultyDisk, Offset, TopicConfig};
use support::{Random, open, records, rounds, values};

fn lazy() -> TopicConfig {
    TopicConfig { durability: Durability::Interval, ..TopicConfig::default() }
}

#[test]
fn readers_see_records_soon_though_nobody_waits_for_the_sync() {
    let store = open(&FaultyDisk::new()).unwrap();
    let partition = store.create_topic("t", lazy()).unwrap().partition(0).unwrap();
    for number in 0..20 {
        partition.append(records([format!("value {number}")])).unwrap();
    }
    assert!(partition.wait_beyond(Offset(19), Duration::MAX));
    assert_eq!(values(&partition).unwrap().len(), 20);
}

#[test]
fn what_may_wait_for_an_hour_is_taken_along_by_the_next_that_does_not() {
    let disk = FaultyDisk::new();
    let store = open(&disk).unwrap();
    let hour = TopicConfig { flush: Some(Duration::from_secs(3600)), ..lazy() };
    let slow = store.create_topic("slow", hour).unwrap().partition(0).unwrap();
    slow.append(records(["first"])).unwrap();
    // Acknowledged, and there when the process ends.
    assert_eq!(slow.last_stable_offset(), Offset(0));
    let ended = open(&disk.copy()).unwrap();
    assert_eq!(values(&ended.topic("slow").unwrap().partition(0).unwrap()).unwrap(), ["first"]);
    let soon = store.create_topic("soon", lazy()).unwrap().partition(0).unwrap();
    slow.append(records(["second"])).unwrap();
    soon.append(records(["third"])).unwrap();
    assert!(soon.wait_beyond(Offset(0), Duration::MAX) && slow.wait_beyond(Offset(1), Duration::MAX));
    // Asked for while nothing else is written.
    slow.append(records(["fourth"])).unwrap();
    store.topic("slow").unwrap().alter(|config| config.flush = None).unwrap();
    assert!(slow.wait_beyond(Offset(2), Duration::MAX), "the journal's next entry is synced with it");
}

#[test]
fn the_end_of_the_process_loses_nothing_and_power_loss_leaves_a_prefix() {
    for seed in 0..rounds("LOG_STORE_CRASHES", 100) {
        let disk = FaultyDisk::new();
        let store = open(&disk).unwrap();
        let topic = store.create_topic("t", lazy()).unwrap();
        let safe = store.create_topic("safe", TopicConfig::default()).unwrap().partition(0).unwrap();
        let partition = topic.partition(0).unwrap();
        let all: Vec<_> = (0..40).map(|number| format!("value {number}")).collect();
        for (number, value) in all.iter().enumerate() {
            partition.append(records([value])).unwrap();
            if number == 10 {
                // What is synced for another topic takes this one along.
                safe.append(records(["safe"])).unwrap();
                assert!(partition.last_stable_offset() >= Offset(11));
            }
        }
        let visible = partition.last_stable_offset();
        let (ended, crashed) = (disk.copy(), disk.crash(seed));
        let read = |disk: &FaultyDisk| {
            let store = open(disk).unwrap();
            assert_eq!(store.topic("t").unwrap().config(), lazy());
            values(&store.topic("t").unwrap().partition(0).unwrap()).unwrap()
        };
        assert_eq!(read(&ended), all);
        let survivors = read(&crashed);
        assert_eq!(survivors, all[..survivors.len()]);
        assert!(survivors.len() as u64 >= visible.0, "what readers saw is gone");
    }
}

fn os() -> TopicConfig {
    TopicConfig { durability: Durability::Os, ..TopicConfig::default() }
}

#[test]
fn what_is_left_to_the_system_is_seen_once_it_is_written_and_never_synced_for_it() {
    let disk = FaultyDisk::new();
    let store = open(&disk).unwrap();
    let partition = store.create_topic("t", os()).unwrap().partition(0).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let _subscription = store.on_commit({
        let (seen, partition) = (seen.clone(), partition.clone());
        Arc::new(move || seen.lock().unwrap().push(partition.last_stable_offset()))
    });
    let syncs = disk.syncs();
    for number in 0..20 {
        assert_eq!(partition.append(records([format!("value {number}")])).unwrap(), Offset(number));
        assert_eq!(partition.last_stable_offset(), Offset(number + 1));
    }
    let producer = store.producer("p").unwrap();
    let after_producer = disk.syncs();
    let mut transaction = store.begin(&producer).unwrap();
    transaction.append(&partition, records(["in a transaction"])).unwrap();
    transaction.commit().unwrap();
    assert_eq!(values(&partition).unwrap().len(), 21);
    assert_eq!(
        disk.syncs(),
        after_producer,
        "a transaction over such topics alone waits for no disk, either"
    );
    assert_eq!(after_producer - syncs, 1, "of the producer");
    let told: Vec<_> = seen.lock().unwrap().iter().map(|end| end.0).collect();
    assert!((1..=20).all(|end| told.contains(&end)), "{told:?}");
}

#[test]
fn the_order_of_the_journal_holds_for_what_is_seen_early() {
    let disk = FaultyDisk::new();
    let store = open(&disk).unwrap();
    let hour = TopicConfig { flush: Some(Duration::from_secs(3600)), ..lazy() };
    let topic = store.create_topic("t", TopicConfig { partitions: 2, ..hour }).unwrap();
    let [first, second] = [0, 1].map(|number| topic.partition(number).unwrap());
    first.append(records(["waits"])).unwrap();
    topic.alter(|config| config.durability = Durability::Os).unwrap();
    // The alteration was synced, and took the first along.
    assert_eq!(first.last_stable_offset(), Offset(1));
    topic.alter(|config| config.durability = Durability::Interval).unwrap();
    first.append(records(["waits, too"])).unwrap();
    assert_eq!(first.last_stable_offset(), Offset(1));
    let other = store.create_topic("other", os()).unwrap().partition(0).unwrap();
    first.append(records(["waits once more"])).unwrap();
    assert_eq!(
        first.last_stable_offset(),
        Offset(2),
        "the new topic was synced, and took along what was before"
    );
    other.append(records(["seen"])).unwrap();
    assert_eq!((other.last_stable_offset(), first.last_stable_offset()), (Offset(1), Offset(2)));
    // In one transaction with what waits, it waits.
    let producer = store.producer("p").unwrap();
    first.append(records(["waits again"])).unwrap();
    let mut transaction = store.begin(&producer).unwrap();
    transaction.append(&second, records(["both"])).unwrap();
    transaction.append(&other, records(["both"])).unwrap();
    transaction.commit().unwrap();
    assert_eq!((other.last_stable_offset(), second.last_stable_offset()), (Offset(1), Offset(0)));
    // What comes behind it in one of its partitions must not be seen before, since both of them are seen in one instant.
    other.append(records(["behind"])).unwrap();
    let ends = [&first, &second, &other].map(|partition| partition.last_stable_offset());
    assert_eq!(ends, [Offset(4), Offset(2), Offset(4)]);
}

#[test]
fn power_loss_leaves_a_prefix_and_nothing_durable_without_what_was_before_it() {
    let mut lost = 0;
    for seed in 0..rounds("LOG_STORE_CRASHES", 300) {
        let disk = FaultyDisk::new();
        let store = open(&disk).unwrap();
        // Small segments, so that new ones are begun, and of both kinds of appends, by the journal and beside it.
        let config = TopicConfig { segment_bytes: Some(600), ..os() };
        let topic = store.create_topic("t", TopicConfig { partitions: 2, ..config }).unwrap();
        let inputs = [0, 1].map(|number| topic.partition(number).unwrap());
        let output = store.create_topic("output", TopicConfig::default()).unwrap().partition(0).unwrap();
        let mut random = Random(seed);
        let mut all = [Vec::new(), Vec::new()];
        let mut durable = [0, 0];
        for number in 0..random.below(60) {
            let one = random.below(2) as usize;
            let value = format!("value {number} {}", "x".repeat(random.below(100) as usize));
            inputs[one].append(records([&value])).unwrap();
            all[one].push(value);
            if random.below(12) == 0 {
                // It has read both inputs to their ends, and says how far.
                let ends = [0, 1].map(|one| values(&inputs[one]).unwrap().len());
                assert_eq!(ends, [all[0].len(), all[1].len()]);
                output.append(records([format!("{} {}", ends[0], ends[1])])).unwrap();
                durable = ends;
            }
        }
        let (ended, crashed) = (disk.copy(), disk.crash(seed));
        let read = |disk: &FaultyDisk| {
            let store = open(disk).unwrap();
            assert_eq!(store.recovery().damaged, [] as [String; 0], "seed {seed}");
            let topic = store.topic("t").unwrap();
            let output = values(&store.topic("output").unwrap().partition(0).unwrap()).unwrap();
            let said = output.last().map_or(vec![0, 0], |text| {
                text.split(' ').map(|end| end.parse::<usize>().unwrap()).collect()
            });
            let found = [0, 1].map(|one| {
                let partition = topic.partition(one).unwrap();
                let found = values(&partition).unwrap();
                // It goes on behind what is left.
                partition.append(records(["on"])).unwrap();
                assert_eq!(values(&partition).unwrap().len(), found.len() + 1);
                found
            });
            (found, said)
        };
        assert_eq!(read(&ended).0, all, "seed {seed}");
        let (found, said) = read(&crashed);
        for one in 0..2 {
            assert_eq!(found[one], all[one][..found[one].len()], "seed {seed}");
            assert!(found[one].len() >= durable[one], "seed {seed}: what was synced with the output is gone");
            assert!(found[one].len() >= said[one], "seed {seed}: an output of input that is gone");
            lost += all[one].len() - found[one].len();
        }
    }
    assert!(lost > 0, "the power took nothing away, so that nothing is shown");
}
