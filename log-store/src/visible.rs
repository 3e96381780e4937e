//! What everybody sees change at once: the number of the last visible commit, and values that follow it.
//!
//! ```text
//! partition a   | end 7 (seen) | end 9 from commit 42 |
//! partition b   | end 3 (seen) | end 4 from commit 42 |      visible: 41 -> 42: both ends move in this instant
//! ```
//!
//! A reader of one value takes that value's lock alone. Whoever saw one value of a commit sees all others of it from
//! then on, since the number is read anew each time and only grows.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::ids::{PartitionId, TopicId};

/// Counts the steps in which a store's visible state changed. A step holds one entry of the journal or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Step(u64);

/// The last visible step of a store.
#[derive(Default)]
pub(crate) struct Visible {
    step: AtomicU64,
    /// Held while a step is taken, and by those who want none to be taken.
    stepping: Mutex<Vec<Arc<dyn Witness>>>,
}

/// Who is told of every step, to let others see the same steps elsewhere.
pub(crate) trait Witness: Send + Sync {
    /// Takes note of a step and of what changed in it, in the order of the steps and before anybody is woken: it must be quick.
    /// False if it wants to hear no more.
    fn saw(&self, step: u64, told: &[u8]) -> bool;
}

/// As long as it lives, nothing becomes visible.
pub(crate) struct Held<'a> {
    witnesses: MutexGuard<'a, Vec<Arc<dyn Witness>>>,
    step: u64,
}

impl Held<'_> {
    /// Has somebody told of every step from the next one on.
    pub(crate) fn add(&mut self, witness: Arc<dyn Witness>) {
        self.witnesses.push(witness);
    }

    /// The number of the last step.
    pub(crate) fn step(&self) -> u64 {
        self.step
    }
}

/// What readers are to see of an entry of the journal.
pub(crate) trait Publish: Send {
    /// Puts the new values in place, to be seen from that step on.
    fn prepare(&mut self, from: Step);
    /// Wakes those who wait for them. Everything of the step is visible by now.
    fn wake(&mut self);
    /// Adds what witnesses are to know of it; called first.
    fn tell(&self, _: &mut Vec<u8>) {}
    /// Whether readers may see it before it is durable, if nothing that it touches changes before.
    fn is_early(&self) -> bool {
        false
    }
    /// Whether who waits for it to be written is not told that it is durable.
    fn is_loose(&self) -> bool {
        self.is_early()
    }
    /// Adds what it changes for readers: of two that touch the same, the one that stands first in the journal is seen first.
    fn touch(&self, _: &mut Vec<Touched>) {}
}

/// Something of a topic that changes for readers: of one partition, or of the whole topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Touched {
    pub(crate) topic: TopicId,
    pub(crate) partition: Option<PartitionId>,
}

/// For entries of which nobody sees anything.
impl Publish for () {
    fn prepare(&mut self, _: Step) {}
    fn wake(&mut self) {}
}

impl Visible {
    /// Makes changes visible, all in one instant, then wakes those who wait for them.
    pub(crate) fn publish(&self, mut changes: Vec<Box<dyn Publish>>) {
        if changes.is_empty() {
            return;
        }
        let mut held = self.hold();
        let next = held.step + 1;
        let mut told = Vec::new();
        if !held.witnesses.is_empty() {
            changes.iter().for_each(|change| change.tell(&mut told));
        }
        changes.iter_mut().for_each(|change| change.prepare(Step(next)));
        self.step.store(next, Ordering::Release);
        held.witnesses.retain(|witness| witness.saw(next, &told));
        drop(held);
        changes.iter_mut().for_each(|change| change.wake());
    }

    /// As long as this is held, nothing becomes visible: several values can be read as of one step.
    pub(crate) fn hold(&self) -> Held<'_> {
        let witnesses = self.stepping.lock().unwrap_or_else(PoisonError::into_inner);
        Held { witnesses, step: self.step.load(Ordering::Relaxed) }
    }

    /// The number of the last visible step.
    pub(crate) fn number(&self) -> u64 {
        self.step().0
    }

    fn step(&self) -> Step {
        Step(self.step.load(Ordering::Acquire))
    }
}

/// A value that changes in the steps of a store.
pub(crate) struct Stepped<T> {
    visible: Arc<Visible>,
    versions: Mutex<Versions<T>>,
    woken: Condvar,
}

struct Versions<T> {
    seen: T,
    /// What takes its place when that step is visible.
    next: Option<(Step, T)>,
    /// How many wait for the value to change.
    waiting: usize,
}

impl<T: Clone> Stepped<T> {
    pub(crate) fn new(visible: Arc<Visible>, value: T) -> Stepped<T> {
        Stepped {
            visible,
            versions: Mutex::new(Versions { seen: value, next: None, waiting: 0 }),
            woken: Condvar::new(),
        }
    }

    pub(crate) fn get(&self) -> T {
        self.with(T::clone)
    }

