//! Polling: which partitions came and went, and the next records of those that are there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::group::Place;

use super::super::{Partition, Topic};
use super::membership::deadline;
use super::polled::Changes;
use super::{Consumer, Held, OffsetReset, Polled};

impl Consumer {
    /// The next records, of one partition, at most [`ConsumerConfig::max_poll_records`](crate::ConsumerConfig::max_poll_records): the partitions take turns. If none are
    /// there, it waits for some as long as `timeout`, and not at all if that is zero. If partitions came or went, it gives these instead, and
    /// no records.
    ///
    /// It is to be called again and again, once what it gave is worked off; a consumer that does not is none any more after
    /// [`ConsumerConfig::max_poll_interval`](crate::ConsumerConfig::max_poll_interval).
    ///
    /// # Errors
    /// [`Error::FencedInstance`], [`Error::InconsistentAssignor`]: this consumer is no member of the group. [`Error::NoOffset`], if the settings
    /// say so. [`Error::Closed`], [`Error::UnknownTopic`], [`Error::Corrupt`] and [`Error::Io`] as [`Partition::read`](crate::Partition::read).
    /// After any of them it can be polled again.
    pub fn poll(&mut self, timeout: Duration) -> Result<Polled<'_>> {
        let deadline = deadline(timeout);
        self.let_go();
        let (found, changes) = loop {
            let news = self.signal.number();
            self.store.check_open()?;
            let changes = self.reconcile()?;
            if !changes.is_empty() {
                break (None, changes);
            }
            let found = self.find()?;
            if found.is_some() || !self.signal.wait(news, deadline) {
                break (found, changes);
            }
        };
        let held = found.and_then(|place| self.held.get_mut(&place));
        Ok(match held {
            Some(held) => Polled {
                records: held.scan.take_at_hand(self.config.max_poll_records.max(1)),
                partition: Some(&held.partition),
                changes,
            },
            None => Polled { records: self.nothing.records(), partition: None, changes },
        })
    }

    /// Lets go what it was told to before the last poll ended.
    fn let_go(&mut self) {
        if let Some(member) = &self.member
            && !self.releasing.is_empty()
        {
            for place in &self.releasing {
                self.held.remove(place);
            }
            member.membership().let_go(std::mem::take(&mut self.releasing));
        }
    }

    /// Has what its group gives it.
    fn reconcile(&mut self) -> Result<Changes> {
        let mut changes = Changes::default();
        let Some(member) = &self.member else { return Ok(changes) };
        // Whoever is no member has nothing.
        let polled = member.membership().polled();
        let (owned, revoked) = match polled {
            Ok(polled) => polled,
            Err(error) => {
                self.held.clear();
                self.releasing.clear();
                return Err(error);
            }
        };
        self.drop_lost(&owned, &mut changes);
        self.note_revoked(&revoked, &mut changes);
        self.take_up_given(&owned, &revoked, &mut changes)?;
        Ok(changes)
    }

    fn drop_lost(&mut self, owned: &BTreeMap<Place, u64>, changes: &mut Changes) {
        let is_lost = |place: &Place, held: &Held| owned.get(place) != Some(&held.since);
        let lost = self.held.iter().filter(|(place, held)| is_lost(place, held));
        let lost: Vec<_> = lost.map(|(place, _)| *place).collect();
        for place in lost {
            self.releasing.remove(&place);
            changes.lost.extend(self.held.remove(&place).map(|held| held.partition));
        }
    }

    fn note_revoked(&mut self, revoked: &BTreeSet<Place>, changes: &mut Changes) {
        for place in revoked {
            if let Some(held) = self.held.get(place)
                && self.releasing.insert(*place)
            {
                changes.revoked.push(held.partition.clone());
            }
        }
    }

    fn take_up_given(
        &mut self,
        owned: &BTreeMap<Place, u64>,
        revoked: &BTreeSet<Place>,
        changes: &mut Changes,
    ) -> Result<()> {
        let given: Vec<_> = owned
            .iter()
            .filter(|(place, _)| !self.held.contains_key(place))
            .map(|(place, since)| (*place, *since))
            .collect();
        let mut unused = Vec::new();
        for (place, since) in given {
            let topic = self.store.catalog().topics.get(&place.0).cloned();
            // A topic that is gone by now will be nobody's.
            let topic = topic.map(|core| Topic::new(self.store.clone(), core));
            let partition = topic.and_then(|topic| topic.partition(place.1.0).ok());
            match partition {
                Some(_) if revoked.contains(&place) => unused.push(place),
                Some(partition) => {
                    self.take_up(partition.clone(), since)?;
                    changes.assigned.push(partition);
                }
                None => {}
            }
        }
        if let Some(member) = &self.member
            && !unused.is_empty()
        {
            member.membership().let_go(unused);
        }
        Ok(())
    }

    /// Begins with a partition.
    pub(super) fn take_up(&mut self, partition: Partition, since: u64) -> Result<()> {
        let committed = match &self.group {
            Some(group) => self.store.committed(group)?.remove(&partition.core.key()),
            None => None,
        };
        let from = match &committed {
            // What lay behind the end may have been lost with the machine's power: what comes there next is not left out.
            Some(committed) => committed.offset.min(partition.log_end_offset()),
            None => self.reset(&partition)?,
        };
        let scan = partition.scan(from, from).reading(self.config.fetch_bytes);
        let committed = committed.map(|committed| committed.offset);
        let place = partition.core.key();
        self.held.insert(place, Held { partition, scan, since, is_paused: false, committed });
        Ok(())
    }

    /// The partition whose turn it is, if one has records.
    fn find(&mut self) -> Result<Option<Place>> {
        let places: Vec<_> = self.held.keys().copied().collect();
        let after = self.turn.map_or(0, |turn| places.partition_point(|place| *place <= turn));
        for place in places[after..].iter().chain(&places[..after]) {
            if self.releasing.contains(place) || !self.has_records(*place)? {
                continue;
            }
            self.turn = Some(*place);
            return Ok(Some(*place));
        }
        Ok(None)
    }

    fn has_records(&mut self, place: Place) -> Result<bool> {
        let Some(held) = self.held.get_mut(&place).filter(|held| !held.is_paused) else { return Ok(false) };
        let end = held.partition.last_stable_offset();
        held.scan.until(end.max(held.scan.next_offset()));
        match held.scan.fetch() {
            Err(Error::OffsetOutOfRange { start, .. }) if held.scan.next_offset() < start => {
                // What it would read next is deleted.
                if self.config.auto_offset_reset == OffsetReset::Error {
                    return Err(self.no_offset(place));
                }
                held.scan = held.partition.scan(start, start).reading(self.config.fetch_bytes);
                self.has_records(place)
            }
            // Its group will take it away.
            Err(Error::UnknownTopic { .. })
                if self.member.is_some() && !self.store.closed.load(Ordering::Acquire) =>
            {
                Ok(false)
            }
            fetched => fetched,
        }
    }
}
