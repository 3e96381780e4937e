//! A pipeline goes on from a backup that was taken while it ran, exactly once.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use waterwheel::log::{FaultyDisk, MemDisk};
use waterwheel::prelude::*;

use support::sample::{CardMinutes, Large, Payments, card_minutes, expected, random_payments};
use support::{Random, append, assert_same_rows, open, read, run};

/// A copy of what there is just now.
fn back_up(store: &Store) -> MemDisk {
    let backup = MemDisk::new();
    store.backup_on(Arc::new(backup.clone()), |_| ControlFlow::Continue(())).unwrap();
    backup
}

#[test]
fn a_pipeline_goes_on_from_a_backup_that_was_taken_while_it_ran() {
    let (mut in_the_middle, mut restored_twice) = (0, 0);
    for seed in 1..=12 {
        let mut random = Random(seed * 15_485_863);
        let rows = random_payments(&mut random, 400);
        let disk = FaultyDisk::new();
        let store = open(&disk);
        append(&store, Payments, &rows[..300]);
        let options = |random: &mut Random| {
            let mut options =
                RunOptions::new().workers(random.one_of(&[1, 2])).epoch_rows(1 + random.below(6));
            options.checkpoint_interval = std::time::Duration::from_millis(random.one_of(&[0, 1, 1_000_000]));
            options.piece_bytes = random.one_of(&[1, 100, 1 << 20]);
            options
        };
        let running = options(&mut random).until_end();
        let ended = AtomicBool::new(false);
        let backups: Vec<_> = std::thread::scope(|scope| {
            scope.spawn(|| {
                run(card_minutes(5), &store, running).unwrap();
                ended.store(true, Ordering::Release);
            });
            let mut backups = vec![back_up(&store)];
            while !ended.load(Ordering::Acquire) {
                backups.push(back_up(&store));
            }
            backups
        });
        let step = (backups.len() / 5).max(1);
        for backup in backups.into_iter().step_by(step) {
            let restored = MemDisk::new();
            Store::restore_on(Arc::new(backup), Arc::new(restored.clone()), |_| ControlFlow::Continue(()))
                .unwrap();
            let copy = open(&restored);
            let written = read(&copy, CardMinutes).len() + read(&copy, Large).len();
            // Once more, from the copy.
            let second = MemDisk::new();
            Store::restore_on(Arc::new(back_up(&copy)), Arc::new(second.clone()), |_| {
                ControlFlow::Continue(())
            })
            .unwrap();
            let copy = if random.below(2) == 0 { copy } else { open(&second) };
            restored_twice += 1;
            append(&copy, Payments, &rows[300..]);
            let summary = run(card_minutes(5), &copy, options(&mut random).close()).unwrap();
            let expected = expected(&rows, 5);
            let what = format!("seed {seed}, {written} rows were there");
            assert_same_rows(read(&copy, CardMinutes), expected.minutes(), &what);
            assert_same_rows(read(&copy, Large), expected.large, &what);
            assert_eq!((summary.rows_late, summary.entries_open), (expected.late, 0), "{what}");
            in_the_middle += u32::from(written > 0);
        }
    }
    assert!(in_the_middle >= 20 && restored_twice >= 30, "{in_the_middle} {restored_twice}");
}
