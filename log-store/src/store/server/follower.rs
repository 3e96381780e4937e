//! Tells a client of each step. The thread that takes the step sends it, if that needs no waiting; else it leaves word, and another
//! thread sends that.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::net::SendFlags;

use crate::codec::Put;
use crate::visible::Witness;

use super::session::Session;
use super::spawn;

/// A client that lets so much pile up is given up: it is stopped, or cannot keep pace. It begins anew when it goes on.
const WAITING_BYTES_MAX: usize = 64 << 20;

/// How much is sent at once.
const SENT_BYTES: usize = 256 << 10;

/// How long a step that an answer carries waits at most for others that are to be told.
const CARRIED_WAITS: Duration = Duration::from_millis(1);

/// What is still to be told to a client.
pub(super) struct Follower {
    session: Arc<Session>,
    stream: UnixStream,
    waiting: Mutex<Waiting>,
    more: Condvar,
}

#[derive(Default)]
struct Waiting {
    frames: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Answers carry all frames that wait.
    is_carried: bool,
    /// The other thread has nothing under way: whoever has this lock may send.
    is_free: bool,
    /// It sleeps until it is told of more. Else it looks by itself, soon.
    sleeps: bool,
    ended: bool,
}

impl Follower {
    pub(super) fn start(stream: &UnixStream, session: Arc<Session>) -> io::Result<Arc<Follower>> {
        let stream = stream.try_clone()?;
        let follower = Follower { session, stream, waiting: Mutex::default(), more: Condvar::new() };
        let follower = Arc::new(follower);
        let telling = follower.clone();
        spawn("follower", move || telling.run())?;
        Ok(follower)
    }

    /// Tells nothing more.
    pub(super) fn stop(&self) {
        self.waiting().ended = true;
        self.more.notify_one();
    }

    fn run(&self) {
        let mut stream = &self.stream;
        if self.session.wait_welcomed() {
            while let Some(bytes) = self.next() {
                if stream.write_all(&bytes).is_err() {
                    break;
                }
            }
        }
        self.waiting().ended = true;
        // It may be only this that failed.
        self.session.end();
    }

    /// The next frames that wait; `None` if there will be none.
    fn next(&self) -> Option<Vec<u8>> {
        let mut waiting = self.waiting();
        // Where answers carry one step after another, this thread looks now and then, and need not be woken for each.
        let mut has_lingered = false;
        while !waiting.ended && (waiting.frames.is_empty() || (waiting.is_carried && !has_lingered)) {
            waiting.is_free = true;
            if has_lingered {
                waiting.sleeps = true;
                waiting = self.more.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                waiting.sleeps = false;
            } else {
                waiting =
                    self.more.wait_timeout(waiting, CARRIED_WAITS).unwrap_or_else(PoisonError::into_inner).0;
            }
            has_lingered = !has_lingered;
        }
        waiting.is_free = false;
        if waiting.ended { None } else { Some(waiting.take(SENT_BYTES)) }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn push(&mut self, frame: Vec<u8>, is_carried: bool) {
        self.is_carried = is_carried && (self.is_carried || self.frames.is_empty());
        self.bytes += frame.len();
        self.frames.push_back(frame);
    }

    /// Takes the first frames, as many as are so large together, or one.
    fn take(&mut self, bytes_max: usize) -> Vec<u8> {
        let mut bytes = self.frames.pop_front().unwrap_or_default();
        while bytes.len() < bytes_max
            && let Some(frame) = self.frames.pop_front()
        {
            bytes.extend_from_slice(&frame);
        }
        self.bytes = self.bytes.saturating_sub(bytes.len());
        bytes
    }

    /// Whether the frames that wait, and one more, can be sent by who has the lock.
    fn can_be_sent(&self) -> bool {
        self.is_free && (self.frames.is_empty() || self.is_carried && self.bytes <= SENT_BYTES)
    }
}

impl Witness for Follower {
    fn saw(&self, step: u64, told: &[u8]) -> bool {
        let mut frame = Vec::with_capacity(told.len() + 12);
        frame.put_count(told.len() + 8);
        frame.put_u64(step);
        frame.extend_from_slice(told);
        let is_carried = self.session.carries(step, told);
        let mut waiting = self.waiting();
        if waiting.ended {
            return false;
        }
        let can_be_sent = !is_carried && waiting.can_be_sent();
        waiting.push(frame, is_carried);
        if can_be_sent {
            let mut bytes = waiting.take(usize::MAX);
            let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
            match rustix::net::send(&self.stream, &bytes, flags) {
                Ok(sent) if sent == bytes.len() => return true,
                Ok(sent) => drop(bytes.drain(..sent)),
                // The other thread waits for room, or learns what is wrong.
                Err(_) => {}
            }
            waiting.push(bytes, false);
        }
        waiting.ended |= waiting.bytes > WAITING_BYTES_MAX;
        if !is_carried || waiting.sleeps || waiting.ended {
            waiting.sleeps = false;
            self.more.notify_one();
        }
        if waiting.ended {
            drop(waiting);
            self.session.end();
            return false;
        }
        true
    }
}
