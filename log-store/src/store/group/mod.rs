//! Consumer groups on a store: who is in them, and what they have committed. The semantics are told in [`crate::group`].

mod admin;
mod committed;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::error::{Error, Result};
use crate::group::{
    Beat, Coordinator, GroupOffsets, GroupTold, InFlight, KnownTopics, NotedMember, OffsetRecord, Standing,
};
use crate::ids::TopicId;
use crate::record::RecordsBuilder;
use crate::remote::is_alive;

use super::catalog::Catalog;
use super::{Partition, Side, StoreInner};

pub use admin::{Group, GroupMember, GroupPartition, GroupState, OffsetSpec};
pub(super) use committed::{CommittedOffsets, OFFSETS_TOPIC};

/// As much as Kafka takes.
const METADATA_BYTES_MAX: usize = 4096;

/// What texts in a committed offset can have.
const NAME_BYTES_MAX: usize = 249;

/// The coordinator of a store that owns its directory.
pub(super) struct Groups {
    coordinator: Mutex<Coordinator>,
}

/// A member that a client's session has: when that ends, so does the member, unless it is a static one.
pub(super) struct SessionMember {
    groups: Arc<Groups>,
    group: String,
    member: String,
}

/// A commit under way: nobody else is given its partitions before it is done.
pub(super) struct Committing {
    groups: Arc<Groups>,
    in_flight: InFlight,
}

impl Default for Groups {
    fn default() -> Groups {
        Groups { coordinator: Mutex::new(Coordinator::new(is_alive)) }
    }
}

impl Groups {
    /// Waits for members that a former owner had noted as claims of processes.
    pub(super) fn expect<'n>(&self, noted: impl Iterator<Item = (&'n str, u32)>, until: Instant) {
        let members = noted.filter_map(|(name, pid)| Some((of_noted(name)?, pid)));
        self.lock().expect(members, until);
    }

    pub(super) fn beat(
        &self,
        beat: &Beat,
        process: u32,
        topics: &dyn KnownTopics,
    ) -> Result<(Standing, bool)> {
        self.lock().beat(beat, process, Instant::now(), topics)
    }

    pub(super) fn leave(&self, group: &str, member: &str) {
        self.lock().leave(group, member);
    }

    pub(super) fn told(&self) -> Vec<GroupTold> {
        self.lock().told(Instant::now())
    }

    /// The members that there are, as claims of their processes.
    pub(super) fn noted(&self) -> Vec<String> {
        self.lock().members().iter().map(noted).collect()
    }

    /// Those of a former owner that may still come, as claims of their processes.
    pub(super) fn awaited(&self) -> Vec<(String, u32)> {
        self.lock().awaited().iter().map(|(member, process)| (noted(member), *process)).collect()
    }

    /// Begins a commit, if whoever asks may.
    pub(super) fn committing(self: &Arc<Self>, offsets: &GroupOffsets, process: u32) -> Result<Committing> {
        let in_flight = self.lock().begin_commit(offsets, process, Instant::now())?;
        Ok(Committing { groups: self.clone(), in_flight })
    }

    /// Has a member end with what this is kept in.
    pub(super) fn of_session(self: &Arc<Self>, beat: &Beat) -> SessionMember {
        SessionMember { groups: self.clone(), group: beat.group.clone(), member: beat.member.clone() }
    }

    fn lock(&self) -> MutexGuard<'_, Coordinator> {
        self.coordinator.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How members are told of among the claims of processes.
const NOTED: (&str, &str, &str) = ("consumer group ", ", member ", ", since generation ");

/// A member as a claim of its process.
fn noted(NotedMember { group, member, joined }: &NotedMember) -> String {
    [NOTED.0, group, NOTED.1, member, NOTED.2, &joined.to_string()].concat()
}

/// Whether a claim is a member.
pub(super) fn is_noted(claim: &str) -> bool {
    of_noted(claim).is_some()
}

fn of_noted(claim: &str) -> Option<NotedMember> {
    let (group, rest) = claim.strip_prefix(NOTED.0)?.rsplit_once(NOTED.1)?;
    let (member, joined) = rest.rsplit_once(NOTED.2)?;
    Some(NotedMember { group: group.to_owned(), member: member.to_owned(), joined: joined.parse().ok()? })
}

impl SessionMember {
    /// It as a claim of its process, if it is a member still. One that was not heard of for too long is none.
    pub(super) fn noted(&self) -> Option<String> {
        let (group, member) = (self.group.clone(), self.member.clone());
        let joined = self.groups.lock().joined(&self.group, &self.member)?;
        Some(noted(&NotedMember { group, member, joined }))
    }
}

