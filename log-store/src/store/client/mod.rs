//! The other side of sharing: a store of a process that does not own the directory.
//!
//! It mirrors: it has the catalog and the ends of all partitions, which move as the owner tells, a step of the owner's being a step
//! of its own; it reads the files itself. For all else it asks the owner, over a connection for each thread that asks at a time.
//! When the owner goes, its follower's thread looks for another, or becomes one itself.

mod ask;
mod follow;
mod lane;
mod mirror;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread::ThreadId;
use std::time::Instant;

use crate::config::StoreConfig;
use crate::error::{Error, Result};
use crate::remote::{BrokenFrame, Greeting, Role, Told};

use super::processes::describe;
use super::{Store, StoreInner};
pub(super) use ask::Sent;
pub(super) use follow::{Followed, begin};
use lane::Lane;

/// The connection of a store to the owner of its directory, whoever that is.
pub(super) struct Link {
    dir: PathBuf,
    config: StoreConfig,
    /// Its number, by which owners know it again.
    client: u64,
    state: Mutex<State>,
    /// Held while a step is shown.
    shown: Mutex<Shown>,
    /// The store of this link, once there is one.
    store: OnceLock<Weak<StoreInner>>,
    changed: Condvar,
    /// Told of steps, and of what ends waiting for one.
    stepped: Condvar,
    /// Those that nobody uses.
    lanes: Mutex<Lanes>,
    /// What was claimed, by which claim, and whether it is still held.
    claims: Mutex<BTreeMap<String, (u64, Holding)>>,
    last_claim: AtomicU64,
    /// Held while something is claimed or let go: the owner does not tell one of this process's threads from another.
    claiming: Mutex<()>,
    /// The number of the last answer that is known to be durable.
    answered: AtomicU64,
    /// This process's own store, if it has taken the owner's place.
    owned: Mutex<Option<Store>>,
}

struct State {
    at: At,
    /// Raised with each owner that is found.
    generation: u64,
    /// The last step of it that this process's readers see.
    step: u64,
    /// How many wait for a step.
    waiting: usize,
    owner: String,
    /// The thread that takes the steps, which must not wait for one.
    thread: Option<ThreadId>,
    stream: Option<UnixStream>,
}

/// What this process's readers see: of which owner, and its last step.
#[derive(Default)]
struct Shown {
    generation: u64,
    step: u64,
}

