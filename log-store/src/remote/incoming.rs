//! What comes over a connection, frame by frame: what is small is taken with one call of the system, and with it what has come
//! behind it.

use std::io::{self, ErrorKind, Read};

use super::frame::{BrokenFrame, FRAME_BYTES_MAX};

/// The bytes of a frame's length.
const HEAD_BYTES: usize = 4;

/// How much memory a connection has for what comes.
const KEPT_BYTES: usize = 64 << 10;

/// Memory for a large frame is not kept for the next.
const KEPT_BYTES_MAX: usize = 1 << 20;

/// Frames on their way in. It belongs to one connection: it holds what was read and not yet taken.
#[derive(Default)]
pub(crate) struct Incoming {
    buffer: Vec<u8>,
    /// What was read and not taken.
    start: usize,
    end: usize,
}

impl Incoming {
    /// Waits for the next frame. It takes memory only for what has come, whatever length is announced.
    pub(crate) fn next(&mut self, stream: &mut impl Read) -> Result<&[u8], BrokenFrame> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.buffer.len() > KEPT_BYTES_MAX {
                self.buffer = Vec::new();
            }
        }
        let length = loop {
            let length = self.announced();
            match length {
                Some(length) if length > FRAME_BYTES_MAX => return Err(BrokenFrame::Malformed),
                Some(length) if self.end - self.start >= HEAD_BYTES + length => break length,
                _ => self.read(stream, HEAD_BYTES + length.unwrap_or(0))?,
            }
        };
        let from = self.start + HEAD_BYTES;
        self.start = from + length;
        Ok(&self.buffer[from..from + length])
    }

    /// Whether another whole frame has come already.
    pub(crate) fn has_next(&self) -> bool {
        self.announced().is_some_and(|length| self.end - self.start >= HEAD_BYTES + length)
    }

    /// The length of the next frame, as soon as that has come.
    fn announced(&self) -> Option<usize> {
        let head = self.buffer[self.start..self.end].first_chunk::<HEAD_BYTES>()?;
        Some(u32::from_be_bytes(*head) as usize)
    }

    /// Reads what there is, for a frame that takes so many bytes with its length.
    fn read(&mut self, stream: &mut impl Read, wanted: usize) -> Result<(), BrokenFrame> {
        // It begins where the memory does, if it would not fit behind what was taken.
        if self.start > 0 && self.start + wanted > self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.buffer.len() {
            let length = (2 * self.end).min(wanted).max(KEPT_BYTES);
            self.buffer.resize(length, 0);
        }
        match stream.read(&mut self.buffer[self.end..]) {
            Ok(0) => Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
            Ok(count) => {
                self.end += count;
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::write_frame;
    use super::*;

    /// Gives its bytes in pieces of some sizes, in turn.
    struct Pieces<'b> {
        bytes: &'b [u8],
        sizes: &'b [usize],
        turn: usize,
        reads: usize,
    }

    impl<'b> Pieces<'b> {
        fn of(bytes: &'b [u8], sizes: &'b [usize]) -> Pieces<'b> {
            Pieces { bytes, sizes, turn: 0, reads: 0 }
        }
    }

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let size = self.sizes[self.turn % self.sizes.len()].min(self.bytes.len()).min(buffer.len());
            (self.turn, self.reads) = (self.turn + 1, self.reads + 1);
            let (piece, rest) = self.bytes.split_at(size);
            buffer[..size].copy_from_slice(piece);
            self.bytes = rest;
            Ok(size)
        }
    }

    fn frames(lengths: &[usize]) -> (Vec<Vec<u8>>, Vec<u8>) {
        let payloads: Vec<_> =
            lengths.iter().enumerate().map(|(at, length)| vec![at as u8 + 1; *length]).collect();
        let mut sent = Vec::new();
        payloads.iter().for_each(|payload| write_frame(&mut sent, payload).unwrap());
        (payloads, sent)
    }

    #[test]
    fn frames_come_as_they_were_sent_however_they_are_cut() {
        let lengths = [10, 0, 65_532, 65_536, 1, 700_000, 3, 2_000_000, 70_000, 5, 60_000, 60_000];
        let (payloads, sent) = frames(&lengths);
        for sizes in [&[usize::MAX][..], &[1, 3, 5000], &[4, 40_000], &[65_536], &[65_535, 2]] {
            let (mut stream, mut incoming) = (Pieces::of(&sent, sizes), Incoming::default());
            for payload in &payloads {
                assert_eq!(incoming.next(&mut stream).unwrap(), payload);
                assert!(incoming.buffer.len() <= 2 * 2_000_004);
            }
            assert!(matches!(incoming.next(&mut stream), Err(BrokenFrame::Gone)));
        }
    }

    #[test]
    fn what_came_together_is_read_once() {
        let (payloads, sent) = frames(&[100, 200, 300]);
        let (mut stream, mut incoming) = (Pieces::of(&sent, &[usize::MAX]), Incoming::default());
        for (at, payload) in payloads.iter().enumerate() {
            assert_eq!(incoming.next(&mut stream).unwrap(), payload);
            assert_eq!(incoming.has_next(), at + 1 < payloads.len());
        }
        assert_eq!(stream.reads, 1);
    }

    #[test]
    fn a_length_that_is_only_claimed_takes_no_memory_and_one_beyond_all_is_refused() {
        let mut claimed = (200_u32 << 20).to_be_bytes().to_vec();
        claimed.extend([0; 100]);
        let mut incoming = Incoming::default();
        assert!(matches!(incoming.next(&mut &claimed[..]), Err(BrokenFrame::Gone)));
        assert!(incoming.buffer.capacity() <= KEPT_BYTES);
        let too_large = u32::MAX.to_be_bytes();
        assert!(matches!(Incoming::default().next(&mut &too_large[..]), Err(BrokenFrame::Malformed)));
        let cut = [&9_u32.to_be_bytes()[..], &[1; 8]].concat();
        assert!(matches!(Incoming::default().next(&mut &cut[..]), Err(BrokenFrame::Gone)));
    }
}
