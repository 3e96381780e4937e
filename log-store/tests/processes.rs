//! Several processes on one directory, as processes: each test calls this program again, for the others.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use log_store::{Error, Offset, Partition, RecordsBuilder, Store, StoreConfig, TopicConfig};
use rustix::process::Signal;

use support::Random;

/// Tells a child which directory it has; with it, the test `child` obeys what comes over its standard input.
const DIR: &str = "LOG_STORE_TEST_DIR";
const SILENT_AFTER: &str = "LOG_STORE_TEST_SILENT_MS";
const PATIENCE: &str = "LOG_STORE_TEST_PATIENCE_MS";

/// Another process, which does one thing after another as it is told.
struct Other {
    child: Child,
    say: ChildStdin,
    /// Unless another thread hears it.
    hear: Option<BufReader<ChildStdout>>,
}

impl Other {
    fn begin(dir: &Path) -> Other {
        Other::begin_with(dir, &[])
    }

    fn begin_with(dir: &Path, environment: &[(&str, &str)]) -> Other {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture", "--quiet"])
            .env(DIR, dir)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (say, hear) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut other = Other { child, say, hear: Some(hear) };
        assert_eq!(other.heard(), "open");
        other
    }

    /// Has it do something, and gives what it says then.
    #[track_caller]
    fn does(&mut self, what: &str) -> String {
        self.is_told(what);
        self.heard()
    }

    #[track_caller]
    fn is_told(&mut self, what: &str) {
        writeln!(self.say, "{what}").unwrap();
    }

