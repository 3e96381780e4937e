//! The step that a request has taken goes back with its answer, where its client has nothing else under way: who asks sees it at once,
//! and the connection to follow can wait until there is more to say.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

/// What is told of a larger step goes to those who follow alone.
const CARRIED_BYTES_MAX: usize = 4 << 10;

/// What the answer to a client's one request is to carry.
#[derive(Default)]
pub(super) struct Carried {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The thread that executes the request.
    by: Option<ThreadId>,
    step: Option<(u64, Vec<u8>)>,
}

impl Carried {
    /// This thread executes a request and will ask for the step, if no other does.
    pub(super) fn begin(&self) {
        self.state().by.get_or_insert(thread::current().id());
    }

    /// Takes note of a step that this thread takes. False if no answer will carry it, and it has to be told now.
    pub(super) fn takes(&self, step: u64, told: &[u8]) -> bool {
        let mut state = self.state();
        if state.by != Some(thread::current().id()) {
            return false;
        }
        let is_first = state.step.is_none();
        // Of several steps an answer would have to carry all.
        state.step = (is_first && told.len() <= CARRIED_BYTES_MAX).then(|| (step, told.to_vec()));
        if state.step.is_none() {
            state.by = None;
        }
        state.step.is_some()
    }

    /// The request is done: the step that its answer carries.
    pub(super) fn end(&self) -> Option<(u64, Vec<u8>)> {
        let mut state = self.state();
        if state.by != Some(thread::current().id()) {
            return None;
        }
        state.by = None;
        state.step.take()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_of_the_thread_that_executes_is_carried_and_no_other() {
        let carried = Carried::default();
        assert!(!carried.takes(1, b"nobody has begun"));
        carried.begin();
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                carried.begin();
                (carried.takes(2, b"of another thread"), carried.end())
            });
            assert_eq!(other.join().unwrap(), (false, None));
        });
        assert!(carried.takes(3, b"its own"));
        assert_eq!(carried.end(), Some((3, b"its own".to_vec())));
        assert_eq!(carried.end(), None);
        carried.begin();
        assert_eq!(carried.end(), None, "a request may take no step");
    }

    #[test]
    fn what_takes_several_steps_or_a_large_one_has_them_told() {
        let carried = Carried::default();
        carried.begin();
        assert!(carried.takes(1, b"one"));
        assert!(!carried.takes(2, b"two"));
        assert!(!carried.takes(3, b"three"));
        assert_eq!(carried.end(), None);
        carried.begin();
        assert!(!carried.takes(4, &[0; CARRIED_BYTES_MAX + 1]));
        assert_eq!(carried.end(), None);
    }
}
