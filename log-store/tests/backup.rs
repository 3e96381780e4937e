//! Backups that are taken while the log is at work, cut short, damaged, restored.

mod support;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use log_store::{
    BackupProgress, BackupReport, Disk, Error, FaultyDisk, MemDisk, Offset, PartitionId, Result, Store,
    TopicConfig,
};
use support::{Random, open, records, rounds, values};

const PARTITIONS: u32 = 3;

fn go_on(_: BackupProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn back_up(store: &Store, to: &(impl Disk + Clone + 'static)) -> Result<BackupReport> {
    store.backup_on(Arc::new(to.clone()), go_on)
}

fn restored(backup: &(impl Disk + Clone + 'static)) -> Result<MemDisk> {
    let disk = MemDisk::new();
    Store::restore_on(Arc::new(backup.clone()), Arc::new(disk.clone()), go_on)?;
    Ok(disk)
}

/// All that one can see of a store, and where its writers are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    values: BTreeMap<(String, u32), Vec<String>>,
    log_starts: BTreeMap<(String, u32), Offset>,
    properties: BTreeMap<String, Option<Vec<u8>>>,
    pinned_by: BTreeMap<String, Vec<String>>,
    sequences: BTreeMap<String, u64>,
}

impl Seen {
    fn of(store: &Store) -> Seen {
        let mut seen = Seen::default();
        for topic in store.topics() {
            let name = topic.name().to_owned();
            for number in 0..topic.partitions() {
                let (key, partition) = ((name.clone(), number), topic.partition(number).unwrap());
                seen.values.insert(key.clone(), values(&partition).unwrap());
                seen.log_starts.insert(key, partition.log_start_offset());
            }
            seen.properties.insert(name.clone(), topic.property("p"));
            seen.pinned_by.insert(name.clone(), store.pins_on(topic.id()));
            seen.sequences.insert(name, topic.writer("w").unwrap().next_sequence());
        }
        seen
    }
}

/// Changes something.
fn change(random: &mut Random, store: &Store) -> Result<()> {
    let name = ["alpha", "beta", "gamma"][random.below(3) as usize];
    let topic = match store.find_topic(name) {
        Some(topic) => topic,
        None => store.create_topic(name, TopicConfig::with_partitions(PARTITIONS))?,
    };
    let number = random.below(PARTITIONS.into()) as u32;
    let partition = topic.partition(number)?;
    let count = if random.below(6) == 0 { 150 } else { 1 + random.below(6) };
    let first = random.below(1 << 40);
    let new = records((0..count).map(|index| format!("{first} {index}")));
    match random.below(12) {
        0..4 => partition.append(new).map(drop),
        4..6 => {
            let writer = topic.writer("w")?;
            let next = writer.next_sequence();
            writer
                .append(next..next + count, [(number, new), ((number + 1) % PARTITIONS, records(["x"]))])
                .map(drop)
        }
        6..9 => {
            let mut transaction = store.begin(&store.producer("p")?)?;
            transaction.append(&partition, new)?;
            transaction.append(&topic.partition((number + 1) % PARTITIONS)?, records(["y"]))?;
            transaction.set_property(&topic, "p", format!("{first}").as_bytes());
            if random.below(4) == 0 { transaction.abort() } else { transaction.commit().map(drop) }
        }
        9 => partition
            .delete_records_before(Offset(random.below(partition.last_stable_offset().0 + 1)))
            .map(drop),
        10 => store.set_pins("reader", &[(topic.id(), PartitionId(number), partition.log_start_offset())]),
        _ if random.below(3) == 0 => store.delete_topic(name),
        _ => Ok(()),
    }
}

#[test]
fn a_restored_log_has_what_the_log_had_and_goes_on_by_itself() {
    for seed in 0..rounds("LOG_STORE_SEEDS", 40) {
        let (mut random, disk, backup) = (Random(seed), MemDisk::new(), MemDisk::new());
        let mut store = open(&disk).unwrap();
        for _ in 0..4 {
            for _ in 0..random.below(40) {
                change(&mut random, &store).unwrap();
            }
            // Somebody is in the middle of a large transaction, whose records are in the segments.
            let topic = store
                .topic("alpha")
                .or_else(|_| store.create_topic("alpha", TopicConfig::with_partitions(3)));
            let producer = store.producer("slow").unwrap();
            let mut open_one = store.begin(&producer).unwrap();
            let large = records((0..100).map(|number| format!("not yet {number}")));
            open_one.append(&topic.unwrap().partition(0).unwrap(), large).unwrap();
            let report = back_up(&store, &backup).unwrap();
            assert_eq!(report.topics, store.topics().len());
            open_one.abort().unwrap();
            let expected = Seen::of(&store);
            let again = back_up(&store, &backup).unwrap();
            assert!(again.copied_bytes < 4500, "seed {seed}: only what was aborted is new: {again:?}");

            let restored = restored(&backup).unwrap();
            let copy = open(&restored).unwrap();
            assert!(copy.recovery().damaged.is_empty(), "{:?}", copy.recovery());
            assert_eq!(Seen::of(&copy), expected, "seed {seed}");
            (0..20).for_each(|_| change(&mut random, &copy).unwrap());
            let expected = Seen::of(&copy);
            copy.close().unwrap();
            assert_eq!(Seen::of(&open(&restored).unwrap()), expected, "seed {seed}");
            if random.below(2) == 0 {
                store.close().unwrap();
                store = open(&disk).unwrap();
            }
        }
    }
}

#[test]
fn a_second_backup_copies_what_is_new_and_drops_what_is_gone() {
    let (store, backup) = (open(&MemDisk::new()).unwrap(), MemDisk::new());
    let partition = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
    for number in 0..100 {
        partition.append(records([format!("{number}")])).unwrap();
    }
    let first = back_up(&store, &backup).unwrap();
    assert!(first.segments > 1 && first.copied_bytes == first.bytes, "{first:?}");
    let nothing = back_up(&store, &backup).unwrap();
    assert_eq!((nothing.copied_bytes, nothing.bytes), (0, first.bytes));
    partition.append(records(["100"])).unwrap();
    let little = back_up(&store, &backup).unwrap();
    assert_eq!(little.copied_bytes, little.bytes - first.bytes);
    assert!(store.pins_on(partition.topic_id()).is_empty(), "nothing is kept any longer");
    // Nor what a backup kept that was killed.
    store.set_pins("__backup", &[(partition.topic_id(), PartitionId(0), Offset(0))]).unwrap();
    back_up(&store, &backup).unwrap();
    assert!(store.pins_on(partition.topic_id()).is_empty());

    partition.delete_records_before(Offset(95)).unwrap();
    let after = back_up(&store, &backup).unwrap();
    assert!(after.segments < little.segments && after.copied_bytes == 0, "{after:?}");
    let files = backup.list(Path::new("segments/0000000000000000/0")).unwrap();
    assert_eq!(files.len(), after.segments);
    store.delete_topic("t").unwrap();
    assert_eq!(back_up(&store, &backup).unwrap().bytes, 0);
    assert!(backup.list(Path::new("segments")).unwrap().is_empty());
    assert!(open(&restored(&backup).unwrap()).unwrap().topics().is_empty());
}

#[test]
fn what_is_copied_is_not_deleted_meanwhile_and_what_is_written_meanwhile_is_not_in_it() {
    let (store, backup) = (open(&MemDisk::new()).unwrap(), MemDisk::new());
    let topic = store.create_topic("t", TopicConfig::with_partitions(2)).unwrap();
    for number in 0..100 {
        topic
            .append_together([(0, records([format!("{number}")])), (1, records([format!("{number}")]))])
            .unwrap();
    }
    let before = Seen::of(&store);
    let mut disturbed = 0;
    let tell = |_| {
        disturbed += 1;
        for number in 0..2 {
            let partition = topic.partition(number).unwrap();
            assert_eq!(partition.delete_records_before(Offset(90)).unwrap(), Offset(0), "it is pinned");
            partition.append(records(["meanwhile"])).unwrap();
        }
        assert!(matches!(back_up(&store, &MemDisk::new()), Err(Error::Claimed { .. })), "one at a time");
        ControlFlow::Continue(())
    };
    store.backup_on(Arc::new(backup.clone()), tell).unwrap();
    assert!(disturbed > 5);
    assert_eq!(Seen::of(&open(&restored(&backup).unwrap()).unwrap()), before);

    // Its topic is deleted meanwhile: it begins anew, without it.
    store.create_topic("other", TopicConfig::default()).unwrap();
    let mut deleted = false;
    let tell = |_| {
        if !std::mem::replace(&mut deleted, true) {
            store.delete_topic("t").unwrap();
        }
        ControlFlow::Continue(())
    };
    let report = store.backup_on(Arc::new(MemDisk::new()), tell).unwrap();
    assert_eq!((report.topics, report.segments), (1, 0));
}

#[test]
fn a_backup_that_is_cut_short_leaves_the_earlier_one_whole() {
    let (mut random, disk) = (Random(5), MemDisk::new());
    let store = open(&disk).unwrap();
    (0..60).for_each(|_| change(&mut random, &store).unwrap());
    let healthy = FaultyDisk::new();
    back_up(&store, &healthy).unwrap();
    let earlier = Seen::of(&store);
    (0..40).for_each(|_| change(&mut random, &store).unwrap());
    let later = Seen::of(&store);
    assert_ne!(earlier, later);
    let (mut kept, mut replaced) = (0, 0);
    for moment in 0.. {
        let backup = healthy.copy();
        backup.power_off_at(moment);
        let done = back_up(&store, &backup).is_ok();
        for seed in 0..2 {
            let crashed = backup.crash(seed);
            let found = Seen::of(&open(&restored(&crashed).unwrap()).unwrap());
            assert!(found == earlier || found == later, "moment {moment}");
            assert!(!done || found == later, "moment {moment}");
            *(if found == earlier { &mut kept } else { &mut replaced }) += 1;
            // The next one makes good what this one left.
            back_up(&store, &crashed).unwrap();
            assert_eq!(Seen::of(&open(&restored(&crashed).unwrap()).unwrap()), later, "moment {moment}");
        }
        if done {
            break;
        }
    }
    assert!(kept > 20 && replaced > 1, "{kept} {replaced}");
    // The same if its caller ends it.
    let backup = healthy.copy();
    let stopped = store.backup_on(Arc::new(backup.clone()), |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(Error::Stopped)));
    assert_eq!(Seen::of(&open(&restored(&backup).unwrap()).unwrap()), earlier);
}

#[test]
fn a_log_that_went_back_to_an_earlier_state_is_copied_beside_what_is_not_its_own() {
    let fill = |store: &Store, what: &str| {
        let topic = store.topic("t").or_else(|_| store.create_topic("t", TopicConfig::default())).unwrap();
        for number in 0..15 {
            topic.append_together([(0, records([format!("{what} {number}")]))]).unwrap();
        }
    };
    let (store, early, healthy) = (open(&MemDisk::new()).unwrap(), MemDisk::new(), FaultyDisk::new());
    fill(&store, "both");
    back_up(&store, &early).unwrap();
    fill(&store, "lost");
    back_up(&store, &healthy).unwrap();
    let earlier = Seen::of(&store);
    // It was restored from the early one, and went another way.
    let other = open(&restored(&early).unwrap()).unwrap();
    fill(&other, "new, and more");
    let later = Seen::of(&other);
    let (mut kept, mut replaced) = (0, 0);
    for moment in 0.. {
        let backup = healthy.copy();
        backup.power_off_at(moment);
        let done = back_up(&other, &backup).is_ok();
        let crashed = backup.crash(moment);
        let found = Seen::of(&open(&restored(&crashed).unwrap()).unwrap());
        assert!(found == later || (found == earlier && !done), "moment {moment}");
        *(if found == earlier { &mut kept } else { &mut replaced }) += 1;
        back_up(&other, &crashed).unwrap();
        assert_eq!(Seen::of(&open(&restored(&crashed).unwrap()).unwrap()), later, "moment {moment}");
        if done {
            break;
        }
    }
    assert!(kept > 4 && replaced > 0, "{kept} {replaced}");
}

#[test]
fn a_directory_in_which_restoring_was_cut_short_is_refused_or_whole() {
    let (mut random, store, backup) = (Random(9), open(&MemDisk::new()).unwrap(), MemDisk::new());
    (0..40).for_each(|_| change(&mut random, &store).unwrap());
    back_up(&store, &backup).unwrap();
    let expected = Seen::of(&store);
    let (mut refused, mut empty, mut whole) = (0, 0, 0);
    for moment in 0.. {
        let disk = FaultyDisk::new();
        disk.power_off_at(moment);
        let done = Store::restore_on(Arc::new(backup.clone()), Arc::new(disk.clone()), go_on).is_ok();
        for seed in 0..3 {
            match open(&disk.crash(seed)) {
                Ok(store) if store.topics().is_empty() => empty += 1,
                Ok(store) => {
                    assert_eq!(Seen::of(&store), expected, "moment {moment}");
                    whole += 1;
                }
                Err(Error::NotAStore { found, .. }) => {
                    assert!(!done && found.contains("remove it, and restore again"), "{found}");
                    refused += 1;
                }
                Err(error) => panic!("moment {moment}: {error}"),
            }
        }
        if done {
            break;
        }
    }
    assert!(refused > 20 && whole >= 3 && empty < 10, "{refused} {empty} {whole}");
}

#[test]
fn any_damage_of_a_backup_is_found_when_it_is_restored() {
    let (store, backup) = (open(&MemDisk::new()).unwrap(), FaultyDisk::new());
    let topic = store.create_topic("t", TopicConfig::with_partitions(3)).unwrap();
    (0..90).for_each(|number| {
        let batch = [(0, records([format!("{number}")])), (1, records(["x"])), (2, records(["y"]))];
        topic.append_together(batch).map(drop).unwrap();
    });
    back_up(&store, &backup).unwrap();
    // Each batch is whole, and in another's place.
    let of = |part: u32| format!("segments/0000000000000000/{part}/00000000000000000000.log");
    let swapped = backup.copy();
    swapped.set_content(Path::new(&of(1)), backup.content(Path::new(&of(2))).unwrap());
    let error = restored(&swapped).err().unwrap();
    assert!(matches!(&error, Error::CorruptBackup { .. }), "{error}");
    let mut files = vec!["manifest".to_owned()];
    for number in 0..2 {
        let dir = format!("segments/0000000000000000/{number}");
        files.extend(backup.list(Path::new(&dir)).unwrap().into_iter().map(|name| format!("{dir}/{name}")));
    }
    assert!(files.len() > 3, "{files:?}");
    for file in &files {
        let bits = backup.content(Path::new(file)).unwrap().len() as u64 * 8;
        for bit in (0..bits).step_by(97) {
            let damaged = backup.copy();
            damaged.flip_bit(Path::new(file), bit);
            let error = restored(&damaged).err().unwrap_or_else(|| panic!("{file} bit {bit}"));
            assert!(matches!(&error, Error::CorruptBackup { .. }), "{file} bit {bit}: {error}");
        }
        let cut = backup.copy();
        cut.set_content(Path::new(file), vec![7; 10]);
        assert!(matches!(restored(&cut), Err(Error::CorruptBackup { .. })), "{file}");
        let missing = backup.copy();
        missing.remove_file(Path::new(file)).unwrap();
        let error = restored(&missing).err().unwrap();
        assert!(matches!(error, Error::CorruptBackup { .. } | Error::NotABackup { .. }), "{file}: {error}");
    }
}

#[test]
fn a_segment_that_is_damaged_is_told_and_the_earlier_backup_stays() {
    let (disk, backup) = (FaultyDisk::new(), MemDisk::new());
    let store = open(&disk).unwrap();
    let partition = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
    partition.append(records(["first"])).unwrap();
    back_up(&store, &backup).unwrap();
    partition.append(records(["second"])).unwrap();
    let path = Path::new("topics/0000000000000000/0/00000000000000000000.log");
    disk.flip_bit(path, disk.content(path).unwrap().len() as u64 * 8 - 20);
    let error = back_up(&store, &backup).unwrap_err();
    assert!(matches!(&error, Error::DamagedSegment { position: 1.., next: None, .. }), "{error:#?}");
    // A file that is too short is no damage of the backup's.
    disk.set_content(path, disk.content(path).unwrap()[..70].to_vec());
    let error = back_up(&store, &backup).unwrap_err();
    assert!(matches!(&error, Error::DamagedSegment { position: 70, .. }), "{error:#?}");
    let copy = open(&restored(&backup).unwrap()).unwrap();
    assert_eq!(values(&copy.topic("t").unwrap().partition(0).unwrap()).unwrap(), ["first"]);
}

#[test]
fn what_is_no_backup_or_another_logs_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let filled = |name: &str| {
        let store = Store::open(at(name)).unwrap();
        let topic = store.create_topic("t", TopicConfig::default()).unwrap();
        topic.append_together([(0, records((0..200).map(|number| format!("{name} {number}"))))]).unwrap();
        store
    };
    let (one, other) = (filled("one"), filled("other"));
    one.backup(at("backup"), go_on).unwrap();
    let error = other.backup(at("backup"), go_on).unwrap_err();
    assert!(error.to_string().contains("it has the backup of another log; name the right one"), "{error}");
    std::fs::create_dir(at("photos")).unwrap();
    std::fs::write(at("photos").join("holiday.jpg"), "").unwrap();
    for (target, said) in [
        (at("photos"), "it holds `holiday.jpg`"),
        (at("one").join("backup"), "within the data directory"),
        (at(""), "within"),
    ] {
        let error = one.backup(&target, go_on).unwrap_err();
        assert!(matches!(error, Error::NotABackup { .. }) && error.to_string().contains(said), "{error}");
    }
    assert!(matches!(Store::restore(at("photos"), at("new"), go_on), Err(Error::NotABackup { .. })));
    assert!(matches!(Store::restore(at("backup"), at("photos"), go_on), Err(Error::NotEmpty { .. })));
    assert!(matches!(Store::restore(at("backup"), at("other"), go_on), Err(Error::NotEmpty { .. })));
    Store::restore(at("backup"), at("new"), go_on).unwrap();
    assert_eq!(
        Store::open(at("new")).unwrap().topic("t").unwrap().partition(0).unwrap().high_watermark(),
        Offset(200)
    );
}

