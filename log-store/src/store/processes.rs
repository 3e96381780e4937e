//! Which processes have a data directory open.

use std::fs;
use std::time::Duration;

/// The processes that have a data directory open; see [`crate::Store::processes`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Processes {
    /// The one that owns it: it writes for all.
    pub owner: Process,
    /// Those that work through it, in the order in which they came.
    pub clients: Vec<Process>,
    /// Why no other process can open it as long as its owner has it, where its file system has no Unix sockets; `None` where they can.
    /// It is not said of a store that was opened for one process alone.
    pub alone: Option<String>,
}

/// A process that has a data directory open.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Process {
    /// Its process id.
    pub id: u32,
    /// What it was called with, as far as the system tells; else empty.
    pub command: String,
    /// How long it has been running, as far as the system tells, to a second or so.
    pub age: Option<Duration>,
    /// How many connections to the owner it has.
    pub connections: u32,
    /// The names that it holds; see [`crate::Store::claim`].
    pub claims: Vec<String>,
}

impl Processes {
    /// Those that the owner told of, itself first, and why it is alone.
    pub(super) fn of(told: Vec<(u32, u32, Vec<String>)>, alone: Option<String>) -> Processes {
        let mut all = told.into_iter().map(|(id, connections, claims)| Process {
            id,
            command: command_of(id),
            age: age_of(id),
            connections,
            claims,
        });
        let nobody =
            || Process { id: 0, command: String::new(), age: None, connections: 0, claims: Vec::new() };
        Processes { owner: all.next().unwrap_or_else(nobody), clients: all.collect(), alone }
    }

    /// How messages speak of the process that holds a name, if one does.
    pub(super) fn describe_holder_of(&self, name: &str) -> Option<String> {
        let mut all = [&self.owner].into_iter().chain(&self.clients);
        let holder = all.find(|process| process.claims.iter().any(|claim| claim == name))?;
        if holder.id == std::process::id() {
            return Some("this process itself".to_owned());
        }
        let since = holder.age.map(|age| format!(", which began {} ago", rounded(age)));
        Some(describe(holder.id) + &since.unwrap_or_default())
    }
}

/// How messages speak of a process.
pub(super) fn describe(id: u32) -> String {
    match &*command_of(id) {
        "" => format!("process {id}"),
        command => format!("process {id} (`{command}`)"),
    }
}

fn command_of(id: u32) -> String {
    let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    let words: Vec<_> = line.split(|&byte| byte == 0).map(String::from_utf8_lossy).collect();
    words.join(" ").trim_end().to_owned()
}

/// How long a process has been running.
fn age_of(id: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let up: f64 = uptime.split(' ').next()?.parse().ok()?;
    let ticks = began_at(&stat)?;
    // In ticks since the system began, so many of which are a second.
    let began = ticks as f64 / rustix::param::clock_ticks_per_second() as f64;
    Duration::try_from_secs_f64((up - began).max(0.0)).ok()
}

/// When a process began, as its `stat` says it. Its name stands in parentheses, and may have some itself, and spaces.
fn began_at(stat: &str) -> Option<u64> {
    let (_, behind) = stat.rsplit_once(')')?;
    // The 22nd, of which two stand before.
    behind.split_whitespace().nth(19)?.parse().ok()
}

/// A time in the largest unit of which there are at least two.
fn rounded(age: Duration) -> String {
    match age.as_secs() {
        1 => "1 second".to_owned(),
        seconds @ ..120 => format!("{seconds} seconds"),
        seconds @ ..7_200 => format!("{} minutes", seconds / 60),
        seconds @ ..172_800 => format!("{} hours", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(id: u32, age: u64, claims: &[&str]) -> Process {
        let claims = claims.iter().map(|&claim| claim.to_owned()).collect();
        Process { id, command: String::new(), age: Some(Duration::from_secs(age)), connections: 0, claims }
    }

    #[test]
    fn who_holds_a_name_is_told_with_its_number_and_age() {
        let here = std::process::id();
        let clients = vec![process(here, 9, &["b"]), process(u32::MAX, 200, &["c", "d"])];
        let processes = Processes { owner: process(u32::MAX - 1, 1, &["a"]), clients, alone: None };
        let told = |name| processes.describe_holder_of(name);
        assert_eq!(told("a").unwrap(), format!("process {}, which began 1 second ago", u32::MAX - 1));
        assert_eq!(told("b").unwrap(), "this process itself");
        assert_eq!(told("d").unwrap(), format!("process {}, which began 3 minutes ago", u32::MAX));
        assert_eq!(told("e"), None);
    }

    #[test]
    fn the_time_at_which_a_process_began_is_found_behind_any_name() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 1000 2 3";
        assert_eq!(began_at(stat), Some(4_711));
        assert_eq!(began_at("7 (cut) S 1"), None);
        // Nobody runs this test for a day, nor on a machine that is younger than its processes.
        assert!(age_of(std::process::id()).unwrap() < Duration::from_secs(86_400));
        assert_eq!(age_of(u32::MAX), None);
    }

    #[test]
    fn ages_are_in_a_unit_of_which_there_are_some() {
        for (seconds, said) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (7_199, "119 minutes"),
            (7_200, "2 hours"),
            (172_799, "47 hours"),
            (172_800, "2 days"),
        ] {
            assert_eq!(rounded(Duration::from_secs(seconds)), said);
        }
    }
}
