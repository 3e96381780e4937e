//! What a client asks of the owner, and how it comes to an answer when the owner goes meanwhile.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Instant;

use crate::codec::Reader;
use crate::config::TopicConfig;
use crate::error::{Error, Result};
use crate::group::{Beat, GroupOffsets, GroupTold, Standing};
use crate::ids::{Offset, PartitionId, TopicId};
use crate::journal::{Image, Pin, Sequenced};
use crate::record::RecordsBuilder;
use crate::remote::{
    Answer, Answered, Asked, OfProducer, PropertyOf, Request, RequestId, Share, Told, WrittenRange,
};

use super::super::claim::Claim;
use super::super::topic::TopicCore;
use super::super::writer::OpenedWriter;
use super::super::{Producer, StoreInner};
use super::lane::{Exchanged, Lane};
use super::{Holding, Link, Place, RemoteClaim};

/// Records of a transaction that the owner was given before its end.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Sent {
    number: u64,
    /// The owner.
    generation: u64,
}

/// The answer, and which owner gave it.
type Given = (Answer, u64);

impl Link {
    pub(in crate::store) fn append(
        &self,
        (topic, partition): (TopicId, PartitionId),
        records: RecordsBuilder,
    ) -> Result<Offset> {
        let share = Share { topic, partition, records };
        match self.ask_once(None, |id| Request::Append { id, share })? {
            Answer::Offset(offset) => Ok(offset),
            Answer::Ranges(ranges) => ranges.first().map(|range| range.base).ok_or_else(|| self.nonsense()),
            _ => Err(self.nonsense()),
        }
    }

    pub(in crate::store) fn append_all(
        &self,
        shares: Vec<Share>,
        batch: Option<&Sequenced>,
    ) -> Result<Vec<WrittenRange>> {
        let answer = match batch {
            // Its sequences see to it that it is done once.
            Some(batch) => self.ask(&Request::AppendBatch { batch: batch.clone(), shares })?,
            None => self.ask_once(None, |id| Request::AppendAll { id, shares })?,
        };
        match answer {
            Answer::Ranges(ranges) => Ok(ranges),
            _ => Err(self.nonsense()),
        }
    }

    pub(in crate::store) fn open_writer(&self, topic: TopicId, name: &str) -> Result<OpenedWriter> {
        // After a lost answer an epoch is left out, which harms nobody.
        match self.ask(&Request::OpenWriter { topic, name: name.to_owned() })? {
            Answer::Writer(id, epoch, next) => Ok(OpenedWriter { id, epoch, next }),
            _ => Err(self.nonsense()),
        }
    }

    pub(in crate::store) fn commit(
        &self,
        producer: &Producer,
        sent: Option<Sent>,
        shares: Vec<Share>,
        properties: Vec<PropertyOf>,
        offsets: Vec<GroupOffsets>,
    ) -> Result<Vec<WrittenRange>> {
        if sent.is_none() && shares.is_empty() && properties.is_empty() && offsets.is_empty() {
            return Ok(Vec::new());
        }
        let (producer, spilled) = (of_producer(producer), sent.map(|sent| sent.number));
        let cut = sent.map(|sent| (sent.generation, producer.name.clone()));
        let answer =
            self.ask_once(cut, |id| Request::Commit { id, producer, spilled, shares, properties, offsets })?;
        match answer {
            Answer::Ranges(ranges) => Ok(ranges),
            _ => Err(self.nonsense()),
        }
    }

    pub(in crate::store) fn spill(
        &self,
        producer: &Producer,
        sent: Option<Sent>,
        shares: Vec<Share>,
    ) -> Result<Sent> {
        let request =
            Request::Spill { producer: of_producer(producer), spilled: sent.map(|sent| sent.number), shares };
        let cut = || Error::TransactionCut { producer: producer.name.clone() };
        let bytes = request.encode();
        let deadline = self.deadline();
        self.with_lane(|lane| {
            let place = self.place(deadline)?;
            if sent.is_some_and(|sent| sent.generation != place.generation) {
                return Err(cut());
            }
            match lane.exchange(self, &place, &bytes)? {
                Exchanged::Answered(answered) => match answered.answer {
                    Answer::Spilled(number) => Ok(Sent { number, generation: place.generation }),
                    _ => Err(self.nonsense()),
                },
                Exchanged::Failed(error) => Err(error),
                Exchanged::Unsent | Exchanged::Broken => Err(cut()),
            }
        })
    }

    pub(in crate::store) fn abort(&self, sent: Sent) -> Result<()> {
        // An owner that went has left it to its successor, which has aborted it.
        if self.state().generation != sent.generation {
            return Ok(());
        }
        self.ask(&Request::Abort { spilled: sent.number }).map(drop)
    }

