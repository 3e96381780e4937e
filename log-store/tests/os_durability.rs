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