impl Drop for SessionMember {
    fn drop(&mut self) {
        self.groups.lock().cut_off(&self.group, &self.member);
    }
}

impl Drop for Committing {
    fn drop(&mut self) {
        self.groups.lock().end_commit(&self.in_flight);
    }
}

/// The topics of a catalog.
struct OfCatalog<'s>(&'s StoreInner);

impl KnownTopics for OfCatalog<'_> {
    fn find(&self, name: &str) -> Option<(TopicId, u32)> {
        let topic = Catalog::named(&self.0.catalog(), name)?;
        Some((topic.id, topic.partitions().len() as u32))
    }
}

impl StoreInner {
    /// A member of a group says that it is there, and is told how it stands.
    pub(super) fn beat(&self, beat: &Beat) -> Result<Standing> {
        match &self.side {
            Side::Own(own) => {
                let (standing, has_changed) = self.beat_of(beat, std::process::id())?;
                if has_changed {
                    own.note_claims(&*self.disk);
                }
                Ok(standing)
            }
            Side::Through(link) => link.beat(beat.clone()),
        }
    }

    /// As [`StoreInner::beat`] of a store that owns its directory, for another process; also tells whether members came or went.
    pub(super) fn beat_of(&self, beat: &Beat, process: u32) -> Result<(Standing, bool)> {
        self.own().journal.check()?;
        self.own().groups.beat(beat, process, &OfCatalog(self))
    }

    pub(super) fn leave_group(&self, group: &str, member: &str) -> Result<()> {
        match &self.side {
            Side::Own(own) => {
                own.groups.leave(group, member);
                Ok(())
            }
            Side::Through(link) => link.leave_group(group, member),
        }
    }

    /// Makes offsets durable.
    pub(super) fn commit_offsets(self: &Arc<Self>, offsets: GroupOffsets) -> Result<()> {
        check_offsets(&offsets)?;
        if offsets.is_empty() {
            return Ok(());
        }
        match &self.side {
            Side::Own(_) => self.commit_offsets_of(&offsets, std::process::id()),
            Side::Through(link) => link.commit_offsets(offsets),
        }
    }

    /// As [`StoreInner::commit_offsets`] of a store that owns its directory, perhaps for another process.
    pub(super) fn commit_offsets_of(self: &Arc<Self>, offsets: &GroupOffsets, process: u32) -> Result<()> {
        check_offsets(offsets)?;
        let committing = self.own().groups.committing(offsets, process)?;
        let partition = self.offsets_partition_to_be()?;
        let appended = partition.append_own(self.records_of(offsets), None);
        // What is visible is what the next one that has the partitions reads.
        drop(committing);
        appended.map_err(|error| partition.core.explain(error))?;
        self.thin_offsets(&partition);
        Ok(())
    }

    /// Offsets as records.
    pub(super) fn records_of(&self, offsets: &GroupOffsets) -> RecordsBuilder {
        let (mut records, now_ms) = (RecordsBuilder::new(), self.config.clock.now_ms());
        for entry in &offsets.entries {
            OffsetRecord::push(&mut records, now_ms, &offsets.group, entry, None);
        }
        records
    }

    /// The partition that has the committed offsets, made if need be, in a store that owns its directory.
    pub(super) fn offsets_partition_to_be(self: &Arc<Self>) -> Result<Partition> {
        committed::partition_to_be(self)
    }
}

/// Fails if a group cannot have this name.
pub(super) fn check_name(group: &str) -> Result<()> {
    if group.is_empty() || group.len() > NAME_BYTES_MAX {
        let reason = format!("a group's name has 1 to {NAME_BYTES_MAX} bytes");
        return Err(Error::InvalidGroup { group: group.to_owned(), reason });
    }
    Ok(())
}

/// Fails if this cannot be committed for any group.
pub(super) fn check_offsets(offsets: &GroupOffsets) -> Result<()> {
    check_name(&offsets.group)?;
    let metadata = offsets.entries.iter().filter_map(|entry| entry.committed.as_ref());
    let longest = metadata.map(|committed| committed.metadata.len()).max().unwrap_or(0);
    if longest > METADATA_BYTES_MAX {
        let reason = format!(
            "the metadata of a committed offset has {longest} bytes, and may have {METADATA_BYTES_MAX}; keep less with it"
        );
        return Err(Error::InvalidGroup { group: offsets.group.clone(), reason });
    }
    if offsets.entries.iter().any(|entry| entry.topic_name.len() > NAME_BYTES_MAX) {
        let reason = "a topic's name is longer than one can be".to_owned();
        return Err(Error::InvalidGroup { group: offsets.group.clone(), reason });
    }
    Ok(())
}