    #[track_caller]
    fn heard(&mut self) -> String {
        let hear = self.hear.as_mut().expect("nobody else hears it");
        loop {
            let mut line = String::new();
            assert!(hear.read_line(&mut line).unwrap() > 0, "the process ended");
            // The rest is the test harness's.
            if let Some((_, said)) = line.split_once("> ") {
                return said.trim_end().to_owned();
            }
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The other process, when this program is called for one; else nothing.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let milliseconds = |name: &str| Some(Duration::from_millis(std::env::var(name).ok()?.parse().unwrap()));
    let mut config = StoreConfig::default();
    config.silent_after = milliseconds(SILENT_AFTER).unwrap_or(config.silent_after);
    config.patience = milliseconds(PATIENCE).unwrap_or(config.patience);
    let store = Store::open_with(dir, config).unwrap();
    println!("> open");
    let mut claims = Vec::new();
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let words: Vec<_> = line.split(' ').collect();
        let said = obey(&store, &mut claims, &words);
        println!("> {}", said.unwrap_or_else(|error| format!("{error:?}")));
    }
}

fn obey(store: &Store, claims: &mut Vec<log_store::Claim>, words: &[&str]) -> log_store::Result<String> {
    Ok(match *words {
        ["create", name] => {
            store.create_topic(name, TopicConfig::with_partitions(2))?;
            "created".to_owned()
        }
        ["append", value] => partition(store, 0)?.append(one(value))?.to_string(),
        // Says each number once it is acknowledged.
        ["count", from, upto] => {
            let partition = partition(store, 0)?;
            for number in from.parse::<u64>().unwrap()..upto.parse().unwrap() {
                partition.append(one(&number.to_string()))?;
                println!("> {number}");
            }
            "counted".to_owned()
        }
        ["transact", producer, value] => transact(store, producer, value)?,
        ["read"] => values(&partition(store, 0)?, Offset(0)).join(" "),
        ["wait", offset] => {
            let offset = Offset(offset.parse().unwrap());
            partition(store, 0)?.wait_beyond(offset, Duration::from_secs(60)).to_string()
        }
        ["claim", name] => {
            claims.push(store.claim(name)?);
            "claimed".to_owned()
        }
        ["check"] => {
            claims.iter().try_for_each(log_store::Claim::check)?;
            "held".to_owned()
        }
        ["write", name] => write(store, name)?,
        ["owner"] => store.processes()?.owner.id.to_string(),
        ["close"] => {
            store.clone().close()?;
            "closed".to_owned()
        }
        _ => panic!("no such order: {words:?}"),
    })
}

/// Goes on where the log has the writer's numbers to, one append or transaction after another, and says each that is
/// acknowledged.
fn write(store: &Store, name: &str) -> log_store::Result<String> {
    // Free when nothing is under way any more of a process that had it and was killed: what that one asked for last may be in
    // the owner's hands still.
    let _claim = at_last(|| store.claim(name).ok());
    let partitions = [partition(store, 0)?, partition(store, 1)?];
    let last = numbers_of(&values(&partitions[0], Offset(0)), name).last().copied();
    let producer = store.producer(name)?;
    for number in last.map_or(0, |last| last + 1).. {
        let value = format!("{name}:{number}");
        if number % 2 == 0 {
            partitions[0].append(one(&value))?;
        } else {
            let mut transaction = store.begin(&producer)?;
            partitions.iter().try_for_each(|partition| transaction.append(partition, one(&value)))?;
            transaction.commit()?;
        }
        println!("> {value}");
    }
    unreachable!("numbers do not end")
}

/// The numbers among some values that a writer wrote.
fn numbers_of(values: &[String], name: &str) -> Vec<u64> {
    let own = values.iter().filter_map(|value| value.strip_prefix(name)?.strip_prefix(':'));
    own.map(|number| number.parse().unwrap()).collect()
}

fn transact(store: &Store, producer: &str, value: &str) -> log_store::Result<String> {
    let mut transaction = store.begin(&store.producer(producer)?)?;
    for number in 0..2 {
        transaction.append(&partition(store, number)?, one(value))?;
    }
    let ranges = transaction.commit()?;
    Ok(ranges.iter().map(|range| format!("{}..{}", range.2, range.3)).collect::<Vec<_>>().join(" "))
}

fn partition(store: &Store, number: u32) -> log_store::Result<Partition> {
    store.topic("orders")?.partition(number)
}

fn one(value: &str) -> RecordsBuilder {
    let mut records = RecordsBuilder::new();
    records.push(0, None, Some(value.as_bytes()));
    records
}

fn values(partition: &Partition, from: Offset) -> Vec<String> {
    let mut scan = partition.scan(from, Offset(u64::MAX));
    let mut values = Vec::new();
    while let Some(record) = scan.next().unwrap() {
        values.push(String::from_utf8_lossy(record.value.unwrap()).into_owned());
    }
    values
}

#[test]
fn what_one_process_appends_the_others_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let (mut second, mut third) = (Other::begin(dir.path()), Other::begin(dir.path()));
    assert_eq!(second.does("create orders"), "created");
    let orders = partition(&store, 0).unwrap();
    assert_eq!(orders.append(one("a")).unwrap(), Offset(0));
    assert_eq!(second.does("append b"), "1");
    assert_eq!(third.does("append c"), "2");
    assert_eq!(orders.append(one("d")).unwrap(), Offset(3));
    for reader in [&mut second, &mut third] {
        assert_eq!(reader.does("wait 3"), "true");
        assert_eq!(reader.does("read"), "a b c d");
        assert_eq!(reader.does("owner"), std::process::id().to_string());
    }
    assert_eq!(values(&orders, Offset(0)), ["a", "b", "c", "d"]);
    assert_eq!(second.does("transact p e"), "4..5 0..1");
    assert_eq!(store.topic("orders").unwrap().snapshot(), [Offset(0)..Offset(6), Offset(0)..Offset(2)]);
    assert!(second.does("create orders").contains("exists already"));
    let processes = store.processes().unwrap();
    let mut clients: Vec<_> = processes.clients.iter().map(|client| client.id).collect();
    clients.sort_unstable();
    let mut children = [second.child.id(), third.child.id()];
    children.sort_unstable();
    assert_eq!(clients, children);
    assert!(processes.clients[0].command.contains("child"), "{processes:?}");
}

#[test]
fn when_the_owner_is_killed_another_takes_its_place_and_nothing_acknowledged_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let mut owner = Other::begin(dir.path());
    assert_eq!(owner.does("create orders"), "created");
    let mut counter = Other::begin(dir.path());
    counter.is_told("count 0 400");
    let store = Store::open(dir.path()).unwrap();
    let orders = partition(&store, 0).unwrap();
    assert_eq!(store.processes().unwrap().owner.id, owner.child.id());
    // In the middle of it.
    assert!(orders.wait_beyond(Offset(20), Duration::from_secs(60)));
    owner.kill();
    let acknowledged: Vec<_> =
        std::iter::from_fn(|| Some(counter.heard()).filter(|said| said != "counted")).collect();
    let expected: Vec<_> = (0..400).map(|number| number.to_string()).collect();
    assert_eq!(acknowledged, expected);
    assert_eq!(counter.does("read"), expected.join(" "));
    assert!(orders.wait_beyond(Offset(399), Duration::from_secs(60)));
    assert_eq!(values(&orders, Offset(0)), expected);
    let owner = store.processes().unwrap().owner.id;
    assert!([std::process::id(), counter.child.id()].contains(&owner));
}

