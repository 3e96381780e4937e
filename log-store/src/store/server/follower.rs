//! Tells a client of each step. The thread that takes the step sends it, if that needs no waiting; else it leaves word, and another
//! thread sends that.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rustix::net::SendFlags;

use crate::codec::Put;
use crate::visible::Witness;

use super::session::Session;
use super::spawn;

/// A client that lets so much pile up is given up: it is stopped, or cannot keep pace. It begins anew when it goes on.
const WAITING_BYTES_MAX: usize = 64 << 20;

/// How much is sent at once.
const SENT_BYTES: usize = 256 << 10;

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
    /// The other thread has nothing under way: whoever has this lock may send.
    is_free: bool,
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
        waiting.is_free = waiting.frames.is_empty();
        let waits = |waiting: &mut Waiting| waiting.frames.is_empty() && !waiting.ended;
        let waited = self.more.wait_while(waiting, waits);
        let mut waiting = waited.unwrap_or_else(PoisonError::into_inner);
        waiting.is_free = false;
        if waiting.ended {
            return None;
        }
        let mut bytes = waiting.frames.pop_front()?;
        while bytes.len() < SENT_BYTES
            && let Some(frame) = waiting.frames.pop_front()
        {
            bytes.extend_from_slice(&frame);
        }
        waiting.bytes = waiting.bytes.saturating_sub(bytes.len());
        Some(bytes)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Witness for Follower {
    fn saw(&self, step: u64, told: &[u8]) -> bool {
        let mut frame = Vec::with_capacity(told.len() + 12);
        frame.put_count(told.len() + 8);
        frame.put_u64(step);
        frame.extend_from_slice(told);
        let mut waiting = self.waiting();
        if waiting.ended {
            return false;
        }
        if waiting.is_free && waiting.frames.is_empty() {
            let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
            match rustix::net::send(&self.stream, &frame, flags) {
                Ok(sent) if sent == frame.len() => return true,
                Ok(sent) => drop(frame.drain(..sent)),
                // The other thread waits for room, or learns what is wrong.
                Err(_) => {}
            }
        }
        waiting.bytes += frame.len();
        waiting.frames.push_back(frame);
        waiting.ended |= waiting.bytes > WAITING_BYTES_MAX;
        self.more.notify_one();
        if waiting.ended {
            drop(waiting);
            self.session.end();
            return false;
        }
        true
    }
}
