//! The commit journal: the store-wide redo file in which appends and transactions become durable, many at a
//! time.

mod behind;
mod entry;
mod file;
mod frame;
mod held;
mod image;
mod load;
mod mend;
mod registry;
mod turns;
mod vouch;
mod writers;

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::disk::Disk;
use crate::error::{Error, Result};
use crate::visible::{Publish, Visible};

use file::Payload;
use held::Held;
use turns::{Places, Turn};

pub(crate) use entry::{
    Commit, Entry, Part, Pin, Property, decode_config, decode_pins, encode_config, encode_pins,
};
pub(crate) use file::{JOURNAL_DIR, JournalFile};
pub(crate) use image::Image;
pub(crate) use load::{Loaded, Torn, is_unborn, load, version};
pub(crate) use registry::{RegisteredTopic, Registry};
pub use writers::Appended;
pub(crate) use writers::{Sequenced, WriterMoved, WriterOpened, WriterTable};

/// What the journal needs of the store it serves.
pub(crate) trait JournalHost {
    /// Makes durable all that the journal holds, and gives the state that its next file begins with.
    fn checkpoint(&self) -> Result<Image>;
    /// Called after entries were published.
    fn advanced(&self);
}

/// The place of an entry in the journal's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

impl Ticket {
    /// Of what was durable at the opening.
    pub(crate) const PAST: Ticket = Ticket(0);
}

/// An open journal.
///
/// Group commit without a thread of its own: whoever waits first for the disk leads. The leader writes and syncs all that
/// was enqueued until then, while the next group gathers behind it. Whoever waits for the writing alone writes what is enqueued, also
/// while a leader syncs what was written before.
///
/// ```text
/// leader      | write 1 2 |  sync ................. | seen 1 2 |
/// os          |           | write 3 | seen 3 |                            3 touches nothing of 1 and 2
/// ```
pub(crate) struct Journal {
    queue: Mutex<Queue>,
    /// Where those wait who need the disk, in groups that are synced one after another.
    syncs: Places,
    /// Where those wait who need no more than the writing, while others write.
    writes: Places,
    /// Where those wait of these who must wait for a sync all the same.
    behind: Condvar,
    /// Where a leader waits for somebody else to have written.
    leader: Condvar,
    /// That of who writes, or has synced. The queue may be locked behind it, not before.
    out: Mutex<Out>,
    /// Entries become visible in steps of it.
    visible: Arc<Visible>,
}

/// Where entries go.
struct Out {
    file: JournalFile,
    held: Held,
}

#[derive(Default)]
struct Queue {
    pending: Vec<Pending>,
    enqueued: u64,
    written: u64,
    synced: u64,
    syncs: Turn,
    writes: Turn,
    /// Early entries that are written, and wait for others to be seen.
    behind: Vec<u64>,
    behind_waiting: usize,
    leader_waits: bool,
    /// What is pending needs the next file, which a leader begins.
    full: bool,
    /// Something is seen of which hooks were not told.
    untold: bool,
    stopped: Option<Stopped>,
}

struct Pending {
    entry: Entry,
    publish: Box<dyn Publish>,
}

/// What somebody waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    Written,
    /// Of an early entry.
    Seen,
    Synced,
    /// Everything is synced, and nobody is about to write more.
    AllDone,
}

/// What becomes of a group that is to be written.
enum Outcome {
    Written,
    /// It needs another file.
    Full(Vec<Pending>),
}

#[derive(Clone)]
enum Stopped {
    Closed,
    Failed(String),
}

impl Journal {
    pub(crate) fn new(file: JournalFile, visible: Arc<Visible>) -> Journal {
        Journal {
            queue: Mutex::default(),
            syncs: Places::default(),
            writes: Places::default(),
            behind: Condvar::new(),
            leader: Condvar::new(),
            out: Mutex::new(Out { file, held: Held::default() }),
            visible,
        }
    }

    /// Fails if the journal takes nothing any more.
    pub(crate) fn check(&self) -> Result<()> {
        self.queue().check()
    }

    /// Puts an entry into the journal's order. Readers see what `publish` changes once the entry is durable, or written if it is early. Whoever
    /// enqueues must wait for it, without a lock held that a checkpoint needs.
    pub(crate) fn enqueue(&self, entry: Entry, publish: Box<dyn Publish>) -> Ticket {
        let mut queue = self.queue();
        queue.pending.push(Pending { entry, publish });
        queue.enqueued += 1;
        Ticket(queue.enqueued)
    }

    /// The place of the last entry that was enqueued.
    pub(crate) fn last(&self) -> Ticket {
        Ticket(self.queue().enqueued)
    }

    /// Waits until the entry is durable and published, leading a group if nobody else does.
    pub(crate) fn wait(&self, ticket: Ticket, host: &dyn JournalHost) -> Result<()> {
        self.wait_until(host, Until::Synced, ticket).map(drop)
    }

    /// Waits until the entry is written. Readers do not see it before the next sync, unless it is early.
    pub(crate) fn wait_written(&self, ticket: Ticket, host: &dyn JournalHost) -> Result<()> {
        self.wait_until(host, Until::Written, ticket).map(drop)
    }

