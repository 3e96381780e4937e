//! Names that one user of an open store holds at a time.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Result};

/// Holds a name of a store until it is dropped; see [`crate::Store::claim`].
#[derive(Debug)]
pub struct Claim {
    claims: Arc<Claims>,
    name: String,
}

#[derive(Debug, Default)]
pub(super) struct Claims {
    held: Mutex<BTreeSet<String>>,
}

impl Claims {
    pub(super) fn claim(self: &Arc<Self>, name: &str) -> Result<Claim> {
        let fresh = self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        if !fresh {
            return Err(Error::Claimed { name: name.to_owned() });
        }
        Ok(Claim { claims: self.clone(), name: name.to_owned() })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}
