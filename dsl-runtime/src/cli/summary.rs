//! The closing summary of a run, in words.

use std::fmt;

use indicatif::HumanCount;

use super::Finished;
use super::operators::table;
use super::topics::quoted;
use crate::engine::OperatorSummary;
use crate::plan::EntryWords;
use crate::time::Timestamp;

/// What the summary is made of.
pub(super) struct Report {
    pub(super) finished: Finished,
    /// The run was to stop at the end of the input.
    pub(super) until_end: bool,
    /// `--recover-only`: the run was to compute again what was committed since the last checkpoint, and no more.
    pub(super) recover_only: bool,
    /// `--accept-changed-replay`: that may give something else than when it was committed.
    pub(super) accepts_changes: bool,
    /// The words for what the pipeline's operators keep.
    pub(super) entries: Vec<EntryWords>,
    /// Where the log lies.
    pub(super) data_dir: String,
    pub(super) reads: Vec<&'static str>,
    pub(super) writes: Vec<&'static str>,
    /// The input partition whose event time lies furthest back: topic, partition, greatest event time.
    pub(super) furthest_back: Option<(String, u16, Option<Timestamp>)>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let summary = &self.finished.summary;
        if self.finished.interrupted {
            f.write_str("ended by a signal, at a commit; the next run goes on from here\n")?;
        }
        let did_nothing = summary.rows_read == 0 && summary.rows_written == 0;
        if self.recover_only {
            self.write_recovered(f)?;
        } else if self.until_end && !self.finished.interrupted && did_nothing {
            self.write_nothing_to_do(f)?;
        } else {
            self.write_rows(f)?;
        }
        self.write_replayed(f)?;
        write!(
            f,
            "\nsince the pipeline began: {} read, {}, {} skipped",
            counted(summary.rows_read_in_all, "row"),
            counted(summary.rows_late, "late row"),
            counted(summary.records_skipped, "undecodable record")
        )?;
        f.write_str(&table(&summary.operators))?;
        self.write_mostly_late(f)?;
        if summary.entries_open > 0 {
            self.write_open_entries(f)?;
        }
        Ok(())
    }
}

impl Report {
    fn write_nothing_to_do(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inputs = quoted(&self.reads);
        let summary = &self.finished.summary;
        if summary.rows_read_in_all == 0 && summary.records_skipped == 0 {
            let have = if self.reads.len() == 1 { "has" } else { "have" };
            return write!(f, "nothing to do: {inputs} {have} no rows yet in {}", self.data_dir);
        }
        write!(f, "nothing left to do: every row of {inputs} is processed")?;
        if summary.closed {
            f.write_str(", and event time is closed")?;
        }
        Ok(())
    }

    fn write_rows(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let summary = &self.finished.summary;
        let (read, written) = (counted(summary.rows_read, "row"), HumanCount(summary.rows_written));
        let seconds = summary.elapsed.as_secs_f64();
        let (reads, writes) = (quoted(&self.reads), quoted(&self.writes));
        write!(f, "read {read} of {reads}, wrote {written} to {writes}, in {seconds:.2} s")?;
        // A rate over a few rows, or over a time spent waiting for rows, says nothing.
        if self.until_end && summary.rows_read > 0 && seconds > 0.0 {
            write!(f, " ({} rows/s)", HumanCount((summary.rows_read as f64 / seconds) as u64))?;
        }
        Ok(())
    }

