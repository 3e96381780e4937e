//! A consumer's membership: a thread that says that it is there, and hears which partitions it has.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::group::{Beat, Place, Standing};

use super::super::StoreInner;
use super::ConsumerConfig;
use super::signal::Signal;

/// While partitions change hands, heartbeats are so many times as frequent.
const HURRY: u32 = 20;

/// What a consumer knows of its membership.
pub(super) struct Membership {
    store: Arc<StoreInner>,
    group: String,
    member: String,
    topics: Vec<String>,
    config: ConsumerConfig,
    state: Mutex<State>,
    /// For the thread.
    due: Condvar,
    signal: Arc<Signal>,
}

struct State {
    generation: u64,
    /// As the coordinator is told: what it has given, unless the consumer has let it go.
    owned: BTreeMap<Place, u64>,
    revoked: BTreeSet<Place>,
    settled: bool,
    /// Why it is no member, and what a poll is to say of it.
    failed: Option<Error>,
    /// There is something to say.
    hurries: bool,
    polled: Instant,
    is_over: bool,
}

impl State {
    /// What it has may be another's.
    fn lose_all(&mut self) {
        self.owned.clear();
        self.revoked.clear();
        self.settled = false;
    }
}

/// A membership and its thread, which ends with it.
pub(super) struct Member {
    membership: Arc<Membership>,
    thread: Option<JoinHandle<()>>,
    /// Whether it leaves its group when it ends.
    leaves: bool,
}

impl Member {
    pub(super) fn join(
        store: &Arc<StoreInner>,
        group: &str,
        topics: Vec<String>,
        config: &ConsumerConfig,
        signal: &Arc<Signal>,
    ) -> Result<Member> {
        let membership = Arc::new(Membership::new(store, group, topics, config, signal));
        let beating = membership.clone();
        let spawned = thread::Builder::new().name("log-store-heartbeat".to_owned());
        let spawned = spawned.spawn(move || beating.run());
        let thread = spawned.map_err(|error| Error::io("share", &store.disk.root(), error))?;
        let leaves = config.group_instance_id.is_none();
        Ok(Member { membership, thread: Some(thread), leaves })
    }

    /// Has it leave its group when it ends, also as a static member.
    pub(super) fn leave_for_good(&mut self) {
        self.leaves = true;
    }

    pub(super) fn membership(&self) -> &Membership {
        &self.membership
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.membership.lock().is_over = true;
        self.membership.due.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        if self.leaves {
            // If nobody hears it, the session timeout does it.
            let _ = self.membership.store.leave_group(&self.membership.group, &self.membership.member);
        }
    }
}

impl Membership {
    fn new(
        store: &Arc<StoreInner>,
        group: &str,
        topics: Vec<String>,
        config: &ConsumerConfig,
        signal: &Arc<Signal>,
    ) -> Membership {
        Membership {
            store: store.clone(),
            group: group.to_owned(),
            member: new_id(),
            topics,
            config: config.clone(),
            state: Mutex::new(State {
                generation: 0,
                owned: BTreeMap::new(),
                revoked: BTreeSet::new(),
                settled: false,
                failed: None,
                hurries: true,
                polled: Instant::now(),
                is_over: false,
            }),
            due: Condvar::new(),
            signal: signal.clone(),
        }
    }

    pub(super) fn member(&self) -> &str {
        &self.member
    }

    pub(super) fn generation(&self) -> u64 {
        self.lock().generation
    }

    pub(super) fn is_settled(&self) -> bool {
        self.lock().settled
    }

    /// The consumer is polled: gives what it has, each with the generation since which it does, and what of that it is to let go.
    ///
    /// # Errors
    /// Why it is no member any more.
    pub(super) fn polled(&self) -> Result<(BTreeMap<Place, u64>, BTreeSet<Place>)> {
        let mut state = self.lock();
        state.polled = Instant::now();
        if let Some(Error::FencedInstance { group, instance }) = &state.failed {
            // For good: if the other one leaves, this one is not to take its place.
            return Err(Error::FencedInstance { group: group.clone(), instance: instance.clone() });
        }
        if let Some(error) = state.failed.take() {
            // Once it was told, it is tried again.
            self.hurry(&mut state);
            return Err(error);
        }
        if state.generation == 0 {
            self.hurry(&mut state);
        }
        Ok((state.owned.clone(), state.revoked.clone()))
    }

    /// Lets partitions go that the consumer is done with.
    pub(super) fn let_go(&self, places: impl IntoIterator<Item = Place>) {
        let mut state = self.lock();
        for place in places {
            state.owned.remove(&place);
            state.revoked.remove(&place);
        }
        self.hurry(&mut state);
    }

    /// Says who commits, who has these partitions since these generations.
    pub(super) fn committing(&self, held: impl IntoIterator<Item = (Place, u64)>) -> Beat {
        let mut beat = self.beat(&self.lock());
        for (place, since) in held {
            // What was lost and given again meanwhile is not what the consumer has.
            if beat.owned.get(&place) != Some(&since) {
                beat.owned.remove(&place);
            }
        }
        beat
    }

