//! The thread that hears of the owner's steps, and finds another owner when it goes.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use crate::codec::Reader;
use crate::error::{Error, Result};
use crate::journal::Image;
use crate::remote::{
    BrokenFrame, Incoming, PROTOCOL, Request, Role, Told, Welcome, process_of, read_frame, read_version,
    write_frame, write_version,
};

use super::super::processes::describe;
use super::super::sharing::{self, Gained};
use super::super::{Store, StoreInner};
use super::{At, Holding, Link, Shown, Unreached};

/// How often the owner hears of a client that asks for nothing.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// How long is waited before another owner is looked for again.
const PAUSE: Duration = Duration::from_millis(20);

/// An owner that has let a client in.
pub(in crate::store) struct Followed {
    stream: UnixStream,
    session: u64,
    step: u64,
    owner: String,
    record_bytes: u64,
    image: Image,
}

/// Makes the store of a client that was let in.
pub(in crate::store) fn begin(link: Arc<Link>, followed: Followed) -> Result<Arc<StoreInner>> {
    let store = Arc::new(StoreInner::through(link.clone(), followed.record_bytes));
    link.store.get_or_init(|| Arc::downgrade(&store));
    let stream = link.take_up(&store, followed)?;
    let weak = Arc::downgrade(&store);
    let spawned = thread::Builder::new().name("log-store-follower".to_owned());
    let dir = link.dir.clone();
    let spawned = spawned.spawn(move || run(&link, &weak, stream));
    spawned.map_err(|error| Error::io("share", &dir, error))?;
    Ok(store)
}

impl Link {
    /// Says who is there, and hears where everything stands.
    pub(in crate::store) fn follow(&self, mut stream: UnixStream) -> Result<Followed, Unreached> {
        let owner = process_of(&stream).unwrap_or(0);
        let broken = |broken| Unreached::of_frame(self, owner, broken);
        write_version(&mut stream).map_err(|error| broken(error.into()))?;
        let version = read_version(&mut stream).map_err(broken)?;
        if version != PROTOCOL {
            return Err(Unreached::Refused(Error::OtherProtocol {
                dir: self.dir.clone(),
                owner: describe(owner),
                found: version,
                supported: PROTOCOL,
            }));
        }
        let greeting = self.greeting(Role::Follow, 0).encode();
        write_frame(&mut stream, &greeting).map_err(|error| broken(error.into()))?;
        let mut buffer = Vec::new();
        let frame = read_frame(&mut stream, &mut buffer).map_err(broken)?;
        let welcome = match frame.split_first() {
            Some((0, welcome)) => Welcome::decode(welcome).map_err(|malformed| broken(malformed.into()))?,
            _ => return Err(broken(BrokenFrame::Malformed)),
        };
        self.note_answered(welcome.answered);
        let Welcome { session, pid, step, record_bytes, image, .. } = welcome;
        Ok(Followed { stream, session, step, owner: describe(pid), record_bytes, image })
    }

    /// Goes on with this owner: readers see what its readers see, and who waits to ask can.
    fn take_up(&self, store: &StoreInner, followed: Followed) -> Result<UnixStream> {
        let Followed { stream, session, step, owner, image, .. } = followed;
        let copy = stream.try_clone().and_then(|copy| {
            stream.set_read_timeout(Some(HEARTBEAT))?;
            Ok(copy)
        });
        let copy = copy.map_err(|error| Error::io("share", &self.dir, error))?;
        // No step of the last owner is shown behind the image.
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        store.show_image(image);
        let mut state = self.state();
        if matches!(state.at, At::Closed) {
            return Err(Error::Closed);
        }
        state.at = At::Connected { session };
        state.generation += 1;
        (state.step, state.owner, state.stream) = (step, owner, Some(copy));
        *shown = Shown { generation: state.generation, step };
        drop((state, shown));
        Link::call_hooks(store);
        self.tell_change();
        Ok(stream)
    }

    /// Waits a little for news of an owner who does not answer, for example that there is another.
    pub(super) fn wait_for_news(&self, generation: u64, deadline: Instant) -> Result<()> {
        let state = self.state();
        let is_follower = state.thread == Some(thread::current().id());
        if is_follower || Instant::now() >= deadline {
            return Err(self.silent(&state.owner));
        }
        if state.generation == generation {
            drop(self.changed.wait_timeout(state, PAUSE));
        }
        Ok(())
    }

