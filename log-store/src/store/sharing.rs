//! Opening a directory that others may have open: own it, or become a client of who does.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::config::StoreConfig;
use crate::disk::RealDisk;
use crate::error::{Error, Result};
use crate::remote::{Listener, connect, has_no_sockets, is_alive};

use super::claimed;
use super::client::{self, Followed, Link};
use super::server::Server;
use super::{Store, StoreInner, open};

/// How long one who has the lock may take to listen. It does so before it recovers anything.
const LISTEN_PATIENCE: Duration = Duration::from_secs(2);

/// How long is waited before the next try.
const PAUSE: Duration = Duration::from_millis(5);

/// What an attempt to get at a directory came to.
pub(super) enum Gained {
    /// It is this process's.
    Owned(Arc<StoreInner>),
    /// Another process owns it, and lets this one see it.
    Followed(Box<Followed>),
}

/// Opens a directory, by whichever way there is.
pub(super) fn open(dir: &Path, config: &StoreConfig) -> Result<Arc<StoreInner>> {
    let link = Arc::new(Link::new(dir, config));
    match gain(&link, || true)? {
        Gained::Owned(store) => Ok(store),
        Gained::Followed(followed) => client::begin(link, *followed),
    }
}

/// Opens a directory for this process alone, once whoever closes it has done so.
pub(super) fn open_alone(dir: &Path, config: &StoreConfig) -> Result<Store> {
    let begun = Instant::now();
    loop {
        match Store::open_on(Arc::new(RealDisk::new(dir)), config.clone()) {
            Err(error) if wait_for_closing(&error, begun, config.patience)? => {}
            opened => return opened,
        }
    }
}

/// Owns the directory of a link, or finds who does. Tries again as long as one process goes and another comes, and this one is wanted.
pub(super) fn gain(link: &Arc<Link>, is_wanted: impl Fn() -> bool) -> Result<Gained> {
    let (dir, config) = (link.dir(), link.config());
    let begun = Instant::now();
    // Since when one has the directory who neither closes it nor is heard of.
    let mut silent_since = begun;
    loop {
        let locked = match own(dir, config, Listener::open) {
            Err(error @ Error::Locked { .. }) => error,
            owned => return owned.map(Gained::Owned),
        };
        if is_wanted() && wait_for_closing(&locked, begun, config.patience)? {
            silent_since = Instant::now();
            continue;
        }
        let reached = match connect(dir, config.patience) {
            Ok(stream) => link.follow(stream),
            Err(error) => Err(client::Unreached::of_connecting(error)),
        };
        match reached {
            Ok(followed) => return Ok(Gained::Followed(Box::new(followed))),
            Err(client::Unreached::Refused(error)) => return Err(error),
            // Whoever has the lock does not listen.
            // Whoever was killed has it until what it has under way with the disk is done.
            Err(client::Unreached::NobodyListens)
                if silent_since.elapsed() > LISTEN_PATIENCE
                    && (begun.elapsed() > config.patience || !has_ended(dir)) =>
            {
                return Err(with_reason(locked));
            }
            Err(client::Unreached::Gone) if begun.elapsed() > config.patience => return Err(locked),
            Err(client::Unreached::NobodyListens | client::Unreached::Gone) => thread::sleep(PAUSE),
        }
    }
}

/// Whether there is no process any more of the id that the last had that took a directory.
fn has_ended(dir: &Path) -> bool {
    RealDisk::new(dir).holder().is_some_and(|(pid, _)| !is_alive(pid))
}

/// Waits for a moment if that is why a directory is locked: whoever has it closes it. That takes as long as the disk needs for what is
/// not on it yet, so it is waited for as long as another process is to answer.
fn wait_for_closing(locked: &Error, begun: Instant, patience: Duration) -> Result<bool> {
    let Error::Locked { dir, holder } = locked else { return Ok(false) };
    if !RealDisk::new(dir).holder().is_some_and(|(_, is_closing)| is_closing) {
        return Ok(false);
    }
    if begun.elapsed() > patience {
        let (dir, owner) = (dir.clone(), holder.clone());
        return Err(Error::OwnerCloses { dir, owner, seconds: patience.as_secs() });
    }
    thread::sleep(PAUSE);
    Ok(true)
}

/// Opens a directory as its owner, and serves it to others, who are listened for by `listen`.
fn own(
    dir: &Path,
    config: &StoreConfig,
    listen: fn(&Path) -> io::Result<Listener>,
) -> Result<Arc<StoreInner>> {
    let mut listening = None;
    let disk = Arc::new(RealDisk::new(dir));
    let store = open::open_telling(disk, config.clone(), || listening = Some(listen(dir)))?;
    let store = Arc::new(store);
    store.own().keeper.start(&store);
    match listening {
        Some(Ok(listener)) => {
            // There may be others who had claimed something of one that was killed, or handed over.
            store.own().reserve(claimed::left(&*store.disk), store.config.silent_after);
            let server = Server::start(listener, &store);
            store.own().serve(server.map_err(|error| Error::io("share", dir, error))?);
            // Who came before this line has claimed something unnoticed.
            store.own().note_claims(&*store.disk);
        }
        // A file system without sockets: the directory is this process's alone.
        Some(Err(error)) if has_no_sockets(&error) => store.own().stay_alone(without_sockets(&error)),
        Some(Err(error)) => return Err(Error::io("share", dir, error)),
        None => {}
    }
    Ok(store)
}

/// The error that a directory is in use, with the reason if it cannot be shared where it lies.
fn with_reason(locked: Error) -> Error {
    match locked {
        Error::Locked { dir, holder } => {
            let holder = match Listener::impossible_in(&dir) {
                Some(error) => format!("{holder} ({})", without_sockets(&error)),
                None => holder,
            };
            Error::Locked { dir, holder }
        }
        other => other,
    }
}

fn without_sockets(error: &io::Error) -> String {
    format!("its file system has no Unix sockets, by which processes share a directory: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_owns_a_directory_that_cannot_be_shared_tells_why() {
        let dir = tempfile::tempdir().unwrap();
        let config = StoreConfig::default();
        let alone = |listen: fn(&Path) -> io::Result<Listener>| {
            let store = Store { inner: own(dir.path(), &config, listen).unwrap() };
            let processes = store.processes().unwrap();
            store.close().unwrap();
            processes.alone
        };
        let said = alone(|_| Err(io::ErrorKind::PermissionDenied.into())).unwrap();
        assert!(said.starts_with("its file system has no Unix sockets"), "{said}");
        assert_eq!(alone(Listener::open), None);
        let full = own(dir.path(), &config, |_| Err(io::ErrorKind::StorageFull.into())).err().unwrap();
        assert!(full.to_string().contains("share"), "{full}");
    }
}