    fn run(&self) {
        let mut state = self.lock();
        let mut next = Instant::now();
        while !state.is_over {
            let left = next.saturating_duration_since(Instant::now());
            if !state.hurries && !left.is_zero() {
                state = self.due.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            state.hurries = false;
            let is_idle = state.polled.elapsed() > self.config.max_poll_interval;
            if is_idle || state.failed.is_some() {
                // Nobody polls: what it has is for others, until somebody does.
                if is_idle && state.generation > 0 && !state.owned.is_empty() {
                    state.lose_all();
                    drop(state);
                    let _ = self.store.leave_group(&self.group, &self.member);
                    self.signal.raise();
                    state = self.lock();
                }
                next = Instant::now() + self.config.heartbeat_interval;
                continue;
            }
            let beat = self.beat(&state);
            drop(state);
            let said_at = Instant::now();
            let answered = self.store.beat(&beat);
            state = self.lock();
            let is_news = self.take_note(&mut state, &beat, answered, said_at.elapsed());
            let pause = self.config.heartbeat_interval / if state.settled { 1 } else { HURRY };
            next = Instant::now() + pause;
            if is_news {
                drop(state);
                self.signal.raise();
                state = self.lock();
            }
        }
    }

    /// Takes up what was answered after so long; tells whether it is news to the consumer.
    fn take_note(&self, state: &mut State, said: &Beat, answered: Result<Standing>, after: Duration) -> bool {
        match answered {
            // It was not heard of for too long since then: what was its own may be another's by now.
            Ok(_) if after >= self.config.session_timeout => {
                state.hurries = true;
                let had_some = !state.owned.is_empty();
                state.lose_all();
                had_some
            }
            Ok(standing) => {
                state.generation = standing.generation;
                state.settled = standing.settled;
                // What was let go while that was under way is not taken up again: it is said with the next beat.
                let let_go: Vec<_> =
                    said.owned.keys().filter(|place| !state.owned.contains_key(place)).copied().collect();
                let (before, revoked) = (state.owned.clone(), state.revoked.len());
                state.owned = standing.owned;
                state.owned.retain(|place, _| !let_go.contains(place));
                let owned = &state.owned;
                state.revoked =
                    standing.revoked.into_iter().filter(|place| owned.contains_key(place)).collect();
                state.owned != before || state.revoked.len() != revoked
            }
            // The owner is waited for: whoever commits is told.
            Err(Error::OwnerSilent { .. } | Error::OwnerGone { .. }) => false,
            Err(error) => {
                state.lose_all();
                state.failed = Some(error);
                true
            }
        }
    }

    fn hurry(&self, state: &mut State) {
        state.hurries = true;
        self.due.notify_all();
    }

    fn beat(&self, state: &State) -> Beat {
        Beat {
            group: self.group.clone(),
            member: self.member.clone(),
            instance: self.config.group_instance_id.clone(),
            generation: state.generation,
            topics: self.topics.clone(),
            assignor: self.config.assignor,
            session_timeout_ms: u64::try_from(self.config.session_timeout.as_millis()).unwrap_or(u64::MAX),
            owned: state.owned.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nobody else has it: random, as the keys of every hasher are.
fn new_id() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("consumer-{}-{:016x}", std::process::id(), random())
}

/// How long a poll may take that is to end then.
pub(super) fn deadline(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemDisk, Store, TopicConfig};

    #[test]
    fn an_answer_that_is_as_old_as_the_session_timeout_gives_nothing() {
        let store =
            Store::open_on(Arc::new(MemDisk::new()), Default::default()).expect("nothing is there yet");
        store.create_topic("orders", TopicConfig::default()).expect("there is none yet");
        let config = ConsumerConfig::default();
        let membership =
            Membership::new(&store.inner, "billing", vec!["orders".to_owned()], &config, &Arc::default());
        let mut state = membership.lock();
        let beat = membership.beat(&state);
        let late = store.inner.beat(&beat);
        state.hurries = false;
        assert!(!membership.take_note(&mut state, &beat, late, config.session_timeout));
        assert!(state.owned.is_empty() && state.hurries, "it asks again at once");
        // What the coordinator gave with that answer, it still has.
        let beat = membership.beat(&state);
        let in_time = store.inner.beat(&beat);
        let just_so = config.session_timeout.saturating_sub(Duration::from_millis(1));
        assert!(membership.take_note(&mut state, &beat, in_time, just_so));
        assert_eq!(state.owned.len(), 1);
        // What it has is lost with an answer that comes too late, and given anew.
        let beat = membership.beat(&state);
        let late = store.inner.beat(&beat);
        assert!(membership.take_note(&mut state, &beat, late, config.session_timeout));
        assert!(state.owned.is_empty() && !state.settled);
        let beat = membership.beat(&state);
        let in_time = store.inner.beat(&beat);
        assert!(membership.take_note(&mut state, &beat, in_time, just_so));
        assert_eq!(state.owned.len(), 1);
    }
}
