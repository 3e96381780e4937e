//! What each request does.

use std::sync::Arc;

use crate::config::TopicConfig;
use crate::error::{Error, Result};
use crate::group::{Beat, Standing};
use crate::ids::{PartitionId, TopicId};
use crate::remote::{Answer, Asked, Condition, OfProducer, PropertyOf, Request, RequestId, Share};

use super::super::answers::ANSWERS_TOPIC;
use super::super::commit::{How, Requested};
use super::super::writer::OpenedWriter;
use super::super::{Partition, Producer, Store, StoreInner, Topic, Transaction};
use super::session::Session;

impl StoreInner {
    /// Has a place for what clients are answered.
    pub(super) fn keep_answers(&self) -> Result<()> {
        if self.catalog().named(ANSWERS_TOPIC).is_some() {
            return Ok(());
        }
        let config = TopicConfig { internal: true, ..TopicConfig::default() };
        match self.create_topic(ANSWERS_TOPIC, config) {
            Ok(_) | Err(Error::TopicExists { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Does what a client asks for.
    pub(super) fn execute(self: &Arc<Self>, session: &Session, request: Request) -> Result<Answer> {
        let store = Store { inner: self.clone() };
        match request {
            Request::Append { id, share } => {
                self.refuse_stranger(session, id)?;
                let partition = self.partition(share.topic, share.partition)?;
                let requested = Requested { id, written_from: Vec::new() };
                let appended = partition.append_own(share.records, Some(&requested));
                appended.map(Answer::Offset).map_err(|error| partition.core.explain(error))
            }
            Request::Commit { id, producer, spilled, shares, properties, offsets } => {
                self.refuse_stranger(session, id)?;
                let mut transaction = self.transaction(session, producer, spilled)?.0;
                self.fill(&mut transaction, shares)?;
                self.set_properties(&mut transaction, properties)?;
                offsets.into_iter().for_each(|offsets| transaction.commit_offsets(offsets));
                transaction.commit_requested(id, session.pid).map(Answer::Ranges)
            }
            Request::Spill { producer, spilled, shares } => self.spill(session, producer, spilled, shares),
            Request::Abort { spilled } => {
                let transaction = session.held().transactions.remove(&spilled);
                transaction.map_or(Ok(()), Transaction::abort).map(|()| Answer::Done)
            }
            Request::CreateTopic { name, config } => {
                store.create_topic(&name, config).map(|topic| Answer::Topic(topic.id()))
            }
            request @ (Request::AlterTopic { .. }
            | Request::AddPartitions { .. }
            | Request::SetProperty { .. }) => self.change_topic(request).map(|()| Answer::Done),
            Request::Retain => self.retain().map(|()| Answer::Done),
            Request::DeleteTopic { name } => store.delete_topic(&name).map(|()| Answer::Done),
            Request::OpenProducer { name } => {
                store.producer(&name).map(|producer| Answer::Producer(producer.id, producer.epoch))
            }
            Request::SetPins { owner, pins } => self.set_pins(&owner, pins).map(|()| Answer::Done),
            Request::LossesSeen => self.acknowledge_losses().map(|()| Answer::Done),
            Request::Claim { name, again } => {
                // Asked again after a lost answer, it has it already.
                if !session.holds(&name) {
                    let claim = self.own().claim(&name, again)?;
                    session.held().claims.insert(name, claim);
                    self.own().note_claims(&*self.disk);
                }
                Ok(Answer::Done)
            }
            Request::Release { name } => {
                let released = session.held().claims.remove(&name);
                drop(released);
                self.own().let_go(&name, session.pid);
                self.own().note_claims(&*self.disk);
                Ok(Answer::Done)
            }
            Request::DeleteRecordsBefore { topic, partition, offset } => {
                self.partition(topic, partition)?.delete_records_before(offset).map(Answer::Offset)
            }
            Request::Ask { id, since } => self.asked(id, since).map(Answer::Asked),
            request @ (Request::AppendAll { .. }
            | Request::AppendBatch { .. }
            | Request::OpenWriter { .. }) => self.execute_of_writers(session, request),
            Request::Image => Ok(Answer::Image(Box::new(self.visible_image()))),
            Request::Processes => Ok(Answer::Processes(self.own().processes())),
            request @ (Request::Beat(_)
            | Request::LeaveGroup { .. }
            | Request::CommitOffsets(_)
            | Request::Groups) => self.execute_of_groups(session, request),
        }
    }

    /// Changes a topic that there is.
    fn change_topic(self: &Arc<Self>, request: Request) -> Result<()> {
        match request {
            Request::AlterTopic { topic, changes } => self.topic(topic)?.alter_by(changes),
            Request::AddPartitions { topic, total } => self.topic(topic)?.add_partitions(total),
            Request::SetProperty { topic, name, value } => self.topic(topic)?.set_property(&name, &value),
            _ => unreachable!("the others are done above"),
        }
    }

    /// Does what is asked for on behalf of writers.
    fn execute_of_writers(self: &Arc<Self>, session: &Session, request: Request) -> Result<Answer> {
        match request {
            Request::AppendAll { id, shares } => {
                self.refuse_stranger(session, id)?;
                let requested = Requested { id, written_from: Vec::new() };
                self.append_all(shares, How::plain(Some(&requested)))
            }
            Request::AppendBatch { batch, shares } => {
                let topic = self.topic(batch.topic)?;
                topic.append_requested(shares, How::batch(&batch)).map(Answer::Ranges)
            }
            Request::OpenWriter { topic, name } => {
                let OpenedWriter { id, epoch, next } = self.open_writer(&self.topic(topic)?.core, &name)?;
                Ok(Answer::Writer(id, epoch, next))
            }
            _ => unreachable!("the others are done above"),
        }
    }

    /// Appends to partitions of the topic that the first is of.
    fn append_all(self: &Arc<Self>, shares: Vec<Share>, how: How<'_>) -> Result<Answer> {
        let Some(first) = shares.first() else { return Ok(Answer::Ranges(Vec::new())) };
        self.topic(first.topic)?.append_requested(shares, how).map(Answer::Ranges)
    }

    /// Does what is asked for on behalf of consumer groups.
    fn execute_of_groups(self: &Arc<Self>, session: &Session, request: Request) -> Result<Answer> {
        match request {
            Request::Beat(beat) => self.hear_beat(session, &beat).map(Answer::Standing),
            Request::LeaveGroup { group, member } => {
                self.own().groups.leave(&group, &member);
                let left = session.held().members.remove(&(group, member));
                drop(left);
                self.own().note_claims(&*self.disk);
                Ok(Answer::Done)
            }
            Request::CommitOffsets(offsets) => {
                self.commit_offsets_of(&offsets, session.pid).map(|()| Answer::Done)
            }
            Request::Groups => Ok(Answer::Groups(self.own().groups.told())),
            _ => unreachable!("the others are done above"),
        }
    }

    /// A member that is new is one as long as the session lasts, and the next owner is to know of it.
    fn hear_beat(&self, session: &Session, beat: &Beat) -> Result<Standing> {
        let (standing, has_changed) = self.beat_of(beat, session.pid)?;
        if has_changed {
            let of_session = || self.own().groups.of_session(beat);
            let member = (beat.group.clone(), beat.member.clone());
            session.held().members.entry(member).or_insert_with(of_session);
            self.own().note_claims(&*self.disk);
        }
        Ok(standing)
    }

    /// What became of a request of an earlier session, which has ended with all that it did.
    fn asked(&self, id: RequestId, since: u64) -> Result<Asked> {
        // What is not durable is not known to be done, and may be after another opening.
        self.own().journal.check()?;
        Ok(self.catalog().answers.asked(id, since))
    }

    fn refuse_stranger(&self, session: &Session, id: RequestId) -> Result<()> {
        if session.client == id.client { Ok(()) } else { Err(Error::Closed) }
    }

    /// The transaction that goes on, or a new one, and its number.
    fn transaction(
        self: &Arc<Self>,
        session: &Session,
        producer: OfProducer,
        spilled: Option<u64>,
    ) -> Result<(Transaction, Option<u64>)> {
        match spilled {
            Some(number) => {
                let transaction = session.held().transactions.remove(&number);
                let cut = || Error::TransactionCut { producer: producer.name };
                Ok((transaction.ok_or_else(cut)?, spilled))
            }
            None => {
                let OfProducer { name, id, epoch } = producer;
                let store = Store { inner: self.clone() };
                Ok((store.begin(&Producer { name, id, epoch })?, None))
            }
        }
    }

    fn spill(
        self: &Arc<Self>,
        session: &Session,
        producer: OfProducer,
        spilled: Option<u64>,
        shares: Vec<Share>,
    ) -> Result<Answer> {
        let (mut transaction, number) = self.transaction(session, producer, spilled)?;
        self.fill(&mut transaction, shares)?;
        let mut held = session.held();
        let number = number.unwrap_or_else(|| {
            held.last_transaction += 1;
            held.last_transaction
        });
        held.transactions.insert(number, transaction);
        Ok(Answer::Spilled(number))
    }

    fn fill(self: &Arc<Self>, transaction: &mut Transaction, shares: Vec<Share>) -> Result<()> {
        for share in shares {
            let partition = self.partition(share.topic, share.partition)?;
            transaction.append(&partition, share.records)?;
        }
        Ok(())
    }

    fn set_properties(
        self: &Arc<Self>,
        transaction: &mut Transaction,
        properties: Vec<PropertyOf>,
    ) -> Result<()> {
        for PropertyOf { topic, name, value, condition } in properties {
            let topic = self.topic(topic)?;
            match condition {
                Condition::Nothing => transaction.set_property(&topic, &name, &value),
                Condition::Is(expected) => {
                    transaction.replace_property(&topic, &name, expected.as_deref(), &value);
                }
            }
        }
        Ok(())
    }

    fn topic(self: &Arc<Self>, id: TopicId) -> Result<Topic> {
        let core = self.catalog().topics.get(&id).cloned();
        let gone = || Error::deleted(&format!("with id {id}"));
        Ok(Topic::new(self.clone(), core.ok_or_else(gone)?))
    }

    fn partition(self: &Arc<Self>, topic: TopicId, partition: PartitionId) -> Result<Partition> {
        self.topic(topic)?.partition(partition.0)
    }
}