    pub(crate) fn with<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.lock().seen)
    }

    /// Changes the value from a step on. Steps are prepared one after another.
    pub(crate) fn change(&self, from: Step, change: impl FnOnce(&mut T)) {
        let mut versions = self.lock();
        let mut value = match versions.next.take() {
            Some((step, value)) if step == from => value,
            _ => versions.seen.clone(),
        };
        change(&mut value);
        versions.next = Some((from, value));
    }

    /// Replaces the value at once, when nobody reads it yet.
    pub(crate) fn replace(&self, value: T) {
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        (versions.seen, versions.next) = (value, None);
    }

    /// Waits until `done` holds of the value or nobody should `go_on` waiting, at most until the time is over; tells
    /// whether it holds.
    pub(crate) fn wait(
        &self,
        timeout: Duration,
        done: impl Fn(&T) -> bool,
        go_on: impl Fn() -> bool,
    ) -> bool {
        let deadline = Instant::now().checked_add(timeout);
        let mut versions = self.lock();
        while !done(&versions.seen) {
            let left = deadline.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() || !go_on() {
                return false;
            }
            // Some systems refuse to wait for centuries.
            let left = left.min(Duration::from_secs(3600));
            versions.waiting += 1;
            versions = self.woken.wait_timeout(versions, left).unwrap_or_else(PoisonError::into_inner).0;
            versions.waiting -= 1;
            self.settle(&mut versions);
        }
        true
    }

    /// Has those who wait look again.
    pub(crate) fn wake(&self) {
        // Whoever looked before this lock is taken waits by now, and is told. Waking nobody would cost a call of the system.
        let waiting = self.lock().waiting;
        if waiting > 0 {
            self.woken.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Versions<T>> {
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        self.settle(&mut versions);
        versions
    }

    /// Takes the next version if its step is visible. The step is read with the lock held: read before, it could be
    /// older than what others were shown.
    fn settle(&self, versions: &mut Versions<T>) {
        let visible = self.visible.step();
        if let Some((_, value)) = versions.next.take_if(|(step, _)| *step <= visible) {
            versions.seen = value;
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Stepped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("Stepped").field("seen", &versions.seen).field("next", &versions.next).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize};
    use std::sync::mpsc;

    use super::*;

    /// Sets a value, and looks at another on the way.
    struct Set {
        value: Arc<Stepped<u32>>,
        to: u32,
        other: Arc<Stepped<u32>>,
        seen: Arc<Mutex<Vec<(u32, u32)>>>,
        woken: Arc<AtomicUsize>,
    }

    impl Set {
        fn look(&self) {
            self.seen.lock().unwrap().push((self.value.get(), self.other.get()));
        }
    }

    impl Publish for Set {
        fn prepare(&mut self, from: Step) {
            self.look();
            self.value.change(from, |value| *value = self.to);
            self.look();
        }

        fn wake(&mut self) {
            self.woken.fetch_add(1, Ordering::Relaxed);
            self.look();
        }
    }

    #[test]
    fn values_of_one_step_change_in_one_instant_and_then_waiters_are_woken() {
        let visible = Arc::<Visible>::default();
        let value = |number| Arc::new(Stepped::new(visible.clone(), number));
        let (first, second) = (value(1), value(10));
        let (seen, woken) = (Arc::<Mutex<Vec<_>>>::default(), Arc::<AtomicUsize>::default());
        let set = |value: &Arc<Stepped<u32>>, to: u32, other: &Arc<Stepped<u32>>| {
            let (value, other) = (value.clone(), other.clone());
            Box::new(Set { value, to, other, seen: seen.clone(), woken: woken.clone() }) as Box<dyn Publish>
        };
        visible.publish(vec![set(&first, 2, &second), set(&second, 20, &first), set(&first, 3, &second)]);
        let before = vec![(1, 10), (1, 10), (10, 1), (10, 1), (1, 10), (1, 10)];
        let after = vec![(3, 20), (20, 3), (3, 20)];
        assert_eq!(*seen.lock().unwrap(), [before, after].concat());
        assert_eq!(woken.load(Ordering::Relaxed), 3);
        assert!(first.wait(Duration::ZERO, |value| *value == 3, || true));
        assert!(!first.wait(Duration::MAX, |value| *value == 4, || false));
    }

    #[test]
    fn whoever_waits_is_woken_to_see_that_there_is_nothing_to_wait_for() {
        let value = Stepped::new(Arc::default(), 0);
        let gone = AtomicBool::new(false);
        let (waits, waiting) = mpsc::channel();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                let go_on = || {
                    waits.send(()).unwrap();
                    !gone.load(Ordering::Acquire)
                };
                value.wait(Duration::MAX, |value| *value > 0, go_on)
            });
            // Sent with the lock held that waiting alone lets go of, and that waking needs.
            waiting.recv().unwrap();
            gone.store(true, Ordering::Release);
            value.wake();
            assert!(!waiter.join().unwrap());
        });
    }

    #[test]
    fn while_steps_are_held_nothing_changes() {
        let visible = Arc::<Visible>::default();
        let value = Arc::new(Stepped::new(visible.clone(), 0));
        let seen = Arc::<Mutex<Vec<_>>>::default();
        let set = Set { value: value.clone(), to: 1, other: value.clone(), seen, woken: Arc::default() };
        let held = visible.hold();
        std::thread::scope(|scope| {
            let publishing = scope.spawn(|| visible.publish(vec![Box::new(set)]));
            assert_eq!(value.get(), 0);
            drop(held);
            publishing.join().unwrap();
        });
        assert_eq!(value.get(), 1);
    }
}
