//! The commit journal: the store-wide redo file in which appends and transactions become durable, many at a
//! time.

mod behind;
mod entry;
mod file;
mod frame;
mod image;
mod load;
mod mend;
mod registry;
mod vouch;
mod writers;

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::disk::Disk;
use crate::error::{Error, Result};
use crate::visible::{Publish, Visible};

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
    /// Called after entries became durable and were published.
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
/// Group commit without a thread of its own: whoever waits first leads. The leader writes and syncs all that
/// was enqueued until then, while the next group gathers behind it.
pub(crate) struct Journal {
    queue: Mutex<Queue>,
    /// Where those wait whose entries are on their way to the disk, and those of the group behind them: groups take turns.
    turned: [Condvar; 2],
    /// The leader's alone.
    file: Mutex<JournalFile>,
    /// Entries become visible in steps of it, once they are durable.
    visible: Arc<Visible>,
}

#[derive(Default)]
struct Queue {
    pending: Vec<Pending>,
    /// What is written but not synced, and therefore not published.
    unsynced: Vec<Box<dyn Publish>>,
    enqueued: u64,
    written: u64,
    synced: u64,
    leading: bool,
    /// How many entries leaders have taken, and how many leaders there have been.
    taken: u64,
    leaders: usize,
    /// How many wait at each of the two places.
    waiting: [usize; 2],
    stopped: Option<Stopped>,
}

struct Pending {
    entry: Entry,
    publish: Box<dyn Publish>,
}

/// How far a leader takes its group.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Written,
    Synced,
}

#[derive(Clone)]
enum Stopped {
    Closed,
    Failed(String),
}

impl Journal {
    pub(crate) fn new(file: JournalFile, visible: Arc<Visible>) -> Journal {
        Journal { queue: Mutex::default(), turned: Default::default(), file: Mutex::new(file), visible }
    }

    /// Fails if the journal takes nothing any more.
    pub(crate) fn check(&self) -> Result<()> {
        self.queue().check()
    }

