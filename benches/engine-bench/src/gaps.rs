//! How long it takes from one commit to the next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use waterwheel::Store;
use waterwheel::log::Subscription;

use crate::median::median;
use crate::report::Report;
use crate::usage::cpu_seconds;

/// When a commit became visible: wall time in seconds since the watching began, and the process's CPU time in seconds.
#[derive(Debug, Clone, Copy)]
struct Seen {
    wall: f64,
    cpu: f64,
}

/// Watches the commits of a store.
pub(crate) struct Commits {
    seen: Arc<Mutex<Vec<Seen>>>,
    _subscription: Subscription,
}

impl Commits {
    pub(crate) fn of(store: &Store) -> Self {
        let (seen, begun) = (Arc::new(Mutex::new(Vec::new())), Instant::now());
        let taken = seen.clone();
        let hook = move || {
            locked(&taken).push(Seen { wall: begun.elapsed().as_secs_f64(), cpu: cpu_seconds() });
        };
        Commits { seen, _subscription: store.on_commit(Arc::new(hook)) }
    }

    /// Forgets the commits so far.
    pub(crate) fn forget(&self) {
        locked(&self.seen).clear();
    }

    /// Reports the gaps between the commits so far, in milliseconds of wall time and of the process's CPU time. The second is
    /// what the process itself did meanwhile: other programs on the machine do not lengthen it.
    pub(crate) fn tell(&self, report: &mut Report) {
        let seen = locked(&self.seen);
        report.put("commits", seen.len());
        for (kind, time) in [("wall", wall as fn(&Seen) -> f64), ("cpu", cpu)] {
            let gaps = gaps(seen.iter().map(time));
            report.put(&format!("gap_worst_{kind}_ms"), 1e3 * gaps.iter().copied().fold(0.0, f64::max));
            report.put(&format!("gap_median_{kind}_ms"), 1e3 * median(gaps));
        }
    }
}

fn wall(seen: &Seen) -> f64 {
    seen.wall
}

fn cpu(seen: &Seen) -> f64 {
    seen.cpu
}

fn gaps(times: impl Iterator<Item = f64>) -> Vec<f64> {
    let times: Vec<f64> = times.collect();
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

fn locked(seen: &Mutex<Vec<Seen>>) -> MutexGuard<'_, Vec<Seen>> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use waterwheel::log::{MemDisk, RecordsBuilder, StoreConfig, TopicConfig};

    use super::*;

    #[test]
    fn gaps_are_those_between_neighbours() {
        assert_eq!(gaps([1.0, 1.5, 4.5].into_iter()), [0.5, 3.0]);
        assert!(gaps([1.0].into_iter()).is_empty());
    }

    #[test]
    fn every_commit_is_seen_once() {
        let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap();
        let partition = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
        let append = || {
            let mut records = RecordsBuilder::new();
            records.push(0, None, Some(b"value"));
            partition.append(records).unwrap();
        };
        let commits = Commits::of(&store);
        (0..5).for_each(|_| append());
        let mut report = Report::default();
        commits.tell(&mut report);
        assert_eq!(report.text("commits").unwrap(), "5");
        commits.forget();
        append();
        commits.tell(&mut report);
        assert_eq!(report.text("commits").unwrap(), "1");
    }
}
