//! Rows on their way, and the traits of what they pass: the engine runs these, and knows no operator by name.
//!
//! Rows travel in batches that all their readers share; an operator finds out a batch's type once and runs the user's closures
//! over its rows. Stateless operators are [`Stage`]s, chained inside one timely operator. Keyed ones come in two halves: a
//! [`Router`] before the exchange, which groups and combines what it can, and an [`Owner`] after it, which holds the state of
//! its key groups.

mod blame;
mod encoded_rows;
mod headers;
mod keyed;
mod late;
mod open_epochs;
mod ordered;
mod reading;
mod rows;
mod watermark;
mod whole_rows;
mod writing;

pub(crate) use blame::{Blame, catch, in_hand, take_in_hand};
pub(crate) use encoded_rows::{Encoded, EncodedRows};
pub(crate) use headers::RecordHeaders;
pub(crate) use keyed::{
    Asks, DUE_ROWS, Emitted, KeyOf, Now, Owner, OwnerSetup, Packet, Ports, Router, RouterSetup, RowsDigest,
    emit, group_of, owner, send,
};
pub(crate) use late::{LateCounts, LateRow, LateRows};
pub(crate) use open_epochs::{OpenEpoch, OpenEpochs};
pub(crate) use ordered::{InOrder, OrderedOwner, has_reached};
pub(crate) use reading::{Aside, BATCH_ROWS, Decoded, PartitionClock, RowReader, Slice, Undecodable, Why};
pub(crate) use rows::{Batch, Meta, OldRows, Row};
pub(crate) use watermark::{Watermark, Watermarks};
pub(crate) use whole_rows::{KeptWhole, KeyedRow, RowRouter, Sends, Whole};
pub(crate) use writing::{OutRecord, OutRows, SinkEncoder};

/// One stateless operator over a batch.
pub(crate) trait Stage {
    /// The rows that it keeps of a batch, or those that it makes of them.
    fn apply(&mut self, rows: Batch) -> Batch;
}
