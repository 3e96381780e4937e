//! The page of figures, in Markdown.

use std::fmt::{self, Display, Formatter};
use std::time::{Duration, SystemTime};

use waterwheel::Timestamp;

use crate::latency::Latency;
use crate::machine::Machine;
use crate::memory::{Memory, Times};
use crate::through_log::{Job, ThroughLog};

/// What was measured; absent sections were not.
#[derive(Default)]
pub(crate) struct Page {
    pub(crate) memory: Option<Memory>,
    pub(crate) through_log: Option<ThroughLog>,
    pub(crate) latency: Option<Latency>,
}

const ABOUT_THE_PAGE: &str = "\
Take differences below 10 % as noise. The figures of Kafka with Flink are not made by this command: they were measured apart,
see [peers](peers.md). `cargo xtask bench --help` says how to measure less, or more often.
";

const ABOUT_MEMORY: &str = "
- **Compiled** is the pipeline of the example over a log in memory that holds the rows, from its start to its end with all
  windows closed: it decodes the fields that its closures use, and encodes and commits results, offsets, epoch entries and checkpoints, as
  on disk but for the syncing.
- **By hand, same bytes** is what an engineer would write who knows the job and timely well: it reads the same partitions of the
  same log, in the same epochs, decodes the five fields that the job needs without copying text, adds an epoch's rows up by hour
  and airport in a table with a fast hash, and sends the sums through the exchange once an epoch, in batches. It collects its
  result rows in a vector: no commits, no checkpoints, no recovery.
- **By hand, typed rows** is the same over rows in memory as structs: no log, no decoding.
- All three give the same result rows; the bench checks that.
";

const ABOUT_THE_LOG: &str = "
`departures load` and `departures run --until-end --close` from an empty directory, everything fsynced. Times are medians, CPU
(user + system) is the mean, memory the greatest peak.

| input | rows | load | run | together | aim | CPU | peak memory | Kafka + Flink |
|---|---|---|---|---|---|---|---|---|
";

const ABOUT_LATENCY: &str = "
A filter that keeps nine rows of ten, over rows of about 100 bytes. One thread appends what is due, as fast as the disk
acknowledges; a row's time begins when it is due, so that a slow append counts for all rows that wait for it. The first 2 s do
not count.

| | p50 | p99 | greatest |
|---|---|---|---|
";

const LATENCY_OF_PEERS: &str = "\
| Kafka + Flink, checkpoints every 50 ms | 75 ms | 298 ms | |
| Kafka + Flink, checkpoints every 100 ms | 75 ms | 205 ms | |
";

/// The page, and behind it those sections of the page before that it does not have: other benches have measured them.
pub(crate) fn with_kept(page: &str, before: &str) -> String {
    let heading = |section: &str| section.lines().next().map(str::to_owned);
    let measured: Vec<_> = page.split("\n## ").skip(1).map(heading).collect();
    let kept = before.split("\n## ").skip(1).filter(|section| !measured.contains(&heading(section)));
    let kept: String = kept.map(|section| format!("\n## {}\n", section.trim_end())).collect();
    page.to_owned() + &kept
}

impl Display for Page {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let today = Timestamp::from_millis(now.as_millis() as i64).to_string();
        let date = today.split('T').next().unwrap_or(&today);
        writeln!(
            f,
            "# Benchmarks\n\nWritten by `cargo xtask bench all --input flights.csv.gz --write`, the first three sections on {date}, on a machine of\n{}, which may have been shared.",
            Machine::this()
        )?;
        f.write_str(ABOUT_THE_PAGE)?;
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
        writeln!(
            f,
            "Rows a second of {rows} flights of 19 columns; medians of {runs} runs, the variants in turn. The ratio,"
        )?;
        writeln!(f, "compiled ÷ by hand, is the median of those of the rounds.\n")?;
        writeln!(f, "| workers | compiled | by hand, same bytes | ratio | by hand, typed rows | ratio |")?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        for times in &self.times {
            let rate = |time: Duration| millions(self.rows, time);
            let (compiled, encoded, typed) = (rate(times.compiled), rate(times.encoded), rate(times.typed));
            let Times { workers, encoded_ratio, typed_ratio, .. } = times;
            write!(f, "| {workers} | {compiled} | {encoded} | **{encoded_ratio:.2}** ")?;
            writeln!(f, "| {typed} | {typed_ratio:.2} |")?;
        }
        let (whole, needed) = (millions(self.rows, self.decoding), millions(self.rows, self.decoding_needed));
        writeln!(
            f,
            "\nReading and decoding alone, on one thread, makes {whole} rows/s if rows are decoded whole, and {needed} of what"
        )?;
        writeln!(f, "the job by hand needs.")?;
        f.write_str(ABOUT_MEMORY)
    }
}

impl Display for ThroughLog {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "\n## Through the log on disk\n{ABOUT_THE_LOG}")?;
        for job in &self.jobs {
            let (aim, peers) = beside(job);
            let both = job.both();
            let (what, rows, mebibytes) = (&job.what, thousands(job.rows), both.peak_kib / 1024);
            let (load, run) = (seconds(job.load.wall), seconds(job.run.wall));
            let (wall, cpu) = (seconds(both.wall), seconds(both.cpu));
            writeln!(
                f,
                "| {what} | {rows} | {load} | {run} | **{wall}** | {aim} | {cpu} | {mebibytes} MiB | {peers} |"
            )?;
        }
        let runs: Vec<String> = self.jobs.iter().map(|job| job.runs.to_string()).collect();
        writeln!(f, "\nThe inputs were measured {} times.", runs.join(", "))?;
        if let Some((load, run)) = self.margin() {
            writeln!(
                f,
                "From the last but one input to the last, another row takes {load:.2} µs of CPU to load and **{run:.2} µs** to"
            )?;
            writeln!(f, "run (aim: 0.6 µs; Kafka + Flink: 5.9 µs, and 0.4 µs in the broker).")?;
        }
        Ok(())
    }
}

impl Display for Latency {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let milliseconds = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
        let [p50, p99, max] = [self.p50, self.p99, self.max].map(milliseconds);
        let [append_p50, append_p99] = [self.append_p50, self.append_p99].map(milliseconds);
        write!(f, "\n## From the append to a reader of committed rows, at 10,000 rows/s\n{ABOUT_LATENCY}")?;
        writeln!(f, "| Waterwheel | {p50} | **{p99}** (aim: 30 ms) | {max} |")?;
        f.write_str(LATENCY_OF_PEERS)?;
        let (rows, seconds) = (thousands(self.rows), self.seconds);
        writeln!(
            f,
            "\nTaken of {rows} rows in {seconds} s. Of that, an append took {append_p50} until it was acknowledged, and {append_p99}"
        )?;
        writeln!(f, "at the 99th percentile.")
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

/// Rows a second.
fn millions(rows: usize, time: Duration) -> String {
    format!("{:.2} M", rows as f64 / time.as_secs_f64() / 1e6)
}

/// Digits in groups of three.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
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
    fn sections_that_were_not_measured_stay() {
        let before = "# T\nold\n\n## A\n\nold a\n\n## B\n\nb\n\n## C\n\nc\n";
        let page = with_kept("# T\nnew\n\n## A\n\nnew a\n", before);
        assert_eq!(page, "# T\nnew\n\n## A\n\nnew a\n\n## B\n\nb\n\n## C\n\nc\n");
        assert_eq!(with_kept(&page, &page), page);
        assert_eq!(with_kept("# T\n", ""), "# T\n");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!((thousands(7), thousands(336_776)), ("7".to_owned(), "336,776".to_owned()));
    }
}