    pub(in crate::store) fn create_topic(
        &self,
        store: &StoreInner,
        name: &str,
        config: TopicConfig,
    ) -> Result<Arc<TopicCore>> {
        let request = Request::CreateTopic { name: name.to_owned(), config: config.clone() };
        let was_there = store.catalog().named(name).is_some();
        let (asked, repeated) = self.ask_again(&request);
        let made = |core: &Arc<TopicCore>| core.config() == config;
        match asked {
            Ok(_) => {}
            // The answer to the first try was lost: it is there, as it was to be.
            Err(Error::TopicExists { .. })
                if repeated && !was_there && store.catalog().named(name).is_some_and(|core| made(&core)) => {}
            Err(error) => return Err(error),
        }
        store.catalog().expect_named(name)
    }

    pub(in crate::store) fn delete_topic(&self, store: &StoreInner, name: &str) -> Result<()> {
        let was_there = store.catalog().named(name).is_some();
        match self.ask_again(&Request::DeleteTopic { name: name.to_owned() }) {
            (Ok(_), _) => Ok(()),
            // The answer to the first try was lost: it is gone, as it was to be.
            (Err(Error::UnknownTopic { .. }), true) if was_there => Ok(()),
            (Err(error), _) => Err(error),
        }
    }

    pub(in crate::store) fn alter_topic(
        &self,
        topic: TopicId,
        changes: Vec<(String, Option<String>)>,
    ) -> Result<()> {
        self.ask(&Request::AlterTopic { topic, changes }).map(drop)
    }

    pub(in crate::store) fn retain(&self) -> Result<()> {
        self.ask(&Request::Retain).map(drop)
    }

    pub(in crate::store) fn add_partitions(&self, topic: TopicId, total: u32) -> Result<()> {
        self.ask(&Request::AddPartitions { topic, total }).map(drop)
    }

    pub(in crate::store) fn set_property(&self, topic: TopicId, name: &str, value: &[u8]) -> Result<()> {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.ask(&Request::SetProperty { topic, name, value }).map(drop)
    }

    pub(in crate::store) fn open_producer(&self, name: &str) -> Result<Producer> {
        // After a lost answer an epoch is left out, which harms nobody.
        match self.ask(&Request::OpenProducer { name: name.to_owned() })? {
            Answer::Producer(id, epoch) => Ok(Producer { name: name.to_owned(), id, epoch }),
            _ => Err(self.nonsense()),
        }
    }

    pub(in crate::store) fn set_pins(&self, owner: &str, pins: Vec<Pin>) -> Result<()> {
        self.ask(&Request::SetPins { owner: owner.to_owned(), pins }).map(drop)
    }

    pub(in crate::store) fn acknowledge_losses(&self) -> Result<()> {
        self.ask(&Request::LossesSeen).map(drop)
    }

    pub(in crate::store) fn claim(self: &Arc<Self>, name: &str) -> Result<Claim> {
        let _claiming = self.claiming.lock().unwrap_or_else(PoisonError::into_inner);
        let mut given = self.ask_again(&Request::Claim { name: name.to_owned(), again: false }).0?;
        // One session may have it once: what is in the books already is another thread's.
        let mut claims = self.claims();
        if claims.get(name).is_some_and(|(_, holding)| *holding == Holding::Held) {
            return Err(Error::claimed(name));
        }
        let number = self.last_claim.fetch_add(1, Ordering::AcqRel) + 1;
        claims.insert(name.to_owned(), (number, Holding::Held));
        drop(claims);
        // An owner that came before it was in the books has not been told of it.
        while self.state().generation != given.1 {
            match self.ask_again(&Request::Claim { name: name.to_owned(), again: true }).0 {
                Ok(again) => {
                    self.claims().insert(name.to_owned(), (number, Holding::Held));
                    given = again;
                }
                Err(error) => {
                    self.claims().remove(name);
                    return Err(error);
                }
            }
        }
        Ok(Claim::through(RemoteClaim { link: self.clone(), number }, name))
    }

    pub(in crate::store) fn release(&self, name: &str) {
        // If nobody hears it, the session that held it is over.
        let _ = self.ask(&Request::Release { name: name.to_owned() });
    }

    pub(in crate::store) fn delete_records_before(
        &self,
        (topic, partition): (TopicId, PartitionId),
        offset: Offset,
    ) -> Result<Offset> {
        match self.ask(&Request::DeleteRecordsBefore { topic, partition, offset })? {
            Answer::Offset(offset) => Ok(offset),
            _ => Err(self.nonsense()),
        }
    }

    pub(in crate::store) fn image(&self) -> Result<Image> {
        match self.ask(&Request::Image)? {
            Answer::Image(image) => Ok(*image),
            _ => Err(self.nonsense()),
        }
    }

    pub(in crate::store) fn processes(&self) -> Result<Vec<(u32, u32, Vec<String>)>> {
        match self.ask(&Request::Processes)? {
            Answer::Processes(processes) => Ok(processes),
            _ => Err(self.nonsense()),
        }
    }

    pub(in crate::store) fn beat(&self, beat: Beat) -> Result<Standing> {
        match self.ask(&Request::Beat(beat))? {
            Answer::Standing(standing) => Ok(standing),
            _ => Err(self.nonsense()),
        }
    }

    pub(in crate::store) fn leave_group(&self, group: &str, member: &str) -> Result<()> {
        self.ask(&Request::LeaveGroup { group: group.to_owned(), member: member.to_owned() }).map(drop)
    }

