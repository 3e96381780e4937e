//! Topics whose acknowledgements do not wait for the disk.

mod support;

use std::time::Duration;

use log_store::{Durability, FaultyDisk, Offset, TopicConfig};
use support::{open, records, rounds, values};

fn lazy() -> TopicConfig {
    TopicConfig { durability: Durability::Os, ..TopicConfig::default() }
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
