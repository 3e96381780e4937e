//! Random courses of members, owners and commits, against what a group promises. Time is the course's own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::ids::{Offset, PartitionId, TopicId};
use crate::random::Random;

use super::*;

const SESSION: Duration = Duration::from_secs(10);

struct Topics(BTreeMap<String, (TopicId, u32)>);

impl KnownTopics for Topics {
    fn find(&self, name: &str) -> Option<(TopicId, u32)> {
        self.0.get(name).copied()
    }
}

/// A consumer, as it sees itself.
struct Member {
    id: String,
    generation: u64,
    owned: BTreeMap<Place, u64>,
    revoked: BTreeSet<Place>,
    /// Where it stands in each partition that it has.
    positions: BTreeMap<Place, u64>,
    /// It says nothing, and does not notice what becomes of it.
    is_stopped: bool,
}

struct Course {
    random: Random,
    now: Instant,
    coordinator: Coordinator,
    topics: Topics,
    members: Vec<Member>,
    last_member: u64,
    committed: BTreeMap<Place, u64>,
    /// What a later owner would be told.
    noted: Vec<(NotedMember, u32)>,
    commits: (u32, u32),
}

impl Course {
    fn new(seed: u64) -> Course {
        let topics = [("orders", (TopicId(1), 5)), ("payments", (TopicId(2), 3))];
        Course {
            random: Random(seed),
            now: Instant::now(),
            coordinator: Coordinator::new(|_| true),
            topics: Topics(topics.map(|(name, topic)| (name.to_owned(), topic)).into()),
            members: Vec::new(),
            last_member: 0,
            committed: BTreeMap::new(),
            noted: Vec::new(),
            commits: (0, 0),
        }
    }

    fn beat_of(&self, index: usize) -> Beat {
        let member = &self.members[index];
        Beat {
            group: "g".to_owned(),
            member: member.id.clone(),
            instance: None,
            generation: member.generation,
            topics: vec!["orders".to_owned(), "payments".to_owned()],
            assignor: Assignor::Sticky,
            session_timeout_ms: SESSION.as_millis() as u64,
            owned: member.owned.clone(),
        }
    }

    fn step(&mut self) {
        match self.random.below(20) {
            0 if self.members.len() < 6 => {
                self.last_member += 1;
                self.members.push(Member {
                    id: format!("m{}", self.last_member),
                    generation: 0,
                    owned: BTreeMap::new(),
                    revoked: BTreeSet::new(),
                    positions: BTreeMap::new(),
                    is_stopped: false,
                });
            }
            1 => self.with_one(|course, index| {
                let member = course.members.remove(index);
                // One of two is killed without a word.
                if course.random.below(2) == 0 {
                    course.coordinator.leave("g", &member.id);
                }
            }),
            2 => self.with_one(|course, index| course.members[index].is_stopped ^= true),
            3 => self.now += Duration::from_secs(self.random.below(6)),
            4 if self.random.below(4) == 0 => {
                // Another process becomes the owner.
                self.coordinator = Coordinator::new(|_| true);
                self.coordinator.expect(self.noted.clone(), self.now + SESSION);
            }
            5 if self.random.below(3) == 0 => {
                let orders = self.topics.0.get_mut("orders").unwrap();
                orders.1 = (orders.1 + 1).min(9);
            }
            6..10 => self.with_one(Self::commit),
            _ => self.with_one(Self::beat),
        }
        self.check();
    }

    fn with_one(&mut self, act: impl FnOnce(&mut Course, usize)) {
        if !self.members.is_empty() {
            let index = self.random.below(self.members.len() as u64) as usize;
            act(self, index);
        }
    }

