//! A store that owns its directory: what it has beside what every store has, and what it does to the catalog.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::config::{SETTINGS_PROPERTY, TopicConfig};
use crate::disk::Disk;
use crate::error::{Error, Result};
use crate::ids::TopicId;
use crate::journal::{Entry, Image, Journal, JournalHost, Pin, Property, Ticket};
use crate::partition::{PartitionCore, sync_together};
use crate::remote::{is_alive, tell_entry};
use crate::visible::{Publish, Step, Touched};

use super::answers::ANSWERS_TOPIC;
use super::catalog::Catalog;
use super::claim::{Claim, Claims};
use super::claimed;
use super::flusher::Flusher;
use super::group::{Groups, OFFSETS_TOPIC, is_noted};
use super::retention::Keeper;
use super::server::Server;
use super::syncer::Syncer;
use super::topic::{PropertySet, TopicCore};
use super::{Producer, Side, StoreInner};

/// How long a client of a former owner that has come back has to say that it still holds what it had claimed. It does so at once,
/// but the machine may be at its limit.
const SAYS_SO_WITHIN: Duration = Duration::from_secs(5);

/// How long is waited before it is looked for again.
const PAUSE: Duration = Duration::from_millis(5);

/// Names that are of the processes that held them until then, unless these are gone, or have come and not said so.
struct Reserved {
    until: Instant,
    names: claimed::Names,
}

/// What a store has that owns its directory.
pub(super) struct Own {
    pub(super) journal: Journal,
    pub(super) flusher: Arc<Flusher>,
    pub(super) syncer: Arc<Syncer>,
    pub(super) keeper: Arc<Keeper>,
    pub(super) groups: Arc<Groups>,
    claims: Arc<Claims>,
    /// What other processes had claimed of a former owner.
    reserved: Mutex<Option<Reserved>>,
    /// For other processes, where the directory is shared.
    server: Mutex<Option<Server>>,
    /// Why it cannot be shared, if that is so.
    alone: OnceLock<String>,
    lock: Mutex<Option<Box<dyn Send + Sync>>>,
}

impl Own {
    pub(super) fn new(journal: Journal, lock: Box<dyn Send + Sync>) -> Own {
        let lock = Mutex::new(Some(lock));
        Own {
            journal,
            flusher: Arc::default(),
            syncer: Arc::default(),
            keeper: Arc::default(),
            groups: Arc::default(),
            claims: Arc::default(),
            reserved: Mutex::default(),
            server: Mutex::default(),
            alone: OnceLock::new(),
            lock,
        }
    }

    pub(super) fn serve(&self, server: Server) {
        *self.server() = Some(server);
    }

    /// No other process can open the directory, for this reason.
    pub(super) fn stay_alone(&self, reason: String) {
        // It is said once, by who opens it.
        let _ = self.alone.set(reason);
    }

    pub(super) fn alone(&self) -> Option<String> {
        self.alone.get().cloned()
    }

    /// Waits with claims of these names, so that those who had claimed them of a former owner have them again before: as long as
    /// one may be silent that has claimed something of this one. Members of consumer groups are waited for as long.
    pub(super) fn reserve(&self, names: claimed::Names, silent_after: Duration) {
        let (all, until) = (names.all(), Instant::now() + silent_after);
        self.groups.expect(all.iter().map(|(name, pid)| (name.as_str(), *pid)), until);
        *self.reserved() = Some(Reserved { until, names });
    }

    /// Takes a name, if need be from a process that is not heard of.
    pub(super) fn claim(&self, name: &str, again: bool) -> Result<Claim> {
        while !again && self.is_kept_for_another(name) {
            thread::sleep(PAUSE);
        }
        self.claims.claim(name).or_else(|error| {
            let gone = self.server().as_ref().is_some_and(|server| server.end_silent_holder_of(name));
            if gone { self.claims.claim(name) } else { Err(error) }
        })
    }

    /// A process wants a name no more, which may be kept for it.
    pub(super) fn let_go(&self, name: &str, pid: u32) {
        self.reserved().iter_mut().for_each(|reserved| reserved.names.remove(name, pid));
    }