    /// Waits until the entry, which is early, is written and published. Only if it touches what others are waiting for is that after a sync.
    pub(crate) fn wait_seen(&self, ticket: Ticket, host: &dyn JournalHost) -> Result<()> {
        self.wait_until(host, Until::Seen, ticket).map(drop)
    }

    /// Makes durable and publishes what was enqueued until now.
    pub(crate) fn sync(&self, host: &dyn JournalHost) -> Result<()> {
        let ticket = Ticket(self.queue().enqueued);
        self.wait(ticket, host)
    }

    /// Writes what is pending, empties the journal into a clean head, and takes nothing more.
    pub(crate) fn close(&self, host: &dyn JournalHost) -> Result<()> {
        let mut queue = self.wait_until(host, Until::AllDone, Ticket(u64::MAX))?;
        queue.check()?;
        queue.stopped = Some(Stopped::Closed);
        drop(queue);
        // Somebody may have enqueued since, and will be told that the store is closed.
        let mut out = self.out();
        let image = Image { clean: true, ..host.checkpoint()? };
        out.file.rotate(&image, 0)?;
        out.file.sync_vouch()
    }

    fn wait_until(
        &self,
        host: &dyn JournalHost,
        until: Until,
        ticket: Ticket,
    ) -> Result<MutexGuard<'_, Queue>> {
        let mut queue = self.queue();
        while !queue.is_done(until, ticket) {
            if let Err(error) = queue.check() {
                // Whoever was woken to go on does not: the others must not wait for that.
                self.wake_all();
                return Err(error);
            }
            let writes = matches!(until, Until::Written | Until::Seen) && queue.written < ticket.0;
            queue = if writes && (queue.writes.is_on() || queue.leader_waits) {
                self.writes.wait(queue, Queue::writes, ticket.0)
            } else if writes && !queue.full {
                self.write_pending(queue, host, false)
            } else if !queue.syncs.is_on() {
                self.lead(queue, host, !writes)
            } else if matches!(until, Until::Written | Until::Seen) {
                self.wait_behind(queue)
            } else {
                self.syncs.wait(queue, Queue::syncs, ticket.0)
            };
        }
        if mem::take(&mut queue.untold) {
            // Without the lock: a hook may take its time, and others need not wait for it.
            drop(queue);
            host.advanced();
            queue = self.queue();
        }
        Ok(queue)
    }

    /// Waits for the end of the group that is synced, without being in it.
    fn wait_behind<'a>(&'a self, mut queue: MutexGuard<'a, Queue>) -> MutexGuard<'a, Queue> {
        queue.behind_waiting += 1;
        let mut queue = self.behind.wait(queue).unwrap_or_else(PoisonError::into_inner);
        queue.behind_waiting -= 1;
        queue
    }

    fn wake_all(&self) {
        self.syncs.wake_all();
        self.writes.wake_all();
        self.behind.notify_all();
    }

    /// Leads one group to the disk, or writes it alone, into the next file if need be. A panic on the way fails the journal, since nobody
    /// can tell how far the group came, and then goes on: only this thread is lost, and the others are told.
    fn lead<'a>(
        &'a self,
        mut queue: MutexGuard<'a, Queue>,
        host: &dyn JournalHost,
        to_disk: bool,
    ) -> MutexGuard<'a, Queue> {
        let upto = queue.enqueued;
        queue.syncs.begin(upto);
        // Those who write go on without end if they are many.
        while queue.writes.is_on() {
            queue.leader_waits = true;
            queue = self.leader.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.leader_waits = false;
        // What a panic leaves half-done is not used any more: the journal takes nothing after it.
        let led = catch_unwind(AssertUnwindSafe(|| {
            let queue = self.write_pending(queue, host, true);
            if !to_disk {
                return Ok(());
            }
            queue.check()?;
            drop(queue);
            self.sync_written(upto)
        }));
        let mut queue = self.queue();
        queue.note_failure(&led);
        self.syncs.end(&mut queue.syncs);
        if queue.behind_waiting > 0 {
            self.behind.notify_all();
        }
        if queue.stopped.is_some() {
            self.wake_all();
        }
        if let Err(panic) = led {
            drop(queue);
            resume_unwind(panic);
        }
        queue
    }

    /// Makes durable what is written, and lets readers see entries up to this one, and those that waited for them.
    fn sync_written(&self, upto: u64) -> Result<()> {
        let syncing = self.out().file.begin_sync();
        // Without the lock: others may write meanwhile.
        if let Some(syncing) = &syncing {
            syncing.sync()?;
        }
        let mut out = self.out();
        syncing.map_or(Ok(()), |syncing| out.file.end_sync(&syncing))?;
        self.publish_synced(&mut out, upto);
        Ok(())
    }

    fn publish_synced(&self, out: &mut Out, upto: u64) {
        let seen = out.held.synced(upto);
        let has_news = !seen.is_empty();
        self.visible.publish(seen);
        let mut queue = self.queue();
        queue.synced = queue.synced.max(upto);
        queue.behind = out.held.behind().collect();
        queue.untold |= has_news;
    }

    /// Writes what is pending. Only a leader, beside whom nobody syncs, begins another file. A panic goes on as with a leader.
    fn write_pending<'a>(
        &'a self,
        mut queue: MutexGuard<'a, Queue>,
        host: &dyn JournalHost,
        leads: bool,
    ) -> MutexGuard<'a, Queue> {
        let upto = queue.enqueued;
        queue.writes.begin(upto);
        let group = mem::take(&mut queue.pending);
        drop(queue);
        let written = catch_unwind(AssertUnwindSafe(|| self.write(group, host, leads)));
        let mut queue = self.queue();
        queue.note_failure(&written);
        match written {
            Ok(Ok(Outcome::Written)) => {
                queue.written = upto;
                queue.full = false;
            }
            Ok(Ok(Outcome::Full(mut group))) => {
                group.append(&mut queue.pending);
                queue.pending = group;
                queue.full = true;
            }
            Ok(Err(_)) => self.wake_all(),
            Err(panic) => {
                self.end_writing(&mut queue);
                self.wake_all();
                drop(queue);
                resume_unwind(panic);
            }
        }
        self.end_writing(&mut queue);
        queue
    }

    fn end_writing(&self, queue: &mut Queue) {
        self.writes.end(&mut queue.writes);
        if queue.leader_waits {
            self.leader.notify_all();
        }
    }

    /// Writes a group, and publishes of it what is early.
    fn write(&self, group: Vec<Pending>, host: &dyn JournalHost, leads: bool) -> Result<Outcome> {
        let mut out = self.out();
        let encode = |Pending { entry, publish }: &Pending| Payload {
            kind: entry.kind(),
            is_loose: publish.is_loose(),
            bytes: entry.encode(),
        };
        let payloads: Vec<_> = group.iter().map(encode).collect();
        if let Some(room) = out.file.room_needed(&payloads) {
            if !leads {
                return Ok(Outcome::Full(group));
            }
            // The next head has only what is published.
            out.file.sync()?;
            let written = out.held.written();
            self.publish_synced(&mut out, written);
            // When a segment cannot be synced, only the journal has its records for certain: it grows on.
            if let Ok(image) = host.checkpoint() {
                out.file.rotate(&image, room)?;
            }
        }
        out.file.write_entries(&payloads)?;
        if payloads.iter().any(|payload| payload.is_loose) {
            out.file.say_written()?;
        }
        let early = out.held.add(group.into_iter().map(|pending| pending.publish));
        if !early.seen.is_empty() || !early.behind.is_empty() {
            let has_news = !early.seen.is_empty();
            self.visible.publish(early.seen);
            let mut queue = self.queue();
            queue.behind.extend(early.behind);
            queue.untold |= has_news;
        }
        Ok(Outcome::Written)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn out(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn check(&self) -> Result<()> {
        match &self.stopped {
            None => Ok(()),
            Some(Stopped::Closed) => Err(Error::Closed),
            Some(Stopped::Failed(reason)) => Err(Error::StoreReadOnly { reason: reason.clone() }),
        }
    }

    fn is_done(&self, until: Until, ticket: Ticket) -> bool {
        match until {
            Until::Written => self.written >= ticket.0,
            Until::Seen => self.written >= ticket.0 && !self.behind.contains(&ticket.0),
            Until::Synced => self.synced >= ticket.0,
            Until::AllDone => self.synced >= self.enqueued && !self.syncs.is_on() && !self.writes.is_on(),
        }
    }

    fn note_failure<T>(&mut self, outcome: &thread::Result<Result<T>>) {
        let reason = match outcome {
            Ok(Ok(_)) => return,
            Ok(Err(error)) => error.cause(),
            Err(panic) => told_by(&**panic),
        };
        // The first reason stays.
        self.stopped.get_or_insert(Stopped::Failed(reason));
    }

    fn syncs(&mut self) -> &mut Turn {
        &mut self.syncs
    }

    fn writes(&mut self) -> &mut Turn {
        &mut self.writes
    }
}

/// The reason for a failure that a panic amounts to.
fn told_by(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("writing the commit journal panicked: {}", text.unwrap_or("without a message"))
}

/// Makes the journal of a new store.
pub(crate) fn create(disk: Arc<dyn Disk>, journal_bytes: u64) -> Result<JournalFile> {
    create_of(disk, journal_bytes, &Image { clean: true, ..Image::default() })
}

/// Makes the journal of a store that has this state from the beginning.
pub(crate) fn create_of(disk: Arc<dyn Disk>, journal_bytes: u64, image: &Image) -> Result<JournalFile> {
    let mut file = JournalFile::unborn(disk, journal_bytes)?;
    // After three turns both files exist and the heads of both know it, so that a loss is noticed.
    for _ in 0..3 {
        file.rotate(image, 0)?;
    }
    file.sync_vouch()?;
    file.sync_names()?;
    Ok(file)
}