    fn beat(&mut self, index: usize) {
        if self.members[index].is_stopped {
            return;
        }
        // It reads on, and lets go what it was told to, or not yet.
        let lets_go = self.random.below(2) == 0;
        let member = &mut self.members[index];
        member.positions.values_mut().for_each(|position| *position += 1);
        if lets_go {
            for place in std::mem::take(&mut member.revoked) {
                member.owned.remove(&place);
                member.positions.remove(&place);
            }
        }
        let beat = self.beat_of(index);
        let (standing, has_changed) =
            self.coordinator.beat(&beat, 1, self.now, &self.topics).expect("members agree");
        if has_changed {
            let members = self.coordinator.members().into_iter();
            self.noted = members.map(|noted| (noted, 1)).chain(self.coordinator.awaited()).collect();
        }
        let is_answer_lost = self.random.below(8) == 0;
        if is_answer_lost {
            return;
        }
        let member = &mut self.members[index];
        let before = std::mem::replace(&mut member.owned, standing.owned);
        member.positions.retain(|place, _| member.owned.get(place) == before.get(place));
        for place in member.owned.keys() {
            let from = self.committed.get(place).copied().unwrap_or(0);
            member.positions.entry(*place).or_insert(from);
        }
        member.generation = standing.generation;
        member.revoked = standing.revoked.into_iter().collect();
    }

    /// Commits what one has, also if it was stopped meanwhile.
    fn commit(&mut self, index: usize) {
        let by = self.beat_of(index);
        let member = &self.members[index];
        let committed = |position: &u64| {
            Some(Committed { offset: Offset(*position), metadata: String::new(), timestamp_ms: 0 })
        };
        let entries = member.positions.iter().map(|(place, position)| OffsetEntry {
            place: *place,
            topic_name: String::new(),
            committed: committed(position),
        });
        let offsets =
            GroupOffsets { group: "g".to_owned(), by: Some(Box::new(by)), entries: entries.collect() };
        if offsets.is_empty() {
            return;
        }
        match self.coordinator.begin_commit(&offsets, 1, self.now) {
            Ok(in_flight) => {
                self.commits.0 += 1;
                // While it is under way, nobody else gets the partitions, whatever is heard.
                if self.random.below(3) == 0 {
                    self.now += SESSION * 2;
                    for other in (0..self.members.len()).filter(|other| *other != index) {
                        self.beat(other);
                    }
                    let id = &self.members[index].id;
                    for member in self.coordinator.told(self.now).iter().flat_map(|group| &group.members) {
                        let is_other = member.member != *id;
                        let stolen = offsets.entries.iter().find(|entry| member.owned.contains(&entry.place));
                        assert!(
                            !is_other || stolen.is_none(),
                            "{} got what is being committed",
                            member.member
                        );
                    }
                }
                for entry in &offsets.entries {
                    let position = entry.committed.as_ref().unwrap().offset.0;
                    let before = self.committed.insert(entry.place, position).unwrap_or(0);
                    assert!(before <= position, "{:?} went back from {before} to {position}", entry.place);
                }
                self.coordinator.end_commit(&in_flight);
            }
            Err(Error::IllegalGeneration { .. }) => self.commits.1 += 1,
            Err(error) => panic!("{error}"),
        }
    }

    /// No partition is with two of the members that are at work.
    fn check(&mut self) {
        let told = self.coordinator.told(self.now);
        let mut with: BTreeMap<Place, String> = BTreeMap::new();
        for member in told.iter().flat_map(|group| &group.members) {
            for place in &member.owned {
                let other = with.insert(*place, member.member.clone());
                assert_eq!(other, None, "{place:?} is with {} too", member.member);
            }
        }
    }