    /// Whether a process that had a name of a former owner may still come and say so.
    fn is_kept_for_another(&self, name: &str) -> bool {
        let holder = {
            let reserved = self.reserved();
            let reserved = reserved.as_ref().filter(|reserved| Instant::now() < reserved.until);
            reserved.and_then(|reserved| reserved.names.holder_of(name))
        };
        holder.is_some_and(|pid| {
            let has_come = self.server().as_ref().is_some_and(|server| server.has_had(pid, SAYS_SO_WITHIN));
            !self.claims.is_held(name) && !has_come && is_alive(pid)
        })
    }

    /// The processes that have the directory open: for each its id, its connections, and what it has claimed.
    pub(super) fn processes(&self) -> Vec<(u32, u32, Vec<String>)> {
        let others = self.server().as_ref().map_or_else(Vec::new, Server::processes);
        let theirs: Vec<_> = others.iter().flat_map(|(_, _, claims)| claims).collect();
        let held = self.claims.held().into_iter().chain(self.groups.noted());
        let own = held.filter(|claim| !theirs.contains(&claim)).collect();
        [vec![(std::process::id(), 0, own)], others].concat()
    }

    /// Leaves word of what other processes have claimed, for the next owner.
    pub(super) fn note_claims(&self, disk: &dyn Disk) {
        // Held until it is written, so that of two who write it the later one knows more.
        let server = self.server();
        let Some(others) = server.as_ref().map(Server::processes) else { return };
        claimed::note(disk, &self.claimed_by(&others));
    }

    /// What these have claimed, and what is kept for those who may not have come yet.
    fn claimed_by(&self, others: &[(u32, u32, Vec<String>)]) -> claimed::Names {
        let mut names = claimed::Names::of(others);
        let reserved = self.reserved();
        reserved.iter().filter(|one| one.until > Instant::now()).for_each(|one| names.add(&one.names));
        drop(reserved);
        // Of members of groups that is not so: one that has come and is gone must not be taken for one that may come.
        names.retain(|name| !is_noted(name));
        let noted = others.iter().flat_map(|(pid, _, names)| names.iter().map(|name| (name.clone(), *pid)));
        names.extend(noted.filter(|(name, _)| is_noted(name)));
        names.extend(self.groups.awaited());
        names
    }

    pub(super) fn close(&self, store: &StoreInner) -> Result<()> {
        store.disk.note_closing();
        // What others have asked for is done, and nothing more taken from them.
        let server = self.server().take();
        if let Some(server) = server {
            // Who is told now that something is claimed finds it kept by the next owner.
            server.stop(|theirs| claimed::note(&*store.disk, &self.claimed_by(theirs)));
        }
        self.flusher.stop();
        self.syncer.stop();
        self.keeper.stop();
        let closed = self.journal.close(store);
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        closed
    }

