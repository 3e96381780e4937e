//! The members of one group, what each has, and what each is to have. Pure: whoever calls says what time it is.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

use super::assignor::{self, Topics, Wants};
use super::{Assignor, Beat, GroupOffsets, Place, Standing};

/// A group as others are told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupTold {
    pub(crate) group: String,
    pub(crate) generation: u64,
    pub(crate) assignor: Assignor,
    pub(crate) settled: bool,
    pub(crate) members: Vec<MemberTold>,
}

/// A member as others are told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MemberTold {
    pub(crate) member: String,
    pub(crate) instance: Option<String>,
    pub(crate) process: u32,
    pub(crate) topics: Vec<String>,
    pub(crate) owned: Vec<Place>,
}

/// A group that has members, or commits under way.
#[derive(Debug, Default)]
pub(super) struct Group {
    generation: u64,
    assignor: Assignor,
    members: BTreeMap<String, Member>,
    /// With whom each partition is. It is with nobody else until that member lets it go, leaves or is not heard of for too long.
    owners: BTreeMap<Place, Owner>,
    /// Partitions of which a commit is under way, with how many: they are given to nobody meanwhile.
    committing: BTreeMap<Place, u32>,
    /// The topics as they were when the partitions were shared out.
    topics: Topics,
    /// They are to be shared out anew.
    is_stale: bool,
}

#[derive(Debug)]
struct Member {
    instance: Option<String>,
    topics: BTreeSet<String>,
    session_timeout: Duration,
    heard: Instant,
    process: u32,
    /// The generation in which it came anew: what it says to have since earlier ones was taken from it.
    joined: u64,
    target: BTreeSet<Place>,
}

#[derive(Clone, Debug)]
struct Owner {
    member: String,
    /// The generation in which it was given to it. Nobody has one partition twice since one generation.
    since: u64,
}

impl Group {
    pub(super) fn has(&self, member: &str) -> bool {
        self.members.contains_key(member)
    }

    /// Nothing is known of it that would be missed.
    pub(super) fn is_idle(&self) -> bool {
        self.members.is_empty() && self.committing.is_empty()
    }

    pub(super) fn has_members(&self) -> bool {
        !self.members.is_empty()
    }

    /// Its members, each with the generation in which it came.
    pub(super) fn joined(&self) -> impl Iterator<Item = (&String, u64)> {
        self.members.iter().map(|(name, member)| (name, member.joined))
    }

    /// Notes that a member is there, and takes it in if it is new. If a former owner knew it, `known` is the generation in which it came
    /// then, and it keeps what it has.
    ///
    /// # Errors
    /// [`Error::FencedInstance`], [`Error::InconsistentAssignor`].
    pub(super) fn hear(&mut self, beat: &Beat, process: u32, known: Option<u64>, now: Instant) -> Result<()> {
        let topics: BTreeSet<String> = beat.topics.iter().cloned().collect();
        let session_timeout = Duration::from_millis(beat.session_timeout_ms);
        if let Some(member) = self.members.get_mut(&beat.member) {
            (member.heard, member.session_timeout) = (now, session_timeout);
            self.is_stale |= member.topics != topics;
            member.topics = topics;
            return Ok(());
        }
        let others: Vec<_> = self
            .members
            .values()
            .filter(|one| one.instance != beat.instance || one.instance.is_none())
            .collect();
        if !others.is_empty() && self.assignor != beat.assignor {
            let (asked, used) = (beat.assignor.name(), self.assignor.name());
            return Err(Error::InconsistentAssignor { group: beat.group.clone(), asked, used });
        }
        let before = beat.instance.as_ref().and_then(|instance| self.with_instance(instance));
        if let (Some(instance), Some(_), true) = (&beat.instance, &before, beat.generation > 0) {
            let (group, instance) = (beat.group.clone(), instance.clone());
            return Err(Error::FencedInstance { group, instance });
        }
        self.assignor = beat.assignor;
        self.generation = self.generation.max(beat.generation) + 1;
        let mut member = Member {
            instance: beat.instance.clone(),
            topics,
            session_timeout,
            heard: now,
            process,
            joined: known.unwrap_or(self.generation),
            target: BTreeSet::new(),
        };
        let was_stale = std::mem::replace(&mut self.is_stale, true);
        if let Some(before) = before {
            // It goes on where the one before it stood.
            let since = self.generation;
            let theirs = self.owners.values_mut().filter(|owner| owner.member == before);
            theirs.for_each(|owner| *owner = Owner { member: beat.member.clone(), since });
            let theirs = self.members.remove(&before).expect("it was found");
            self.is_stale = was_stale || theirs.topics != member.topics;
            member.target = theirs.target;
        }
        if let Some(joined) = known {
            for (place, since) in beat.owned.iter().filter(|(_, since)| **since >= joined) {
                let owner = Owner { member: beat.member.clone(), since: *since };
                let had = self.owners.entry(*place).or_insert_with(|| owner.clone());
                // Who has it since later has it from who had it since before.
                if had.since < *since {
                    *had = owner;
                }
            }
        }
        self.members.insert(beat.member.clone(), member);
        Ok(())
    }

