//! Threads that do the same until the time is over.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;

/// What threads have done.
pub(crate) struct Done {
    /// How often each did it.
    pub(crate) counts: Vec<u64>,
    pub(crate) took: Duration,
    /// How long each time took, of all threads.
    pub(crate) times: Vec<Duration>,
}

impl Done {
    /// Times a second, of all threads.
    pub(crate) fn rate(&self) -> f64 {
        self.counts.iter().sum::<u64>() as f64 / self.took.as_secs_f64()
    }

    /// How often the least busy thread did it, in parts of the mean.
    pub(crate) fn least_share(&self) -> f64 {
        let mean = self.counts.iter().sum::<u64>() as f64 / self.counts.len() as f64;
        self.counts.iter().min().copied().unwrap_or(0) as f64 / mean
    }
}

/// Has so many threads do it until the time is over; each is given its number and how often it has done it.
pub(crate) fn run(
    threads: usize,
    each: Duration,
    act: impl Fn(usize, u64) -> Result<()> + Sync,
) -> Result<Done> {
    let over = AtomicBool::new(false);
    let begun = Instant::now();
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|thread| {
                let (over, act) = (&over, &act);
                scope.spawn(move || {
                    let mut times = Vec::new();
                    while !over.load(Ordering::Relaxed) {
                        let before = Instant::now();
                        act(thread, times.len() as u64)?;
                        times.push(before.elapsed());
                    }
                    Ok(times)
                })
            })
            .collect();
        thread::sleep(each);
        over.store(true, Ordering::Relaxed);
        let all: Result<Vec<Vec<Duration>>> =
            running.into_iter().map(|thread| thread.join().expect("a thread ends by its result")).collect();
        let (took, all) = (begun.elapsed(), all?);
        let counts = all.iter().map(|times| times.len() as u64).collect();
        Ok(Done { counts, took, times: all.concat() })
    })
}
