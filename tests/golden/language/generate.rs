//! Makes the directories. It runs when it is asked to, and never replaces one.

use std::sync::Mutex;
use std::time::Duration;

use waterwheel::Job;
use waterwheel::log::FaultyDisk;

use super::super::archive::pack;
use super::super::generate::left_of;
use super::*;

/// `GOLDEN=3 cargo test --test golden -- --ignored writes_the_directories_of_the_language`
#[test]
#[ignore = "it writes files; see README.md beside it"]
fn writes_the_directories_of_the_language() {
    let version = std::env::var("GOLDEN").expect("GOLDEN says which version");
    let (disk, clock) = (FaultyDisk::new(), Arc::new(ByHand::default()));
    clock.set(&STEPS[0]);
    let config = StoreConfig {
        clock: clock.clone(),
        segment_bytes: 24 << 10,
        journal_bytes: 64 << 10,
        ..StoreConfig::default()
    };
    let store = Store::open_on(Arc::new(disk.clone()), config.clone()).unwrap();
    STEPS[0].append(&store);
    let jobs = start(&store, Duration::from_secs(3600));
    jobs.iter().for_each(|job| job.wait_until_caught_up().unwrap());
    // The second partition of the ticks is idle from here on.
    clock.set(&STEPS[1]);
    STEPS[1].append(&store);
    jobs.iter().for_each(|job| job.wait_until_caught_up().unwrap());
    jobs.into_iter().for_each(|job| drop(job.stop().unwrap()));
    clock.set(&STEPS[2]);
    STEPS[2].append(&store);

    // After every commit: what a kill in this instant would leave.
    let left: Arc<Mutex<Vec<FaultyDisk>>> = Arc::default();
    let hook = {
        let (disk, left) = (disk.clone(), left.clone());
        move || left.lock().unwrap().push(disk.copy())
    };
    let watching = store.on_commit(Arc::new(hook));
    let jobs = start(&store, Duration::ZERO);
    jobs.iter().for_each(|job| job.wait_until_caught_up().unwrap());
    drop(watching);
    jobs.into_iter().for_each(|job| drop(job.stop().unwrap()));
    store.close().unwrap();

    let is_in_the_middle = |disk: &&FaultyDisk| {
        let store = Store::open_on(Arc::new(disk.copy()), config.clone()).unwrap();
        // What `ticker` keeps is too little for a checkpoint of many epochs.
        [("market", 5), ("ticker", 0), ("freight", 5)].into_iter().all(|(pipeline, pieces)| {
            let left = left_of(&store, pipeline);
            left.checkpoints >= 1 && left.pieces >= pieces && left.epochs >= 5
        })
    };
    let killed = left.lock().unwrap().iter().rev().find(is_in_the_middle).map(FaultyDisk::copy);
    let killed = killed.expect("some kill leaves epochs to replay, and a checkpoint under way");
    for (name, disk) in [("closed", disk.copy()), ("killed", killed)] {
        let opened = Store::open_on(Arc::new(disk.copy()), config.clone()).unwrap();
        pack(&format!("{version}-language-{name}"), &disk, &contents(&opened));
    }
}

/// Epochs and pieces so small that a checkpoint takes several epochs.
fn start(store: &Store, checkpoint_interval: Duration) -> Vec<Job> {
    let options = |epoch_rows, piece_bytes| {
        let mut options =
            RunOptions::new().workers(2).epoch_rows(epoch_rows).checkpoint_interval(checkpoint_interval);
        options.piece_bytes = piece_bytes;
        options
    };
    let options = [options(12, 1200), options(6, 40), options(12, 150)];
    pipelines()
        .into_iter()
        .zip(options)
        .map(|(pipeline, options)| pipeline.start(store, options).unwrap())
        .collect()
}
