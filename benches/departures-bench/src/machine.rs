//! The machine that measures, as Linux describes it.

use std::fmt::{self, Display, Formatter};
use std::fs;
use std::num::NonZero;
use std::thread;

/// What of a machine decides how fast it is.
pub(crate) struct Machine {
    cores: usize,
    processor: Option<String>,
    memory_kib: Option<u64>,
}

impl Machine {
    /// This one.
    pub(crate) fn this() -> Self {
        let file = |path| fs::read_to_string(path).unwrap_or_default();
        let (processors, memory) = (file("/proc/cpuinfo"), file("/proc/meminfo"));
        Machine {
            cores: thread::available_parallelism().map_or(1, NonZero::get),
            processor: value(&processors, "model name").map(str::to_owned),
            memory_kib: value(&memory, "MemTotal").and_then(|total| total.strip_suffix(" kB")?.parse().ok()),
        }
    }
}

/// What stands behind the name in the first line that begins with it.
fn value<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, value) = text.lines().find(|line| line.starts_with(name))?.split_once(':')?;
    Some(value.trim())
}

impl Display for Machine {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} cores", self.cores)?;
        if let Some(processor) = &self.processor {
            write!(f, " ({processor})")?;
        }
        if let Some(kib) = self.memory_kib {
            write!(f, " and {:.0} GiB of memory", kib as f64 / f64::from(1 << 20))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_told_by_what_is_known_of_it() {
        let memory = "MemTotal:       24596396 kB\nMemFree: 1 kB\n";
        assert_eq!(value(memory, "MemTotal"), Some("24596396 kB"));
        let machine = Machine { cores: 2, processor: Some("P".to_owned()), memory_kib: Some(24_596_396) };
        assert_eq!(machine.to_string(), "2 cores (P) and 23 GiB of memory");
        let unknown = Machine { cores: 4, processor: None, memory_kib: None };
        assert_eq!(unknown.to_string(), "4 cores");
        assert!(Machine::this().cores > 0);
    }
}
