//! The records of a partition between two offsets, read piece by piece.

use crate::error::Result;
use crate::ids::Offset;
use crate::record::{Cursor, Fetched, RecordRef};

use super::Partition;

/// How much is read at once unless [`Scan::reading`] says otherwise.
const PIECE_BYTES: usize = 256 << 10;

/// Goes through the committed records of a partition, from one offset to another; see [`Partition::scan`].
///
/// It holds one piece of the log in memory: as many bytes as it reads at once, or one batch if that is larger. Each record
/// is borrowed from it, so it is no `Iterator`:
///
/// ```
/// # use log_store::{Offset, RecordsBuilder, TopicConfig};
/// # let store = log_store::Store::open_on(std::sync::Arc::new(log_store::MemDisk::new()), Default::default())?;
/// # let partition = store.create_topic("orders", TopicConfig::default())?.partition(0)?;
/// let mut records = RecordsBuilder::new();
/// ["a", "b", "c", "d"].iter().for_each(|value| records.push(0, None, Some(value.as_bytes())));
/// partition.append(records)?;
///
/// let mut scan = partition.scan(Offset(1), Offset(3));
/// let mut found = Vec::new();
/// while let Some(record) = scan.next()? {
///     found.push((record.offset, record.value.unwrap().to_vec()));
/// }
/// assert_eq!(found, [(Offset(1), b"b".to_vec()), (Offset(2), b"c".to_vec())]);
/// # Ok::<(), log_store::Error>(())
/// ```
pub struct Scan {
    partition: Partition,
    until: Offset,
    piece_bytes: usize,
    /// The piece at hand, and where in it the next record stands.
    piece: Fetched,
    cursor: Cursor,
    /// Everything before it was given, or is not for readers.
    next_offset: Offset,
}

impl Scan {
    pub(super) fn new(partition: Partition, from: Offset, until: Offset) -> Scan {
        Scan {
            partition,
            until,
            piece_bytes: PIECE_BYTES,
            piece: Fetched::nothing(from),
            cursor: Cursor::default(),
            next_offset: from,
        }
    }

    /// Has it read so many bytes at once instead of 256 KiB; at least one batch is read.
    #[must_use]
    pub fn reading(mut self, bytes: usize) -> Scan {
        self.piece_bytes = bytes;
        self
    }

    /// The next record, read from the log if none is at hand. `None` at the end, or where nothing is committed yet: called
    /// again later, it goes on.
    ///
    /// # Errors
    /// As [`Partition::read`]. After one it stands where it stood.
    #[expect(clippy::should_implement_trait, reason = "what it gives is borrowed from it")]
    pub fn next(&mut self) -> Result<Option<RecordRef<'_>>> {
        Ok(if self.fetch()? { self.next_at_hand() } else { None })
    }

    /// Makes sure that a record is at hand, reading as often as that takes: mostly once, or not at all. False where
    /// [`Scan::next`] gives `None`.
    ///
    /// # Errors
    /// As [`Partition::read`].
    pub fn fetch(&mut self) -> Result<bool> {
        while self.next_offset < self.until {
            if self.cursor.seek(&self.piece, self.until) {
                return Ok(true);
            }
            self.leave_behind();
            if self.next_offset < self.until && self.next_offset >= self.piece.next_offset() {
                let piece = self.partition.read(self.next_offset, self.piece_bytes)?;
                if piece.next_offset() <= self.next_offset {
                    return Ok(false);
                }
                (self.piece, self.cursor) = (piece, Cursor::default());
            }
        }
        Ok(false)
    }

    /// The next record, if it is in memory already: nothing is read, and nothing can fail.
    #[inline]
    pub fn next_at_hand(&mut self) -> Option<RecordRef<'_>> {
        if !self.cursor.seek(&self.piece, self.until) {
            self.leave_behind();
            return None;
        }
        let record = self.cursor.take(&self.piece, self.until)?;
        self.next_offset = record.offset.plus(1);
        Some(record)
    }

    /// Where it stands: everything before was given, or is not for readers.
    #[must_use]
    pub fn next_offset(&self) -> Offset {
        self.next_offset
    }

    /// Moves its end. What is at hand stays so: a scan that goes on behind its end does not read that again.
    pub fn until(&mut self, until: Offset) {
        self.until = until;
    }

    /// Goes past what is left of the piece: markers, and what was aborted.
    fn leave_behind(&mut self) {
        self.next_offset = self.next_offset.max(self.piece.next_offset().min(self.until));
    }
}
