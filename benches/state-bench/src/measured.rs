//! What a child process tells its parent, and what the system says of the process itself.

use std::fs;
use std::time::Duration;

use crate::Failure;

/// What one process has measured of itself.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Measured {
    pub(crate) elapsed: Duration,
    pub(crate) cpu: Duration,
    /// Half of the gaps between two commits are at most this long.
    pub(crate) gap_median: Duration,
    pub(crate) gap_max: Duration,
    pub(crate) entries: u64,
    /// Memory in use at the end, and at its peak.
    pub(crate) resident_kib: u64,
    pub(crate) peak_kib: u64,
    /// Keys and values of the state topic's records.
    pub(crate) state_bytes: u64,
}

impl Measured {
    pub(crate) fn to_line(self) -> String {
        let micros = |time: Duration| time.as_micros() as u64;
        let numbers = [
            micros(self.elapsed),
            micros(self.cpu),
            micros(self.gap_median),
            micros(self.gap_max),
            self.entries,
            self.resident_kib,
            self.peak_kib,
            self.state_bytes,
        ];
        numbers.map(|number| number.to_string()).join(" ")
    }

    pub(crate) fn of_line(line: &str) -> Result<Measured, Failure> {
        let numbers: Vec<u64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let [elapsed, cpu, gap_median, gap_max, entries, resident_kib, peak_kib, state_bytes] = numbers[..]
        else {
            return Err(format!("a child said {line:?}").into());
        };
        let [elapsed, cpu, gap_median, gap_max] =
            [elapsed, cpu, gap_median, gap_max].map(Duration::from_micros);
        Ok(Measured { elapsed, cpu, gap_median, gap_max, entries, resident_kib, peak_kib, state_bytes })
    }
}

/// User and system time of this process so far.
pub(crate) fn cpu() -> Result<Duration, Failure> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The command's name may hold spaces; it ends with the last parenthesis.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks =
        |at: usize| -> Result<u64, Failure> { Ok(fields.get(at).ok_or("a short /proc/self/stat")?.parse()?) };
    // A tick is a hundredth of a second on every Linux that Rust runs on.
    Ok(Duration::from_millis(10 * (ticks(11)? + ticks(12)?)))
}

/// Memory of this process in KiB: in use now, and at its peak.
pub(crate) fn memory_kib() -> Result<(u64, u64), Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let field = |name: &str| -> Result<u64, Failure> {
        let line = status.lines().find(|line| line.starts_with(name)).ok_or("a short /proc/self/status")?;
        Ok(line.split_whitespace().nth(1).ok_or("a short /proc/self/status")?.parse()?)
    };
    Ok((field("VmRSS:")?, field("VmHWM:")?))
}