enum At {
    Connected {
        session: u64,
    },
    /// Without an owner since then, for this reason.
    Away(Instant, String),
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holding {
    Held,
    Lost,
}

#[derive(Default)]
struct Lanes {
    idle: Vec<Lane>,
    last: u32,
}

/// An owner that there is now.
#[derive(Clone, Debug)]
struct Place {
    generation: u64,
    session: u64,
}

/// Why nobody could be reached.
pub(super) enum Unreached {
    NobodyListens,
    /// Somebody did, and went.
    Gone,
    /// Trying again is no use.
    Refused(Error),
}

/// A claim that the owner holds for this process.
pub(super) struct RemoteClaim {
    link: Arc<Link>,
    number: u64,
}

impl Link {
    pub(super) fn new(dir: &Path, config: &StoreConfig) -> Link {
        // Random, as the keys of every hasher are.
        let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
        Link {
            dir: dir.to_owned(),
            config: config.clone(),
            client: random.max(1),
            state: Mutex::new(State {
                at: At::Away(Instant::now(), String::new()),
                generation: 0,
                step: 0,
                waiting: 0,
                owner: "another process".to_owned(),
                thread: None,
                stream: None,
            }),
            shown: Mutex::default(),
            store: OnceLock::new(),
            changed: Condvar::new(),
            stepped: Condvar::new(),
            lanes: Mutex::default(),
            claims: Mutex::default(),
            last_claim: AtomicU64::new(0),
            claiming: Mutex::default(),
            answered: AtomicU64::new(0),
            owned: Mutex::default(),
        }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn config(&self) -> &StoreConfig {
        &self.config
    }

    pub(super) fn close(&self) -> Result<()> {
        let stream = {
            let mut state = self.state();
            state.at = At::Closed;
            state.stream.take()
        };
        self.tell_change();
        stream.iter().for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
        self.lanes().idle.clear();
        let owned = self.owned.lock().unwrap_or_else(PoisonError::into_inner).take();
        owned.map_or(Ok(()), Store::close)
    }

    /// The owner that there is, when there is one. Waits until a deadline.
    fn place(&self, deadline: Instant) -> Result<Place> {
        let mut state = self.state();
        loop {
            match &state.at {
                At::Connected { session } => {
                    return Ok(Place { generation: state.generation, session: *session });
                }
                At::Closed => return Err(Error::Closed),
                At::Away(since, reason) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    // The follower's thread finds the next owner, and would wait for itself.
                    if left.is_zero() || state.thread == Some(std::thread::current().id()) {
                        let (dir, seconds) = (self.dir.clone(), since.elapsed().as_secs());
                        return Err(Error::OwnerGone { dir, seconds, reason: reason.clone() });
                    }
                    state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }

    /// Waits until the readers of this process see what those of the owner saw when it answered.
    fn wait_for_step(&self, generation: u64, step: u64, deadline: Instant) -> Result<()> {
        let mut state = self.state();
        loop {
            let is_there = state.generation > generation || state.step >= step;
            if is_there || state.thread == Some(std::thread::current().id()) {
                return Ok(());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match &state.at {
                At::Closed => return Ok(()),
                _ if left.is_zero() => return Err(self.silent(&state.owner)),
                _ => {}
            }
            state.waiting += 1;
            state = self.stepped.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            state.waiting -= 1;
        }
    }

    /// Shows readers the next step of an owner, unless they have seen it, or have not seen the one before it; tells whether it was shown
    /// now. Who has shown steps tells of it.
    fn show(&self, store: &StoreInner, generation: u64, step: u64, told: Vec<Told>) -> bool {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let is_next = shown.generation == generation && shown.step + 1 == step;
        if is_next {
            store.show_step(told);
            shown.step = step;
        }
        is_next
    }

    /// This process's readers see steps of an owner, up to this one.
    fn tell_step(&self, generation: u64, step: u64) {
        let mut state = self.state();
        if state.generation == generation {
            state.step = state.step.max(step);
        }
        let waiting = state.waiting;
        drop(state);
        if waiting > 0 {
            self.stepped.notify_all();
        }
    }

    /// A hook's panic is reported, and must not keep others from hearing.
    fn call_hooks(store: &StoreInner) {
        let _ = catch_unwind(AssertUnwindSafe(|| store.hooks.call()));
    }

    /// Has everybody look again who waits for something of the owner.
    fn tell_change(&self) {
        self.changed.notify_all();
        self.stepped.notify_all();
    }

    fn silent(&self, owner: &str) -> Error {
        let (dir, owner) = (self.dir.clone(), owner.to_owned());
        Error::OwnerSilent { dir, owner, seconds: self.config.patience.as_secs() }
    }

    fn greeting(&self, role: Role, session: u64) -> Greeting {
        Greeting { role, client: self.client, session }
    }

    fn note_answered(&self, number: u64) {
        self.answered.fetch_max(number, Ordering::AcqRel);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claims(&self) -> MutexGuard<'_, BTreeMap<String, (u64, Holding)>> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Unreached {
    pub(super) fn of_connecting(error: io::Error) -> Unreached {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Unreached::NobodyListens,
            // As many wait already as the system lets wait.
            _ => Unreached::Gone,
        }
    }

    fn of_frame(link: &Link, owner: u32, broken: BrokenFrame) -> Unreached {
        match broken {
            BrokenFrame::Silent => Unreached::Refused(link.silent(&describe(owner))),
            BrokenFrame::Gone | BrokenFrame::Io(_) => Unreached::Gone,
            BrokenFrame::Malformed => Unreached::Refused(Error::OtherProtocol {
                dir: link.dir.clone(),
                owner: describe(owner),
                found: 0,
                supported: crate::remote::PROTOCOL,
            }),
        }
    }
}

impl RemoteClaim {
    /// Whether another process has it now.
    pub(super) fn is_lost(&self, name: &str) -> bool {
        self.link.claims().get(name) != Some(&(self.number, Holding::Held))
    }

    /// Lets it go.
    pub(super) fn release(&self, name: &str) {
        let _claiming = self.link.claiming.lock().unwrap_or_else(PoisonError::into_inner);
        let mut claims = self.link.claims();
        let held = claims.get(name).copied().filter(|(number, _)| *number == self.number);
        if held.is_some() {
            claims.remove(name);
        }
        drop(claims);
        if held == Some((self.number, Holding::Held)) {
            self.link.release(name);
        }
    }
}

impl std::fmt::Debug for RemoteClaim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteClaim").field("dir", &self.link.dir).finish_non_exhaustive()
    }
}

impl StoreInner {
    /// What a store is that works through an owner.
    fn through(link: Arc<Link>, record_bytes: u64) -> StoreInner {
        let record_bytes = usize::try_from(record_bytes).unwrap_or(usize::MAX);
        let config =
            StoreConfig { record_bytes: link.config.record_bytes.min(record_bytes), ..link.config.clone() };
        StoreInner {
            disk: Arc::new(crate::disk::RealDisk::new(&link.dir)),
            config,
            visible: Arc::default(),
            catalog: Mutex::default(),
            hooks: Arc::default(),
            recovery: super::RecoveryReport { clean: true, ..super::RecoveryReport::default() },
            closed: std::sync::atomic::AtomicBool::new(false),
            offsets: super::group::CommittedOffsets::default(),
            side: super::Side::Through(link),
        }
    }
}