    /// Takes note of what a member has let go.
    pub(super) fn take_back(&mut self, beat: &Beat) {
        self.owners.retain(|place, owner| {
            let let_go = owner.member == beat.member
                // What it was given with an answer that it did not know of yet, it has not let go.
                && owner.since <= beat.generation
                && beat.owned.get(place) != Some(&owner.since);
            !let_go
        });
    }

    /// Shares the partitions out anew if something has changed.
    pub(super) fn share_out(&mut self, topics: Topics) {
        if !self.is_stale && topics == self.topics {
            return;
        }
        let mut current: BTreeMap<Place, String> = BTreeMap::new();
        for (name, member) in &self.members {
            current.extend(member.target.iter().map(|place| (*place, name.clone())));
        }
        current.extend(self.owners.iter().map(|(place, owner)| (*place, owner.member.clone())));
        let wants: Vec<_> = self
            .members
            .iter()
            .map(|(name, member)| Wants {
                member: name,
                order: (member.instance.as_deref().unwrap_or(name), name),
                topics: &member.topics,
            })
            .collect();
        let shares = assignor::assign(self.assignor, &wants, &topics, &current);
        let shares: Vec<_> = shares.into_iter().map(|(name, share)| (name.to_owned(), share)).collect();
        for (name, share) in shares {
            self.members.get_mut(&name).expect("shares are those of members").target = share;
        }
        // A topic that was deleted is with nobody.
        let exists = |place: &Place| topics.values().any(|(id, count)| *id == place.0 && place.1.0 < *count);
        self.owners.retain(|place, _| exists(place));
        self.topics = topics;
        self.is_stale = false;
        self.generation += 1;
    }

    /// Gives a member what it is to have and nobody has.
    pub(super) fn give(&mut self, member: &str) {
        let Some(target) = self.members.get(member).map(|known| &known.target) else { return };
        for place in target {
            if !self.owners.contains_key(place) && !self.committing.contains_key(place) {
                let owner = Owner { member: member.to_owned(), since: self.generation };
                self.owners.insert(*place, owner);
            }
        }
    }

    /// What a member is told.
    pub(super) fn standing_of(&self, member: &str, settled: bool) -> Standing {
        let own = self.owners.iter().filter(|(_, owner)| owner.member == member);
        let owned: BTreeMap<Place, u64> = own.map(|(place, owner)| (*place, owner.since)).collect();
        let target = self.members.get(member).map(|known| &known.target);
        // Before the first sharing out, it keeps what it has.
        let is_kept = |place: &Place| self.is_stale || target.is_some_and(|target| target.contains(place));
        let revoked = owned.keys().filter(|place| !is_kept(place)).copied().collect();
        Standing { generation: self.generation, owned, revoked, settled: settled && self.is_settled() }
    }

