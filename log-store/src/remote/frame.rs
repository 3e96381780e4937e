//! Frames, and the greeting that each connection begins with.
//!
//! ```text
//! client                                       owner
//! "WWLS" | version u32                  ──►
//!                                       ◄──    "WWLS" | version u32
//! length u32 | role, client, session    ──►
//!                                       ◄──    length u32 | welcome, or why not
//! ```
//!
//! The first eight bytes stay as they are in every version, so that two of different ones can say so.

use std::io::{self, ErrorKind, IoSlice, Read, Write};

use crate::codec::{Malformed, Put, Reader};
use crate::journal::Image;

/// The version of what is said over the socket.
pub(crate) const PROTOCOL: u32 = 3;

const MAGIC: &[u8; 4] = b"WWLS";

/// No frame is larger. The largest that is sent holds a record of 64 MiB, or the ends of some million partitions.
pub(crate) const FRAME_BYTES_MAX: usize = 256 << 20;

/// How much memory is taken at a time for a frame that is only announced.
const TAKE_BYTES: usize = 256 << 10;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// To be told of steps. As long as it stands, the client is there.
    Follow,
    /// To ask for one thing after another.
    Ask,
}

/// What a client says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Greeting {
    pub(crate) role: Role,
    /// A number of its own, the same as long as it lives.
    pub(crate) client: u64,
    /// The session that the owner gave it; 0 to begin one.
    pub(crate) session: u64,
}

/// What the owner says to one who follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Welcome {
    pub(crate) session: u64,
    /// The owner's process.
    pub(crate) pid: u32,
    /// The number of the last step, which the image has.
    pub(crate) step: u64,
    /// The number of the last request that was answered durably.
    pub(crate) answered: u64,
    /// The largest record that the owner takes.
    pub(crate) record_bytes: u64,
    pub(crate) image: Image,
}

/// Why a frame could not be read.
#[derive(Debug)]
pub(crate) enum BrokenFrame {
    /// The other side is gone, between two frames or within one.
    Gone,
    /// Nothing came for as long as the stream's timeout.
    Silent,
    /// It is none of ours.
    Malformed,
    Io(io::Error),
}

impl From<io::Error> for BrokenFrame {
    fn from(error: io::Error) -> BrokenFrame {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => BrokenFrame::Silent,
            ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::BrokenPipe
            | ErrorKind::ConnectionAborted
            | ErrorKind::NotConnected => BrokenFrame::Gone,
            _ => BrokenFrame::Io(error),
        }
    }
}

impl From<Malformed> for BrokenFrame {
    fn from(_: Malformed) -> BrokenFrame {
        BrokenFrame::Malformed
    }
}

/// Says which version is spoken here.
pub(crate) fn write_version(stream: &mut impl Write) -> io::Result<()> {
    let mut bytes = MAGIC.to_vec();
    bytes.put_u32(PROTOCOL);
    stream.write_all(&bytes)
}

/// The version that the other side speaks.
pub(crate) fn read_version(stream: &mut impl Read) -> Result<u32, BrokenFrame> {
    let mut bytes = [0; 8];
    stream.read_exact(&mut bytes)?;
    let mut from = Reader::new(&bytes);
    if from.take(MAGIC.len())? != MAGIC {
        return Err(BrokenFrame::Malformed);
    }
    Ok(from.u32()?)
}

/// Sends a frame.
pub(crate) fn write_frame(stream: &mut impl Write, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len()).ok().filter(|length| *length as usize <= FRAME_BYTES_MAX);
    let Some(length) = length else {
        return Err(io::Error::new(ErrorKind::InvalidInput, "a message is larger than 256 MiB"));
    };
    let head = length.to_be_bytes();
    let mut sent = 0;
    while sent < head.len() {
        match stream.write_vectored(&[IoSlice::new(&head[sent..]), IoSlice::new(payload)]) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => sent += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    stream.write_all(&payload[sent - head.len()..])
}

/// Reads a frame into memory that is used again. It takes memory only for what has come, whatever length is announced.
pub(crate) fn read_frame<'b>(
    stream: &mut impl Read,
    buffer: &'b mut Vec<u8>,
) -> Result<&'b [u8], BrokenFrame> {
    read_frame_upto(stream, FRAME_BYTES_MAX, buffer)
}

