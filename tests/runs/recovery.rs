//! After a crash at any moment a run goes on as if nothing had happened, whatever its settings are then.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration as Time;

use waterwheel::aggregates::Stop;
use waterwheel::log::{FaultyDisk, MemDisk};
use waterwheel::prelude::*;
use waterwheel::{Error, Pipeline, Summary};

use support::sample::{
    CardMinute, CardMinutes, Large, Payment, Payments, card_minutes, expected, payment, random_payments,
};
use support::{Random, append, assert_same_rows, open, read, run};

/// Settings of a run, any.
fn random_options(random: &mut Random) -> RunOptions {
    let interval = Time::from_millis(random.one_of(&[0, 0, 1, 1_000_000]));
    let epoch_rows = 1 + random.one_of(&[0, 4, 30]) + random.below(10);
    let mut options = RunOptions::new().workers(random.one_of(&[1, 2, 4])).epoch_rows(epoch_rows);
    options.checkpoint_interval = interval;
    options.piece_bytes = random.one_of(&[1, 100, 1000, 1 << 20]);
    options.epochs_in_flight = 1 + random.below(5);
    options
}

#[track_caller]
fn check(store: &Store, rows: &[Payment], summary: &Summary, what: &str) {
    let expected = expected(rows, 5);
    let minutes = read(store, CardMinutes);
    assert_same_rows(minutes.clone(), expected.minutes(), what);
    assert_eq!(minutes, expected.minutes(), "{what}: the order of the rows");
    assert_same_rows(read(store, Large), expected.large, what);
    assert_eq!((summary.rows_late, summary.entries_open), (expected.late, 0), "{what}");
}

#[test]
fn a_loss_of_power_at_any_moment_changes_nothing() {
    let (mut failed_runs, mut replayed) = (0, 0);
    for seed in 1..=25 {
        let mut random = Random(seed * 6_700_417);
        let rows = random_payments(&mut random, 200);
        let mut disk = FaultyDisk::new();
        append(&open(&disk), Payments, &rows[..120]);
        let mut appended = 120;
        for _ in 0..6 {
            disk.power_off_at(disk.changes() + 1 + random.below(120));
            let life = || -> waterwheel::Result<Summary> {
                let store = Store::open_on(
                    std::sync::Arc::new(disk.clone()),
                    waterwheel::log::StoreConfig::default(),
                )?;
                run(card_minutes(5), &store, random_options(&mut random).until_end())
            };
            match { life }() {
                Ok(summary) => replayed += summary.epochs_replayed,
                Err(Error::Log(_)) => failed_runs += 1,
                Err(error) => panic!("seed {seed}: {error}"),
            }
            disk = disk.crash(random.number());
            if appended < 200 && random.below(2) == 0 {
                append(&open(&disk), Payments, &rows[appended..appended + 40]);
                appended += 40;
            }
        }
        let store = open(&disk);
        append(&store, Payments, &rows[appended..]);
        let summary = run(card_minutes(5), &store, random_options(&mut random).close()).unwrap();
        replayed += summary.epochs_replayed;
        check(&store, &rows, &summary, &format!("seed {seed}"));
    }
    assert!(
        failed_runs >= 40 && replayed >= 40,
        "{failed_runs} runs lost power, {replayed} epochs were replayed"
    );
}

/// How many rows the pipeline below still takes before it is killed.
static FUSE: AtomicI64 = AtomicI64::new(i64::MAX);

