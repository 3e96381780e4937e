//! Consumer groups at random, over sockets: members in three stores on one directory come, go, fall silent and come back, the owner changes,
//! partitions are added; against what a group promises.
//!
//! `LOG_STORE_GROUP_COURSES=300` does so many courses, `LOG_STORE_GROUP_SEED=7` begins with that one: a failure names its seed.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use log_store::{
    Consumer, ConsumerConfig, Error, Offset, Partition, RecordsBuilder, Store, StoreConfig, TopicConfig,
};
use support::{Random, rounds};
use tempfile::TempDir;

const GROUPS: [(&str, &[&str]); 2] = [("billing", &["orders", "payments"]), ("stock", &["orders"])];
const PATIENCE: Duration = Duration::from_secs(60);

/// Who does not poll for so long is out of the group; much longer than a round of polls takes on a busy machine.
const SILENT: Duration = Duration::from_millis(400);

const PARTITIONS_MAX: u32 = 5;

/// A group's place in the log: the group, a topic, a partition.
type Place = (&'static str, String, u32);

type Checked<T = ()> = Result<T, String>;

struct Member {
    number: u64,
    who: usize,
    group: &'static str,
    instance: Option<String>,
    /// It is not polled.
    is_silent: bool,
    consumer: Consumer,
    /// What it knows to be committed: it commits what differs.
    knows: BTreeMap<Place, u64>,
}

struct Course {
    dir: TempDir,
    random: Random,
    stores: [Option<Store>; 3],
    members: Vec<Member>,
    last_member: u64,
    /// How many records each partition has.
    ends: BTreeMap<(String, u32), u64>,
    committed: BTreeMap<Place, u64>,
    /// Who has a partition, as far as it was told, by their numbers.
    holders: BTreeMap<Place, BTreeSet<u64>>,
    /// Holders that have not heard yet that a partition is another's: those of whom that is sure.
    unaware: BTreeSet<(Place, u64)>,
    /// Before which offset everything was given, and what was committed by whom was given to somebody of the group.
    read: BTreeMap<Place, BTreeSet<u64>>,
    /// What was written together with offsets.
    bills: Vec<String>,
    seen: BTreeMap<&'static str, u64>,
    steps: Vec<String>,
    /// How many static members each group has had.
    statics: BTreeMap<&'static str, u32>,
}

fn place(group: &'static str, partition: &Partition) -> Place {
    (group, partition.topic_name().to_owned(), partition.id().0)
}

fn one(value: &str) -> RecordsBuilder {
    let mut records = RecordsBuilder::new();
    records.push(0, None, Some(value.as_bytes()));
    records
}

impl Course {
    fn new(seed: u64) -> Course {
        let memory = Path::new("/dev/shm");
        let root = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let mut course = Course {
            dir: TempDir::new_in(root).unwrap(),
            random: Random(seed),
            stores: [None, None, None],
            members: Vec::new(),
            last_member: 0,
            ends: BTreeMap::new(),
            committed: BTreeMap::new(),
            holders: BTreeMap::new(),
            unaware: BTreeSet::new(),
            read: BTreeMap::new(),
            bills: Vec::new(),
            seen: BTreeMap::new(),
            steps: Vec::new(),
            statics: BTreeMap::new(),
        };
        course.open(0);
        for (name, partitions) in [("orders", 2), ("payments", 2), ("bills", 1)] {
            course.store(0).create_topic(name, TopicConfig::with_partitions(partitions)).unwrap();
            course.ends.extend((0..partitions).map(|number| ((name.to_owned(), number), 0)));
        }
        course.open(1);
        course.open(2);
        course
    }

    fn run(&mut self) -> Checked {
        for _ in 0..3 {
            for _ in 0..50 {
                let who = self.random.below(3) as usize;
                let done = if self.stores[who].is_none() {
                    self.open(who);
                    Ok("open")
                } else {
                    self.step(who)
                };
                self.steps.push(format!("{who}: {done:?}"));
                *self.seen.entry(done?).or_default() += 1;
            }
            self.settle()?;
        }
        Ok(())
    }

    fn step(&mut self, who: usize) -> Checked<&'static str> {
        match self.random.below(40) {
            0..5 => self.join(who),
            5 => Ok(self.leave()),
            6 => self.close(who),
            8..14 => self.append(who),
            14 => self.add_partitions(who),
            15..18 => self.fall_silent(),
            18..23 => self.commit(),
            23..26 => self.commit_with_records(),
            _ => self.poll_any(),
        }
    }

    fn open(&mut self, who: usize) {
        let config = StoreConfig {
            patience: PATIENCE,
            // Members of a store that is closed are of this very process, which is there for the next owner.
            silent_after: Duration::from_millis(200),
            retention_interval: Duration::ZERO,
            sync_threads: 1,
            ..StoreConfig::default()
        };
        self.stores[who] =
            Some(Store::open_with(self.dir.path(), config).expect("the directory is there to be opened"));
    }

    fn store(&self, who: usize) -> Store {
        self.stores[who].clone().expect("it is open")
    }

    fn join(&mut self, who: usize) -> Checked<&'static str> {
        let (group, topics) = GROUPS[self.random.below(2) as usize];
        if self.members.iter().filter(|member| member.group == group).count() == 4 {
            return Ok("nothing");
        }
        let instance = (self.random.below(5) == 0).then(|| "static".to_owned());
        let config = ConsumerConfig {
            group_instance_id: instance.clone(),
            heartbeat_interval: Duration::from_millis(10),
            session_timeout: Duration::from_millis(1000),
            max_poll_interval: SILENT,
            max_poll_records: 7,
            ..ConsumerConfig::default()
        };
        let consumer = self.store(who).consumer(group, topics, config).map_err(|error| error.to_string())?;
        self.last_member += 1;
        *self.statics.entry(group).or_default() += u32::from(instance.is_some());
        let number = self.last_member;
        self.members.push(Member {
            number,
            who,
            group,
            instance,
            is_silent: false,
            consumer,
            knows: BTreeMap::new(),
        });
        Ok("join")
    }

    fn leave(&mut self) -> &'static str {
        let Some(at) = self.any_member() else { return "nothing" };
        let member = self.members.swap_remove(at);
        if self.random.below(2) == 0 {
            member.consumer.leave();
            return "leave";
        }
        drop(member);
        "drop"
    }

    /// Whoever works through it is cut off, and its members with it.
    fn close(&mut self, who: usize) -> Checked<&'static str> {
        let gone: Vec<_> = self.members.extract_if(.., |member| member.who == who).collect();
        self.store(who).close().map_err(|error| format!("closing: {error}"))?;
        for mut member in gone {
            if !matches!(member.consumer.poll(Duration::ZERO), Err(Error::Closed)) {
                return Err("a consumer of a closed store can be polled".to_owned());
            }
        }
        self.stores[who] = None;
        Ok("close")
    }

    fn append(&mut self, who: usize) -> Checked<&'static str> {
        let sources: Vec<_> = self.ends.keys().filter(|(topic, _)| topic != "bills").cloned().collect();
        let (topic, number) = sources[self.random.below(sources.len() as u64) as usize].clone();
        let mut records = RecordsBuilder::new();
        let count = 1 + self.random.below(10);
        (0..count).for_each(|_| records.push(0, None, Some(b"value")));
        // It may not have heard of the partition yet.
        self.store(who).processes().map_err(|error| error.to_string())?;
        let partition = self.store(who).topic(&topic).and_then(|topic| topic.partition(number));
        let first =
            partition.and_then(|partition| partition.append(records)).map_err(|error| error.to_string())?;
        let end = self.ends.get_mut(&(topic, number)).expect("it was chosen of them");
        if first != Offset(*end) {
            return Err(format!("appended at {first} for {end}"));
        }
        *end += count;
        Ok("append")
    }

    fn add_partitions(&mut self, who: usize) -> Checked<&'static str> {
        let name = ["orders", "payments"][self.random.below(2) as usize];
        let topic = self.store(who).topic(name).map_err(|error| error.to_string())?;
        let number = self.ends.keys().filter(|(topic, _)| topic == name).count() as u32;
        if number == PARTITIONS_MAX {
            return Ok("nothing");
        }
        topic.add_partitions(number + 1).map_err(|error| error.to_string())?;
        self.ends.insert((name.to_owned(), number), 0);
        Ok("add partition")
    }

    /// Somebody is not polled any more, or is again; the others go on, and may get what it had. It tries to commit then, or not.
    fn fall_silent(&mut self) -> Checked<&'static str> {
        let Some(at) = self.any_member() else { return Ok("nothing") };
        self.members[at].is_silent ^= true;
        let number = self.members[at].number;
        let end = Instant::now() + SILENT + SILENT / 4;
        while Instant::now() < end {
            self.poll_all()?;
        }
        match self.members.iter().position(|member| member.number == number) {
            Some(at) if self.members[at].is_silent => self.commit_of(at),
            _ => Ok("silent"),
        }
    }

    fn poll_all(&mut self) -> Checked {
        let mut at = 0;
        while at < self.members.len() {
            let Member { number, is_silent, .. } = self.members[at];
            if !is_silent {
                let what = self.poll(at)?;
                *self.seen.entry(what).or_default() += 1;
            }
            // One that was fenced has made place for the next.
            at += usize::from(self.members.get(at).is_some_and(|member| member.number == number));
        }
        Ok(())
    }

    fn any_member(&mut self) -> Option<usize> {
        let count = self.members.len() as u64;
        (count > 0).then(|| self.random.below(count) as usize)
    }

    fn poll_any(&mut self) -> Checked<&'static str> {
        match self.any_member() {
            Some(at) if !self.members[at].is_silent => self.poll(at),
            _ => Ok("nothing"),
        }
    }

    /// What a poll gives goes on where the member stood; and where it begins is what the group has committed.
    fn poll(&mut self, at: usize) -> Checked<&'static str> {
        let Member { number, group, consumer, knows, .. } = &mut self.members[at];
        let before: BTreeMap<_, _> = consumer
            .assignment()
            .iter()
            .map(|partition| (place(group, partition), consumer.position(partition).expect("it has it").0))
            .collect();
        let polled = match consumer.poll(Duration::from_millis(3)) {
            Ok(polled) => polled,
            Err(error) => return self.refused(at, &error),
        };
        let given = polled.partition().map(|partition| {
            (place(group, partition), polled.records().map(|record| record.offset.0).collect::<Vec<_>>())
        });
        let assigned = polled.assigned().to_vec();
        let names = |parts: &[Partition]| parts.iter().map(|part| place(group, part)).collect::<Vec<_>>();
        if !assigned.is_empty() || !polled.lost().is_empty() || !polled.revoked().is_empty() {
            let (assigned, lost, revoked) = (names(&assigned), names(polled.lost()), names(polled.revoked()));
            self.steps
                .push(format!("member {number}: assigned {assigned:?}, revoked {revoked:?}, lost {lost:?}"));
        }
        let what = match (polled.lost().is_empty(), polled.revoked().is_empty()) {
            (false, _) => "poll: lost",
            (_, false) => "poll: revoked",
            _ if !assigned.is_empty() => "poll: assigned",
            _ if given.is_some() => "poll: records",
            _ => "poll: nothing",
        };
        let has: BTreeSet<_> =
            consumer.assignment().iter().map(|partition| place(group, partition)).collect();
        for (_, holders) in self.holders.iter_mut().filter(|(place, _)| !has.contains(place)) {
            holders.remove(number);
        }
        self.unaware.retain(|(place, holder)| holder != number || has.contains(place));
        for partition in assigned {
            let place = place(group, &partition);
            let begins = consumer.position(&partition).expect("it was given it").0;
            let committed = self.committed.get(&place).copied().unwrap_or(0);
            if begins != committed {
                return Err(format!(
                    "member {number} begins with {begins} of {place:?}, committed is {committed}"
                ));
            }
            knows.remove(&place);
            knows.extend(self.committed.get(&place).map(|committed| (place.clone(), *committed)));
            self.unaware.remove(&(place.clone(), *number));
            self.holders.entry(place).or_default().insert(*number);
        }
        if let Some((place, offsets)) = given {
            let from =
                before.get(&place).copied().ok_or_else(|| format!("{number} does not have {place:?}"))?;
            if offsets.iter().copied().ne(from..from + offsets.len() as u64) {
                return Err(format!(
                    "member {number} stood at {from} of {place:?}, and was given {offsets:?}"
                ));
            }
            self.read.entry(place).or_default().extend(offsets);
        }
        Ok(what)
    }

    /// One of two static members with one name is fenced by the other, which was heard later, and is none from then on.
    fn refused(&mut self, at: usize, error: &Error) -> Checked<&'static str> {
        let member = self.members.swap_remove(at);
        match error {
            Error::FencedInstance { .. } if member.instance.is_some() && self.statics[member.group] > 1 => {
                Ok("fenced")
            }
            _ => Err(format!("member {}: {error}", member.number)),
        }
    }

    /// Where a member stands, in the partitions that it takes for its own and has not committed as they are.
    fn positions(&self, at: usize) -> Vec<(Place, u64)> {
        let Member { group, consumer, .. } = &self.members[at];
        let position = |partition: &Partition| consumer.position(partition).expect("it has it").0;
        let positions = consumer.assignment();
        let positions = positions.iter().map(|partition| (place(group, partition), position(partition)));
        positions.filter(|(place, position)| self.members[at].knows.get(place) != Some(position)).collect()
    }

    /// What was committed by a member that had the partitions is so, and nothing of one whose partition was given to another.
    ///
    /// Whoever can commit has the partition; all others that were told before to have it have it no more, though they may not have heard of
    /// that: on a busy machine, a member can hear that it was given a partition after it has lost it.
    fn note_commit(&mut self, at: usize, positions: Vec<(Place, u64)>) -> Checked {
        let number = self.members[at].number;
        for (place, position) in positions {
            let before = self.committed.get(&place).copied();
            let holders = self.holders.entry(place.clone()).or_default();
            if !holders.contains(&number) || self.unaware.contains(&(place.clone(), number)) {
                return Err(format!(
                    "member {number} committed {position} of {place:?}, which of {holders:?} another has"
                ));
            }
            let others = holders.iter().filter(|holder| **holder != number);
            self.unaware.extend(others.map(|holder| (place.clone(), *holder)));
            if before.is_some_and(|before| before > position) {
                return Err(format!("member {number} committed {position} of {place:?} behind {before:?}"));
            }
            self.steps.push(format!("member {number}: committed {position} of {place:?}"));
            self.committed.insert(place, position);
        }
        Ok(())
    }

    fn commit(&mut self) -> Checked<&'static str> {
        let Some(at) = self.any_member() else { return Ok("nothing") };
        self.commit_of(at)
    }

    fn commit_of(&mut self, at: usize) -> Checked<&'static str> {
        let positions = self.positions(at);
        match self.members[at].consumer.commit() {
            Ok(()) => {
                self.members[at].knows.extend(positions.iter().cloned());
                self.note_commit(at, positions).map(|()| "commit")
            }
            Err(Error::IllegalGeneration { .. }) => Ok("commit: refused"),
            Err(error) => self.refused(at, &error),
        }
    }

    fn commit_with_records(&mut self) -> Checked<&'static str> {
        let Some(at) = self.any_member() else { return Ok("nothing") };
        let (positions, member) = (self.positions(at), &self.members[at]);
        let store = self.store(member.who);
        let value = format!("bill {} of {}", self.steps.len(), member.number);
        let committed = store.producer(&format!("of {}", member.number)).and_then(|producer| {
            let mut transaction = store.begin(&producer)?;
            transaction.append(&store.topic("bills")?.partition(0)?, one(&value))?;
            transaction.commit_offsets(member.consumer.offsets());
            transaction.commit()
        });
        match committed {
            Ok(_) => {
                self.bills.push(value);
                self.note_commit(at, positions).map(|()| "transaction")
            }
            Err(Error::IllegalGeneration { .. }) => Ok("transaction: refused"),
            Err(error) => self.refused(at, &error),
        }
    }

    /// Everybody is polled until all partitions of each group are with one member each, and everything was given and is committed.
    fn settle(&mut self) -> Checked {
        self.members.iter_mut().for_each(|member| member.is_silent = false);
        (0..3).for_each(|who| {
            if self.stores[who].is_none() {
                self.open(who);
            }
        });
        if self.members.is_empty() {
            self.join(0)?;
        }
        // Where the machine is so busy that somebody was not heard of, or not polled, that goes on.
        let end = Instant::now() + 2 * PATIENCE;
        loop {
            // Also whoever could not commit hears why.
            self.poll_all()?;
            if self.is_settled() && self.commit_all()? {
                return self.check();
            }
            if Instant::now() > end {
                let has = self.members.iter().map(|member| {
                    let parts = member.consumer.assignment();
                    let parts: Vec<_> = parts
                        .iter()
                        .map(|part| (place(member.group, part), member.consumer.position(part)))
                        .collect();
                    (member.number, member.who, member.consumer.is_settled(), parts)
                });
                let has: Vec<_> = has.collect();
                let commits: Vec<_> =
                    self.members.iter_mut().map(|member| (member.number, member.consumer.commit())).collect();
                return Err(format!(
                    "it does not settle in two minutes: {has:?}; ends: {:?}; commits: {commits:?}",
                    self.ends
                ));
            }
        }
    }

    /// Whether everybody could commit.
    fn commit_all(&mut self) -> Checked<bool> {
        let mut at = 0;
        while at < self.members.len() {
            let (number, what) = (self.members[at].number, self.commit_of(at)?);
            if what == "commit: refused" {
                return Ok(false);
            }
            at += usize::from(self.members.get(at).is_some_and(|member| member.number == number));
        }
        Ok(true)
    }

    /// Each partition is with one member, and that one has read all of it.
    fn is_settled(&self) -> bool {
        GROUPS.iter().all(|(group, topics)| {
            let members: Vec<_> = self.members.iter().filter(|member| member.group == *group).collect();
            let parts = members.iter().flat_map(|member| {
                let consumer = &member.consumer;
                let parts = consumer.assignment();
                let at = |partition: &Partition| {
                    (place(group, partition), consumer.position(partition).expect("it has it").0)
                };
                parts.iter().map(at).collect::<Vec<_>>()
            });
            let mut parts: Vec<_> = parts.collect();
            parts.sort();
            let sources = self.ends.iter().filter(|((topic, _), _)| topics.contains(&topic.as_str()));
            let all = sources.map(|((topic, number), end)| ((*group, topic.clone(), *number), *end));
            members.is_empty()
                || members.iter().all(|member| member.consumer.is_settled())
                    && parts == all.collect::<Vec<_>>()
        })
    }

    /// All three stores tell the same of the groups, and each record was given to each group that was there.
    fn check(&mut self) -> Checked {
        for (who, store) in self.stores.iter().enumerate() {
            let store = store.as_ref().expect("all are open");
            store.processes().map_err(|error| error.to_string())?;
            for (group, _) in GROUPS {
                if !self.members.iter().any(|member| member.group == group) {
                    continue;
                }
                // Members may have been unheard of meanwhile: what is committed stays.
                let told = match store.describe_group(group) {
                    Ok(told) => told,
                    Err(Error::UnknownGroup { .. })
                        if self.committed.keys().all(|place| place.0 != group) =>
                    {
                        continue;
                    }
                    Err(error) => return Err(error.to_string()),
                };
                for partition in &told.partitions {
                    let place = (group, partition.topic.clone(), partition.partition.0);
                    let committed = partition.committed.as_ref().map(|committed| committed.offset.0);
                    if committed.unwrap_or(0) != self.committed.get(&place).copied().unwrap_or(0) {
                        let expected = self.committed.get(&place);
                        return Err(format!("store {who} tells {committed:?} of {place:?} for {expected:?}"));
                    }
                }
            }
            let bills = store
                .topic("bills")
                .and_then(|topic| topic.partition(0))
                .map_err(|error| error.to_string())?;
            let (mut scan, mut found) = (bills.scan(Offset(0), Offset(u64::MAX)), Vec::new());
            while let Some(record) = scan.next().map_err(|error| error.to_string())? {
                found.push(String::from_utf8_lossy(record.value.unwrap_or_default()).into_owned());
            }
            if found != self.bills {
                return Err(format!("store {who} has {found:?} for {:?}", self.bills));
            }
        }
        for (place, committed) in &self.committed {
            let read = self.read.get(place);
            let missing = (0..*committed).find(|offset| read.is_none_or(|read| !read.contains(offset)));
            if let Some(missing) = missing {
                return Err(format!("{missing} of {place:?} was committed and never given"));
            }
        }
        Ok(())
    }
}

#[test]
fn whoever_comes_and_goes_each_record_is_given_and_nobody_commits_what_another_has() {
    let first = rounds("LOG_STORE_GROUP_SEED", 0);
    let courses = rounds("LOG_STORE_GROUP_COURSES", 12);
    let seen = support::courses(first, courses, |seed| {
        let mut course = Course::new(seed);
        let ran = course.run();
        let steps = course.steps[course.steps.len().saturating_sub(60)..].join("\n");
        ran.map_err(|wrong| format!("{wrong}\nthe last steps:\n{steps}"))?;
        Ok(course.seen.into_iter().map(|(what, count)| (what.to_owned(), count)).collect())
    });
    println!("{seen:#?}");
    let expected = [
        "join",
        "leave",
        "drop",
        "close",
        "append",
        "add partition",
        "silent",
        "commit",
        "transaction",
        "poll: records",
        "poll: assigned",
        "poll: revoked",
        "poll: lost",
        "commit: refused",
        "transaction: refused",
        "fenced",
    ];
    let rare: Vec<_> =
        expected.iter().filter(|what| seen.get(**what).is_none_or(|count| *count < courses / 10)).collect();
    assert!(first > 0 || rare.is_empty(), "too rare: {rare:?} in {seen:#?}");
}
