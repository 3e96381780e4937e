//! Running a program to its end, with what Linux knows of it: time, CPU time, memory.

use std::fs;
use std::io::Read;
use std::ops::AddAssign;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Failure;

/// How often the memory is looked at. The kernel keeps the peak, so only what comes after the last look is missed.
const LOOK: Duration = Duration::from_millis(2);

/// Linux counts CPU time in these, for user space.
const TICK: Duration = Duration::from_millis(10);

/// What a program took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    pub(crate) wall: Duration,
    /// User and system, of all threads.
    pub(crate) cpu: Duration,
    pub(crate) peak_kib: u64,
}

impl AddAssign for Usage {
    /// One program after the other.
    fn add_assign(&mut self, other: Usage) {
        self.wall += other.wall;
        self.cpu += other.cpu;
        self.peak_kib = self.peak_kib.max(other.peak_kib);
    }
}

/// Runs the program, which must succeed.
pub(crate) fn run(command: &mut Command) -> Result<Usage, Failure> {
    let begun = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let process = PathBuf::from(format!("/proc/{}", child.id()));
    let mut pipe = child.stderr.take().ok_or("stderr was not piped")?;
    let over = AtomicBool::new(false);
    let mut stderr = String::new();
    let mut wall = Duration::ZERO;
    let (cpu, peak_kib) = thread::scope(|scope| -> Result<_, Failure> {
        let peak = scope.spawn(|| watch_memory(&process, &over));
        // Its end closes the pipe; then it is a zombie, whose counts can be read until it is waited for.
        pipe.read_to_string(&mut stderr)?;
        wall = begun.elapsed();
        over.store(true, Ordering::Relaxed);
        let cpu = cpu_of_zombie(&process)?;
        Ok((cpu, peak.join().map_err(|_| "the thread that watches the memory panicked")?))
    })?;
    let status = child.wait()?;
    if !status.success() {
        return Err(format!("{command:?} ended with {status}; it said:\n{stderr}").into());
    }
    Ok(Usage { wall, cpu, peak_kib })
}

fn watch_memory(process: &std::path::Path, over: &AtomicBool) -> u64 {
    let mut peak = 0;
    while !over.load(Ordering::Relaxed) {
        let status = fs::read_to_string(process.join("status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        peak = kib.unwrap_or(0).max(peak);
        thread::sleep(LOOK);
    }
    peak
}

fn cpu_of_zombie(process: &std::path::Path) -> Result<Duration, Failure> {
    loop {
        let stat = fs::read_to_string(process.join("stat"))?;
        // The name, in parentheses, may hold spaces; the state follows it.
        let (_, fields) = stat.rsplit_once(") ").ok_or("/proc/PID/stat has no name")?;
        let fields: Vec<&str> = fields.split(' ').collect();
        if fields.first() == Some(&"Z") {
            let ticks: u32 = fields[11].parse::<u32>()? + fields[12].parse::<u32>()?;
            return Ok(TICK * ticks);
        }
        thread::sleep(Duration::from_micros(100));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_add_up_and_the_greatest_peak_counts() {
        // How long something takes, and whether the first look at the memory comes in time, is the machine's affair.
        run(&mut Command::new("true")).unwrap();
        let one = Usage { wall: TICK, cpu: TICK * 2, peak_kib: 70 };
        let mut sum = Usage { wall: TICK * 3, cpu: TICK, peak_kib: 50 };
        sum += one;
        assert_eq!((sum.wall, sum.cpu, sum.peak_kib), (TICK * 4, TICK * 3, 70));
    }

    #[test]
    fn a_program_that_fails_is_an_error_with_what_it_said() {
        let error =
            run(Command::new("sh").args(["-c", "echo no space >&2; exit 1"])).unwrap_err().to_string();
        assert!(error.ends_with("it said:\nno space\n"), "{error}");
    }
}
