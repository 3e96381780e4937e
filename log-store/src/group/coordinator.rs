//! The coordinator of all groups of a directory: it lives in the process that owns it, and keeps nothing on disk.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::error::Result;
use crate::ids::TopicId;

use super::assignor::Topics;
use super::members::Group;
use super::{Beat, GroupOffsets, GroupTold, Place, Standing};

/// The topics that there are.
pub(crate) trait KnownTopics {
    /// The id of a topic, and how many partitions it has.
    fn find(&self, name: &str) -> Option<(TopicId, u32)>;
}

/// Knows the members of every group.
#[derive(Debug)]
pub(crate) struct Coordinator {
    groups: BTreeMap<String, Group>,
    /// Members that a former owner knew, by group and member.
    expected: BTreeMap<(String, String), Expected>,
    /// Until when they are waited for.
    expected_until: Option<Instant>,
    is_alive: fn(u32) -> bool,
    /// Members came or went since that was told last.
    has_changed: bool,
}

/// A member as the next owner is to know it: whether it may keep what it says to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotedMember {
    pub(crate) group: String,
    pub(crate) member: String,
    /// The generation in which it came anew.
    pub(crate) joined: u64,
}

#[derive(Clone, Copy, Debug)]
struct Expected {
    joined: u64,
    process: u32,
}

/// A commit that is under way; [`Coordinator::end_commit`] ends it.
#[derive(Debug)]
pub(crate) struct InFlight {
    group: String,
    places: Vec<Place>,
}

impl Coordinator {
    /// One that knows nobody.
    pub(crate) fn new(is_alive: fn(u32) -> bool) -> Coordinator {
        Coordinator {
            groups: BTreeMap::new(),
            expected: BTreeMap::new(),
            expected_until: None,
            is_alive,
            has_changed: false,
        }
    }

    /// Waits for members that a former owner knew: nothing of their groups is given to others before they came or that time is over, or
    /// their processes are gone.
    pub(crate) fn expect(&mut self, members: impl IntoIterator<Item = (NotedMember, u32)>, until: Instant) {
        let expected = |(noted, process): (NotedMember, u32)| {
            ((noted.group, noted.member), Expected { joined: noted.joined, process })
        };
        self.expected = members.into_iter().map(expected).collect();
        self.expected_until = Some(until);
    }

    /// Hears of a member, and tells it how it stands. Also tells whether members came or went, of whichever group, since this was told last.
    ///
    /// # Errors
    /// [`Error::FencedInstance`](crate::Error::FencedInstance), [`Error::InconsistentAssignor`](crate::Error::InconsistentAssignor).
    pub(crate) fn beat(
        &mut self,
        beat: &Beat,
        process: u32,
        now: Instant,
        topics: &dyn KnownTopics,
    ) -> Result<(Standing, bool)> {
        self.expire(&beat.group, now);
        self.hear(beat, process, now)?;
        let awaits = self.awaits(&beat.group, now);
        let group = self.groups.get_mut(&beat.group).expect("it has this member");
        group.take_back(beat);
        if !awaits {
            let wanted = group.wanted().into_iter();
            let found = wanted.filter_map(|name| Some((name.to_owned(), topics.find(name)?)));
            let found: Topics = found.collect();
            group.share_out(found);
            group.give(&beat.member);
        }
        let standing = group.standing_of(&beat.member, !awaits);
        Ok((standing, std::mem::take(&mut self.has_changed)))
    }

    /// A member leaves.
    pub(crate) fn leave(&mut self, group: &str, member: &str) {
        self.expected.remove(&(group.to_owned(), member.to_owned()));
        if let Some(known) = self.groups.get_mut(group) {
            known.remove(member);
            self.has_changed = true;
        }
        self.forget_idle(group);
    }

    /// The process of a member is gone. A static one may come back.
    pub(crate) fn cut_off(&mut self, group: &str, member: &str) {
        if self.groups.get(group).is_some_and(|known| !known.is_static(member)) {
            self.leave(group, member);
        }
    }