#[test]
fn it_is_one_instant_of_what_others_write_also_through_another_process_that_ends() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let owner = Store::open(at("data")).unwrap();
    let topic = owner.create_topic("t", TopicConfig::with_partitions(PARTITIONS)).unwrap();
    let stop = AtomicBool::new(false);
    let client = Store::open(at("data")).unwrap();
    let writing = Store::open(at("data")).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let topic = writing.topic("t").unwrap();
            let (writer, producer) = (topic.writer("w").unwrap(), writing.producer("p").unwrap());
            for number in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let one = || records([format!("{number}")]);
                if number % 2 == 0 {
                    let next = writer.next_sequence();
                    writer.append(next..next + 1, (0..PARTITIONS).map(|part| (part, one()))).unwrap();
                } else {
                    let mut transaction = writing.begin(&producer).unwrap();
                    for part in 0..PARTITIONS {
                        transaction.append(&topic.partition(part).unwrap(), one()).unwrap();
                    }
                    transaction.commit().unwrap();
                }
            }
        });
        let mut owner = Some(owner);
        for round in 0..6 {
            while topic.partition(0).unwrap().high_watermark() < Offset(20 * round) && owner.is_some() {
                std::thread::yield_now();
            }
            if round == 4 {
                owner.take().unwrap().close().unwrap();
            }
            client.backup(at("backup"), go_on).unwrap();
            Store::restore(at("backup"), at(&format!("restored {round}")), go_on).unwrap();
            let copy = Store::open(at(&format!("restored {round}"))).unwrap();
            let topic = copy.topic("t").unwrap();
            let all: Vec<_> =
                (0..PARTITIONS).map(|part| values(&topic.partition(part).unwrap()).unwrap()).collect();
            assert!(all.iter().all(|one| *one == all[0]), "a commit is in all partitions or in none");
            assert!(all[0].iter().enumerate().all(|(number, value)| *value == number.to_string()));
            assert_eq!(topic.writer("w").unwrap().next_sequence(), all[0].len().div_ceil(2) as u64);
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(client.pins_on(client.topic("t").unwrap().id()).is_empty());
}
