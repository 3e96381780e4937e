//! The operators as the engine runs them: rows in, rows out, and state that can be saved and loaded.
//!
//! Rows travel in boxed, typed batches; an operator unboxes a batch once and runs the user's closures over it. Stateless
//! operators are [`Stage`]s, chained inside one timely operator. Keyed ones come in two halves: a [`Sender`] before the
//! exchange, which groups and combines what it can, and an [`Op`] after it, which owns the state of its key groups.

mod blame;
mod rows;
mod sink;
mod source;
mod stateless;
mod window;

use std::any::Any;

use crate::state::Piece;
use crate::time::Timestamp;

pub(crate) use blame::{Blame, catch, take_in_hand};
pub(crate) use rows::AnyRows;
pub(crate) use sink::{OutRecord, OutRows, SinkEncoder, TopicSink};
pub(crate) use source::{Decoded, PartitionClock, RowReader, Slice, TopicReader};
pub(crate) use stateless::{Stage, filter_stage, flat_map_stage, map_stage};
pub(crate) use window::{KeyOf, WindowOp, WindowSender, WindowSpec, owner};

/// What a [`Sender`] passes to an [`Op`] for the key groups of one worker.
pub(crate) type Packet = Box<dyn Any + Send>;

/// The half of a keyed operator that stands before the exchange.
///
/// # Contract
/// The driver calls `rows` for every batch of an epoch, then `flush` for that epoch when a source's end of the epoch comes
/// by, possibly more than once. What is not flushed by the last of these is lost, so `flush` leaves nothing behind.
pub(crate) trait Sender {
    /// Takes a batch of the epoch.
    fn rows(&mut self, epoch: u64, rows: Box<dyn AnyRows>);
    /// Passes on what the epoch's rows have come to, as (worker, packet).
    fn flush(&mut self, epoch: u64, out: &mut Vec<(usize, Packet)>);
    /// Rows dropped as late in the epochs flushed since the last call.
    fn take_late(&mut self) -> u64;
}

/// The half of a keyed operator that owns state.
///
/// # Contract
/// The driver applies epochs one after the other: all packets of an epoch, then `end_epoch`, then, where it applies,
/// `begin_checkpoint`, then `pieces`. State between two epochs is thus exactly "all epochs so far", and the checkpoint of
/// an epoch holds that, however many later epochs it takes to write it.
pub(crate) trait Op {
    /// Takes a packet of the epoch at hand.
    fn packet(&mut self, packet: Packet) -> Result<(), Blame>;
    /// All packets of the epoch are in, and the combined watermark is this: emits what is due.
    fn end_epoch(&mut self, watermark: Timestamp, out: &mut Vec<Box<dyn AnyRows>>) -> Result<(), Blame>;
    /// The state of now is to be saved: all of it, or what changed since the last checkpoint began.
    fn begin_checkpoint(&mut self, full: bool);
    /// Writes up to about `budget` bytes of the checkpoint under way; `true` when none of it is left.
    fn pieces(&mut self, budget: usize, out: &mut Vec<Piece>) -> bool;
    /// Loads one entry of a checkpoint.
    fn load(&mut self, key: &[u8], sub_key: &[u8], value: &[u8]) -> Result<(), String>;
    /// How many windows (or other timed entries) are open, and how many entries are kept.
    fn size(&self) -> StateSize;
}

/// How much an operator keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct StateSize {
    /// Entries: keys of open windows.
    pub(crate) entries: u64,
}
