//! Who is connected: so many of each process, and of those who have not said yet who they are so few that a flood of them is nothing.
//! Who comes then is let in, and of the process with the most such, the first has to go.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::remote::process_of;

/// So many connections are taken at a time. A client has one to follow, and one for each thread that asks.
const CONNECTIONS_MAX: usize = 1024;

/// So many of them may be of one process, so that there is always room for another.
const OF_A_PROCESS_MAX: usize = 768;

/// So many of them may not have said yet who they are.
const STRANGERS_MAX: usize = 64;

/// Those who are connected.
#[derive(Default)]
pub(super) struct Guests {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    /// In the order in which they came.
    all: BTreeMap<u64, Guest>,
}

struct Guest {
    pid: u32,
    /// As long as it has not said who it is: what it is sent away with.
    stranger: Option<UnixStream>,
}

/// The place of a connection, as long as this lives.
pub(super) struct Place {
    guests: Arc<Guests>,
    number: u64,
}

impl Guests {
    /// Gives a new connection its place; none if there are too many.
    pub(super) fn admit(self: &Arc<Self>, stream: &UnixStream) -> Option<Place> {
        let (pid, stranger) = (process_of(stream).unwrap_or(0), stream.try_clone().ok()?);
        let mut state = self.state();
        let of_it = state.all.values().filter(|guest| guest.pid == pid).count();
        if state.all.len() >= CONNECTIONS_MAX || of_it >= OF_A_PROCESS_MAX {
            return None;
        }
        state.make_room();
        state.last += 1;
        let number = state.last;
        state.all.insert(number, Guest { pid, stranger: Some(stranger) });
        Some(Place { guests: self.clone(), number })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Sends a stranger away, if there are as many as may be.
    fn make_room(&mut self) {
        let mut of_processes: BTreeMap<u32, usize> = BTreeMap::new();
        let strangers = || self.all.iter().filter(|(_, guest)| guest.stranger.is_some());
        strangers().for_each(|(_, guest)| *of_processes.entry(guest.pid).or_default() += 1);
        if of_processes.values().sum::<usize>() < STRANGERS_MAX {
            return;
        }
        let floods = of_processes.into_iter().max_by_key(|(_, count)| *count).map(|(pid, _)| pid);
        let goes = strangers().find(|(_, guest)| Some(guest.pid) == floods).map(|(number, _)| *number);
        let stream = goes.and_then(|number| self.all.get_mut(&number)?.stranger.take());
        // Its thread sees the end of the connection, and gives its place back.
        stream.iter().for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
    }
}

impl Place {
    /// It has said who it is. False if it was sent away just before.
    pub(super) fn greeted(&self) -> bool {
        let mut state = self.guests.state();
        state.all.get_mut(&self.number).is_some_and(|guest| guest.stranger.take().is_some())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.guests.state().all.remove(&self.number);
    }
}

/// A connection from which all that is wanted has to come before a moment, in however small pieces it comes.
pub(super) struct Hurried<'s> {
    stream: &'s UnixStream,
    until: Instant,
}

impl<'s> Hurried<'s> {
    pub(super) fn of(stream: &'s UnixStream, patience: Duration) -> Hurried<'s> {
        Hurried { stream, until: Instant::now() + patience }
    }
}

impl Read for Hurried<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        (&*self.stream).read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (UnixStream, UnixStream) {
        let (here, there) = UnixStream::pair().unwrap();
        there.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        (here, there)
    }

    fn is_gone(there: &UnixStream) -> bool {
        there.set_nonblocking(true).unwrap();
        matches!((&*there).read(&mut [0]), Ok(0))
    }

    #[test]
    fn the_first_of_too_many_strangers_goes_and_none_that_is_known() {
        let guests = Arc::new(Guests::default());
        let come = || {
            let (here, there) = pair();
            (guests.admit(&here).unwrap(), there, here)
        };
        let known = come();
        assert!(known.0.greeted());
        let strangers: Vec<_> = (0..STRANGERS_MAX + 3).map(|_| come()).collect();
        let gone: Vec<_> = strangers.iter().map(|(_, there, _)| is_gone(there)).collect();
        assert!(gone[..3].iter().all(|gone| *gone) && !gone[3..].iter().any(|gone| *gone));
        assert!(!strangers[0].0.greeted() && strangers[3].0.greeted());
        assert!(!is_gone(&known.1));
    }

    #[test]
    fn the_process_with_the_most_strangers_gives_way() {
        let guests = Arc::new(Guests::default());
        let (here, _there) = pair();
        let of_another = guests.admit(&here).unwrap();
        // All ends in this test are of one process: the first is made another's.
        guests.state().all.values_mut().for_each(|guest| guest.pid = 1);
        let _flood: Vec<_> = (0..2 * STRANGERS_MAX).map(|_| guests.admit(&pair().0).unwrap()).collect();
        assert!(of_another.greeted());
    }

    #[test]
    fn what_comes_too_late_is_not_read() {
        let (here, mut there) = pair();
        io::Write::write_all(&mut there, b"hello").unwrap();
        let mut heard = [0; 2];
        Hurried::of(&here, Duration::from_secs(60)).read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"he");
        let late = Hurried::of(&here, Duration::ZERO).read(&mut heard).unwrap_err();
        assert_eq!(late.kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn one_process_leaves_room_for_others() {
        let guests = Arc::new(Guests::default());
        let known = |_| guests.admit(&pair().0).inspect(|place| assert!(place.greeted()));
        let places: Vec<_> = (0..OF_A_PROCESS_MAX).map(known).collect();
        assert!(places.iter().all(Option::is_some));
        assert!(guests.admit(&pair().0).is_none());
        guests.state().all.values_mut().for_each(|guest| guest.pid = 1);
        assert!(guests.admit(&pair().0).is_some());
        drop(places);
        assert_eq!(guests.state().all.len(), 0);
    }
}
