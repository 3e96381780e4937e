//! Rows that an operator dropped because they came too late: counted always, passed on where somebody wants them.
//!
//! # Contract
//! A *record* is late for an operator if rows of it came to the operator, and all of them were dropped. Which rows of one record are
//! dropped may be found out in several batches, by several routers and by several workers, so nobody but who gathers the operator's
//! late port knows: there come the rows that were dropped, and of the rows that might have been, those that were kept.

use std::mem;

use super::keyed::RowsDigest;
use super::rows::{Batch, Meta, Row};

/// A row on an operator's late port: what its place says, and nothing of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LateRow {
    /// It was not dropped after all, so its record is not late.
    pub(crate) kept: bool,
}

/// How many rows an operator dropped, by cause.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LateCounts {
    /// Behind the watermark of their own partition.
    pub(crate) behind: u64,
    /// Of partitions that nobody had waited for, by way of another operator: what a window makes of them is one for each key.
    pub(crate) unwaited: u64,
    /// Further in the future than their source allows.
    pub(crate) ahead: u64,
}

impl LateCounts {
    /// All of them.
    pub(crate) fn sum(self) -> u64 {
        self.behind + self.unwaited + self.ahead
    }

    /// Adds what was dropped elsewhere.
    pub(crate) fn add(&mut self, other: LateCounts) {
        self.behind += other.behind;
        self.unwaited += other.unwaited;
        self.ahead += other.ahead;
    }
}

/// The rows that an operator dropped since they were last taken.
#[derive(Debug, Default)]
pub(crate) struct LateRows {
    counts: LateCounts,
    /// The digest of those that a router had passed on and counted among its rows.
    digest: u64,
    /// `None` if nobody reads the operator's late port.
    rows: Option<Vec<Row<LateRow>>>,
}

impl LateRows {
    /// Keeps the rows themselves only if they are `wanted`.
    pub(crate) fn new(wanted: bool) -> Self {
        LateRows { counts: LateCounts::default(), digest: 0, rows: wanted.then(Vec::new) }
    }

    /// Whether the rows themselves are wanted, not their number alone.
    pub(crate) fn wanted(&self) -> bool {
        self.rows.is_some()
    }

    /// Drops a row.
    pub(crate) fn drop_row(&mut self, meta: Meta) {
        self.counts.behind += 1;
        self.tell(meta, false);
    }

    /// Drops a row of this key, which the router has counted in its digest: that is taken back.
    pub(crate) fn drop_counted(&mut self, meta: Meta, key: &[u8]) {
        let (mut row, mut digest) = (RowsDigest::default(), RowsDigest::default());
        row.add(meta.place);
        digest.add_key(key, row);
        self.digest = self.digest.wrapping_add(digest.take());
        self.drop_row(meta);
    }

    /// Says that a row was kept, although its time alone would have had it dropped: other rows of its record may have been. An
    /// operator that goes by time and watermark alone drops all rows of a record or none, and need not say it.
    pub(crate) fn keep_row(&mut self, meta: Meta) {
        self.tell(meta, true);
    }

    /// Drops what nobody had waited for: what idle partitions have, by way of another operator, or was made of it. No late port tells of
    /// it: it may have been read long ago.
    pub(crate) fn drop_unwaited(&mut self) {
        self.counts.unwaited += 1;
    }

    /// Takes what was dropped, and leaves nothing.
    pub(crate) fn take(&mut self) -> LateRows {
        let rows = self.rows.as_mut().map(mem::take);
        LateRows { counts: mem::take(&mut self.counts), digest: mem::take(&mut self.digest), rows }
    }

    /// Adds what was dropped elsewhere.
    pub(crate) fn append(&mut self, other: LateRows) {
        self.counts.add(other.counts);
        self.digest = self.digest.wrapping_add(other.digest);
        if let (Some(rows), Some(more)) = (&mut self.rows, other.rows) {
            rows.extend(more);
        }
    }

    /// How many there are.
    pub(crate) fn counts(&self) -> LateCounts {
        self.counts
    }

    /// What is to be taken off the routers' digests.
    pub(crate) fn digest(&self) -> u64 {
        self.digest
    }

    /// The rows as a batch; `None` if there are none, or nobody wants them.
    pub(crate) fn into_batch(self) -> Option<Batch> {
        let rows = self.rows.filter(|rows| !rows.is_empty())?;
        Some(Batch::of(rows))
    }

    fn tell(&mut self, meta: Meta, kept: bool) {
        if let Some(rows) = &mut self.rows {
            rows.push(Row { meta, value: LateRow { kept } });
        }
    }
}
