//! The page of figures, in Markdown.

use std::fmt::{self, Display, Formatter};
use std::time::{Duration, SystemTime};

use waterwheel::Timestamp;

use crate::latency::Latency;
use crate::memory::Memory;
use crate::through_log::{Job, ThroughLog};

/// What was measured; absent sections were not.
#[derive(Default)]
pub(crate) struct Page {
    pub(crate) memory: Option<Memory>,
    pub(crate) through_log: Option<ThroughLog>,
    pub(crate) latency: Option<Latency>,
}

impl Display for Page {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let today = Timestamp::from_millis(now.as_millis() as i64).to_string();
        writeln!(f, "# Benchmarks\n")?;
        writeln!(
            f,
            "Written by `cargo xtask bench --input flights.csv.gz --write` on {}, on 2 shared",
            &today[..10]
        )?;
        writeln!(
            f,
            "cores with 24 GiB of memory: take differences below 10 % as noise. The figures of Kafka 4.3 with Flink"
        )?;
        writeln!(
            f,
            "2.3 (flights as JSON, exactly once, Kafka already running) are from the same kind of machine."
        )?;
        if let Some(memory) = &self.memory {
            memory.fmt(f)?;
        }
        if let Some(through_log) = &self.through_log {
            through_log.fmt(f)?;
        }
        if let Some(latency) = &self.latency {
            latency.fmt(f)?;
        }
        Ok(())
    }
}

impl Display for Memory {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (rows, runs) = (thousands(self.rows), self.runs);
        writeln!(f, "\n## In memory, beside the same job by hand in raw timely\n")?;
        writeln!(f, "{rows} flights of 19 columns; medians of {runs} runs, the variants in turn.\n")?;
        writeln!(f, "| workers | compiled | by hand, same bytes | ratio | by hand, typed rows | ratio |")?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        for times in &self.times {
            let rate = |time: Duration| millions(self.rows as f64 / time.as_secs_f64());
            let ratio = |time: Duration| time.as_secs_f64() / times.compiled.as_secs_f64();
            let (compiled, encoded, typed) = (times.compiled, times.encoded, times.typed);
            writeln!(
                f,
                "| {} | {} | {} | **{:.2}** | {} | {:.2} |",
                times.workers,
                rate(compiled),
                rate(encoded),
                ratio(encoded),
                rate(typed),
                ratio(typed)
            )?;
        }
        let decoding = millions(self.rows as f64 / self.decoding.as_secs_f64());
        writeln!(
            f,
            "\n- **Compiled** is the pipeline of the example over a log in memory that holds the rows, from its"
        )?;
        writeln!(
            f,
            "  start to its end with all windows closed: it reads and decodes whole rows, and encodes and commits"
        )?;
        writeln!(f, "  results, offsets, epoch entries and checkpoints, as on disk but for the syncing.")?;
        writeln!(
            f,
            "- **By hand, same bytes** reads the same partitions of the same log with the same row codec, in the"
        )?;
        writeln!(
            f,
            "  same epochs, and sends only what the windows need through the exchange. It collects its result rows"
        )?;
        writeln!(f, "  in a vector: no commits, no checkpoints, no recovery.")?;
        writeln!(
            f,
            "- **By hand, typed rows** has the rows in memory as structs: no log, no decoding. Decoding alone, on"
        )?;
        writeln!(f, "  one thread, makes {decoding} rows/s.")?;
        writeln!(f, "- All three give the same result rows; the bench checks that.")
    }
}

impl Display for ThroughLog {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n## Through the log on disk\n")?;
        writeln!(
            f,
            "`departures load` and `departures run --until-end --close` from an empty directory, everything fsynced;"
        )?;
        writeln!(
            f,
            "medians of {} runs (a third as many of the longest), CPU is user + system.\n",
            self.runs
        )?;
        writeln!(f, "| input | rows | load | run | together | aim | CPU | peak memory | Kafka + Flink |")?;
        writeln!(f, "|---|---|---|---|---|---|---|---|---|")?;
        for job in &self.jobs {
            let (aim, peers) = beside(job);
            writeln!(
                f,
                "| {} | {} | {} | {} | **{}** | {aim} | {} | {:.0} MiB | {peers} |",
                job.what,
                thousands(job.rows),
                seconds(job.load.wall),
                seconds(job.run.wall),
                seconds(job.both().wall),
                seconds(job.both().cpu),
                job.both().peak_kib as f64 / 1024.0
            )?;
        }
        if let Some((load, run)) = self.margin() {
            writeln!(
                f,
                "\nAt the margin, from the last but one line to the last, another row takes {load:.2} µs of CPU to load"
            )?;
            writeln!(
                f,
                "and **{run:.2} µs** to run (aim: 0.6 µs; Kafka + Flink: 5.9 µs, and 0.4 µs in the broker)."
            )?;
        }
        Ok(())
    }
}

impl Display for Latency {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Latency { rows, seconds, p50, p99, max } = self;
        let milliseconds = |time: &Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
        writeln!(f, "\n## From the append to a reader of committed rows\n")?;
        writeln!(
            f,
            "A filter that keeps nine rows of ten; rows of about 100 bytes, 10,000 a second for {seconds} s, after 2 s that do"
        )?;
        writeln!(
            f,
            "not count. One thread appends what is due, as fast as the disk acknowledges; a row's time begins when it is"
        )?;
        writeln!(
            f,
            "due, so that a slow append counts for all rows that wait for it. {} rows were taken.\n",
            thousands(*rows)
        )?;
        writeln!(f, "| | p50 | p99 | greatest |")?;
        writeln!(f, "|---|---|---|---|")?;
        writeln!(
            f,
            "| Waterwheel | {} | **{}** (aim: 30 ms) | {} |",
            milliseconds(p50),
            milliseconds(p99),
            milliseconds(max)
        )?;
        writeln!(f, "| Kafka + Flink, checkpoints every 50 ms | 75 ms | 298 ms | |")?;
        writeln!(f, "| Kafka + Flink, checkpoints every 100 ms | 75 ms | 205 ms | |")
    }
}

/// What is aimed at, and what Kafka + Flink take, for the inputs that were measured there.
fn beside(job: &Job) -> (&'static str, &'static str) {
    match job.rows {
        27_004 => ("0.5 s", "8.7 s, 15 CPU s, 0.68 GB"),
        336_776 => ("1.5 s, 120 MiB", "11.5 s, 20 CPU s, 1.0 GB + Kafka's 0.5–1.2 GB"),
        3_367_760 => ("", "21.2 s, 38 CPU s, 2.0 GB + Kafka's"),
        _ => ("", ""),
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

fn millions(rate: f64) -> String {
    format!("{:.2} M", rate / 1e6)
}

/// Digits in groups of three.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!((thousands(7), thousands(336_776)), ("7".to_owned(), "336,776".to_owned()));
    }
}
