//! The owner's side of sharing: takes connections, does what is asked for, tells of each step.

mod carried;
mod execute;
mod follower;
mod guests;
mod session;

use std::collections::BTreeMap;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use crate::remote::{
    Greeting, Listener, PROTOCOL, Role, Welcome, process_of, read_frame, read_frame_upto, read_version,
    write_frame, write_version,
};

use super::StoreInner;
use follower::Follower;
use guests::{Guests, Hurried, Place};
use session::Session;

/// How long one who connects may take to say who it is.
const GREETING_PATIENCE: Duration = Duration::from_secs(5);

/// No greeting is longer.
const GREETING_BYTES_MAX: usize = 1024;

/// How long accepting pauses when the system has no more files to give.
const PAUSE: Duration = Duration::from_millis(20);

/// What each connection costs its successors that said nothing of use, or came when there was no place: whoever connects without end
/// waits most of the time, and the processor is for those who work.
const PAUSE_FOR_STRANGERS: Duration = Duration::from_millis(5);

/// For so many of them it pauses at most.
const USELESS_MAX: usize = 64;

/// Serves a store to other processes until it is stopped.
pub(super) struct Server {
    shared: Arc<Shared>,
}

struct Shared {
    store: Weak<StoreInner>,
    listener: Listener,
    sessions: Mutex<Sessions>,
    guests: Arc<Guests>,
    /// Connections that said nothing of use, and were not waited for yet.
    useless: AtomicUsize,
    silent_after: Duration,
}

#[derive(Default)]
struct Sessions {
    last: u64,
    live: BTreeMap<u64, Arc<Session>>,
    stopped: bool,
}

impl Server {
    /// Begins to take connections.
    pub(super) fn start(listener: Listener, store: &Arc<StoreInner>) -> io::Result<Server> {
        let shared = Arc::new(Shared {
            store: Arc::downgrade(store),
            listener,
            sessions: Mutex::default(),
            guests: Arc::default(),
            useless: AtomicUsize::new(0),
            silent_after: store.config.silent_after,
        });
        let accepting = shared.clone();
        spawn("accept", move || accepting.accept())?;
        Ok(Server { shared })
    }

    /// Takes nothing more; what was begun is done when it returns. `leave_word` is called when nobody can claim or let go of
    /// anything any more, with what each process has then.
    pub(super) fn stop(&self, leave_word: impl FnOnce(&[(u32, u32, Vec<String>)])) {
        let sessions = {
            let mut sessions = self.shared.sessions();
            sessions.stopped = true;
            std::mem::take(&mut sessions.live)
        };
        self.shared.listener.stop();
        sessions.values().for_each(|session| session.end());
        sessions.values().for_each(|session| {
            // What takes longer than that is told that the store is closed.
            let _ = session.is_idle();
        });
        leave_word(&sessions.values().map(|session| session.describe()).collect::<Vec<_>>());
        sessions.values().for_each(|session| {
            let _ = session.drained();
        });
    }

    /// Whether a process has been connected for so long.
    pub(super) fn has_had(&self, pid: u32, time: Duration) -> bool {
        let sessions = self.shared.sessions();
        sessions.live.values().any(|session| session.pid == pid && session.begun.elapsed() >= time)
    }

    /// The processes that are connected, with their connections and claims.
    pub(super) fn processes(&self) -> Vec<(u32, u32, Vec<String>)> {
        self.shared.processes()
    }

    /// Ends the session that holds a name, if its process was not heard of for long; tells whether the name is free now.
    pub(super) fn end_silent_holder_of(&self, name: &str) -> bool {
        let holder = self.shared.sessions().live.values().find(|session| session.holds(name)).cloned();
        holder.is_some_and(|session| {
            let is_silent = session.silent_for() >= self.shared.silent_after;
            is_silent && self.shared.end(&session)
        })
    }
}

impl Shared {
    fn accept(self: Arc<Self>) {
        loop {
            if self.useless.load(Ordering::Acquire) > 0 {
                self.useless.fetch_sub(1, Ordering::AcqRel);
                thread::sleep(PAUSE_FOR_STRANGERS);
            }
            match self.listener.accept() {
                Ok(stream) => {
                    let Some(place) = self.guests.admit(&stream) else {
                        // Who means well comes again.
                        self.note_useless();
                        continue;
                    };
                    let shared = self.clone();
                    let _ = spawn("connection", move || shared.greet(stream, place));
                }
                Err(_) if self.sessions().stopped => return,
                Err(_) if self.store.strong_count() == 0 => return,
                Err(_) => thread::sleep(PAUSE),
            }
        }
    }

    /// A connection was of no use; a few are remembered, so that whoever comes behind a flood does not wait for all of it.
    fn note_useless(&self) {
        let more = |useless: usize| (useless < USELESS_MAX).then_some(useless + 1);
        let _ = self.useless.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
    }

