//! A client as the owner knows it: as long as it follows, it is there.

use std::collections::BTreeMap;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::remote::{Answered, Incoming, Request, write_frame};

use super::super::group::SessionMember;
use super::super::{Claim, Transaction};
use super::Shared;
use super::carried::Carried;

/// How long is waited for what an ended session still does.
const DRAIN_PATIENCE: Duration = Duration::from_secs(10);

/// A client's session.
pub(super) struct Session {
    pub(super) id: u64,
    /// The number that the client has given itself.
    pub(super) client: u64,
    pub(super) pid: u32,
    pub(super) begun: Instant,
    /// Whether the client has been sent where everything stands.
    welcomed: AtomicBool,
    heard: Mutex<Instant>,
    work: Mutex<Work>,
    idle: Condvar,
    held: Mutex<Held>,
    carried: Carried,
}

#[derive(Default)]
struct Work {
    /// Requests that are being executed.
    busy: usize,
    ended: bool,
    /// The session's connections, to be shut when it ends.
    streams: BTreeMap<u64, UnixStream>,
    last_stream: u64,
}

/// What the client has that ends with its session.
#[derive(Default)]
pub(super) struct Held {
    pub(super) claims: BTreeMap<String, Claim>,
    /// Members of consumer groups, by group and member.
    pub(super) members: BTreeMap<(String, String), SessionMember>,
    pub(super) transactions: BTreeMap<u64, Transaction>,
    pub(super) last_transaction: u64,
}

impl Session {
    pub(super) fn new(id: u64, client: u64, pid: u32) -> Session {
        Session {
            id,
            client,
            pid,
            begun: Instant::now(),
            welcomed: AtomicBool::new(false),
            heard: Mutex::new(Instant::now()),
            work: Mutex::default(),
            idle: Condvar::new(),
            held: Mutex::default(),
            carried: Carried::default(),
        }
    }

    /// Executes what comes over a connection, one request after another, until it or the session ends.
    pub(super) fn serve(self: &Arc<Self>, shared: &Shared, mut stream: UnixStream) {
        let Ok(number) = self.take(&stream) else { return };
        // An empty frame says that the connection is taken.
        let greeted = write_frame(&mut stream, &[0]).and_then(|()| stream.set_read_timeout(None));
        let mut incoming = Incoming::default();
        while greeted.is_ok() {
            let Ok(frame) = incoming.next(&mut stream) else { break };
            let Ok(request) = Request::decode(frame) else { break };
            let Some(answer) = self.execute(shared, request) else { break };
            if write_frame(&mut stream, &answer).is_err() {
                break;
            }
        }
        self.work().streams.remove(&number);
    }

    /// What is answered; `None` if the request was not executed, and its client is to ask elsewhere.
    fn execute(&self, shared: &Shared, request: Request) -> Option<Vec<u8>> {
        let store = shared.store.upgrade()?;
        let busy = self.enter()?;
        self.hear();
        // A panic, as of somebody's hook, is reported by its thread, and costs this connection.
        self.carried.begin();
        let done = catch_unwind(AssertUnwindSafe(|| store.execute(self, request)));
        let carried = self.carried.end();
        let answer = done.ok().filter(|answer| !matches!(answer, Err(Error::Closed)))?;
        let (step, told) = carried.unwrap_or_else(|| (store.visible.number(), Vec::new()));
        let bytes = Answered::encode(step, &told, store.catalog().answers.last_durable(), &answer);
        // Before the store, which may be closed when this is its last user: that waits for whoever is busy.
        drop(busy);
        Some(bytes)
    }

    /// Keeps a connection in sight.
    pub(super) fn take(&self, stream: &UnixStream) -> std::io::Result<u64> {
        let copy = stream.try_clone()?;
        let mut work = self.work();
        if work.ended {
            return Err(std::io::ErrorKind::ConnectionAborted.into());
        }
        work.last_stream += 1;
        let number = work.last_stream;
        work.streams.insert(number, copy);
        Ok(number)
    }

    /// Begins no more requests, and lets the client know.
    pub(super) fn end(&self) {
        let mut work = self.work();
        work.ended = true;
        for stream in std::mem::take(&mut work.streams).into_values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.idle.notify_all();
    }

    /// Waits until nothing is done any more for an ended session. False if that takes too long.
    pub(super) fn is_idle(&self) -> bool {
        let work = self.work();
        let waited = self.idle.wait_timeout_while(work, DRAIN_PATIENCE, |work| work.busy > 0);
        waited.unwrap_or_else(PoisonError::into_inner).0.busy == 0
    }

    /// Waits until it is idle, and drops what it held. False if that takes too long.
    pub(super) fn drained(&self) -> bool {
        let is_idle = self.is_idle();
        if is_idle {
            let held = std::mem::take(&mut *self.held());
            drop(held);
        }
        is_idle
    }

    pub(super) fn hear(&self) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    pub(super) fn silent_for(&self) -> Duration {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    pub(super) fn welcomed(&self) {
        let work = self.work();
        self.welcomed.store(true, Ordering::Release);
        drop(work);
        self.idle.notify_all();
    }

    /// Waits until the client was sent where everything stands; false if it is gone.
    pub(super) fn wait_welcomed(&self) -> bool {
        let work = self.work();
        let waits = |work: &mut Work| !self.welcomed.load(Ordering::Acquire) && !work.ended;
        let waited = self.idle.wait_timeout_while(work, DRAIN_PATIENCE, waits);
        drop(waited);
        self.welcomed.load(Ordering::Acquire)
    }

    /// Whether an answer will carry the step that this thread takes, to a client that waits for nothing else.
    pub(super) fn carries(&self, step: u64, told: &[u8]) -> bool {
        self.carried.takes(step, told) && self.work().busy == 1
    }

    pub(super) fn holds(&self, name: &str) -> bool {
        self.held().claims.contains_key(name)
    }

    /// Its process, how many connections it has, and what it has claimed.
    pub(super) fn describe(&self) -> (u32, u32, Vec<String>) {
        let connections = u32::try_from(self.work().streams.len()).unwrap_or(u32::MAX);
        let held = self.held();
        let members = held.members.values().filter_map(SessionMember::noted);
        (self.pid, connections, held.claims.keys().cloned().chain(members).collect())
    }

    pub(super) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self) -> Option<Busy<'_>> {
        let mut work = self.work();
        if work.ended {
            return None;
        }
        work.busy += 1;
        Some(Busy { session: self })
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is being executed.
struct Busy<'s> {
    session: &'s Session,
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let mut work = self.session.work();
        work.busy -= 1;
        let has_ended = work.ended;
        drop(work);
        // Only the end of a session waits for what is under way.
        if has_ended {
            self.session.idle.notify_all();
        }
    }
}