#[test]
fn who_has_a_directory_alone_does_not_share_it() {
    let dir = tempfile::tempdir().unwrap();
    let alone = Store::open_exclusive(dir.path()).unwrap();
    let refused = Store::open(dir.path()).err().unwrap();
    assert!(matches!(refused, Error::Locked { .. }), "{refused}");
    alone.close().unwrap();
    let shared = Store::open(dir.path()).unwrap();
    let refused = Store::open_exclusive(dir.path()).err().unwrap();
    assert!(matches!(refused, Error::Locked { .. }), "{refused}");
    drop(shared);
}

/// Tries until it succeeds, for a minute at most.
#[track_caller]
fn at_last<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(done) = attempt() {
            return done;
        }
        assert!(Instant::now() < end, "not within a minute");
        std::thread::yield_now();
    }
}

#[test]
fn a_stopped_owner_is_waited_for_and_nobody_else_writes() {
    let dir = tempfile::tempdir().unwrap();
    let mut owner = Other::begin(dir.path());
    assert_eq!(owner.does("create orders"), "created");
    let config = StoreConfig { patience: Duration::from_millis(700), ..StoreConfig::default() };
    let store = Store::open_with(dir.path(), config.clone()).unwrap();
    let orders = partition(&store, 0).unwrap();
    orders.append(one("a")).unwrap();
    owner.signal(Signal::STOP);
    let silent = orders.append(one("b")).unwrap_err();
    assert!(matches!(silent, Error::OwnerSilent { .. }), "{silent}");
    assert!(silent.to_string().contains(&format!("process {} (`", owner.child.id())), "{silent}");
    // A third finds it locked, and is not let in.
    let silent = Store::open_with(dir.path(), config).err().unwrap();
    assert!(matches!(silent, Error::OwnerSilent { .. }), "{silent}");
    assert_eq!(values(&orders, Offset(0)), ["a"], "reading goes on");
    owner.signal(Signal::CONT);
    assert!(orders.wait_beyond(Offset(1), Duration::from_secs(60)), "what was asked for was done after all");
    assert_eq!(orders.append(one("c")).unwrap(), Offset(2));
    assert_eq!(owner.does("read"), "a b c");
}

#[test]
fn a_stopped_client_loses_what_it_claimed_to_who_asks_and_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let config = StoreConfig { silent_after: Duration::from_millis(2500), ..StoreConfig::default() };
    let store = Store::open_with(dir.path(), config).unwrap();
    let mut client = Other::begin(dir.path());
    assert_eq!(client.does("claim job"), "claimed");
    let refused = store.claim("job").unwrap_err().to_string();
    assert!(
        refused.starts_with(&format!(
            "job is already under way on this store, by process {} (`",
            client.child.id()
        )),
        "{refused}"
    );
    assert!(
        refused.contains("`), which began ") && refused.ends_with(" ago; wait for it to end, or stop it"),
        "{refused}"
    );
    assert_eq!(store.processes().unwrap().clients[0].claims, ["job"]);
    client.signal(Signal::STOP);
    let claim = at_last(|| store.claim("job").ok());
    client.signal(Signal::CONT);
    let told = at_last(|| Some(client.does("check")).filter(|said| said != "held"));
    assert!(told.contains("job was taken over by another process"), "{told}");
    claim.check().unwrap();
    let refused = client.does("claim job");
    assert!(
        refused.contains(&format!("already under way on this store, by process {} (`", std::process::id())),
        "{refused}"
    );
    drop(claim);
    assert_eq!(client.does("claim job"), "claimed");
}

#[test]
fn what_a_process_has_claimed_is_free_when_it_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let mut client = Other::begin(dir.path());
    assert_eq!(client.does("claim job"), "claimed");
    client.kill();
    at_last(|| store.claim("job").ok());
    at_last(|| Some(()).filter(|()| store.processes().unwrap().clients.is_empty()));
}

