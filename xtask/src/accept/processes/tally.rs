//! What the kill test of processes has come to, for people.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Instant;

use super::cast::Role;

/// The counts.
pub(super) struct Tally {
    begun: Instant,
    /// By what the process did, and whether it owned the directory.
    kills: BTreeMap<(Role, bool), u64>,
    stops: BTreeMap<(Role, bool), u64>,
    asked: BTreeMap<(Role, bool), u64>,
    /// Those that were stopped for so long that another took their place.
    pub(super) fenced: u64,
    /// Kills before the directory was open, or after the end.
    pub(super) missed: u64,
    /// Loads that were killed, and had been committed.
    pub(super) loads_done: u64,
    /// Loads that were killed, and left nothing.
    pub(super) loads_undone: u64,
    pub(super) rounds: u64,
    pub(super) rows: u64,
    pub(super) lines: u64,
    pub(super) acknowledged: u64,
    /// What readers that follow have printed.
    pub(super) followed: u64,
}

impl Tally {
    pub(super) fn new() -> Tally {
        Tally {
            begun: Instant::now(),
            kills: BTreeMap::new(),
            stops: BTreeMap::new(),
            asked: BTreeMap::new(),
            fenced: 0,
            missed: 0,
            loads_done: 0,
            loads_undone: 0,
            rounds: 0,
            rows: 0,
            lines: 0,
            acknowledged: 0,
            followed: 0,
        }
    }

    pub(super) fn killed(&mut self, role: Role, is_owner: bool) {
        *self.kills.entry((role, is_owner)).or_default() += 1;
    }

    pub(super) fn stopped(&mut self, role: Role, is_owner: bool) {
        *self.stops.entry((role, is_owner)).or_default() += 1;
    }

    pub(super) fn asked(&mut self, role: Role, is_owner: bool) {
        *self.asked.entry((role, is_owner)).or_default() += 1;
    }

    /// Kills that hit a process at work.
    pub(super) fn hits(&self) -> u64 {
        self.kills.values().sum()
    }
}

/// How many, of the owner how many, and of each role.
fn told(counts: &BTreeMap<(Role, bool), u64>) -> String {
    let (all, owners): (u64, u64) = (
        counts.values().sum(),
        counts.iter().filter(|((_, is_owner), _)| *is_owner).map(|(_, count)| count).sum(),
    );
    let mut roles = BTreeMap::<Role, u64>::new();
    counts.iter().for_each(|((role, _), count)| *roles.entry(*role).or_default() += count);
    let roles: Vec<_> = roles.iter().map(|(role, count)| format!("{count} of `{role}`")).collect();
    format!("{all}, {owners} of them of the owner: {}", roles.join(", "))
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "kills that hit: {}; {} more missed", told(&self.kills), self.missed)?;
        writeln!(f, "stopped and let go on: {}", told(&self.stops))?;
        writeln!(f, "ended well when they were asked to (SIGINT): {}", told(&self.asked))?;
        writeln!(f, "stopped for so long that another took over, and fenced: {}", self.fenced)?;
        let (done, undone) = (self.loads_done, self.loads_undone);
        writeln!(f, "loads that were killed: {done} had been committed, {undone} had left nothing")?;
        writeln!(
            f,
            "compared in {} rounds, each from an empty directory: {} rows of results, {} lines of one producer ({} acknowledged), {} \
             lines printed by those who followed: none lost, none doubled, all in order",
            self.rounds, self.rows, self.lines, self.acknowledged, self.followed
        )?;
        write!(f, "took {:.1} s", self.begun.elapsed().as_secs_f64())
    }
}
