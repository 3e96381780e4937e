//! The places of a run that kills are to hit, and how often each has been.

use std::fmt;

use super::progress::Progress;

/// Where in a run of the pipeline a kill hit, by what had been committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// There were epochs to replay, and nothing new was committed yet: it recovered.
    Recovery,
    /// While the input was processed: in which of its equal parts, counted from 0.
    Part(usize),
    /// All of the input was committed: the last checkpoint, or the closing epoch before its commit.
    End,
    /// The closing epoch was committed, and the process still ran.
    Closed,
}

/// How often each place was hit.
pub(super) struct Places {
    recovery: u64,
    parts: Vec<u64>,
    end: u64,
    closed: u64,
    /// The flights of the whole input.
    flights: u64,
}

impl Places {
    /// As many parts of the input as so many kills can tell apart, at most ten.
    pub(super) fn new(kills: u64, flights: u64) -> Self {
        let parts = usize::try_from(kills / 4).map_or(10, |parts| parts.clamp(2, 10));
        Places { recovery: 0, parts: vec![0; parts], end: 0, closed: 0, flights: flights.max(1) }
    }

    /// Counts a kill, by what was committed when its run began and when it ended.
    pub(super) fn hit(&mut self, before: Progress, after: Progress) {
        match self.place(before, after) {
            Place::Recovery => self.recovery += 1,
            Place::Part(part) => self.parts[part] += 1,
            Place::End => self.end += 1,
            Place::Closed => self.closed += 1,
        }
    }

    fn place(&self, before: Progress, after: Progress) -> Place {
        if after.closed {
            Place::Closed
        } else if before == after && after.to_replay > 0 {
            Place::Recovery
        } else if after.flights >= self.flights {
            Place::End
        } else {
            Place::Part(self.part(after.flights))
        }
    }

    /// The place to aim at next: of those that a run can still come to, the one that was hit least, and the first of these.
    pub(super) fn aim(&self, now: Progress) -> Place {
        let recovery = (now.to_replay > 0).then_some((self.recovery, Place::Recovery));
        let first = if now.flights >= self.flights { self.parts.len() } else { self.part(now.flights) };
        let parts = self.parts.iter().enumerate().skip(first).map(|(part, hits)| (*hits, Place::Part(part)));
        let places = recovery.into_iter().chain(parts).chain([(self.end, Place::End)]);
        places.min_by_key(|(hits, _)| *hits).map_or(Place::End, |(_, place)| place)
    }

    /// The shares of the input between which a part lies.
    pub(super) fn bounds(&self, part: usize) -> (f64, f64) {
        let parts = self.parts.len() as f64;
        (part as f64 / parts, (part + 1) as f64 / parts)
    }

    /// Whether every place was hit. A process lives on for too short a time after its closing epoch to ask for that, too.
    pub(super) fn all_hit(&self) -> bool {
        self.recovery > 0 && self.end > 0 && !self.parts.contains(&0)
    }

    fn part(&self, flights: u64) -> usize {
        let parts = self.parts.len();
        (flights as usize * parts / self.flights as usize).min(parts - 1)
    }
}

impl fmt::Display for Places {
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

    fn progress(flights: u64, to_replay: u64) -> Progress {
        Progress { flights, to_replay, closed: false }
    }

    #[test]
    fn a_kill_counts_where_the_commits_say() {
        let places = Places::new(8, 100);
        let start = Progress::default();
        assert_eq!(places.place(start, start), Place::Part(0));
        assert_eq!(places.place(start, progress(49, 3)), Place::Part(0));
        assert_eq!(places.place(progress(49, 3), progress(49, 3)), Place::Recovery);
        assert_eq!(places.place(progress(49, 3), progress(50, 4)), Place::Part(1));
        assert_eq!(places.place(progress(49, 3), progress(100, 9)), Place::End);
        assert_eq!(places.place(start, Progress { closed: true, ..progress(100, 0) }), Place::Closed);
    }

    #[test]
    fn the_next_aim_is_what_was_hit_least_and_can_be_reached() {
        let mut places = Places::new(8, 100);
        assert_eq!(places.aim(Progress::default()), Place::Part(0));
        places.hit(Progress::default(), progress(10, 2));
        assert_eq!(places.aim(progress(10, 2)), Place::Recovery);
        places.hit(progress(10, 2), progress(10, 2));
        assert_eq!(places.aim(progress(10, 2)), Place::Part(1));
        assert_eq!(places.aim(progress(100, 0)), Place::End);
        assert!(!places.all_hit());
        places.hit(progress(10, 2), progress(60, 4));
        places.hit(progress(60, 4), progress(100, 4));
        assert!(places.all_hit());
    }
}