    /// Lets everybody be heard until all is settled: each partition is with one member then.
    fn settle(&mut self) {
        self.members.iter_mut().for_each(|member| member.is_stopped = false);
        self.now += SESSION * 3;
        for _ in 0..60 {
            (0..self.members.len()).for_each(|index| self.beat(index));
            self.check();
        }
        // Answers are not lost any more.
        for _ in 0..20 {
            for index in 0..self.members.len() {
                let member = &mut self.members[index];
                let let_go = std::mem::take(&mut member.revoked);
                member.owned.retain(|place, _| !let_go.contains(place));
                let beat = self.beat_of(index);
                let (standing, _) = self.coordinator.beat(&beat, 1, self.now, &self.topics).unwrap();
                let member = &mut self.members[index];
                member.generation = standing.generation;
                member.owned = standing.owned;
                member.revoked = standing.revoked.into_iter().collect();
            }
        }
        if self.members.is_empty() {
            return;
        }
        let all: BTreeSet<Place> = self
            .topics
            .0
            .values()
            .flat_map(|(topic, count)| (0..*count).map(|number| (*topic, PartitionId(number))))
            .collect();
        let owned: Vec<_> = self.members.iter().flat_map(|member| member.owned.keys().copied()).collect();
        assert_eq!(owned.len(), all.len(), "each once");
        assert_eq!(owned.into_iter().collect::<BTreeSet<_>>(), all);
        let sizes = self.members.iter().map(|member| member.owned.len());
        assert!(sizes.clone().max().unwrap() <= sizes.min().unwrap() + 1, "evenly");
        assert!(self.coordinator.told(self.now)[0].settled);
    }
}

#[test]
fn whatever_comes_a_partition_is_with_one_member_and_what_is_committed_never_goes_back() {
    let (mut done, mut refused) = (0, 0);
    for seed in 0..100 {
        let mut course = Course::new(seed);
        for _ in 0..3 {
            (0..150).for_each(|_| course.step());
            course.settle();
        }
        done += course.commits.0;
        refused += course.commits.1;
    }
    assert!(done > 1200 && refused > 120, "{done} {refused}");
}

fn beat(member: &str, instance: Option<&str>, generation: u64, owned: &BTreeMap<Place, u64>) -> Beat {
    Beat {
        group: "g".to_owned(),
        member: member.to_owned(),
        instance: instance.map(str::to_owned),
        generation,
        topics: vec!["orders".to_owned()],
        assignor: Assignor::Sticky,
        session_timeout_ms: SESSION.as_millis() as u64,
        owned: owned.clone(),
    }
}

fn orders(partitions: u32) -> Topics {
    Topics([("orders".to_owned(), (TopicId(1), partitions))].into())
}

#[test]
fn a_static_member_that_comes_again_goes_on_with_what_it_had_and_the_one_before_is_fenced() {
    let (mut coordinator, topics, now) = (Coordinator::new(|_| true), orders(4), Instant::now());
    let none = BTreeMap::new();
    let first = coordinator.beat(&beat("a", Some("one"), 0, &none), 1, now, &topics).unwrap().0;
    assert_eq!(first.owned.len(), 4);
    // Its process is gone, which is no reason to give what it has to others.
    coordinator.cut_off("g", "a");
    let other = coordinator.beat(&beat("b", None, 0, &none), 2, now, &topics).unwrap().0;
    assert_eq!((other.owned.len(), other.settled), (0, false));
    let again = coordinator.beat(&beat("c", Some("one"), 0, &none), 3, now, &topics).unwrap().0;
    assert_eq!(again.owned.len(), 4);
    let fenced = coordinator.beat(&beat("a", Some("one"), first.generation, &first.owned), 1, now, &topics);
    assert!(matches!(fenced, Err(Error::FencedInstance { .. })));
    let by = beat("a", Some("one"), first.generation, &first.owned);
    let offsets = GroupOffsets { group: "g".to_owned(), by: Some(Box::new(by)), entries: Vec::new() };
    assert!(matches!(coordinator.begin_commit(&offsets, 1, now), Err(Error::FencedInstance { .. })));
    // It is gone for longer than its session timeout.
    let later = now + SESSION + Duration::from_millis(1);
    let other = beat("b", None, other.generation, &none);
    let other = coordinator.beat(&other, 2, later, &topics);
    assert_eq!(other.unwrap().0.owned.len(), 4);
}