    fn write_recovered(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.finished.summary.epochs_replayed {
            0 => "nothing to recover: the last run ended with its state saved",
            _ => "recovered, and the state is saved: any program whose state it fits goes on from here",
        })
    }

    fn write_replayed(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let summary = &self.finished.summary;
        if summary.epochs_replayed == 0 {
            return Ok(());
        }
        let epochs = counted(summary.epochs_replayed, "epoch");
        write!(f, "\nreplayed {epochs} committed after the last checkpoint, as the last run was cut short")?;
        match (self.accepts_changes, summary.epochs_replayed_changed) {
            (false, _) => Ok(()),
            (true, 0) => f.write_str("; they gave what they gave then"),
            (true, changed) => write!(
                f,
                ";\n{} of them gave other rows than then, which `--accept-changed-replay` allows: rows that were written stay as \
                 they are, and the state of the operators is what this program makes of them",
                HumanCount(changed)
            ),
        }
    }

    /// Of the operators that have dropped a fifth of their rows or more, the first: rows were loaded out of order, rather than late.
    fn write_mostly_late(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_mostly_late = |operator: &&OperatorSummary| {
            operator.rows_late > 0 && operator.rows_late.saturating_mul(5) >= operator.rows_in
        };
        let Some(operator) = self.finished.summary.operators.iter().find(is_mostly_late) else {
            return Ok(());
        };
        write!(
            f,
            "\n`{}` dropped {} of {} as late: their partition was further than the source's lateness ahead of them. If they \
             come of a file, load it in the order of event time, or let the lateness be as long as its disorder and `reset`; in the order \
             of its keys, each key is late behind the one before it in its partition. `.late_to(..)` shows which rows they are",
            operator.operator,
            HumanCount(operator.rows_late),
            counted(operator.rows_in, "row")
        )
    }

    /// What the operators keep is in their own words, each once.
    fn write_open_entries(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |word: fn(&EntryWords) -> &'static str, before_the_last: &str| {
            let mut words: Vec<&str> = Vec::new();
            for word in self.entries.iter().map(word) {
                if !words.contains(&word) {
                    words.push(word);
                }
            }
            match words.split_last() {
                Some((last, rest)) if !rest.is_empty() => {
                    format!("{}{before_the_last}{last}", rest.join(", "))
                }
                _ => words.concat(),
            }
        };
        match self.finished.summary.entries_open {
            1 => {
                let one = named(|words| words.one, " or ");
                write!(f, "\n1 {one} is still open, and the next run goes on with it")?;
            }
            open => {
                let (open, many) = (HumanCount(open), named(|words| words.many, " and "));
                write!(f, "\n{open} {many} are still open, and the next run goes on with them")?;
            }
        }
        if !self.until_end || self.finished.interrupted {
            return Ok(());
        }
        write!(f, ": {}", named(|words| words.emits, ", "))?;
        if let Some((topic, partition, greatest)) = &self.furthest_back {
            let at = greatest.map_or("no row yet".to_owned(), |time| format!("event time {time}"));
            write!(f, ",\nand partition {partition} of `{topic}` is furthest back ({at})")?;
        }
        f.write_str("; `--until-end --close` closes event time, see `run --help`")
    }
}

