//! What was answered to the requests of other processes: kept with what the requests did, so that each is done once.
//!
//! A request that writes has a number of its client's. What it is answered becomes a property of a topic of the log's own, in the
//! commit that does it: either both are there after a crash, or neither. A client that lost an answer asks for it, and sends the
//! request again only if there is none.
//!
//! ```text
//! properties of `__answers`   "17" -> | number | client, lane, sequence | ranges |    the last of its lane
//! ```

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::codec::{Malformed, Put, Reader, decode_all};
use crate::ids::TopicId;
use crate::journal::{Property, Registry};
use crate::remote::{Asked, RequestId, WrittenRange, encode_ranges};
use crate::visible::{Publish, Step};

/// The topic that has the answers as its properties.
pub(super) const ANSWERS_TOPIC: &str = "__answers";

/// How many lanes' last answers are kept: those that were used last.
const SLOTS: usize = 1024;

/// The answers of a store.
#[derive(Default)]
pub(super) struct Answers {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// As they will be when all entries of the journal are durable.
    slots: Vec<Answer>,
    of_lane: HashMap<(u64, u32), usize>,
    /// The number of the last answer that became durable.
    last_durable: u64,
    last: u64,
    /// As they are durable, with their names as properties.
    durable: BTreeMap<String, Vec<u8>>,
}

/// The last answer of a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    number: u64,
    id: RequestId,
    ranges: Vec<WrittenRange>,
}

/// An answer on its way into the journal.
pub(super) struct Kept {
    answers: Arc<Answers>,
    name: String,
    value: Vec<u8>,
    number: u64,
}

impl Answers {
    /// Those that a store's topics have.
    pub(super) fn of(registry: &Registry) -> Arc<Answers> {
        let mut state = State::default();
        let topic = registry.topics.values().find(|topic| topic.name == ANSWERS_TOPIC);
        if let Some(topic) = topic {
            state.durable = topic.config.properties.clone();
        }
        // A property that is none of ours was set by somebody else: its slot is used as an empty one.
        let slots = (0..SLOTS).map_while(|slot| state.durable.get(&slot.to_string()));
        state.slots = slots.map(|value| Answer::decode(value).unwrap_or_default()).collect();
        state.last = state.slots.iter().map(|answer| answer.number).max().unwrap_or(0);
        state.last_durable = state.last;
        let lanes = state.slots.iter().enumerate().map(|(slot, answer)| (answer.id.of_lane(), slot));
        state.of_lane = lanes.collect();
        Arc::new(Answers { state: Mutex::new(state) })
    }

    /// Gives an answer its place, which it has for good with the commit that it belongs to. Called with the catalog held, so
    /// that answers are numbered in the order of the journal.
    pub(super) fn keep(
        self: &Arc<Self>,
        topic: TopicId,
        id: RequestId,
        ranges: Vec<WrittenRange>,
    ) -> (Property, Kept) {
        let mut state = self.state();
        state.last += 1;
        let number = state.last;
        let answer = Answer { number, id, ranges };
        let value = answer.encode();
        let slot = state.slot_for(id);
        if slot == state.slots.len() {
            state.slots.push(answer);
        } else {
            let before = std::mem::replace(&mut state.slots[slot], answer);
            state.of_lane.remove(&before.id.of_lane());
        }
        state.of_lane.insert(id.of_lane(), slot);
        let name = slot.to_string();
        let property = Property { topic, name: name.clone(), value: value.clone() };
        (property, Kept { answers: self.clone(), name, value, number })
    }

    /// What became of a request, when none of its client is under way.
    pub(super) fn asked(&self, id: RequestId, since: u64) -> Asked {
        let state = self.state();
        if let Some(&slot) = state.of_lane.get(&id.of_lane()) {
            let answer = &state.slots[slot];
            return match answer.id.sequence.cmp(&id.sequence) {
                std::cmp::Ordering::Equal => Asked::Done(answer.ranges.clone()),
                std::cmp::Ordering::Less => Asked::NotDone,
                // A lane goes on only when it knows what became of its last request.
                std::cmp::Ordering::Greater => Asked::Forgotten,
            };
        }
        // An answer that was dropped had a number below all that are kept; this one would have a greater one than `since`.
        let least = state.slots.iter().map(|answer| answer.number).min().unwrap_or(0);
        if state.slots.len() == SLOTS && least > since + 1 { Asked::Forgotten } else { Asked::NotDone }
    }

    /// The number of the last answer that is durable.
    pub(super) fn last_durable(&self) -> u64 {
        self.state().last_durable
    }

