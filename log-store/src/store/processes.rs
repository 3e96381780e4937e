//! Which processes have a data directory open.

use std::fs;

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
            connections,
            claims,
        });
        let nobody = || Process { id: 0, command: String::new(), connections: 0, claims: Vec::new() };
        Processes { owner: all.next().unwrap_or_else(nobody), clients: all.collect(), alone }
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
