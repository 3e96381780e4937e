//! Who wakes whom where groups take turns: while one is under way, the next gathers behind it.

use std::sync::{Condvar, MutexGuard, PoisonError};

/// Where those wait who are in the group under way, and those of the group behind it.
#[derive(Default)]
pub(super) struct Places([Condvar; 2]);

/// Which group is under way, and who waits. It is kept under the lock that those who wait let go of.
#[derive(Default)]
pub(super) struct Turn {
    number: usize,
    /// The last entry of the group under way.
    taken: u64,
    is_on: bool,
    /// How many wait at each of the two places.
    waiting: [usize; 2],
}

impl Turn {
    /// Begins with a group that ends with this entry.
    pub(super) fn begin(&mut self, taken: u64) {
        self.number += 1;
        (self.taken, self.is_on) = (taken, true);
    }

    /// Whether a group is under way.
    pub(super) fn is_on(&self) -> bool {
        self.is_on
    }
}

impl Places {
    /// Waits for the end of the group under way, if the entry is in it, or else until somebody has to begin the next.
    pub(super) fn wait<'a, Q>(
        &self,
        mut queue: MutexGuard<'a, Q>,
        turn: impl Fn(&mut Q) -> &mut Turn,
        entry: u64,
    ) -> MutexGuard<'a, Q> {
        let now = turn(&mut queue);
        let place = if now.is_on && entry <= now.taken { now.number } else { now.number + 1 } % 2;
        now.waiting[place] += 1;
        let mut queue = self.0[place].wait(queue).unwrap_or_else(PoisonError::into_inner);
        turn(&mut queue).waiting[place] -= 1;
        queue
    }

    /// Ends the group under way: wakes all who were in it, and one of the next group, who begins it: the others of that group would
    /// only wake to wait again.
    pub(super) fn end(&self, turn: &mut Turn) {
        turn.is_on = false;
        let ended = turn.number % 2;
        if turn.waiting[ended] > 0 {
            self.0[ended].notify_all();
        }
        let next = (turn.number + 1) % 2;
        if turn.waiting[next] > 0 {
            self.0[next].notify_one();
        }
    }

    /// Wakes all, when there is nothing to wait for any more.
    pub(super) fn wake_all(&self) {
        self.0.iter().for_each(Condvar::notify_all);
    }
}