    /// As the properties that they are.
    pub(super) fn durable(&self) -> BTreeMap<String, Vec<u8>> {
        self.state().durable.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The lane's own slot, or a new one, or that of the lane that has been silent for longest.
    fn slot_for(&self, id: RequestId) -> usize {
        if let Some(&slot) = self.of_lane.get(&id.of_lane()) {
            return slot;
        }
        if self.slots.len() < SLOTS {
            return self.slots.len();
        }
        let oldest = self.slots.iter().enumerate().min_by_key(|(_, answer)| answer.number);
        oldest.map_or(0, |(slot, _)| slot)
    }
}

impl RequestId {
    fn of_lane(&self) -> (u64, u32) {
        (self.client, self.lane)
    }
}

impl Default for Answer {
    fn default() -> Answer {
        let id = RequestId { client: 0, lane: 0, sequence: 0 };
        Answer { number: 0, id, ranges: Vec::new() }
    }
}

impl Answer {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.put_u64(self.number);
        self.id.encode(&mut out);
        encode_ranges(&self.ranges, &mut out);
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Answer, Malformed> {
        let mut from = Reader::new(bytes);
        let (number, id) = (from.u64()?, RequestId::decode(&mut from)?);
        let ranges = decode_all(&mut from, WrittenRange::decode)?;
        from.end()?;
        Ok(Answer { number, id, ranges })
    }
}

/// The number that an encoded answer begins with.
fn number_of(value: &[u8]) -> u64 {
    Reader::new(value).u64().unwrap_or_default()
}

impl Publish for Kept {
    fn prepare(&mut self, _: Step) {
        let mut state = self.answers.state();
        state.last_durable = state.last_durable.max(self.number);
        // What need not be durable to be seen may come before an answer that is older, and had the slot before.
        if state.durable.get(&self.name).is_none_or(|value| number_of(value) < self.number) {
            state.durable.insert(std::mem::take(&mut self.name), std::mem::take(&mut self.value));
        }
    }

    fn wake(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TopicConfig;
    use crate::ids::{Offset, PartitionId};
    use crate::journal::RegisteredTopic;
    use crate::visible::Visible;

    const TOPIC: TopicId = TopicId(9);

    fn id(lane: u32, sequence: u64) -> RequestId {
        RequestId { client: 5, lane, sequence }
    }

    fn ranges(base: u64) -> Vec<WrittenRange> {
        let (topic, partition) = (TopicId(1), PartitionId(0));
        vec![WrittenRange { topic, partition, base: Offset(base), end: Offset(base + 3) }]
    }

    /// Keeps an answer and makes it durable.
    fn keep(answers: &Arc<Answers>, id: RequestId, base: u64) {
        let (property, kept) = answers.keep(TOPIC, id, ranges(base));
        assert!(property.name.parse::<usize>().unwrap() < SLOTS);
        Visible::default().publish(vec![Box::new(kept)]);
    }

    /// As the next opening finds them.
    fn opened_again(answers: &Answers) -> Arc<Answers> {
        let config = TopicConfig { properties: answers.durable(), ..TopicConfig::default() };
        let mut registry = Registry::default();
        registry.topics.insert(TOPIC, RegisteredTopic { name: ANSWERS_TOPIC.to_owned(), config });
        Answers::of(&registry)
    }

    #[test]
    fn a_request_that_was_done_is_answered_as_it_was_also_after_another_opening() {
        let answers = Answers::of(&Registry::default());
        assert_eq!(answers.asked(id(1, 1), 0), Asked::NotDone);
        keep(&answers, id(1, 1), 10);
        keep(&answers, id(2, 1), 20);
        keep(&answers, id(1, 2), 30);
        for answers in [opened_again(&answers), answers] {
            assert_eq!(answers.asked(id(1, 2), 0), Asked::Done(ranges(30)));
            assert_eq!(answers.asked(id(1, 3), 0), Asked::NotDone);
            assert_eq!(answers.asked(id(2, 1), 0), Asked::Done(ranges(20)));
            assert_eq!(answers.asked(id(1, 1), 0), Asked::Forgotten, "the lane has gone on");
            assert_eq!(answers.last_durable(), 3);
        }
    }

    #[test]
    fn an_answer_that_is_not_durable_is_not_there_after_a_crash() {
        let answers = Answers::of(&Registry::default());
        let (_, kept) = answers.keep(TOPIC, id(1, 1), ranges(10));
        assert_eq!(answers.last_durable(), 0);
        drop(kept);
        assert_eq!(opened_again(&answers).asked(id(1, 1), 0), Asked::NotDone);
    }

    #[test]
    fn of_two_answers_in_a_slot_the_later_stays_whichever_is_seen_first() {
        let answers = Answers::of(&Registry::default());
        let (_, first) = answers.keep(TOPIC, id(1, 1), ranges(10));
        let (_, second) = answers.keep(TOPIC, id(1, 2), ranges(20));
        for kept in [second, first] {
            Visible::default().publish(vec![Box::new(kept)]);
        }
        assert_eq!(opened_again(&answers).asked(id(1, 2), 0), Asked::Done(ranges(20)));
    }

    #[test]
    fn who_was_away_for_too_long_is_told_that_it_is_not_known() {
        let answers = Answers::of(&Registry::default());
        (0..=SLOTS as u32).for_each(|lane| keep(&answers, id(lane, 1), 0));
        for answers in [opened_again(&answers), answers] {
            assert_eq!(answers.durable().len(), SLOTS);
            assert_eq!(answers.asked(id(0, 1), 0), Asked::Forgotten);
            assert_eq!(answers.asked(id(1, 1), 0), Asked::Done(ranges(0)));
            // It was sent when the first had been answered already: its answer would be among those that are kept.
            assert_eq!(answers.asked(id(7000, 1), 1), Asked::NotDone);
        }
    }
}