    pub(in crate::store) fn commit_offsets(&self, offsets: GroupOffsets) -> Result<()> {
        self.ask(&Request::CommitOffsets(offsets)).map(drop)
    }

    pub(in crate::store) fn groups(&self) -> Result<Vec<GroupTold>> {
        match self.ask(&Request::Groups)? {
            Answer::Groups(groups) => Ok(groups),
            _ => Err(self.nonsense()),
        }
    }

    /// Asks for what may be done twice without harm.
    pub(super) fn ask(&self, request: &Request) -> Result<Answer> {
        self.ask_again(request).0.map(|(answer, _)| answer)
    }

    /// Asks until there is an answer; tells whether it was asked more than once.
    fn ask_again(&self, request: &Request) -> (Result<Given>, bool) {
        let (bytes, deadline, mut repeated) = (request.encode(), self.deadline(), false);
        let asked = self.with_lane(|lane| {
            loop {
                if let Some(given) = self.try_once(lane, &bytes, deadline)? {
                    return Ok(given);
                }
                repeated = true;
            }
        });
        (asked, repeated)
    }

    /// Asks for what must be done once. After a lost answer it asks first what became of it. `cut` is the owner that has been given
    /// the beginning of a transaction: no other can end it.
    fn ask_once(
        &self,
        cut: Option<(u64, String)>,
        request: impl FnOnce(RequestId) -> Request,
    ) -> Result<Answer> {
        let deadline = self.deadline();
        let since = self.answered.load(Ordering::Acquire);
        self.with_lane(|lane| {
            let id = lane.next_request(self.client);
            let bytes = request(id).encode();
            let question = Request::Ask { id, since }.encode();
            let mut was_sent = false;
            loop {
                if was_sent {
                    match self.try_once(lane, &question, deadline)? {
                        None => continue,
                        Some((Answer::Asked(Asked::Done(ranges)), _)) => return Ok(Answer::Ranges(ranges)),
                        Some((Answer::Asked(Asked::NotDone), _)) => {}
                        Some((Answer::Asked(Asked::Forgotten), _)) => {
                            return Err(Error::OutcomeUnknown { dir: self.dir.clone() });
                        }
                        Some(_) => return Err(self.nonsense()),
                    }
                }
                if let Some((generation, producer)) = &cut
                    && self.place(deadline)?.generation != *generation
                {
                    return Err(Error::TransactionCut { producer: producer.clone() });
                }
                was_sent = true;
                if let Some((answer, _)) = self.try_once(lane, &bytes, deadline)? {
                    return Ok(answer);
                }
            }
        })
    }

    /// Sends a request to the owner that there is; no answer if that one went.
    fn try_once(&self, lane: &mut Lane, request: &[u8], deadline: Instant) -> Result<Option<Given>> {
        let place = self.place(deadline)?;
        match lane.exchange(self, &place, request)? {
            Exchanged::Answered(answered) => {
                self.note_answered(answered.answered);
                self.show_carried(&place, &answered);
                self.wait_for_step(place.generation, answered.step, deadline)?;
                Ok(Some((answered.answer, place.generation)))
            }
            Exchanged::Failed(error) => Err(error),
            Exchanged::Unsent | Exchanged::Broken => {
                self.wait_for_news(place.generation, deadline)?;
                Ok(None)
            }
        }
    }

    /// Shows readers the step that an answer carries, if it is the next. If not, it comes with those before it.
    fn show_carried(&self, place: &Place, answered: &Answered) {
        let Some(store) = self.store.get().and_then(Weak::upgrade) else { return };
        let told = Some(&answered.told).filter(|told| !told.is_empty());
        let told = told.and_then(|told| Told::decode_all(&mut Reader::new(told)).ok());
        if told.is_some_and(|told| self.show(&store, place.generation, answered.step, told)) {
            self.tell_step(place.generation, answered.step);
            Link::call_hooks(&store);
        }
    }

    /// Lends a lane. One that failed is not used again: its last request may still be done.
    fn with_lane<T>(&self, work: impl FnOnce(&mut Lane) -> Result<T>) -> Result<T> {
        let mut lane = {
            let mut lanes = self.lanes();
            lanes.idle.pop().unwrap_or_else(|| {
                lanes.last += 1;
                Lane::new(lanes.last)
            })
        };
        let done = work(&mut lane);
        let is_usable = !matches!(
            done,
            Err(Error::OwnerSilent { .. }
                | Error::OwnerGone { .. }
                | Error::Closed
                | Error::OutcomeUnknown { .. })
        );
        if is_usable {
            self.lanes().idle.push(lane);
        }
        done
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.config.patience
    }

    fn nonsense(&self) -> Error {
        Error::OtherProtocol {
            dir: self.dir.clone(),
            owner: self.state().owner.clone(),
            found: 0,
            supported: crate::remote::PROTOCOL,
        }
    }
}

fn of_producer(producer: &Producer) -> OfProducer {
    OfProducer { name: producer.name.clone(), id: producer.id, epoch: producer.epoch }
}
