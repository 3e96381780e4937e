//! Opening a directory that others may have open: own it, or become a client of who does.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::config::StoreConfig;
use crate::disk::RealDisk;
use crate::error::{Error, Result};
use crate::remote::{Listener, connect, has_no_sockets};

use super::claimed;
use super::client::{self, Followed, Link};
use super::server::Server;
use super::{StoreInner, open};

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
    match gain(&link)? {
        Gained::Owned(store) => Ok(store),
        Gained::Followed(followed) => client::begin(link, *followed),
    }
}

/// Owns the directory of a link, or finds who does. Tries again as long as one process goes and another comes.
pub(super) fn gain(link: &Arc<Link>) -> Result<Gained> {
    let (dir, config) = (link.dir(), link.config());
    let begun = Instant::now();
    loop {
        let locked = match own(dir, config) {
            Err(error @ Error::Locked { .. }) => error,
            owned => return owned.map(Gained::Owned),
        };
        let reached = match connect(dir, config.patience) {
            Ok(stream) => link.follow(stream),
            Err(error) => Err(client::Unreached::of_connecting(error)),
        };
        match reached {
            Ok(followed) => return Ok(Gained::Followed(Box::new(followed))),
            Err(client::Unreached::Refused(error)) => return Err(error),
            // Whoever has the lock does not listen.
            Err(client::Unreached::NobodyListens) if begun.elapsed() > LISTEN_PATIENCE => {
                return Err(with_reason(locked));
            }
            Err(client::Unreached::Gone) if begun.elapsed() > config.patience => return Err(locked),
            Err(client::Unreached::NobodyListens | client::Unreached::Gone) => thread::sleep(PAUSE),
        }
    }
}

/// Opens a directory as its owner, and serves it to others.
fn own(dir: &Path, config: &StoreConfig) -> Result<Arc<StoreInner>> {
    let mut listening = None;
    let disk = Arc::new(RealDisk::new(dir));
    let store = open::open_telling(disk, config.clone(), || listening = Some(Listener::open(dir)))?;
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
        Some(Err(error)) if has_no_sockets(&error) => {}
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
                Some(error) => format!(
                    "{holder} (its file system has no Unix sockets, by which processes share a directory: {error})"
                ),
                None => holder,
            };
            Error::Locked { dir, holder }
        }
        other => other,
    }
}