    fn reserved(&self) -> MutexGuard<'_, Option<Reserved>> {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn server(&self) -> MutexGuard<'_, Option<Server>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StoreInner {
    /// What it has as the directory's owner, where that is known.
    pub(super) fn own(&self) -> &Own {
        match &self.side {
            Side::Own(own) => own,
            Side::Through(_) => unreachable!("a store that goes through another asks that one"),
        }
    }

    pub(super) fn create_topic(&self, name: &str, config: TopicConfig) -> Result<Arc<TopicCore>> {
        let mut catalog = self.catalog();
        if catalog.named(name).is_some() {
            return Err(Error::TopicExists { name: name.to_owned() });
        }
        self.own().journal.check()?;
        let id = TopicId(catalog.registry().next_topic);
        let core = self.new_topic(id, name, &config);
        catalog.topics.insert(id, core.clone());
        let entry = Entry::CreateTopic { id, name: name.to_owned(), config };
        self.record(catalog, entry)?;
        Ok(core)
    }

    pub(super) fn alter_topic(
        &self,
        core: &Arc<TopicCore>,
        changes: &[(String, Option<String>)],
    ) -> Result<()> {
        let mut catalog = self.catalog();
        catalog.check_exists(core)?;
        let journal = &self.own().journal;
        journal.check()?;
        // As the registry has them: with what others have altered, and is on its way into the journal.
        let mut config = catalog.registry().topics[&core.id].config.clone();
        let invalid = |reason: String| Error::InvalidTopic { name: core.name.clone(), reason };
        config.change(changes).map_err(|error| invalid(error.to_string()))?;
        let (name, value) = (SETTINGS_PROPERTY.to_owned(), config.settings_text().into_bytes());
        let publish = Box::new(PropertySet::new(core.clone(), &name, &value));
        let entry = Entry::Property(Property { topic: core.id, name, value });
        let ticket = self.enqueue(&mut catalog, entry, publish);
        drop(catalog);
        journal.wait(ticket, self)
    }

    pub(super) fn delete_topic(&self, name: &str) -> Result<()> {
        let mut catalog = self.catalog();
        let core = catalog.expect_named(name)?;
        let kept_for = match name {
            ANSWERS_TOPIC => Some("to answer other processes once"),
            OFFSETS_TOPIC if core.is_internal() => Some("to know what consumer groups have committed"),
            _ => None,
        };
        if let Some(kept_for) = kept_for {
            let reason = format!("the log itself keeps it, {kept_for}");
            return Err(Error::InvalidTopic { name: name.to_owned(), reason });
        }
        self.own().journal.check()?;
        core.delete();
        catalog.topics.remove(&core.id);
        catalog.forget_writers(Some(core.id));
        self.record(catalog, Entry::DeleteTopic { id: core.id })?;
        self.remove_files_of(core.id)
    }

    pub(super) fn open_producer(self: &Arc<Self>, name: &str) -> Result<Producer> {
        let catalog = self.catalog();
        self.own().journal.check()?;
        let (id, epoch) = catalog.registry().next_epoch(name);
        let entry = Entry::Producer { name: name.to_owned(), id, epoch };
        self.record(catalog, entry)?;
        // Its readers need not wait for whoever has it under way. If it cannot be aborted, the next transaction tries again.
        let _ = self.abort_left_behind(id);
        Ok(Producer { name: name.to_owned(), id, epoch })
    }

    pub(super) fn set_pins(&self, owner: &str, pins: Vec<Pin>) -> Result<()> {
        let catalog = self.catalog();
        self.own().journal.check()?;
        catalog.check_pins(&pins)?;
        self.record(catalog, Entry::Pins { owner: owner.to_owned(), pins })
    }

    pub(super) fn acknowledge_losses(&self) -> Result<()> {
        let catalog = self.catalog();
        self.own().journal.check()?;
        let found = catalog.registry().losses.iter().map(|loss| loss.found_ms);
        let Some(until_ms) = found.max() else { return Ok(()) };
        self.record(catalog, Entry::LossesSeen { until_ms })
    }

    /// Changes the catalog and gives the change its place in the journal. The order of such entries is that of
    /// the changes, since the catalog is held.
    pub(super) fn enqueue(&self, catalog: &mut Catalog, entry: Entry, publish: Box<dyn Publish>) -> Ticket {
        catalog.apply(&entry);
        self.own().journal.enqueue(entry, publish)
    }

    /// Makes a change of which readers of topics see nothing, and waits until it is durable.
    fn record(&self, mut catalog: MutexGuard<'_, Catalog>, entry: Entry) -> Result<()> {
        let ticket = self.enqueue(&mut catalog, entry.clone(), Box::new(Recorded(entry)));
        drop(catalog);
        self.own().journal.wait(ticket, self)
    }
}

/// A change of which this store's readers see nothing: others have a catalog of their own.
struct Recorded(Entry);

impl Publish for Recorded {
    fn prepare(&mut self, _: Step) {}
    fn wake(&mut self) {}

    fn tell(&self, out: &mut Vec<u8>) {
        tell_entry(out, &self.0);
    }

    fn touch(&self, out: &mut Vec<Touched>) {
        if let Entry::CreateTopic { id, .. } | Entry::DeleteTopic { id } = &self.0 {
            out.push(Touched { topic: *id, partition: None });
        }
    }
}

impl JournalHost for StoreInner {
    fn checkpoint(&self) -> Result<Image> {
        let unsynced = self.catalog().unsynced_partitions();
        sync_together(&unsynced, self.config.sync_threads, PartitionCore::sync)?;
        self.catalog().partitions().for_each(|partition| partition.flush_indexes());
        Ok(self.catalog().image())
    }

    fn advanced(&self) {
        self.hooks.call();
    }
}
