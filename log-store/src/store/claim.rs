//! Names that one user of an open store holds at a time.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};

use super::client::RemoteClaim;

/// Holds a name of a store until it is dropped; see [`crate::Store::claim`].
#[derive(Debug)]
pub struct Claim {
    held: Held,
    name: String,
}

#[derive(Debug)]
enum Held {
    Here(Arc<Claims>),
    /// By the process that owns the directory, on behalf of this one.
    Through(RemoteClaim),
}

#[derive(Debug, Default)]
pub(super) struct Claims {
    held: Mutex<BTreeSet<String>>,
}

impl Claim {
    pub(super) fn through(claim: RemoteClaim, name: &str) -> Claim {
        Claim { held: Held::Through(claim), name: name.to_owned() }
    }

    /// Fails if it was lost: another process took the name while this one was not heard of.
    ///
    /// ```
    /// # let store = log_store::Store::open_on(std::sync::Arc::new(log_store::MemDisk::new()), Default::default())?;
    /// let claim = store.claim("nightly export")?;
    /// claim.check()?;
    /// # Ok::<(), log_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::ClaimLost`].
    pub fn check(&self) -> Result<()> {
        match &self.held {
            Held::Through(claim) if claim.is_lost(&self.name) => {
                Err(Error::ClaimLost { name: self.name.clone() })
            }
            _ => Ok(()),
        }
    }
}

impl Claims {
    pub(super) fn claim(self: &Arc<Self>, name: &str) -> Result<Claim> {
        if !self.names().insert(name.to_owned()) {
            return Err(Error::claimed(name));
        }
        Ok(Claim { held: Held::Here(self.clone()), name: name.to_owned() })
    }

    pub(super) fn is_held(&self, name: &str) -> bool {
        self.names().contains(name)
    }

    /// The names that are held, in order.
    pub(super) fn held(&self) -> Vec<String> {
        self.names().iter().cloned().collect()
    }

    fn names(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        match &self.held {
            Held::Here(claims) => drop(claims.names().remove(&self.name)),
            Held::Through(claim) => claim.release(&self.name),
        }
    }
}
