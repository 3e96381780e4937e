//! What processes that share a data directory say to each other: frames over a socket in it, and what is in them.
//!
//! The process that has the directory's lock owns it, and listens. Others ask it to write, and are told of each step in which
//! its readers see more; they read the files themselves. `docs/formats/socket.md` has the bytes.

mod answer;
mod failures;
mod frame;
mod incoming;
mod message;
mod socket;
mod told;

pub(crate) use answer::{Answer, Answered, Asked, WrittenRange, encode_ranges};
pub(crate) use frame::{
    BrokenFrame, FRAME_BYTES_MAX, Greeting, PROTOCOL, Role, Welcome, read_frame, read_frame_upto,
    read_version, write_frame, write_version,
};
pub(crate) use incoming::Incoming;
pub(crate) use message::{Condition, OfProducer, PropertyOf, Request, RequestId, Share};
pub(crate) use socket::{Listener, SOCKET_FILE, connect, has_no_sockets, is_alive, process_of};
pub(crate) use told::{Told, tell_entry, tell_tail};
