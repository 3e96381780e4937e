//! A side table has an end, which is bound once: whatever is appended, crashes and comes again, it is the same until a `reset`.

use std::sync::Arc;

use waterwheel::log::{FaultyDisk, MemDisk, StoreConfig};
use waterwheel::prelude::*;
use waterwheel::{Error, Summary};

use super::{
    Click, ClicksOne, ClicksThree, Expected, LateClicks, NamedClicks, TeamMinutes, User, UsersOne, UsersTwo,
    expected, one_and_one, random_clicks, random_users, three_and_two,
};
use support::{Random, append, assert_of_use, assert_same_rows, open, read, run, seeds};

fn user(user: u64, name: &str) -> User {
    User { user, name: name.to_owned(), team: 1 }
}

fn click(user: u64, number: u64) -> Click {
    Click { page: 1, user, number, at: Timestamp::from_millis(0) }
}

fn names(store: &Store) -> Vec<(u64, Option<String>)> {
    read(store, NamedClicks).into_iter().map(|row| (row.number, row.name)).collect()
}

fn some(name: &str) -> Option<String> {
    Some(name.to_owned())
}

#[track_caller]
fn check(store: &Store, expected: &Expected, summary: &Summary, what: &str) {
    assert_same_rows(read(store, NamedClicks), expected.named.clone(), what);
    assert_same_rows(read(store, TeamMinutes), expected.minutes.clone(), what);
    assert_same_rows(read(store, LateClicks), expected.late.clone(), what);
    assert_eq!((summary.rows_late, summary.entries_open), (expected.late.len() as u64, 0), "{what}");
}

/// Settings of a run, any.
fn random_options(random: &mut Random) -> RunOptions {
    let interval = std::time::Duration::from_millis(random.one_of(&[0, 1, 1_000_000]));
    let epoch_rows = random.one_of(&[1, 5, 30, 10_000]);
    RunOptions::new()
        .workers(1 + random.below(4) as usize)
        .epoch_rows(epoch_rows)
        .checkpoint_interval(interval)
}

#[test]
fn a_loss_of_power_at_any_moment_changes_neither_the_table_nor_the_rows() {
    let (mut failed_runs, mut replayed, mut appended_to) = (0, 0, 0);
    let seeds = seeds(12);
    for seed in seeds.clone() {
        let mut random = Random(seed * 6_700_417);
        let (clicked, known) = (random_clicks(&mut random, 160), random_users(&mut random, 30));
        let expected = expected(&clicked, &known, 3);
        let mut disk = FaultyDisk::new();
        append(&open(&disk), UsersTwo, &known);
        append(&open(&disk), ClicksThree, &clicked[..100]);
        for _ in 0..5 {
            disk.power_off_at(disk.changes() + 1 + random.below(120));
            let life = || -> waterwheel::Result<Summary> {
                let store = Store::open_on(Arc::new(disk.clone()), StoreConfig::default())?;
                run(three_and_two(), &store, random_options(&mut random).until_end())
            };
            match { life }() {
                Ok(summary) => replayed += summary.epochs_replayed,
                Err(Error::Log(_)) => failed_runs += 1,
                Err(error) => panic!("seed {seed}: {error}"),
            }
            disk = disk.crash(random.number());
            let store = open(&disk);
            // Rows of the stream are out, so the table has its end.
            if !read(&store, NamedClicks).is_empty() {
                append(&store, UsersTwo, &random_users(&mut random, 10));
                appended_to += 1;
            }
        }
        let store = open(&disk);
        append(&store, ClicksThree, &clicked[100..]);
        let summary = run(three_and_two(), &store, random_options(&mut random).close()).unwrap();
        replayed += summary.epochs_replayed;
        check(&store, &expected, &summary, &format!("seed {seed}"));
    }
    let lives = seeds.count();
    assert_of_use(
        failed_runs >= lives && replayed >= lives as u64 && appended_to >= lives,
        format!(
            "{failed_runs} runs lost power, {replayed} epochs were replayed, {appended_to} times the table's topic grew"
        ),
    );
}

#[test]
fn rows_that_come_behind_the_end_are_met_after_a_reset() {
    let store = open(&MemDisk::new());
    append(&store, UsersOne, &[user(1, "Ada")]);
    append(&store, ClicksOne, &[click(1, 1), click(2, 2)]);
    run(one_and_one(), &store, RunOptions::new().until_end()).unwrap();
    append(&store, UsersOne, &[user(2, "Bob"), user(1, "Ida")]);
    append(&store, ClicksOne, &[click(2, 3), click(1, 4)]);
    let summary = run(one_and_one(), &store, RunOptions::new().until_end()).unwrap();
    assert_eq!(names(&store), [(1, some("Ada")), (2, None), (3, None), (4, some("Ada"))]);
    assert_eq!(summary.rows_read, 2, "of the table nothing more is read");
    waterwheel::Pipeline::from(one_and_one()).reset(&store).unwrap();
    run(one_and_one(), &store, RunOptions::new().until_end()).unwrap();
    assert_eq!(names(&store), [(1, some("Ida")), (2, some("Bob")), (3, some("Bob")), (4, some("Ida"))]);
}

