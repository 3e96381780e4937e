//! Stdin, which is waited for until a signal comes.

use std::io::{self, Read, StdinLock};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::signals::Signals;

/// How long is waited before a signal is looked for that came just before.
const TICK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// Stdin. Once a signal has come, reading it is an error.
pub(super) struct Stdin<'s> {
    stdin: StdinLock<'static>,
    signals: &'s Signals,
}

impl<'s> Stdin<'s> {
    pub(super) fn heeding(signals: &'s Signals) -> Stdin<'s> {
        Stdin { stdin: io::stdin().lock(), signals }
    }
}

impl Read for Stdin<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.signals.received() {
                return Err(io::Error::other("a signal came"));
            }
            // Of a signal that comes meanwhile it tells at once.
            let is_ready = match poll(&mut [PollFd::new(&self.stdin, PollFlags::IN)], Some(&TICK)) {
                Ok(ready) => ready > 0,
                Err(rustix::io::Errno::INTR) => false,
                Err(error) => return Err(error.into()),
            };
            if is_ready {
                return self.stdin.read(to);
            }
        }
    }
}
