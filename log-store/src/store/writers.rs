//! How far writers have come, as it is durable: it is in a journal's head with the records, or not at all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ids::TopicId;
use crate::journal::{Ticket, WriterMoved, WriterOpened, WriterTable};
use crate::visible::{Publish, Step, Touched};

/// The writers of a store. What they will be when the whole journal is durable, the registry has.
#[derive(Default)]
pub(super) struct Writers {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    durable: WriterTable,
    /// The last batch of each writer in the journal.
    tickets: HashMap<(TopicId, String), Ticket>,
}

/// A change of a writer on its way into the journal.
pub(super) struct WriterKept {
    writers: Arc<Writers>,
    change: Change,
}

enum Change {
    Opened(WriterOpened),
    Moved(WriterMoved),
}

impl Writers {
    pub(super) fn of(durable: WriterTable) -> Arc<Writers> {
        Arc::new(Writers { state: Mutex::new(State { durable, tickets: HashMap::new() }) })
    }

    pub(super) fn opened(self: &Arc<Self>, opened: &WriterOpened) -> WriterKept {
        WriterKept { writers: self.clone(), change: Change::Opened(opened.clone()) }
    }

    pub(super) fn moved(self: &Arc<Self>, moved: &WriterMoved) -> WriterKept {
        WriterKept { writers: self.clone(), change: Change::Moved(moved.clone()) }
    }

    /// Remembers the place in the journal of a writer's last batch.
    pub(super) fn note(&self, topic: TopicId, name: &str, ticket: Ticket) {
        self.state().tickets.insert((topic, name.to_owned()), ticket);
    }

    /// The place in the journal at which all that a writer has written is durable.
    pub(super) fn last_of(&self, topic: TopicId, name: &str) -> Ticket {
        self.state().tickets.get(&(topic, name.to_owned())).copied().unwrap_or(Ticket::PAST)
    }

    pub(super) fn durable(&self) -> WriterTable {
        self.state().durable.clone()
    }

    /// Of those whose topic is gone nothing is needed, nor of those that are forgotten.
    pub(super) fn forget(&self, is_known: impl Fn(TopicId, &str) -> bool, topic: Option<TopicId>) {
        let mut state = self.state();
        if let Some(topic) = topic {
            state.durable.forget_topic(topic);
        }
        state.tickets.retain(|(topic, name), _| is_known(*topic, name));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Publish for WriterKept {
    fn prepare(&mut self, _: Step) {
        let durable = &mut self.writers.state().durable;
        match &self.change {
            Change::Opened(opened) => durable.open(opened),
            Change::Moved(moved) => durable.advance(moved),
        }
    }

    fn wake(&mut self) {}

    fn touch(&self, out: &mut Vec<Touched>) {
        let topic = match &self.change {
            Change::Opened(opened) => opened.topic,
            Change::Moved(moved) => moved.batch.topic,
        };
        out.push(Touched { topic, partition: None });
    }
}
