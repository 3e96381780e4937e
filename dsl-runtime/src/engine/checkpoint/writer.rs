//! Writing the checkpoint under way, as a part of the transactions that commit epochs.

use std::collections::HashMap;
use std::sync::Arc;

use log_store::{Offset, Partition, RecordsBuilder, Transaction};

use super::ledger::Ledger;
use super::record::{CompleteCheckpoint, PieceKey, StateRecord, TableOf};
use crate::engine::Epoch;
use crate::error::{Error, Result};
use crate::state::Piece;

/// Writes the pieces of one checkpoint after another.
pub(crate) struct CheckpointWriter {
    /// The largest record that the log takes, in bytes.
    record_bytes_max: usize,
    numbers: PieceNumbers,
    under_way: Option<BeingWritten>,
}

/// The numbers that the next pieces have, by table and key group.
#[derive(Debug, Default)]
pub(crate) struct PieceNumbers(HashMap<(TableOf, u8), u32>);

impl PieceNumbers {
    pub(super) fn next(&mut self, table: &TableOf, group: u8) -> u32 {
        let next = self.0.entry((table.clone(), group)).or_default();
        *next += 1;
        *next - 1
    }

    /// A piece with this key stands in the topic, the last one of its key group so far.
    pub(super) fn saw(&mut self, PieceKey { operator, table, group, number }: &PieceKey<'_>) {
        let table = TableOf { operator: Arc::from(*operator), table: *table };
        self.0.insert((table, *group), number.wrapping_add(1));
    }
}

/// The checkpoint under way.
struct BeingWritten {
    complete: CompleteCheckpoint,
    /// Where the entry of its epoch stands in the topic of epoch entries.
    entry: Option<Offset>,
}

/// What a transaction that is not durable yet holds of the checkpoint under way.
pub(crate) struct Written {
    bytes: u64,
    /// It also holds the record that completes the checkpoint.
    completes: bool,
}

impl CheckpointWriter {
    /// For a run that goes on after pieces of these numbers.
    pub(crate) fn new(record_bytes_max: usize, numbers: PieceNumbers) -> Self {
        CheckpointWriter { record_bytes_max, numbers, under_way: None }
    }

    /// Begins a checkpoint; this is what is to be said of it when it is complete.
    pub(crate) fn begin(&mut self, complete: CompleteCheckpoint) {
        if complete.full {
            self.numbers = PieceNumbers::default();
        }
        self.under_way = Some(BeingWritten { complete, entry: None });
    }

    /// Adds the pieces that operators have cut with an epoch, and, if none are left, the record that completes the checkpoint.
    ///
    /// # Errors
    /// The log's, and [`Error::UserCode`] for a piece that is larger than a record may be.
    pub(crate) fn write(
        &mut self,
        pieces: &[(TableOf, Piece)],
        pieces_left: bool,
        clock_ms: i64,
        state: &Partition,
        transaction: &mut Transaction,
    ) -> Result<Option<Written>> {
        let Some(BeingWritten { complete, .. }) = &self.under_way else { return Ok(None) };
        let mut builder = RecordsBuilder::new();
        let (mut key, mut value) = (Vec::new(), Vec::new());
        let mut written = Written { bytes: 0, completes: !pieces_left };
        let mut push = |record: StateRecord<'_>| {
            key.clear();
            value.clear();
            record.encode(&mut key, &mut value);
            written.bytes += record_bytes(Some(&key), &value);
            builder.push(clock_ms, Some(&key), Some(&value));
            RecordsBuilder::record_bytes(Some(&key), Some(&value))
        };
        for (of, Piece { group, entries }) in pieces {
            let number = self.numbers.next(of, *group);
            let key = PieceKey { operator: &of.operator, table: of.table, group: *group, number };
            let bytes = push(StateRecord::Piece { key, epoch: complete.epoch, entries });
            if bytes > self.record_bytes_max {
                return Err(self.oversized(&of.operator, bytes));
            }
        }
        if !pieces_left {
            push(StateRecord::Complete(complete.clone()));
        }
        if builder.is_empty() {
            return Ok(None);
        }
        transaction.append(state, builder)?;
        Ok(Some(written))
    }

    fn oversized(&self, operator: &str, bytes: usize) -> Error {
        let limit = self.record_bytes_max;
        Error::UserCode {
            operator: operator.to_owned(),
            at: "the writing of a checkpoint".to_owned(),
            message: format!(
                "what it keeps for one key has {bytes} bytes, encoded, and the log takes at most {limit} in a record; aggregates \
                 such as `first`, `last`, `min` and `max` keep a value whole: keep fewer or smaller ones for each key"
            ),
        }
    }

    /// The transaction that commits `epoch` is durable: the epoch's entry stands at `entry`, and what was written of the
    /// checkpoint begins at the offset beside it. Enters it in the books, and says whether the checkpoint is complete now.
    pub(crate) fn committed(
        &mut self,
        epoch: Epoch,
        entry: Option<Offset>,
        written: Option<(Written, Offset)>,
        ledger: &mut Ledger,
    ) -> Result<bool> {
        let Some(begun) = &mut self.under_way else { return Ok(false) };
        if begun.complete.epoch == epoch {
            begun.entry = entry;
        }
        let Some((Written { bytes, completes }, at)) = written else { return Ok(false) };
        ledger.wrote(begun.complete.epoch, at, bytes);
        if !completes {
            return Ok(false);
        }
        ledger.complete(begun.complete.kind()).map_err(Error::Engine)?;
        let BeingWritten { complete, entry } = self.under_way.take().expect("it was there just now");
        ledger.keep(ledger.needs(complete.progress, entry));
        Ok(true)
    }
}

/// What the books count of a record.
pub(super) fn record_bytes(key: Option<&[u8]>, value: &[u8]) -> u64 {
    (key.map_or(0, <[u8]>::len) + value.len()) as u64
}
