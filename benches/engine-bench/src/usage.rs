//! What Linux accounts this process for: CPU time, memory.

use std::fs;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

use crate::Failure;
use crate::report::Report;

/// CPU time of all threads of this process, user and system, those included that have ended, in seconds.
pub(crate) fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// When something began, in wall time and in CPU time.
pub(crate) struct Begun {
    wall: Instant,
    cpu: f64,
}

impl Begun {
    pub(crate) fn now() -> Self {
        Begun { wall: Instant::now(), cpu: cpu_seconds() }
    }

    /// Reports what has passed since, in seconds.
    pub(crate) fn tell(&self, report: &mut Report) {
        report.put("wall_s", self.wall.elapsed().as_secs_f64());
        report.put("cpu_s", cpu_seconds() - self.cpu);
    }
}

/// The memory that the process has now, in KiB.
pub(crate) fn resident_kib() -> Result<u64, Failure> {
    of_status("VmRSS:")
}

/// The most memory it has had at a time, in KiB.
pub(crate) fn peak_kib() -> Result<u64, Failure> {
    of_status("VmHWM:")
}

/// From now on the peak counts anew.
pub(crate) fn forget_peak() -> Result<(), Failure> {
    Ok(fs::write("/proc/self/clear_refs", "5")?)
}

fn of_status(name: &str) -> Result<u64, Failure> {
    kib(&fs::read_to_string("/proc/self/status")?, name)
        .ok_or_else(|| format!("/proc/self/status has no {name}").into())
}

fn kib(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_status() {
        let status = "Name:\tx\nVmHWM:\t  123456 kB\nVmRSS:\t    9876 kB\n";
        assert_eq!((kib(status, "VmHWM:"), kib(status, "VmRSS:")), (Some(123_456), Some(9_876)));
        assert_eq!(kib(status, "VmSwap:"), None);
    }

    #[test]
    fn work_and_memory_are_seen() {
        let begun = cpu_seconds();
        let words: Vec<u64> = (0..4_000_000).collect();
        // Each by itself: other tests take memory and give it back between the two.
        assert!(peak_kib().unwrap() >= 30_000);
        assert!(resident_kib().unwrap() >= 30_000);
        assert!(words.iter().sum::<u64>() > 0 && cpu_seconds() > begun);
    }
}
