//! Rows that an operator dropped because they came too late: counted always, passed on where somebody wants them.

use std::mem;

use super::rows::{Batch, Meta, Row};
use crate::place::Position;

/// A row on an operator's late port: what its place says, and nothing of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LateRow {
    /// How many rows of the same record came to the operator, this one included: a record is late if all of its rows are. 1,
    /// unless a `flat_map` made several of it.
    pub(crate) of: u32,
}

fn is_of_same_record(left: Position, right: Position) -> bool {
    left.whole() == right.whole()
}

/// The rows that an operator dropped since they were last taken.
#[derive(Debug, Default)]
pub(crate) struct LateRows {
    count: u64,
    /// `None` if nobody reads the operator's late port.
    rows: Option<Vec<Row<LateRow>>>,
}

impl LateRows {
    /// Keeps the rows themselves only if they are `wanted`.
    pub(crate) fn new(wanted: bool) -> Self {
        LateRows { count: 0, rows: wanted.then(Vec::new) }
    }

    /// Whether the rows themselves are wanted, not their number alone.
    pub(crate) fn wanted(&self) -> bool {
        self.rows.is_some()
    }

    /// Drops a row, which is one of `of` of its record.
    pub(crate) fn drop_row(&mut self, meta: Meta, of: u32) {
        self.count += 1;
        if let Some(rows) = &mut self.rows {
            rows.push(Row { meta, value: LateRow { of } });
        }
    }

    /// Drops something that was made of rows which are not known any more.
    pub(crate) fn drop_unknown(&mut self) {
        self.count += 1;
    }

    /// Drops one of the rows of a batch. All that were made of one record are in the same batch.
    pub(crate) fn drop_one_of<T: 'static>(&mut self, meta: Meta, batch: &Batch) {
        let is_sibling = |position: Position| is_of_same_record(position, meta.position());
        let of = match self.rows.as_ref().map(|dropped| dropped.last()) {
            None => 1,
            Some(Some(last)) if is_sibling(last.meta.position()) => last.value.of,
            Some(_) => LateRows::of_record::<T>(meta, batch),
        };
        self.drop_row(meta, of);
    }

    /// How many rows of a batch were made of the record that this one of them was made of.
    pub(crate) fn of_record<T: 'static>(meta: Meta, batch: &Batch) -> u32 {
        let siblings =
            batch.rows::<T>().filter(|row| is_of_same_record(row.meta.position(), meta.position()));
        siblings.count() as u32
    }

    /// Takes what was dropped, and leaves nothing.
    pub(crate) fn take(&mut self) -> LateRows {
        let rows = self.rows.as_mut().map(mem::take);
        LateRows { count: mem::take(&mut self.count), rows }
    }

    /// Adds what was dropped elsewhere.
    pub(crate) fn append(&mut self, other: LateRows) {
        self.count += other.count;
        if let (Some(rows), Some(more)) = (&mut self.rows, other.rows) {
            rows.extend(more);
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The rows as a batch; `None` if there are none, or nobody wants them.
    pub(crate) fn into_batch(self) -> Option<Batch> {
        let rows = self.rows.filter(|rows| !rows.is_empty())?;
        Some(Batch::of(rows))
    }
}