/// Reads a frame that may be so large.
pub(crate) fn read_frame_upto<'b>(
    stream: &mut impl Read,
    bytes_max: usize,
    buffer: &'b mut Vec<u8>,
) -> Result<&'b [u8], BrokenFrame> {
    let mut head = [0; 4];
    stream.read_exact(&mut head)?;
    let length = u32::from_be_bytes(head) as usize;
    if length > bytes_max {
        return Err(BrokenFrame::Malformed);
    }
    let mut filled = 0;
    while filled < length {
        let upto = length.min((2 * filled).max(TAKE_BYTES));
        if buffer.len() < upto {
            buffer.resize(upto, 0);
        }
        stream.read_exact(&mut buffer[filled..upto])?;
        filled = upto;
    }
    Ok(&buffer[..length])
}

impl Greeting {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.put_u8(match self.role {
            Role::Follow => 0,
            Role::Ask => 1,
        });
        out.put_u64(self.client);
        out.put_u64(self.session);
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Greeting, Malformed> {
        let mut from = Reader::new(bytes);
        let role = match from.u8()? {
            0 => Role::Follow,
            1 => Role::Ask,
            _ => return Err(Malformed),
        };
        let greeting = Greeting { role, client: from.u64()?, session: from.u64()? };
        from.end()?;
        Ok(greeting)
    }
}

impl Welcome {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.put_u64(self.session);
        out.put_u32(self.pid);
        out.put_u64(self.step);
        out.put_u64(self.answered);
        out.put_u64(self.record_bytes);
        self.image.encode(&mut out);
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Welcome, Malformed> {
        let mut from = Reader::new(bytes);
        Ok(Welcome {
            session: from.u64()?,
            pid: from.u32()?,
            step: from.u64()?,
            answered: from.u64()?,
            record_bytes: from.u64()?,
            image: Image::decode(&mut from)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_as_they_were_written_whatever_came_before_in_the_memory() {
        let mut sent = Vec::new();
        let payloads = [vec![1; 700_000], Vec::new(), vec![2; 10]];
        payloads.iter().for_each(|payload| write_frame(&mut sent, payload).unwrap());
        let (mut from, mut buffer) = (&sent[..], Vec::new());
        for payload in &payloads {
            assert_eq!(read_frame(&mut from, &mut buffer).unwrap(), payload);
        }
        assert!(matches!(read_frame(&mut from, &mut buffer), Err(BrokenFrame::Gone)));
    }

    #[test]
    fn a_length_that_is_only_claimed_takes_no_memory() {
        let mut buffer = Vec::new();
        let mut claimed = (200_u32 << 20).to_be_bytes().to_vec();
        claimed.extend([0; 100]);
        assert!(matches!(read_frame(&mut &claimed[..], &mut buffer), Err(BrokenFrame::Gone)));
        assert!(buffer.capacity() <= TAKE_BYTES);
        let too_large = u32::MAX.to_be_bytes();
        assert!(matches!(read_frame(&mut &too_large[..], &mut buffer), Err(BrokenFrame::Malformed)));
    }

    #[test]
    fn another_version_is_told_and_what_is_no_greeting_refused() {
        let mut bytes = Vec::new();
        write_version(&mut bytes).unwrap();
        assert_eq!(bytes, b"WWLS\0\0\0\x03");
        assert_eq!(read_version(&mut &bytes[..]).unwrap(), PROTOCOL);
        assert_eq!(read_version(&mut &b"WWLS\0\0\x02\0"[..]).unwrap(), 512);
        assert!(matches!(read_version(&mut &b"GET / HTTP/1.1"[..]), Err(BrokenFrame::Malformed)));
        assert!(matches!(read_version(&mut &b"WWLS"[..]), Err(BrokenFrame::Gone)));
        let greeting = Greeting { role: Role::Ask, client: 7, session: 8 };
        assert_eq!(Greeting::decode(&greeting.encode()), Ok(greeting));
        assert_eq!(Greeting::decode(b"\x02"), Err(Malformed));
    }
}
