//! The records of a partition between two offsets, read piece by piece.

use crate::error::Result;
use crate::ids::Offset;
use crate::partition::{Cursor, Fetched, Records};
use crate::record::RecordRef;

use super::Partition;

/// How much is read at once unless [`Scan::reading`] says otherwise.
const PIECE_BYTES: usize = 256 << 10;

/// Goes through the committed records of a partition, from one offset to another; see [`Partition::scan`].
///
/// It holds one piece of the log in memory: as many bytes as it reads at once, or one batch if that is larger, and four more
/// for each record. It reads no byte twice, and uses the memory again; a scan that is kept and given a new end by
/// [`Scan::until`] goes on where it stands. Each record is borrowed from it, so it is no `Iterator`:
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
    /// Where the records before `until` end in the piece, counted as the cursor's index.
    end: usize,
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
            end: 0,
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
            if self.cursor.index < self.end {
                return Ok(true);
            }
            self.leave_behind();
            if self.next_offset < self.until && self.next_offset >= self.piece.next_offset() {
                let read = self.partition.read_into(&mut self.piece, self.next_offset, self.piece_bytes);
                // Also after an error, since there are no records then.
                self.cursor = self.piece.first();
                self.end = self.piece.count_before(self.until, self.cursor);
                read?;
                if self.piece.next_offset() <= self.next_offset {
                    return Ok(false);
                }
            }
        }
        Ok(false)
    }

    /// The next record, if it is in memory already: nothing is read, and nothing can fail.
    #[inline]
    pub fn next_at_hand(&mut self) -> Option<RecordRef<'_>> {
        if self.cursor.index >= self.end {
            self.leave_behind();
            return None;
        }
        let record = self.cursor.take(&self.piece)?;
        self.next_offset = record.offset.plus(1);
        Some(record)
    }

    /// The next records that are in memory already, `count` at most, and moves past them, whether they are looked at or not.
    /// Nothing is read, and nothing can fail. [`Scan::fetch`] makes sure that there are any.
    ///
    /// ```
    /// # use log_store::{Offset, RecordsBuilder, TopicConfig};
    /// # let store = log_store::Store::open_on(std::sync::Arc::new(log_store::MemDisk::new()), Default::default())?;
    /// # let partition = store.create_topic("orders", TopicConfig::default())?.partition(0)?;
    /// let mut records = RecordsBuilder::new();
    /// ["a", "b", "c", "d"].iter().for_each(|value| records.push(0, None, Some(value.as_bytes())));
    /// partition.append(records)?;
    ///
    /// let mut scan = partition.scan(Offset(0), Offset(4));
    /// while scan.fetch()? {
    ///     let records = scan.take_at_hand(3);
    ///     let last = records.record(records.len() - 1).unwrap();
    ///     println!("{} records, the last with offset {}", records.len(), last.offset);
    /// }
    /// # Ok::<(), log_store::Error>(())
    /// ```
    pub fn take_at_hand(&mut self, count: usize) -> Records<'_> {
        let begin = self.cursor;
        let taken = count.min(self.end.saturating_sub(begin.index));
        self.cursor.skip(&self.piece, taken);
        match self.cursor.offset(&self.piece) {
            Some(offset) if self.cursor.index < self.end => self.next_offset = offset,
            _ => self.leave_behind(),
        }
        Records::between(&self.piece, begin, begin.index + taken)
    }

    /// Where it stands: everything before was given, or is not for readers.
    #[must_use]
    pub fn next_offset(&self) -> Offset {
        self.next_offset
    }

    /// Moves its end. What is at hand stays so: a scan that goes on behind its end does not read that again.
    pub fn until(&mut self, until: Offset) {
        self.until = until;
        self.end = self.piece.count_before(until, self.cursor);
    }

    /// Goes past what is left of the piece: markers, and what was aborted.
    fn leave_behind(&mut self) {
        self.next_offset = self.next_offset.max(self.piece.next_offset().min(self.until));
    }
}