/// How many of something, with the plural of its name.
pub(super) fn counted(count: u64, what: &str) -> String {
    format!("{} {what}{}", HumanCount(count), if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::Summary;

    fn report(change: impl FnOnce(&mut Summary), until_end: bool) -> Report {
        let mut summary = Summary {
            operators: Vec::new(),
            rows_read: 27_004,
            rows_written: 1_570,
            rows_read_in_all: 27_004,
            rows_late: 0,
            records_skipped: 0,
            entries_open: 0,
            epochs_replayed: 0,
            epochs_replayed_changed: 0,
            elapsed: Duration::from_millis(500),
            closed: false,
        };
        change(&mut summary);
        Report {
            finished: Finished { summary, interrupted: false },
            until_end,
            recover_only: false,
            accepts_changes: false,
            entries: vec![WINDOWS],
            data_dir: "waterwheel-data".to_owned(),
            reads: vec!["flights"],
            writes: vec!["departures-per-hour"],
            furthest_back: Some(("flights".to_owned(), 2, Some(Timestamp::from_millis(1_359_612_000_000)))),
        }
    }

    const WINDOWS: EntryWords = EntryWords {
        one: "window",
        many: "windows",
        emits: "a window emits when the watermark of every partition has passed its end",
    };

    const COUNTED: &str =
        "\nsince the pipeline began: 27,004 rows read, 0 late rows, 0 undecodable records skipped";

    #[test]
    fn a_run_to_the_end_shows_rows_and_rate() {
        let text = report(|_| (), true).to_string();
        let rows =
            "read 27,004 rows of `flights`, wrote 1,570 to `departures-per-hour`, in 0.50 s (54,008 rows/s)";
        assert_eq!(text, format!("{rows}{COUNTED}"));
    }

    #[test]
    fn what_the_operators_have_done_is_a_table_below() {
        let operator =
            OperatorSummary { operator: "flights (source)".to_owned(), rows_out: 5, ..Default::default() };
        let text = report(|summary| summary.operators = vec![operator], true).to_string();
        assert!(
            text.contains(&format!("{COUNTED}\n  operator ")) && text.contains("\n  flights (source)  "),
            "{text}"
        );
    }

    #[test]
    fn an_operator_that_drops_a_fifth_as_late_is_named_with_what_to_do() {
        let said = |rows_in, rows_late| {
            let operator = OperatorSummary {
                operator: "per_hour (window)".to_owned(),
                rows_in,
                rows_late,
                ..Default::default()
            };
            report(|summary| summary.operators = vec![operator], true).to_string()
        };
        let late = said(5_000, 1_000);
        assert!(
            late.contains("\n`per_hour (window)` dropped 1,000 of 5,000 rows as late: their partition"),
            "{late}"
        );
        for (rows_in, rows_late) in [(5_000, 999), (0, 0), (5_000, 0)] {
            let text = said(rows_in, rows_late);
            assert!(!text.contains("dropped"), "{text}");
        }
    }

    #[test]
    fn open_windows_name_the_partition_that_holds_them() {
        let text = report(|summary| summary.entries_open = 72, true).to_string();
        let why = "72 windows are still open, and the next run goes on with them: a window emits when the watermark of \
                   every partition has passed its end,\nand partition 2 of `flights` is furthest back (event time \
                   2013-01-31T06:00:00Z); `--until-end --close` closes event time, see `run --help`";
        assert!(text.ends_with(why), "{text}");
    }

    #[test]
    fn what_several_operators_keep_is_said_in_the_words_of_each() {
        let sessions =
            EntryWords { one: "session", many: "sessions", emits: "a session when its gap is over" };
        let open = |entries| {
            let report = report(|summary| summary.entries_open = entries, true);
            Report { entries: vec![WINDOWS, sessions], furthest_back: None, ..report }.to_string()
        };
        assert!(open(1).contains("\n1 window or session is still open, and"), "{}", open(1));
        assert!(open(9).contains("\n9 windows and sessions are still open, and"), "{}", open(9));
        let why = ": a window emits when the watermark of every partition has passed its end, a session when its gap is over; ";
        assert!(open(9).contains(why), "{}", open(9));
        let slides = EntryWords { many: "slides of windows", ..WINDOWS };
        let report = report(|summary| summary.entries_open = 9, true);
        let text = Report { entries: vec![slides, WINDOWS, sessions], ..report }.to_string();
        assert!(text.contains("\n9 slides of windows, windows and sessions are still open, and"), "{text}");
        assert_eq!(text.matches("a window emits when").count(), 1, "{text}");
    }

    #[test]
    fn with_nothing_left_it_says_so() {
        let nothing = |summary: &mut Summary| (summary.rows_read, summary.rows_written) = (0, 0);
        let text = report(nothing, true).to_string();
        assert_eq!(text, format!("nothing left to do: every row of `flights` is processed{COUNTED}"));
        let empty = report(
            |summary| {
                nothing(summary);
                summary.rows_read_in_all = 0;
            },
            true,
        );
        assert_eq!(
            empty.to_string(),
            "nothing to do: `flights` has no rows yet in waterwheel-data\nsince the pipeline began: 0 rows read, 0 late rows, 0 \
             undecodable records skipped"
        );
    }

    #[test]
    fn a_run_that_follows_says_what_it_did_and_what_was_done_before() {
        let text = report(|summary| (summary.rows_read, summary.rows_written) = (1, 0), false).to_string();
        let rows = "read 1 row of `flights`, wrote 0 to `departures-per-hour`, in 0.50 s";
        assert_eq!(text, format!("{rows}{COUNTED}"));
    }

    #[test]
    fn a_recovery_says_what_was_computed_again() {
        let recovered = |replayed, changed, accepts_changes| {
            let change = |summary: &mut Summary| {
                (summary.epochs_replayed, summary.epochs_replayed_changed) = (replayed, changed);
            };
            Report { recover_only: true, accepts_changes, ..report(change, false) }.to_string()
        };
        let saved = "recovered, and the state is saved: any program whose state it fits goes on from here";
        let replayed =
            "\nreplayed 7 epochs committed after the last checkpoint, as the last run was cut short";
        let changed = ";\n3 of them gave other rows than then, which `--accept-changed-replay` allows: rows that were written \
                       stay as they are, and the state of the operators is what this program makes of them";
        assert_eq!(recovered(7, 0, false), format!("{saved}{replayed}{COUNTED}"));
        assert_eq!(
            recovered(7, 0, true),
            format!("{saved}{replayed}; they gave what they gave then{COUNTED}")
        );
        assert_eq!(recovered(7, 3, true), format!("{saved}{replayed}{changed}{COUNTED}"));
        let nothing = "nothing to recover: the last run ended with its state saved";
        assert_eq!(recovered(0, 0, false), format!("{nothing}{COUNTED}"));
    }

    #[test]
    fn windows_that_emit_without_new_rows_are_work() {
        let text = report(|summary| summary.rows_read = 0, true).to_string();
        assert!(
            text.starts_with("read 0 rows of `flights`, wrote 1,570 to `departures-per-hour`, in 0.50 s"),
            "{text}"
        );
    }
}