    /// Puts an entry into the journal's order. Readers see what `publish` changes once the entry is durable. Whoever enqueues must wait for it, without a lock held that a
    /// checkpoint needs.
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
        self.wait_until(host, Reach::Synced, ticket, |queue| queue.synced >= ticket.0)
    }

    /// Waits until the entry is written. Readers do not see it before the next sync.
    pub(crate) fn wait_written(&self, ticket: Ticket, host: &dyn JournalHost) -> Result<()> {
        self.wait_until(host, Reach::Written, ticket, |queue| queue.written >= ticket.0)
    }

    /// Makes durable and publishes what was enqueued until now.
    pub(crate) fn sync(&self, host: &dyn JournalHost) -> Result<()> {
        let ticket = Ticket(self.queue().enqueued);
        self.wait(ticket, host)
    }

    /// Writes what is pending, empties the journal into a clean head, and takes nothing more.
    pub(crate) fn close(&self, host: &dyn JournalHost) -> Result<()> {
        self.wait_until(host, Reach::Synced, Ticket(u64::MAX), |queue| queue.synced >= queue.enqueued)?;
        let mut queue = self.queue();
        queue.check()?;
        queue.stopped = Some(Stopped::Closed);
        drop(queue);
        // Somebody may have enqueued since, and will be told that the store is closed.
        let mut file = self.file();
        let image = Image { clean: true, ..host.checkpoint()? };
        file.rotate(&image, 0)?;
        file.sync_vouch()
    }

    fn wait_until(
        &self,
        host: &dyn JournalHost,
        reach: Reach,
        ticket: Ticket,
        done: impl Fn(&Queue) -> bool,
    ) -> Result<()> {
        let mut queue = self.queue();
        while !done(&queue) {
            if let Err(error) = queue.check() {
                // Whoever was woken to lead does not: the others must not wait for that.
                self.turned.iter().for_each(Condvar::notify_all);
                return Err(error);
            }
            queue = if queue.leading { self.wait_turn(queue, ticket) } else { self.lead(queue, host, reach) };
        }
        Ok(())
    }

    /// Waits for the end of the group under way, if the entry is in it, or else until somebody has to lead the next.
    fn wait_turn<'a>(&'a self, mut queue: MutexGuard<'a, Queue>, ticket: Ticket) -> MutexGuard<'a, Queue> {
        let is_under_way = ticket.0 <= queue.taken;
        let place = if is_under_way { queue.leaders } else { queue.leaders + 1 } % 2;
        queue.waiting[place] += 1;
        let mut queue = self.turned[place].wait(queue).unwrap_or_else(PoisonError::into_inner);
        queue.waiting[place] -= 1;
        queue
    }

    /// Wakes all whose group has come to its end, and one of the next group, who leads it: the others of that group would only
    /// wake to wait again.
    fn wake(&self, queue: &Queue) {
        let (ended, next) = (queue.leaders % 2, (queue.leaders + 1) % 2);
        if queue.waiting[ended] > 0 {
            self.turned[ended].notify_all();
        }
        if queue.waiting[next] > 0 {
            if queue.stopped.is_some() {
                self.turned[next].notify_all();
            } else {
                self.turned[next].notify_one();
            }
        }
    }

    /// Leads one group to the disk. A panic on the way fails the journal, since nobody can tell how far the
    /// group came, and then goes on: only this thread is lost, and the others are told.
    fn lead<'a>(
        &'a self,
        mut queue: MutexGuard<'a, Queue>,
        host: &dyn JournalHost,
        reach: Reach,
    ) -> MutexGuard<'a, Queue> {
        queue.leading = true;
        queue.leaders += 1;
        queue.taken = queue.enqueued;
        let group = mem::take(&mut queue.pending);
        let mut unsynced = mem::take(&mut queue.unsynced);
        let upto = queue.enqueued;
        drop(queue);
        // What the panic leaves half-done is not used any more: the journal takes nothing after it.
        let written = catch_unwind(AssertUnwindSafe(|| self.write(group, &mut unsynced, host, reach)));
        let mut queue = self.queue();
        queue.leading = false;
        queue.unsynced = unsynced;
        match &written {
            Ok(Ok(())) => {
                queue.written = upto;
                if reach == Reach::Synced {
                    queue.synced = upto;
                }
            }
            Ok(Err(error)) => queue.stopped = Some(Stopped::Failed(error.cause())),
            Err(panic) => queue.stopped = Some(Stopped::Failed(told_by(&**panic))),
        }
        self.wake(&queue);
        match written {
            Ok(Ok(())) if reach == Reach::Synced => {
                // Without the lock: a hook may take its time, and others need not wait for it.
                drop(queue);
                host.advanced();
                queue = self.queue();
            }
            Ok(_) => {}
            Err(panic) => {
                drop(queue);
                resume_unwind(panic);
            }
        }
        queue
    }

    /// Writes a group, and syncs if it is to; then publishes it with what was written and not synced before.
    fn write(
        &self,
        group: Vec<Pending>,
        unsynced: &mut Vec<Box<dyn Publish>>,
        host: &dyn JournalHost,
        reach: Reach,
    ) -> Result<()> {
        let mut file = self.file();
        let encode = |pending: &Pending| (pending.entry.kind(), pending.entry.encode());
        let payloads: Vec<_> = group.iter().map(encode).collect();
        if let Some(room) = file.room_needed(&payloads) {
            // The next head has only what is published.
            file.sync()?;
            self.visible.publish(mem::take(unsynced));
            // When a segment cannot be synced, only the journal has its records for certain: it grows on.
            if let Ok(image) = host.checkpoint() {
                file.rotate(&image, room)?;
            }
        }
        file.write_entries(&payloads)?;
        unsynced.extend(group.into_iter().map(|pending| pending.publish));
        if reach == Reach::Synced {
            file.sync()?;
            self.visible.publish(mem::take(unsynced));
        }
        Ok(())
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self) -> MutexGuard<'_, JournalFile> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
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