    /// Takes again, of a new owner, what was claimed of the last. What another has by now is lost.
    fn claim_again(&self, store: &Weak<StoreInner>) {
        let held: Vec<_> = {
            let claims = self.claims();
            let held = claims.iter().filter(|(_, (_, holding))| *holding == Holding::Held);
            held.map(|(name, _)| name.clone()).collect()
        };
        for name in held {
            if store.strong_count() == 0 {
                return;
            }
            if let Err(Error::Claimed { .. }) = self.ask(&Request::Claim { name: name.clone(), again: true })
            {
                self.claims().entry(name).and_modify(|(_, holding)| *holding = Holding::Lost);
            }
        }
    }

    fn is_closed(&self) -> bool {
        matches!(self.state().at, At::Closed)
    }
}

/// Hears of steps, of one owner after another, until the store is closed.
fn run(link: &Arc<Link>, store: &Weak<StoreInner>, mut stream: UnixStream) {
    link.state().thread = Some(thread::current().id());
    loop {
        let reason = match hear(link, store, &mut stream) {
            Ok(()) => return,
            Err(reason) => reason,
        };
        drop(stream);
        stream = match find_another(link, store, reason) {
            Some(stream) => stream,
            None => return,
        };
        link.claim_again(store);
    }
}

/// Hears of steps as long as the owner tells of any. Ends well if nobody needs to know any more.
fn hear(link: &Link, store: &Weak<StoreInner>, stream: &mut UnixStream) -> Result<(), String> {
    let mut incoming = Incoming::default();
    let mut heartbeat = Instant::now();
    let generation = link.state().generation;
    let mut has_shown = false;
    loop {
        let mut patient = Patient { stream, heartbeat: &mut heartbeat };
        let frame = match incoming.next(&mut patient) {
            _ if link.is_closed() => return Ok(()),
            Ok(frame) => frame,
            Err(BrokenFrame::Io(error)) => return Err(error.to_string()),
            Err(_) => return Err("it went away".to_owned()),
        };
        let mut from = Reader::new(frame);
        let told = from.u64().and_then(|step| Ok((step, Told::decode_all(&mut from)?)));
        let Ok((step, told)) = told else { return Err("it said what makes no sense".to_owned()) };
        let Some(store) = store.upgrade() else { return Ok(()) };
        has_shown |= link.show(&store, generation, step, told);
        // Who waits is woken once for all steps that have come; those that answers have carried are known.
        if !incoming.has_next() {
            link.tell_step(generation, step);
            if std::mem::take(&mut has_shown) {
                Link::call_hooks(&store);
            }
        }
    }
}

/// Finds the next owner, which may be this process itself; `None` if nobody needs one any more.
fn find_another(link: &Arc<Link>, store: &Weak<StoreInner>, reason: String) -> Option<UnixStream> {
    {
        let mut state = link.state();
        if matches!(state.at, At::Closed) {
            return None;
        }
        (state.at, state.stream) = (At::Away(Instant::now(), reason), None);
    }
    link.tell_change();
    link.lanes().idle.iter_mut().for_each(super::lane::Lane::disconnect);
    let is_wanted = || store.strong_count() > 0 && !link.is_closed();
    loop {
        if !is_wanted() {
            return None;
        }
        match sharing::gain(link, is_wanted) {
            Ok(Gained::Owned(owned)) => {
                // From now on it is served as to all others, by its socket.
                let before =
                    link.owned.lock().unwrap_or_else(PoisonError::into_inner).replace(Store { inner: owned });
                drop(before);
            }
            Ok(Gained::Followed(followed)) => {
                let upgraded = store.upgrade()?;
                return link.take_up(&upgraded, *followed).ok();
            }
            Err(error) => {
                let mut state = link.state();
                if let At::Away(_, reason) = &mut state.at {
                    *reason = error.to_string();
                }
                drop(state);
                thread::sleep(PAUSE);
            }
        }
    }
}

/// Reads from the owner, for as long as it takes, and lets it know meanwhile that the client is there.
struct Patient<'s> {
    stream: &'s mut UnixStream,
    heartbeat: &'s mut Instant,
}

impl Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.heartbeat.elapsed() >= HEARTBEAT {
                *self.heartbeat = Instant::now();
                match write_frame(self.stream, &[]) {
                    // A stopped owner has not read for long: it is waited for.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                    Ok(()) => {}
                }
            }
            match self.stream.read(buffer) {
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                }
                read => return read,
            }
        }
    }
}