#[test]
fn members_of_a_former_owner_are_waited_for_as_long_as_their_processes_are_there() {
    let (topics, now, none) = (orders(2), Instant::now(), BTreeMap::new());
    let old = NotedMember { group: "g".to_owned(), member: "old".to_owned(), joined: 3 };
    let noted = || [(old.clone(), 77)];
    let mut coordinator = Coordinator::new(|_| true);
    coordinator.expect(noted(), now + SESSION);
    let new = coordinator.beat(&beat("new", None, 0, &none), 1, now, &topics).unwrap().0;
    assert_eq!((new.owned.len(), new.settled), (0, false), "what they had is theirs");
    let reset = GroupOffsets { group: "g".to_owned(), by: None, entries: Vec::new() };
    assert!(matches!(coordinator.begin_commit(&reset, 1, now), Err(Error::GroupNotEmpty { .. })));
    let had = BTreeMap::from([((TopicId(1), PartitionId(0)), 5), ((TopicId(1), PartitionId(1)), 5)]);
    let old = coordinator.beat(&beat("old", None, 6, &had), 77, now, &topics).unwrap().0;
    assert_eq!((old.owned, old.revoked.len()), (had, 1), "one of them is for the new one");

    let mut coordinator = Coordinator::new(|pid| pid != 77);
    coordinator.expect(noted(), now + SESSION);
    assert_eq!(coordinator.beat(&beat("new", None, 0, &none), 1, now, &topics).unwrap().0.owned.len(), 2);

    let mut coordinator = Coordinator::new(|_| true);
    coordinator.expect(noted(), now + SESSION);
    let later = now + SESSION;
    assert_eq!(coordinator.beat(&beat("new", None, 0, &none), 1, later, &topics).unwrap().0.owned.len(), 2);
}

#[test]
fn members_that_share_out_in_different_ways_do_not_go_together() {
    let (mut coordinator, topics, now) = (Coordinator::new(|_| true), orders(4), Instant::now());
    let none = BTreeMap::new();
    coordinator.beat(&beat("a", None, 0, &none), 1, now, &topics).unwrap();
    let other = Beat { assignor: Assignor::Range, ..beat("b", None, 0, &none) };
    let refused = coordinator.beat(&other, 1, now, &topics);
    assert!(matches!(refused, Err(Error::InconsistentAssignor { asked: "range", .. })));
    coordinator.leave("g", "a");
    assert_eq!(coordinator.beat(&other, 1, now, &topics).unwrap().0.owned.len(), 4);
}

#[test]
fn who_lost_a_partition_unnoticed_has_nothing_by_what_it_had_before() {
    let (mut coordinator, topics, now) = (Coordinator::new(|_| true), orders(1), Instant::now());
    let none = BTreeMap::new();
    let had = coordinator.beat(&beat("a", None, 0, &none), 1, now, &topics).unwrap().0;
    let later = now + SESSION * 2;
    let other = coordinator.beat(&beat("b", None, 0, &none), 1, later, &topics).unwrap().0;
    assert_eq!(other.owned.len(), 1);
    // It comes again, and does not hear what it is answered; neither does what it says to have count with the next owner.
    let again = beat("a", None, had.generation, &had.owned);
    assert_eq!(coordinator.beat(&again, 1, later, &topics).unwrap().0.owned.len(), 0);
    let mut next = Coordinator::new(|_| true);
    next.expect(coordinator.members().into_iter().map(|noted| (noted, 1)), later + SESSION);
    assert_eq!(next.beat(&again, 1, later, &topics).unwrap().0.owned.len(), 0);
    // The other one leaves, and the partition is its own again, since later: it is not to commit what it did with it before.
    coordinator.leave("g", "b");
    assert_eq!(coordinator.beat(&again, 1, later, &topics).unwrap().0.owned.len(), 1);
    let place = (TopicId(1), PartitionId(0));
    let entries = vec![OffsetEntry { place, topic_name: "orders".to_owned(), committed: None }];
    let offsets = GroupOffsets { group: "g".to_owned(), by: Some(Box::new(again)), entries };
    let refused = coordinator.begin_commit(&offsets, 1, later);
    assert!(matches!(refused, Err(Error::IllegalGeneration { .. })), "{refused:?}");
}