fn burn() -> bool {
    if FUSE.fetch_sub(1, Ordering::Relaxed) == 1 {
        Stop("killed".to_owned()).raise();
    }
    true
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Tag {
    tag: String,
    n: u64,
}

topics! {
    MorePayments("more-payments"): Payment { key: card, time: at, partitions: 2 }
    Tags("tags"): Tag { partitions: 2 }
    Minutes("minutes"): CardMinute { key: card, partitions: 2 }
}

/// Two sources, windows over windows, and rows made of a window's rows whose keys begin alike.
#[pipeline]
fn tangled() {
    let payments = source(Payments).lateness(10s).late_drop().filter(|_| burn());
    let more = source(MorePayments).lateness(3s).late_drop();
    let minutes =
        payments.union(more).group_by(|p| format!("card number {}", p.card)).window(tumbling(10s)).select(
            |w, p| CardMinute {
                card: max(p.card),
                from: w.start(),
                n: count(),
                total: sum(p.amount),
                fees: sum(p.fee),
                first: first(p.amount),
                last: last(p.amount),
                least: min(p.amount),
                greatest: max(p.amount),
            },
        );
    let halves = minutes
        .flat_map(|m| [1, 2].map(|half| Tag { tag: format!("{} {}", m.from, m.n), n: half * 100 + m.card }))
        .flat_map(|t| (0..t.n % 3).map(|n| Tag { tag: t.tag.clone(), n: 10 * t.n + n }).collect::<Vec<_>>());
    let per_minute = halves.group_by(|_| 0_u8).window(tumbling(1m)).select(|_, t| Tag {
        tag: first(t.tag) + &last(t.tag),
        n: 1_000_000 * count() + first(t.n) + 1000 * last(t.n),
    });
    halves.union(per_minute).sink(Tags);
    minutes.sink(Minutes);
}

#[test]
fn a_tangled_pipeline_killed_at_any_row_gives_what_it_gives_undisturbed() {
    let (mut kills, mut replayed) = (0, 0);
    for seed in 1..=12 {
        let mut random = Random(seed * 32_452_843);
        let (rows, more) = (random_payments(&mut random, 240), random_payments(&mut random, 120));
        let undisturbed = open(&MemDisk::new());
        append(&undisturbed, Payments, &rows);
        append(&undisturbed, MorePayments, &more);
        let whole = run(tangled(), &undisturbed, RunOptions::new().workers(1).close()).unwrap();

        let store = open(&MemDisk::new());
        for (rows, more) in rows.chunks(60).zip(more.chunks(30)) {
            append(&store, Payments, rows);
            append(&store, MorePayments, more);
            for _ in 0..3 {
                FUSE.store(1 + random.below(90) as i64, Ordering::Relaxed);
                let result = run(tangled(), &store, random_options(&mut random).until_end());
                FUSE.store(i64::MAX, Ordering::Relaxed);
                match result {
                    Ok(summary) => replayed += summary.epochs_replayed,
                    Err(Error::UserCode { message, .. }) if message == "killed" => kills += 1,
                    Err(error) => panic!("seed {seed}: {error}"),
                }
            }
        }
        let summary = run(tangled(), &store, random_options(&mut random).close()).unwrap();
        replayed += summary.epochs_replayed;
        assert_same_rows(read(&store, Minutes), read(&undisturbed, Minutes), format!("seed {seed}"));
        assert_same_rows(read(&store, Tags), read(&undisturbed, Tags), format!("seed {seed}"));
        assert_eq!(read(&store, Minutes), read(&undisturbed, Minutes), "seed {seed}: the order of the rows");
        assert_eq!((summary.rows_late, summary.entries_open), (whole.rows_late, 0), "seed {seed}");
    }
    assert!(kills >= 50 && replayed >= 50, "{kills} kills, {replayed} epochs were replayed");
}

#[test]
fn a_clean_stop_leaves_nothing_to_replay_and_its_windows_open() {
    let store = open(&MemDisk::new());
    append(&store, Payments, &[payment(1, 10, 0), payment(2, 20, 5)]);
    let options = || RunOptions::new().checkpoint_interval(Time::from_secs(3600));
    let summary = run(card_minutes(5), &store, options().workers(2).until_end()).unwrap();
    assert_eq!((summary.rows_read, summary.entries_open, summary.closed), (2, 2, false));
    for workers in [4, 1, 3] {
        let job = Pipeline::from(card_minutes(5)).start(&store, options().workers(workers)).unwrap();
        job.wait_until_caught_up().unwrap();
        let summary = job.stop().unwrap();
        assert_eq!(
            (summary.rows_read, summary.epochs_replayed, summary.entries_open),
            (0, 0, 2),
            "{workers} workers"
        );
    }
    let summary = run(card_minutes(5), &store, options().close()).unwrap();
    assert_eq!((summary.epochs_replayed, summary.rows_written, summary.entries_open), (0, 2, 0));
}

#[test]
fn what_no_checkpoint_needs_is_cut_off_and_the_rest_still_recovers() {
    let mut random = Random(99);
    let rows = random_payments(&mut random, 600);
    let store = open(&MemDisk::new());
    let start_of = |topic: &str| store.topic(topic).unwrap().partition(0).unwrap().log_start_offset().0;
    let mut starts = Vec::new();
    for chunk in rows.chunks(100) {
        append(&store, Payments, chunk);
        let mut options = RunOptions::new().workers(random.one_of(&[1, 2, 4])).epoch_rows(2).until_end();
        options.checkpoint_interval = Time::ZERO;
        options.piece_bytes = 300;
        run(card_minutes(5), &store, options).unwrap();
        starts.push((start_of("__card_minutes.state"), start_of("__card_minutes.epochs")));
    }
    assert!(starts.is_sorted(), "{starts:?}");
    assert!(
        starts[5].1 > starts[0].1 && starts[0].1 > 0,
        "epoch entries before the checkpoints are cut off: {starts:?}"
    );
    let summary = run(card_minutes(5), &store, RunOptions::new().workers(2).close()).unwrap();
    check(&store, &rows, &summary, "after the cuts");
}

#[test]
fn a_reset_that_a_loss_of_power_cuts_short_is_not_done_or_is_finished_by_the_next_run() {
    let rows = random_payments(&mut Random(5), 60);
    let expected = expected(&rows, 5);
    let (mut cut_short, mut kept) = (0, 0);
    for at in 0.. {
        let disk = FaultyDisk::new();
        let store = open(&disk);
        append(&store, Payments, &rows);
        run(card_minutes(5), &store, RunOptions::new().workers(1).epoch_rows(20).until_end()).unwrap();
        disk.power_off_at(disk.changes() + at);
        let reset = Pipeline::from(card_minutes(5)).reset(&store);
        drop(store);
        let store = open(&disk.crash(at));
        let summary = run(card_minutes(5), &store, RunOptions::new().workers(2).close()).unwrap();
        assert_eq!(read(&store, CardMinutes), expected.minutes(), "power off at change {at}");
        assert_same_rows(read(&store, Large), expected.large.clone(), at);
        assert_eq!((summary.rows_late, summary.entries_open), (expected.late, 0));
        match (reset, summary.rows_read) {
            (Err(_), 0) => kept += 1,
            (Err(_), 60) => cut_short += 1,
            (Ok(_), 60) => break,
            (reset, read) => panic!("power off at change {at}: {reset:?}, and {read} rows read"),
        }
    }
    assert!(cut_short > 3 && kept > 0, "{cut_short} resets were cut short, {kept} never begun");
}

#[test]
fn short_runs_cut_off_what_no_checkpoint_needs() {
    let store = open(&MemDisk::new());
    let mut replayed = 0;
    for round in 0..12 {
        append(&store, Payments, &random_payments(&mut Random(round + 1), 50));
        let job = Pipeline::from(card_minutes(5)).start(&store, RunOptions::new().epoch_rows(5)).unwrap();
        job.wait_until_caught_up().unwrap();
        let summary = job.stop().unwrap();
        replayed = replayed.max(summary.epochs_replayed);
    }
    assert_eq!(replayed, 0, "a clean stop saves its state");
    let epochs = store.topic("__card_minutes.epochs").unwrap().partition(0).unwrap();
    assert!(
        epochs.log_start_offset().0 > 0,
        "the entries of epochs before the last two checkpoints are gone"
    );
}

#[test]
fn what_is_to_be_replayed_before_the_first_checkpoint_cannot_be_deleted() {
    let store = open(&MemDisk::new());
    let rows = random_payments(&mut Random(17), 60);
    append(&store, Payments, &rows);
    let options = || RunOptions::new().checkpoint_interval(Time::from_secs(1_000_000));
    let job = Pipeline::from(card_minutes(5)).start(&store, options()).unwrap();
    job.wait_until_caught_up().unwrap();
    let topic = store.topic("payments").unwrap();
    let mut bad = waterwheel::log::RecordsBuilder::new();
    bad.push(0, None, Some(b"no payment"));
    topic.partition(0).unwrap().append(bad).unwrap();
    // Both fail before a checkpoint; the second one also replays what the first one has committed.
    assert!(matches!(job.wait_until_caught_up(), Err(Error::Undecodable { .. })));
    drop(job);
    let replays = run(card_minutes(5), &store, options().until_end()).unwrap_err();
    assert!(matches!(replays, Error::Undecodable { .. }), "{replays}");
    for number in 0..topic.partitions() {
        let partition = topic.partition(number).unwrap();
        let end = partition.last_stable_offset();
        let start = partition.delete_records_before(end).map(|start| start.0);
        assert!(end.0 > 0 && !matches!(start, Ok(1..)), "partition {number} now begins at {start:?}");
    }
}

#[pipeline]
fn paired() {
    let payments = source(Payments).lateness(10s).late_drop();
    let more = source(MorePayments).lateness(3s).late_drop();
    let pairs = payments
        .join(more)
        .on(|p| p.card, |m| m.card)
        .between(-20s..=20s)
        .select(|p, m| Tag { tag: format!("{} {}", p.at, m.at), n: p.card });
    pairs.sink(Tags);
}

/// What enters an operator is compared on replay by sums that workers and batches add up in parts: of each input its own.
#[test]
fn epochs_of_a_join_are_replayed_by_any_number_of_workers() {
    for (first, then) in [(1, 4), (4, 1), (2, 2)] {
        let mut random = Random(6_700_417);
        let (disk, rows) = (FaultyDisk::new(), random_payments(&mut random, 400));
        let store = open(&disk);
        append(&store, Payments, &rows[..200]);
        append(&store, MorePayments, &rows[200..]);
        let options = RunOptions::new().workers(first).epoch_rows(30).checkpoint_interval(Time::MAX);
        let job = Pipeline::from(paired()).start(&store, options).unwrap();
        job.wait_until_caught_up().unwrap();
        // As a kill leaves it.
        let left = open(&disk.copy());
        assert!(!read(&left, Tags).is_empty());
        let summary = run(paired(), &left, RunOptions::new().workers(then).recover_only()).unwrap();
        assert!(summary.epochs_replayed > 5, "{first}, then {then} workers: {summary:?}");
        job.stop().unwrap();
    }
}
