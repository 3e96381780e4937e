//! Lookups: whatever the partitions, epochs, workers and restarts, each row is given what a plain loop over the side table finds.

mod bounded;
mod chained;
mod file;
mod joined;

use std::collections::BTreeMap;

use waterwheel::Pipeline;
use waterwheel::key::partition_of;
use waterwheel::prelude::*;

use support::{Random, append, assert_of_use, assert_same_rows, by_partition, drive, every_way, read, seeds};

/// Kept by page, looked up by user: the rows of a user are in all partitions.
#[derive(Debug, Clone, PartialEq, Record)]
struct Click {
    page: u64,
    user: u64,
    number: u64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct User {
    user: u64,
    name: String,
    team: u64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Named {
    user: u64,
    number: u64,
    name: Option<String>,
    team: u64,
    at: Timestamp,
}

/// What a window behind a lookup comes to.
#[derive(Debug, Clone, PartialEq, Record)]
struct TeamMinute {
    team: u64,
    from: Timestamp,
    n: u64,
    numbers: u64,
}

topics! {
    ClicksOne("clicks-one"): Click { key: page, time: at }
    ClicksThree("clicks-three"): Click { key: page, time: at, partitions: 3 }
    UsersOne("users-one"): User { key: name }
    UsersTwo("users-two"): User { key: user, partitions: 2 }
    NamedClicks("named-clicks"): Named { key: user, time: at, partitions: 2 }
    TeamMinutes("team-minutes"): TeamMinute { key: team, time: from }
    LateClicks("late-clicks"): Click { key: user, time: at }
}

const LATENESS_MS: i64 = 3_000;

/// The team of those who are in none.
const NO_TEAM: u64 = 99;

macro_rules! looked_up {
    ($name:ident, $clicks:ident, $users:ident) => {
        #[pipeline]
        fn $name() {
            let clicks = source($clicks).lateness(3s).late_to(LateClicks);
            let named = clicks.lookup(side($users)).on(|c| c.user, |u| u.user).select(|c, u| Named {
                user: c.user,
                number: c.number,
                name: u.name,
                team: u.team.unwrap_or(NO_TEAM),
                at: c.at,
            });
            named.sink(NamedClicks);
            let minutes = named.group_by(|n| n.team).window(tumbling(10s)).select(|w, n| TeamMinute {
                team: w.key(),
                from: w.start(),
                n: count(),
                numbers: sum(n.number),
            });
            minutes.sink(TeamMinutes);
        }
    };
}

looked_up!(one_and_one, ClicksOne, UsersOne);
looked_up!(three_and_one, ClicksThree, UsersOne);
looked_up!(three_and_two, ClicksThree, UsersTwo);

fn random_clicks(random: &mut Random, count: u64) -> Vec<Click> {
    let click = |number: u64, random: &mut Random| {
        let jitter = if random.below(6) == 0 { random.below(40) } else { random.below(6) };
        let at = Timestamp::from_millis((number as i64 * 500 - jitter as i64 * 700).max(0));
        Click { page: random.below(40), user: random.below(16), number, at }
    };
    (0..count).map(|number| click(number, random)).collect()
}

/// Some users have several rows, of which the last one counts, and some have none.
fn random_users(random: &mut Random, count: u64) -> Vec<User> {
    let user = |number: u64, random: &mut Random| {
        let user = random.below(12);
        User { user, name: format!("{user} of {number}"), team: random.below(4) }
    };
    (0..count).map(|number| user(number, random)).collect()
}

/// What plain loops give.
struct Expected {
    named: Vec<Named>,
    minutes: Vec<TeamMinute>,
    late: Vec<Click>,
    /// How many users have a row.
    users: u64,
}

fn expected(clicks: &[Click], users: &[User], partitions: u32) -> Expected {
    let of = |user: u64| users.iter().rfind(|row| row.user == user);
    let named = |click: &Click| Named {
        user: click.user,
        number: click.number,
        name: of(click.user).map(|user| user.name.clone()),
        team: of(click.user).map_or(NO_TEAM, |user| user.team),
        at: click.at,
    };
    let named: Vec<Named> = clicks.iter().map(named).collect();
    let (mut greatest, mut windows, mut late) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for (click, named) in clicks.iter().zip(&named) {
        let seen: &mut i64 =
            greatest.entry(partition_of(&click.page.to_be_bytes(), partitions)).or_insert(i64::MIN);
        let watermark_before = seen.saturating_sub(LATENESS_MS);
        *seen = (*seen).max(click.at.millis());
        let from = click.at.millis() - click.at.millis().rem_euclid(10_000);
        if from + 10_000 - 1 <= watermark_before {
            late.push(click.clone());
            continue;
        }
        let (n, numbers) = windows.entry((from, named.team)).or_insert((0, 0));
        (*n, *numbers) = (*n + 1, *numbers + click.number);
    }
    let minute =
        |((from, team), (n, numbers))| TeamMinute { team, from: Timestamp::from_millis(from), n, numbers };
    let users: std::collections::BTreeSet<u64> = users.iter().map(|user| user.user).collect();
    Expected { named, minutes: windows.into_iter().map(minute).collect(), late, users: users.len() as u64 }
}

impl Expected {
    #[track_caller]
    fn assert_of_use(&self) {
        let missing = self.named.iter().filter(|named| named.name.is_none()).count();
        let of_use = missing > 20 && missing < self.named.len() - 20 && !self.late.is_empty();
        assert_of_use(
            of_use,
            format!("{missing} of {} are missing, {} late", self.named.len(), self.late.len()),
        );
    }
}

fn check_every_way(pipeline: impl Fn() -> Pipeline, clicks: u32, users: u32) {
    for seed in seeds(3) {
        let mut random = Random(seed * 7919);
        let (clicked, known) = (random_clicks(&mut random, 250), random_users(&mut random, 20));
        let expected = expected(&clicked, &known, clicks);
        expected.assert_of_use();
        let mut first = None;
        for way in every_way(seed) {
            let (store, summary) = way.run(pipeline(), |store| {
                match users {
                    1 => append(store, UsersOne, &known),
                    _ => append(store, UsersTwo, &known),
                }
                match clicks {
                    1 => append(store, ClicksOne, &clicked),
                    _ => append(store, ClicksThree, &clicked),
                }
            });
            let what = format!("seed {seed}, {way}");
            let named = read(&store, NamedClicks);
            assert_same_rows(named.clone(), expected.named.clone(), &what);
            assert_same_rows(read(&store, TeamMinutes), expected.minutes.clone(), &what);
            assert_same_rows(read(&store, LateClicks), expected.late.clone(), &what);
            assert_eq!((summary.rows_late, summary.entries_open), (expected.late.len() as u64, 0), "{what}");
            let operator = summary.operators.iter().find(|operator| operator.operator == "named (lookup)");
            let operator = operator.unwrap_or_else(|| panic!("{summary:?}"));
            let counts = (operator.rows_in, operator.rows_out, operator.entries);
            assert_eq!(counts, (270, 250, expected.users), "{what}");
            if way.is_of_one_epoch() {
                // Rows of several epochs stand one epoch behind the other.
                let of = |parity| {
                    named.iter().filter(move |row| partition_of(&row.user.to_be_bytes(), 2) == parity)
                };
                assert!(
                    of(0).is_sorted_by_key(|row| row.at) && of(1).is_sorted_by_key(|row| row.at),
                    "{what}"
                );
                assert_eq!(*first.get_or_insert(named.clone()), named, "{what}: the order of the rows");
            }
        }
    }
}

#[test]
fn lookups_of_one_partition_in_one_are_those_of_a_loop() {
    check_every_way(|| one_and_one().into(), 1, 1);
}

#[test]
fn lookups_of_three_partitions_in_one_are_those_of_a_loop() {
    check_every_way(|| three_and_one().into(), 3, 1);
}

#[test]
fn lookups_of_three_partitions_in_two_are_those_of_a_loop() {
    check_every_way(|| three_and_two().into(), 3, 2);
}

/// The table comes in pieces with restarts between. What comes into its topic once a row of the stream has been read changes nothing.
#[test]
fn any_interleaving_and_any_restarts_give_what_a_loop_gives() {
    for seed in seeds(20) {
        let mut random = Random(seed * 15_485_863);
        let (clicked, known) = (random_clicks(&mut random, 150), random_users(&mut random, 20));
        let expected = expected(&clicked, &known, 3);
        let mut t = three_and_two().test();
        for piece in known.chunks(1 + random.below(20) as usize) {
            t.push_all(UsersTwo, piece.to_vec());
            match random.below(3) {
                0 => t.restart(),
                1 => assert_eq!(t.rows(NamedClicks), []),
                _ => {}
            }
        }
        let others = random_users(&mut random, 6);
        let logs = by_partition(&clicked, 3, |click| partition_of(&click.page.to_be_bytes(), 3));
        let mut t = drive(t, &mut random, logs, |t, rows| {
            let is_any = !rows.is_empty();
            t.push_all(ClicksThree, rows);
            if is_any {
                t.late();
                t.push_all(UsersTwo, others.clone());
            }
        });
        let what = format!("seed {seed}");
        assert_same_rows(t.rows(NamedClicks), expected.named, &what);
        assert_same_rows(t.rows(TeamMinutes), expected.minutes, &what);
        assert_same_rows(t.rows(LateClicks), expected.late.clone(), &what);
        assert_eq!(t.late(), expected.late.len() as u64, "{what}");
    }
}
