//! One connection on which one request after another is sent and answered.

use std::io;
use std::os::unix::net::UnixStream;

use crate::error::{Error, Result};
use crate::remote::{
    Answered, BrokenFrame, FRAME_BYTES_MAX, Incoming, PROTOCOL, RequestId, Role, connect, process_of,
    read_version, write_frame, write_version,
};

use super::{Link, Place, Unreached};

/// A lane of a client. It lives on when its connection, and its owner, go.
pub(super) struct Lane {
    number: u32,
    /// How many requests it has numbered.
    sequence: u64,
    stream: Option<(u64, UnixStream)>,
    incoming: Incoming,
}

/// How an exchange ended.
pub(super) enum Exchanged {
    Answered(Answered),
    /// What the owner said, which is no reason to try again.
    Failed(Error),
    /// There is no connection to be had now.
    Unsent,
    /// The connection broke: whether the request was done is not known, but it is not being done.
    Broken,
}

impl Lane {
    pub(super) fn new(number: u32) -> Lane {
        Lane { number, sequence: 0, stream: None, incoming: Incoming::default() }
    }

    /// Lets its connection go, as its owner is gone.
    pub(super) fn disconnect(&mut self) {
        self.stream = None;
    }

    /// The number of a new request.
    pub(super) fn next_request(&mut self, client: u64) -> RequestId {
        self.sequence += 1;
        RequestId { client, lane: self.number, sequence: self.sequence }
    }

    /// Sends a request to the owner that there is, and waits for the answer.
    ///
    /// # Errors
    /// `OwnerSilent` if none comes; the lane must not be used again then.
    pub(super) fn exchange(&mut self, link: &Link, place: &Place, request: &[u8]) -> Result<Exchanged> {
        if request.len() > FRAME_BYTES_MAX {
            let reason = "the owner is another process, and takes 256 MiB at a time; write less at once";
            let error = io::Error::new(io::ErrorKind::InvalidInput, reason);
            return Ok(Exchanged::Failed(Error::io("share", &link.dir, error)));
        }
        let Some(mut stream) = self.connected(link, place)? else { return Ok(Exchanged::Unsent) };
        let sent = write_frame(&mut stream, request).map_err(BrokenFrame::from);
        let answered = sent.and_then(|()| {
            let frame = self.incoming.next(&mut stream)?;
            Ok(Answered::decode(frame)?)
        });
        match answered {
            Ok((answered, error)) => {
                self.stream = Some((place.generation, stream));
                Ok(error.map_or(Exchanged::Answered(answered), Exchanged::Failed))
            }
            Err(BrokenFrame::Silent) => Err(link.silent(&link.state().owner)),
            Err(_) => Ok(Exchanged::Broken),
        }
    }

    /// The connection to this owner; none if it is going.
    fn connected(&mut self, link: &Link, place: &Place) -> Result<Option<UnixStream>> {
        match self.stream.take() {
            Some((generation, stream)) if generation == place.generation => return Ok(Some(stream)),
            _ => {}
        }
        // What the last one may have left is no part of this one.
        self.incoming = Incoming::default();
        let Ok(mut stream) = connect(&link.dir, link.config.patience) else { return Ok(None) };
        let owner = process_of(&stream).unwrap_or(0);
        let greeted = write_version(&mut stream).map_err(BrokenFrame::from).and_then(|()| {
            let version = read_version(&mut stream)?;
            if version != PROTOCOL {
                return Err(BrokenFrame::Malformed);
            }
            write_frame(&mut stream, &link.greeting(Role::Ask, place.session).encode())?;
            self.incoming.next(&mut stream).map(drop)
        });
        match greeted {
            Ok(()) => Ok(Some(stream)),
            Err(broken) => match Unreached::of_frame(link, owner, broken) {
                Unreached::Refused(error) => Err(error),
                _ => Ok(None),
            },
        }
    }
}