#[test]
fn after_a_kill_only_what_another_living_process_had_claimed_is_kept_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut owner = Other::begin(dir.path());
    assert_eq!(owner.does("claim of-the-owner"), "claimed");
    let mut gone = Other::begin(dir.path());
    assert_eq!(gone.does("claim of-one-that-is-gone"), "claimed");
    let mut client = Other::begin(dir.path());
    assert_eq!(client.does("claim of-the-client"), "claimed");
    client.signal(Signal::STOP);
    gone.kill();
    owner.kill();
    let store = Store::open(dir.path()).unwrap();
    // Somebody waits for the client's, and meanwhile the others can be had.
    let waits = thread::spawn({
        let store = store.clone();
        move || store.claim("of-the-client").map(drop)
    });
    let free = ["of-the-owner", "of-one-that-is-gone", "new"].map(|name| store.claim(name).unwrap());
    client.signal(Signal::CONT);
    assert!(matches!(waits.join().unwrap(), Err(Error::Claimed { .. })));
    assert!(matches!(store.claim("of-the-client").err(), Some(Error::Claimed { .. })));
    assert_eq!(client.does("check"), "held");
    drop(free);
}

#[test]
fn what_is_claimed_while_the_owner_goes_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..24 {
        let mut owner = Other::begin(dir.path());
        let mut client = Other::begin(dir.path());
        client.is_told("claim job");
        (0..round * 4_000).for_each(|_| std::hint::spin_loop());
        // It hands over, or is killed, before it is asked, meanwhile, or afterwards.
        if round % 2 == 0 {
            assert_eq!(owner.does("close"), "closed")
        } else {
            owner.kill()
        }
        assert_eq!(client.heard(), "claimed");
        let store = Store::open(dir.path()).unwrap();
        assert!(matches!(store.claim("job").err(), Some(Error::Claimed { .. })), "round {round}");
        assert_eq!(client.does("check"), "held", "round {round}");
    }
}

#[test]
fn an_owner_that_closes_hands_over_in_the_middle_of_appends() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let orders = store.create_topic("orders", TopicConfig::with_partitions(2)).unwrap().partition(0).unwrap();
    let mut counter = Other::begin(dir.path());
    assert_eq!(counter.does("claim job"), "claimed");
    counter.is_told("count 0 300");
    assert!(orders.wait_beyond(Offset(50), Duration::from_secs(60)));
    drop(orders);
    store.close().unwrap();
    let said: Vec<_> = (0..=300).map(|_| counter.heard()).collect();
    let expected: Vec<_> = (0..300).map(|number| number.to_string()).collect();
    assert_eq!((&said[..300], &*said[300]), (&expected[..], "counted"));
    assert_eq!(counter.does("owner"), counter.child.id().to_string());
    assert_eq!(counter.does("check"), "held", "it has claimed it again");
    let store = Store::open(dir.path()).unwrap();
    assert!(matches!(store.claim("job").err(), Some(Error::Claimed { .. })));
    assert_eq!(values(&partition(&store, 0).unwrap(), Offset(0)), expected);
}

/// A process that writes until it is killed, and a thread that hears what was acknowledged to it.
struct Writing {
    name: String,
    other: Other,
    hearing: JoinHandle<()>,
}

impl Writing {
    fn begin(dir: &Path, name: &str, acknowledged: &Sender<String>) -> Writing {
        let mut other = Other::begin(dir);
        other.is_told(&format!("write {name}"));
        let mut hear = other.hear.take().expect("nobody else hears it");
        let acknowledged = acknowledged.clone();
        let hearing = std::thread::spawn(move || {
            let mut line = String::new();
            // What is cut at its end was not said.
            while hear.read_line(&mut line).is_ok_and(|read| read > 0) && line.ends_with('\n') {
                if let Some((_, said)) = line.trim_end().split_once("> ") {
                    acknowledged.send(said.to_owned()).unwrap();
                }
                line.clear();
            }
        });
        Writing { name: name.to_owned(), other, hearing }
    }

    /// Kills it, when all that was acknowledged to it is heard.
    fn kill(self) -> String {
        self.other.kill();
        self.hearing.join().unwrap();
        self.name
    }
}

