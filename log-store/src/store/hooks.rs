//! Callbacks after commits.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

type Hook = Arc<dyn Fn() + Send + Sync>;

#[derive(Default)]
pub(super) struct Hooks {
    registry: Mutex<Registry>,
}

#[derive(Default)]
struct Registry {
    next: u64,
    hooks: BTreeMap<u64, Hook>,
}

/// Keeps a hook in place; see [`crate::Store::on_commit`].
pub struct Subscription {
    hooks: Weak<Hooks>,
    number: u64,
}

impl Hooks {
    pub(super) fn add(self: &Arc<Self>, hook: Hook) -> Subscription {
        let mut registry = self.registry();
        let number = registry.next;
        registry.next += 1;
        registry.hooks.insert(number, hook);
        Subscription { hooks: Arc::downgrade(self), number }
    }

    pub(super) fn call(&self) {
        // Called without the lock, so that a hook may subscribe or unsubscribe.
        let hooks: Vec<_> = self.registry().hooks.values().cloned().collect();
        hooks.iter().for_each(|hook| hook());
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(hooks) = self.hooks.upgrade() {
            hooks.registry().hooks.remove(&self.number);
        }
    }
}
