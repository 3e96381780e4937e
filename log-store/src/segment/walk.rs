//! Going through a segment batch by batch, verifying each.

use std::io;

use crate::disk::{DiskFile, Window};
use crate::ids::Offset;
use crate::record::{BatchHeader, HEADER_BYTES, Unreadable, parse_batch};

/// How much is read at once, unless a batch is larger.
const CHUNK_BYTES: usize = 1 << 20;

/// A place in a segment, moving from batch to batch.
pub(crate) struct Walker<'a> {
    file: &'a dyn DiskFile,
    position: u64,
    /// Where the walk ends.
    limit: u64,
    /// The offset that the next batch must begin with, if known.
    expected: Option<Offset>,
    window: Window,
    chunk_bytes: usize,
}

/// A batch on the way.
#[derive(Debug)]
pub(crate) struct Step<'a> {
    pub(crate) position: u64,
    pub(crate) header: BatchHeader,
    pub(crate) bytes: &'a [u8],
}

/// Why a walk cannot go on.
#[derive(Debug)]
pub(crate) enum WalkError {
    Io(io::Error),
    Damaged { position: u64, reason: String },
}

impl<'a> Walker<'a> {
    pub(crate) fn new(file: &'a dyn DiskFile, position: u64, limit: u64, expected: Option<Offset>) -> Self {
        let (window, chunk_bytes) = (Window::default(), CHUNK_BYTES);
        Walker { file, position, limit, expected, window, chunk_bytes }
    }

    /// Has it read so many bytes at once, for who wants few batches.
    pub(crate) fn reading(self, bytes: usize) -> Self {
        Walker { chunk_bytes: bytes, ..self }
    }

    /// The next batch, verified.
    pub(crate) fn next(&mut self) -> Result<Option<Step<'_>>, WalkError> {
        if self.position >= self.limit {
            return Ok(None);
        }
        let mut need = HEADER_BYTES;
        loop {
            if self.position + need as u64 > self.limit {
                return Err(self.damaged(format!("the batch there goes beyond byte {}", self.limit)));
            }
            self.fill(need)?;
            match parse_batch(self.window.bytes(), self.expected) {
                Ok(parsed) if self.position + parsed.bytes as u64 > self.limit => {
                    return Err(self.damaged(format!("the batch there goes beyond byte {}", self.limit)));
                }
                Ok(parsed) => {
                    let position = self.position;
                    self.position += parsed.bytes as u64;
                    self.expected = Some(parsed.header.next_offset());
                    let bytes = &self.window.bytes()[..parsed.bytes];
                    return Ok(Some(Step { position, header: parsed.header, bytes }));
                }
                Err(Unreadable::Incomplete(bytes)) if bytes > need => need = bytes,
                Err(Unreadable::Incomplete(_)) => {
                    return Err(self.damaged("the file ends within the batch there".to_owned()));
                }
                Err(Unreadable::Damaged(reason)) => return Err(self.damaged(reason)),
            }
        }
    }

    /// Has at least `need` bytes from the current position in the window, unless the file is shorter.
    fn fill(&mut self, need: usize) -> Result<(), WalkError> {
        self.window.move_to(self.position);
        if self.window.bytes().len() >= need {
            return Ok(());
        }
        let left = usize::try_from(self.limit - self.position).unwrap_or(usize::MAX);
        self.window.fill(self.file, need.max(self.chunk_bytes).min(left)).map_err(WalkError::Io)
    }

    fn damaged(&self, reason: String) -> WalkError {
        WalkError::Damaged { position: self.position, reason }
    }
}
