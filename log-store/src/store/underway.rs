//! Which transactions are under way, what they have in the log, and what becomes of it when their producer is opened again.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::ids::{PartitionId, ProducerEpoch, ProducerId, TopicId};
use crate::partition::{PartitionCore, Producing};
use crate::record::{Marker, RecordsBuilder};

use super::catalog::Catalog;
use super::commit::{How, Item};
use super::{Producer, Side, StoreInner};

/// A producer's transaction, from its beginning until nothing of it needs a marker any more.
pub(super) struct Underway {
    epoch: ProducerEpoch,
    /// Where it has records in the log, which no reader sees before a marker ends them.
    written: BTreeMap<(TopicId, PartitionId), Arc<PartitionCore>>,
    /// It has ended, but some of its markers could not be written.
    is_over: bool,
}

impl Catalog {
    /// Takes note that a transaction is about to write to a partition, whose writer is held. Fails if its producer was opened again: what
    /// there is of it was given its markers then, or is about to be.
    pub(super) fn note_written(&mut self, producer: &Producer, core: &Arc<PartitionCore>) -> Result<()> {
        self.check_epoch(producer)?;
        if let Some(underway) = self.underway_of(producer) {
            underway.written.insert(core.key(), core.clone());
        }
        Ok(())
    }

    /// Takes note that a transaction gets its markers.
    pub(super) fn note_ended(&mut self, producer: &Producer) {
        if let Some(underway) = self.underway_of(producer) {
            underway.written.clear();
        }
    }

    fn underway_of(&mut self, producer: &Producer) -> Option<&mut Underway> {
        self.underway.get_mut(&producer.id).filter(|underway| underway.epoch == producer.epoch)
    }

    /// What is left in the log of a transaction that nobody goes on with: one that has ended, or whose producer was opened again.
    fn left_behind(&self, id: ProducerId) -> Option<(ProducerEpoch, Vec<Arc<PartitionCore>>)> {
        let underway = self.underway.get(&id)?;
        let is_current =
            |(current, epoch): &(ProducerId, ProducerEpoch)| (*current, *epoch) == (id, underway.epoch);
        let goes_on = !underway.is_over && self.registry().producers.values().any(is_current);
        let cores = underway.written.values().cloned().collect();
        (!goes_on).then_some((underway.epoch, cores))
    }
}

impl StoreInner {
    /// A producer begins a transaction.
    pub(super) fn begin(self: &Arc<Self>, producer: &Producer) -> Result<()> {
        self.check_writable()?;
        loop {
            let mut catalog = self.catalog();
            catalog.check_epoch(producer)?;
            let is_free = match (catalog.underway.get(&producer.id), &self.side) {
                (None, _) => true,
                (Some(underway), _) if underway.epoch == producer.epoch && !underway.is_over => {
                    return Err(Error::TransactionOpen { producer: producer.name.clone() });
                }
                (Some(_), Side::Through(_)) => true,
                (Some(underway), Side::Own(_)) => underway.written.is_empty(),
            };
            if is_free {
                let new = Underway { epoch: producer.epoch, written: BTreeMap::new(), is_over: false };
                catalog.underway.insert(producer.id, new);
                return Ok(());
            }
            drop(catalog);
            // Its marker would end what is left of an earlier one, too.
            self.abort_left_behind(producer.id)?;
        }
    }

    /// A transaction has ended, as far as its caller is concerned; where some of its markers are missing, the next one sees to them.
    pub(super) fn end(&self, producer: &Producer) {
        let mut catalog = self.catalog();
        let Some(underway) = catalog.underway_of(producer) else { return };
        underway.is_over = true;
        if underway.written.is_empty() {
            catalog.underway.remove(&producer.id);
        }
    }

    /// Aborts what a producer's transaction that nobody goes on with has in the log. What could not be aborted is tried again by the next
    /// who begins one; meanwhile readers stop before it.
    pub(super) fn abort_left_behind(self: &Arc<Self>, id: ProducerId) -> Result<()> {
        let left = self.catalog().left_behind(id);
        let Some((epoch, cores)) = left else { return Ok(()) };
        let how = How::ending(Producing::Transaction(id, epoch), Marker::Abort);
        let item = |core: &Arc<PartitionCore>| Item { core: core.clone(), records: RecordsBuilder::new() };
        let mut outcomes: Vec<(_, Result<()>)> = Vec::new();
        match self.write(cores.iter().map(item).collect(), Vec::new(), how) {
            Ok(_) => outcomes.extend(cores.iter().map(|core| (core, Ok(())))),
            // One that was deleted or is read-only must not hold up the readers of the others.
            Err(_) => {
                for core in &cores {
                    let aborted = self.write(vec![item(core)], Vec::new(), how).map(drop);
                    outcomes.push((core, aborted));
                }
            }
        }
        let mut catalog = self.catalog();
        let mut aborted = Ok(());
        for (core, outcome) in outcomes {
            if outcome.is_ok() || core.check_exists().is_err() {
                let underway = catalog.underway.get_mut(&id).filter(|underway| underway.epoch == epoch);
                underway.map(|underway| underway.written.remove(&core.key()));
            }
            aborted = aborted.and(outcome);
        }
        let is_done = |underway: &Underway| underway.epoch == epoch && underway.written.is_empty();
        if catalog.underway.get(&id).is_some_and(is_done) {
            catalog.underway.remove(&id);
        }
        aborted
    }
}