/// Kills and stops writers at random, of which one owns the directory.
fn kill_at_random(kills: u64, seed: u64) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    store.create_topic("orders", TopicConfig::with_partitions(2)).unwrap();
    store.close().unwrap();
    let (acknowledge, acknowledged) = std::sync::mpsc::channel();
    let mut writers: Vec<_> =
        ["a", "b", "c"].map(|name| Writing::begin(dir.path(), name, &acknowledge)).into_iter().collect();
    let (mut random, mut heard, mut owners) = (Random(seed), Vec::new(), 0);
    for kill in 0..kills {
        for _ in 0..random.below(60) {
            heard.push(acknowledged.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| {
                panic!("nothing is acknowledged any more; seed {seed}, kill {kill}");
            }));
        }
        let lock = std::fs::read_to_string(dir.path().join("LOCK")).unwrap();
        let owner = writers.iter().position(|writer| writer.other.child.id().to_string() == lock.trim());
        let victim = match owner {
            Some(owner) if random.below(2) == 0 => owner,
            _ => random.below(writers.len() as u64) as usize,
        };
        if random.below(3) == 0 {
            writers[victim].other.signal(Signal::STOP);
            // If it is not the owner, the others go on.
            (0..20).for_each(|_| heard.extend(acknowledged.recv_timeout(Duration::from_millis(20))));
            writers[victim].other.signal(Signal::CONT);
            continue;
        }
        owners += u64::from(owner == Some(victim));
        let name = writers.swap_remove(victim).kill();
        writers.push(Writing::begin(dir.path(), &name, &acknowledge));
    }
    writers.into_iter().for_each(|writer| drop(writer.kill()));
    heard.extend(acknowledged.try_iter());
    assert!(owners >= kills / 5, "{owners} of {kills} hit the owner");

    let store = Store::open(dir.path()).unwrap();
    let partitions = [0, 1].map(|number| values(&partition(&store, number).unwrap(), Offset(0)));
    for name in ["a", "b", "c"] {
        let (found, told) = (numbers_of(&partitions[0], name), numbers_of(&heard, name));
        let expected: Vec<_> = (0..found.len() as u64).collect();
        let wrong = found.iter().zip(&expected).position(|(found, expected)| found != expected);
        let around = wrong.map(|at| &found[at.saturating_sub(3)..found.len().min(at + 3)]);
        assert_eq!(around, None, "each once, in order; seed {seed}, writer {name}");
        assert!(told.last() < Some(&(found.len() as u64)), "nothing acknowledged is lost; seed {seed}");
        assert!(told.is_sorted() && told.len() > 2, "seed {seed}: {told:?}");
        let odd: Vec<_> = expected.into_iter().filter(|number| number % 2 == 1).collect();
        assert_eq!(numbers_of(&partitions[1], name), odd, "whole transactions; seed {seed}");
    }
    eprintln!("{kills} kills and stops, {owners} of the owner, {} values", partitions[0].len());
}

/// `LOG_STORE_TEST_KILLS=300 cargo test -p log-store --test processes at_random -- --nocapture` does more of it.
#[test]
fn processes_that_are_killed_and_stopped_at_random_lose_nothing_and_write_nothing_twice() {
    let kills = std::env::var("LOG_STORE_TEST_KILLS").map_or(24, |kills| kills.parse().unwrap());
    let seed = std::env::var("LOG_STORE_TEST_SEED").map_or(1, |seed| seed.parse().unwrap());
    kill_at_random(kills, seed);
}

#[test]
fn the_lock_of_one_that_was_killed_and_is_not_gone_yet_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    Store::open(dir.path()).unwrap().close().unwrap();
    let mut killed = Command::new("true").spawn().unwrap();
    killed.wait().unwrap();
    // As of one whose thread is in the middle of a sync when it is killed: its process has ended, and its files are open still.
    let lock = std::fs::File::options().read(true).write(true).open(dir.path().join("LOCK")).unwrap();
    lock.try_lock().unwrap();
    std::fs::write(dir.path().join("LOCK"), format!("{}\n", killed.id())).unwrap();
    let (opened, is_open) = std::sync::mpsc::channel();
    let path = dir.path().to_owned();
    let opens = thread::spawn(move || {
        let store = Store::open(path);
        opened.send(()).unwrap();
        store
    });
    // Longer than one is waited for that has the directory alone.
    assert!(is_open.recv_timeout(Duration::from_millis(3000)).is_err(), "it is told that it is locked");
    lock.unlock().unwrap();
    opens.join().unwrap().unwrap();
}