    /// Hears who is there, and goes on as that one wants.
    fn greet(self: Arc<Self>, mut stream: UnixStream, place: Place) {
        let greeting = hear(&mut stream).filter(|_| place.greeted());
        let Some(greeting) = greeting else {
            self.note_useless();
            return;
        };
        match greeting.role {
            Role::Ask => {
                let session = self.sessions().live.get(&greeting.session).cloned();
                let Some(session) = session.filter(|session| session.client == greeting.client) else {
                    return;
                };
                session.serve(&self, stream);
            }
            Role::Follow => self.follow(greeting.client, stream),
        }
    }

    /// Serves one who wants to be told of steps: a client.
    fn follow(self: &Arc<Self>, client: u64, mut stream: UnixStream) {
        let Some(session) = self.begin(client, &stream) else { return };
        if let Some(follower) = self.welcome(&session, &mut stream) {
            // Whatever comes says that the client is there.
            let mut buffer = Vec::new();
            while read_frame(&mut stream, &mut buffer).is_ok() {
                session.hear();
            }
            follower.stop();
        }
        // One that stops ends its sessions itself, when it has left word of what they hold.
        while !self.sessions().stopped && !self.end(&session) {}
        // Who hands over leaves word of what its clients have, for the next owner.
        if !self.sessions().stopped
            && let Some(store) = self.store.upgrade()
        {
            store.own().note_claims(&*store.disk);
        }
    }

    /// Sends a client where everything stands, and has it told of each step from then on.
    fn welcome(&self, session: &Arc<Session>, stream: &mut UnixStream) -> Option<Arc<Follower>> {
        let store = self.store.upgrade()?;
        // If that fails, so does whatever would be answered. Reading goes on.
        let _ = store.keep_answers();
        let follower = Follower::start(stream, session.clone()).ok()?;
        let welcome = store.welcome(session.id, follower.clone());
        drop(store);
        let bytes = [vec![0], welcome.encode()].concat();
        if write_frame(stream, &bytes).is_err() || stream.set_read_timeout(None).is_err() {
            follower.stop();
            return None;
        }
        session.welcomed();
        Some(follower)
    }

    /// A new session for a client. One that it had is over: what it asked for there is done or will not be.
    fn begin(&self, client: u64, stream: &UnixStream) -> Option<Arc<Session>> {
        let before = self.sessions().live.values().find(|session| session.client == client).cloned();
        if before.is_some_and(|before| !self.end(&before)) {
            return None;
        }
        let mut sessions = self.sessions();
        if sessions.stopped {
            return None;
        }
        sessions.last += 1;
        let session = Arc::new(Session::new(sessions.last, client, process_of(stream).unwrap_or(0)));
        session.take(stream).ok()?;
        sessions.live.insert(session.id, session.clone());
        Some(session)
    }

    /// Ends a session; false if it still does something.
    fn end(&self, session: &Session) -> bool {
        session.end();
        let drained = session.drained();
        if drained {
            self.sessions().live.remove(&session.id);
        }
        drained
    }

    fn processes(&self) -> Vec<(u32, u32, Vec<String>)> {
        let sessions: Vec<_> = self.sessions().live.values().cloned().collect();
        sessions.iter().map(|session| session.describe()).collect()
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StoreInner {
    /// Lets a client see what this store's readers see, and each step from then on.
    fn welcome(&self, session: u64, follower: Arc<Follower>) -> Welcome {
        let catalog = self.catalog();
        let mut held = self.visible.hold();
        let mut image = catalog.image();
        catalog.strip(&mut image);
        held.add(follower);
        Welcome {
            session,
            pid: std::process::id(),
            step: held.step(),
            answered: catalog.answers.last_durable(),
            record_bytes: super::record_bytes_max(&self.config) as u64,
            image,
        }
    }
}

/// What one who connects says of itself. One of another version learns which is spoken here.
fn hear(stream: &mut UnixStream) -> Option<Greeting> {
    let mut hurried = Hurried::of(stream, GREETING_PATIENCE);
    stream.set_write_timeout(Some(GREETING_PATIENCE)).ok()?;
    let version = read_version(&mut hurried).ok()?;
    write_version(&mut &*stream).ok()?;
    if version != PROTOCOL {
        return None;
    }
    let mut buffer = Vec::new();
    let frame = read_frame_upto(&mut hurried, GREETING_BYTES_MAX, &mut buffer).ok()?;
    let greeting = Greeting::decode(frame).ok()?;
    stream.set_write_timeout(None).ok()?;
    Some(greeting)
}

fn spawn(what: &str, run: impl FnOnce() + Send + 'static) -> io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().name(format!("log-store-{what}")).spawn(run)
}
