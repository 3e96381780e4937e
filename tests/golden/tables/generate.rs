//! Makes the directories. It runs when it is asked to, and never replaces one.

use std::sync::Mutex;
use std::time::Duration;

use waterwheel::Job;
use waterwheel::log::FaultyDisk;

use super::super::archive::pack;
use super::super::generate::left_of;
use super::*;

/// `GOLDEN=3 cargo test --test golden -- --ignored writes_the_directories_of_the_tables`
#[test]
#[ignore = "it writes files; see README.md beside it"]
fn writes_the_directories_of_the_tables() {
    let version = std::env::var("GOLDEN").expect("GOLDEN says which version");
    let _file = LimitsFile::written();
    let disk = FaultyDisk::new();
    let config = StoreConfig { segment_bytes: 24 << 10, journal_bytes: 64 << 10, ..StoreConfig::default() };
    let store = Store::open_on(Arc::new(disk.clone()), config.clone()).unwrap();
    STEPS[0].append(&store);
    let job = start(&store, Duration::from_secs(3600));
    job.wait_until_caught_up().unwrap();
    job.stop().unwrap();
    STEPS[1].append(&store);

    // After every commit: what a kill in this instant would leave.
    let left: Arc<Mutex<Vec<FaultyDisk>>> = Arc::default();
    let hook = {
        let (disk, left) = (disk.clone(), left.clone());
        move || left.lock().unwrap().push(disk.copy())
    };
    let watching = store.on_commit(Arc::new(hook));
    let job = start(&store, Duration::ZERO);
    job.wait_until_caught_up().unwrap();
    drop(watching);
    job.stop().unwrap();
    store.close().unwrap();

    let is_in_the_middle = |disk: &&FaultyDisk| {
        let left = left_of(&Store::open_on(Arc::new(disk.copy()), config.clone()).unwrap(), "till");
        left.checkpoints >= 2 && left.pieces >= 5 && left.epochs >= 5
    };
    let killed = left.lock().unwrap().iter().rev().find(is_in_the_middle).map(FaultyDisk::copy);
    let killed = killed.expect("some kill leaves epochs to replay, and a checkpoint under way");
    for (name, disk) in [("closed", disk.copy()), ("killed", killed)] {
        let opened = Store::open_on(Arc::new(disk.copy()), config.clone()).unwrap();
        pack(&format!("{version}-tables-{name}"), &disk, &contents(&opened));
    }
}

/// Epochs and pieces so small that a checkpoint takes several epochs.
fn start(store: &Store, checkpoint_interval: Duration) -> Job {
    let mut options = RunOptions::new().workers(2).epoch_rows(20).checkpoint_interval(checkpoint_interval);
    options.piece_bytes = 2000;
    till().start(store, options).unwrap()
}