    /// Begins a commit: until it ends, no partition of it is given to another member, which would read from where the one before it stood
    /// then.
    ///
    /// # Errors
    /// [`Error::IllegalGeneration`](crate::Error::IllegalGeneration), [`Error::FencedInstance`](crate::Error::FencedInstance),
    /// [`Error::GroupNotEmpty`](crate::Error::GroupNotEmpty).
    pub(crate) fn begin_commit(
        &mut self,
        offsets: &GroupOffsets,
        process: u32,
        now: Instant,
    ) -> Result<InFlight> {
        self.expire(&offsets.group, now);
        if let Some(by) = &offsets.by
            && self.expected(&by.group, &by.member, now).is_some()
        {
            // It has not noticed yet that the owner is another.
            self.hear(by, process, now)?;
        }
        let awaited = self.awaits(&offsets.group, now);
        let group = self.groups.entry(offsets.group.clone()).or_default();
        let begun = match &offsets.by {
            None if awaited && !group.has_members() => {
                let members = self.expected.keys().filter(|(name, _)| *name == offsets.group).count();
                Err(crate::error::Error::GroupNotEmpty { group: offsets.group.clone(), members })
            }
            _ => group.begin_commit(offsets),
        };
        let begun = begun.map(|places| InFlight { group: offsets.group.clone(), places });
        self.forget_idle(&offsets.group);
        begun
    }

    pub(crate) fn end_commit(&mut self, in_flight: &InFlight) {
        if let Some(group) = self.groups.get_mut(&in_flight.group) {
            group.end_commit(&in_flight.places);
        }
        self.forget_idle(&in_flight.group);
    }

    /// The groups that have members.
    pub(crate) fn told(&mut self, now: Instant) -> Vec<GroupTold> {
        let names: Vec<_> = self.groups.keys().cloned().collect();
        names.iter().for_each(|name| self.expire(name, now));
        let awaited: Vec<_> = names.iter().map(|name| self.awaits(name, now)).collect();
        let groups = names.iter().zip(awaited).filter_map(|(name, awaits)| {
            let group = self.groups.get(name).filter(|group| group.has_members())?;
            Some(group.told(name, !awaits))
        });
        groups.collect()
    }

    /// The generation in which a member came, if it is one.
    pub(crate) fn joined(&self, group: &str, member: &str) -> Option<u64> {
        let mut members = self.groups.get(group)?.joined();
        members.find(|(name, _)| *name == member).map(|(_, joined)| joined)
    }

    /// The members of all groups.
    pub(crate) fn members(&self) -> Vec<NotedMember> {
        let groups = self.groups.iter();
        let members = groups.flat_map(|(name, group)| {
            let member = |(member, joined): (&String, u64)| NotedMember {
                group: name.clone(),
                member: member.clone(),
                joined,
            };
            group.joined().map(member).collect::<Vec<_>>()
        });
        members.collect()
    }

    /// The members that a former owner knew and that have not come yet, with their processes.
    pub(crate) fn awaited(&self) -> Vec<(NotedMember, u32)> {
        let awaited = self.expected.iter().map(|((group, member), expected)| {
            let (group, member) = (group.clone(), member.clone());
            (NotedMember { group, member, joined: expected.joined }, expected.process)
        });
        awaited.collect()
    }

    fn hear(&mut self, beat: &Beat, process: u32, now: Instant) -> Result<()> {
        let known = self.expected(&beat.group, &beat.member, now);
        let group = self.groups.entry(beat.group.clone()).or_default();
        self.has_changed |= !group.has(&beat.member);
        let heard = group.hear(beat, process, known, now);
        self.expected.remove(&(beat.group.clone(), beat.member.clone()));
        self.forget_idle(&beat.group);
        heard
    }

    /// The generation in which an expected member came anew.
    fn expected(&self, group: &str, member: &str, now: Instant) -> Option<u64> {
        self.expected_until.filter(|until| now < *until)?;
        self.expected.get(&(group.to_owned(), member.to_owned())).map(|expected| expected.joined)
    }

    /// Whether members of a group may still come with what they have.
    fn awaits(&mut self, group: &str, now: Instant) -> bool {
        if self.expected_until.is_none_or(|until| now >= until) {
            self.expected.clear();
            return false;
        }
        let is_alive = self.is_alive;
        self.expected.retain(|(name, _), expected| name != group || is_alive(expected.process));
        self.expected.keys().any(|(name, _)| name == group)
    }

    fn expire(&mut self, group: &str, now: Instant) {
        self.has_changed |= self.groups.get_mut(group).is_some_and(|known| known.expire(now));
        self.forget_idle(group);
    }

    /// A group without members is nothing to know; generations go on with those of its members that come back.
    fn forget_idle(&mut self, group: &str) {
        if self.groups.get(group).is_some_and(Group::is_idle) {
            self.groups.remove(group);
        }
    }
}
