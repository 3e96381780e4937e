//! The moments of a run that kills are to hit, and how often each was hit.

use std::fmt;

use super::progress::Progress;

/// Where in a run of the pipeline a kill hit, by what had been committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// There were epochs to replay, and nothing new was committed yet: it recovered.
    Recovery,
    /// While the input was processed: in which of its equal parts, counted from 0.
    Part(usize),
    /// All of the input was committed: the last checkpoint, or the closing epoch before its commit.
    End,
    /// The closing epoch was committed, and the process still ran.
    Closed,
}

/// How often each moment was hit.
pub(super) struct Moments {
    recovery: u64,
    parts: Vec<u64>,
    end: u64,
    closed: u64,
    /// The rows of the whole input.
    rows: u64,
}

impl Moments {
    /// As many parts of the input as so many kills can tell apart, at most ten.
    pub(super) fn new(kills: u64, rows: u64) -> Self {
        let parts = usize::try_from(kills / 4).map_or(10, |parts| parts.clamp(2, 10));
        Moments { recovery: 0, parts: vec![0; parts], end: 0, closed: 0, rows: rows.max(1) }
    }

    /// Counts a kill, by what was committed when its run began and when it ended.
    pub(super) fn hit(&mut self, before: Progress, after: Progress) {
        match self.moment(before, after) {
            Moment::Recovery => self.recovery += 1,
            Moment::Part(part) => self.parts[part] += 1,
            Moment::End => self.end += 1,
            Moment::Closed => self.closed += 1,
        }
    }

    fn moment(&self, before: Progress, after: Progress) -> Moment {
        if after.closed {
            Moment::Closed
        } else if before == after && after.to_replay > 0 {
            Moment::Recovery
        } else if after.rows >= self.rows {
            Moment::End
        } else {
            Moment::Part(self.part(after.rows))
        }
    }

    /// The moment to aim at next: of those that a run can still come to, the one that was hit least, and the first of these.
    pub(super) fn aim(&self, now: Progress) -> Moment {
        let recovery = (now.to_replay > 0).then_some((self.recovery, Moment::Recovery));
        let first = if now.rows >= self.rows { self.parts.len() } else { self.part(now.rows) };
        let parts = self.parts.iter().enumerate().skip(first).map(|(part, hits)| (*hits, Moment::Part(part)));
        let moments = recovery.into_iter().chain(parts).chain([(self.end, Moment::End)]);
        moments.min_by_key(|(hits, _)| *hits).map_or(Moment::End, |(_, moment)| moment)
    }

    /// The shares of the input between which a part lies.
    pub(super) fn bounds(&self, part: usize) -> (f64, f64) {
        let parts = self.parts.len() as f64;
        (part as f64 / parts, (part + 1) as f64 / parts)
    }

    /// Whether every moment was hit. A process lives on for too short a time after its closing epoch to ask for that, too.
    pub(super) fn all_hit(&self) -> bool {
        self.recovery > 0 && self.end > 0 && !self.parts.contains(&0)
    }

    fn part(&self, rows: u64) -> usize {
        let parts = self.parts.len();
        (rows as usize * parts / self.rows as usize).min(parts - 1)
    }
}

impl fmt::Display for Moments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.parts.iter().map(u64::to_string).collect();
        let (recovery, end, closed) = (self.recovery, self.end, self.closed);
        write!(
            f,
            "{recovery} in recovery; {} in the parts of the input, from its start to its end; {end} after the last row, before \
             the close; {closed} after the close",
            parts.join(" + ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(rows: u64, to_replay: u64) -> Progress {
        Progress { rows, to_replay, closed: false }
    }

    #[test]
    fn a_kill_counts_where_the_commits_say() {
        let moments = Moments::new(8, 100);
        let start = Progress::default();
        assert_eq!(moments.moment(start, start), Moment::Part(0));
        assert_eq!(moments.moment(start, progress(49, 3)), Moment::Part(0));
        assert_eq!(moments.moment(progress(49, 3), progress(49, 3)), Moment::Recovery);
        assert_eq!(moments.moment(progress(49, 3), progress(50, 4)), Moment::Part(1));
        assert_eq!(moments.moment(progress(49, 3), progress(100, 9)), Moment::End);
        assert_eq!(moments.moment(start, Progress { closed: true, ..progress(100, 0) }), Moment::Closed);
    }

    #[test]
    fn the_next_aim_is_what_was_hit_least_and_can_be_reached() {
        let mut moments = Moments::new(8, 100);
        assert_eq!(moments.aim(Progress::default()), Moment::Part(0));
        moments.hit(Progress::default(), progress(10, 2));
        assert_eq!(moments.aim(progress(10, 2)), Moment::Recovery);
        moments.hit(progress(10, 2), progress(10, 2));
        assert_eq!(moments.aim(progress(10, 2)), Moment::Part(1));
        assert_eq!(moments.aim(progress(100, 0)), Moment::End);
        assert!(!moments.all_hit());
        moments.hit(progress(10, 2), progress(60, 4));
        moments.hit(progress(60, 4), progress(100, 4));
        assert!(moments.all_hit());
    }
}