#[test]
fn a_table_may_come_until_the_first_row_of_a_stream_is_read() {
    let store = open(&MemDisk::new());
    let summary = run(one_and_one(), &store, RunOptions::new().until_end()).unwrap();
    assert_eq!(summary.rows_read, 0);
    append(&store, UsersOne, &[user(1, "Ada")]);
    let job = waterwheel::Pipeline::from(one_and_one()).start(&store, RunOptions::new()).unwrap();
    job.wait_until_caught_up().unwrap();
    append(&store, UsersOne, &[user(2, "Bob")]);
    job.wait_until_caught_up().unwrap();
    append(&store, ClicksOne, &[click(1, 1), click(2, 2)]);
    job.wait_until_caught_up().unwrap();
    append(&store, UsersOne, &[user(1, "Ida")]);
    append(&store, ClicksOne, &[click(1, 3)]);
    job.wait_until_caught_up().unwrap();
    let progress = job.progress();
    assert_eq!(progress.offsets_done, progress.offsets_end, "what is behind the end is nobody's to read");
    job.stop().unwrap();
    assert_eq!(names(&store), [(1, some("Ada")), (2, some("Bob")), (3, some("Ada"))]);
}

#[test]
fn closed_event_time_is_not_touched_by_rows_behind_the_end() {
    let store = open(&MemDisk::new());
    append(&store, UsersOne, &[user(1, "Ada")]);
    append(&store, ClicksOne, &[click(1, 1)]);
    run(one_and_one(), &store, RunOptions::new().close()).unwrap();
    append(&store, UsersOne, &[user(2, "Bob")]);
    let summary = run(one_and_one(), &store, RunOptions::new().close()).unwrap();
    assert_eq!((summary.rows_read, summary.closed), (0, true));
    append(&store, ClicksOne, &[click(1, 2)]);
    let refused = run(one_and_one(), &store, RunOptions::new().close()).unwrap_err();
    assert!(matches!(&refused, Error::Closed { topic, .. } if topic == "clicks-one"), "{refused}");
}

#[test]
fn a_table_that_nobody_has_filled_is_empty() {
    let mut t = one_and_one().test();
    t.push(ClicksOne, click(1, 1));
    assert_eq!(t.rows(NamedClicks)[0].name, None);
    t.push(UsersOne, user(1, "Ada"));
    t.push(ClicksOne, click(1, 2));
    t.restart();
    assert_eq!(t.rows(NamedClicks)[1].name, None, "an empty table is a table, too");
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Plain {
    user: u64,
    name: Option<String>,
}

topics! {
    ByName("users-by-name"): User { key: name, partitions: 2 }
    PlainClicks("plain-clicks"): Plain { key: user }
}

#[pipeline]
fn by_another_key() {
    let named = source(ClicksOne)
        .lookup(side(ByName))
        .on(|c| c.user, |u| u.user)
        .select(|c, u| Plain { user: c.user, name: u.name });
    named.sink(PlainClicks);
}

#[test]
fn rows_of_one_key_in_two_partitions_stop_the_run_by_name() {
    let of = |name: &str| waterwheel::key::partition_of(name.as_bytes(), 2);
    let (first, second) =
        ("Ada", ["Bob", "Cy", "Di", "Ed"].into_iter().find(|name| of(name) != of("Ada")).unwrap());
    for rows in [[user(7, first), user(7, second)], [user(7, second), user(7, first)]] {
        let mut t = by_another_key().test();
        t.push_all(ByName, rows);
        t.push(ClicksOne, click(1, 1));
        let stopped = t.try_rows(PlainClicks).unwrap_err();
        let Error::UserCode { operator, at, message } = &stopped else { panic!("{stopped}") };
        assert_eq!((operator.as_str(), at.as_str()), ("named (lookup)", "key 7"));
        let said = "its side table has rows of this key in two partitions, 0 (offset 0) and 1 (offset 0), and nobody can say which of them \
                    came last: let the topic's key be what the table is looked up by";
        assert!(message.starts_with(said), "{message}");
    }
    let mut t = by_another_key().test();
    t.push_all(ByName, [user(7, first), user(8, second), user(7, first)]);
    t.push(ClicksOne, click(7, 1));
    assert_eq!(t.rows(PlainClicks), [Plain { user: 7, name: some(first) }]);
}

#[test]
fn what_it_says_of_itself() {
    let text = waterwheel::Pipeline::from(one_and_one()).explain().unwrap();
    for line in [
        "a side table: whole before the first row of any stream is read; what is appended to the topic later is met after a `reset`",
        "keeps: for each partition the end of the table and the next offset, for ever",
        "each row makes one, also if the side table has none of its key",
        "keeps: of the side table the last row of each key, whole, until a `reset`",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}