    /// Whether every member has what it is to have.
    fn is_settled(&self) -> bool {
        let has =
            |name: &String, place: &Place| self.owners.get(place).is_some_and(|owner| owner.member == *name);
        let shared: usize = self.members.values().map(|member| member.target.len()).sum();
        let all =
            self.members.iter().all(|(name, member)| member.target.iter().all(|place| has(name, place)));
        !self.is_stale && all && shared == self.owners.len()
    }

    /// The members that were not heard of for their session timeout are none any more. Tells whether there were any.
    pub(super) fn expire(&mut self, now: Instant) -> bool {
        let is_silent =
            |member: &Member| now.saturating_duration_since(member.heard) > member.session_timeout;
        let silent = self.members.iter().filter(|(_, member)| is_silent(member));
        let silent: Vec<_> = silent.map(|(name, _)| name.clone()).collect();
        silent.iter().for_each(|name| self.remove(name));
        !silent.is_empty()
    }

    /// Whether the member may outlive its process.
    pub(super) fn is_static(&self, member: &str) -> bool {
        self.members.get(member).is_some_and(|member| member.instance.is_some())
    }

    pub(super) fn remove(&mut self, member: &str) {
        if self.members.remove(member).is_some() {
            self.owners.retain(|_, owner| owner.member != member);
            self.generation += 1;
            self.is_stale = true;
        }
    }

    /// Begins a commit, if whoever asks may.
    pub(super) fn begin_commit(&mut self, offsets: &GroupOffsets) -> Result<Vec<Place>> {
        let refused = |group: &Group, by: &Beat| Error::IllegalGeneration {
            group: by.group.clone(),
            member: by.member.clone(),
            generation: by.generation,
            current: group.generation,
        };
        match &offsets.by {
            None if self.has_members() => {
                let (group, members) = (offsets.group.clone(), self.members.len());
                return Err(Error::GroupNotEmpty { group, members });
            }
            None => {}
            Some(by) if !self.has(&by.member) => {
                let fenced = by.instance.as_ref().filter(|instance| self.with_instance(instance).is_some());
                let fenced = fenced.cloned();
                return Err(fenced.map_or_else(
                    || refused(self, by),
                    |instance| Error::FencedInstance { group: by.group.clone(), instance },
                ));
            }
            Some(by) => {
                let has = |place: &Place| {
                    let owner = self.owners.get(place);
                    owner.is_some_and(|owner| {
                        owner.member == by.member && by.owned.get(place) == Some(&owner.since)
                    })
                };
                if !offsets.entries.iter().all(|entry| has(&entry.place)) {
                    return Err(refused(self, by));
                }
            }
        }
        let places: Vec<_> = offsets.entries.iter().map(|entry| entry.place).collect();
        places.iter().for_each(|place| *self.committing.entry(*place).or_default() += 1);
        Ok(places)
    }

    pub(super) fn end_commit(&mut self, places: &[Place]) {
        for place in places {
            if let Some(count) = self.committing.get_mut(place) {
                *count -= 1;
                if *count == 0 {
                    self.committing.remove(place);
                }
            }
        }
    }

    /// The names of all topics that members want.
    pub(super) fn wanted(&self) -> BTreeSet<&str> {
        self.members.values().flat_map(|member| member.topics.iter().map(String::as_str)).collect()
    }

    pub(super) fn told(&self, group: &str, settled: bool) -> GroupTold {
        let members = self.members.iter().map(|(name, member)| MemberTold {
            member: name.clone(),
            instance: member.instance.clone(),
            process: member.process,
            topics: member.topics.iter().cloned().collect(),
            owned: self.standing_of(name, settled).owned.into_keys().collect(),
        });
        GroupTold {
            group: group.to_owned(),
            generation: self.generation,
            assignor: self.assignor,
            settled: settled && self.is_settled(),
            members: members.collect(),
        }
    }

    fn with_instance(&self, instance: &str) -> Option<String> {
        let found = self.members.iter().find(|(_, member)| member.instance.as_deref() == Some(instance));
        found.map(|(name, _)| name.clone())
    }
}
