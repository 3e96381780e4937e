//! Keyed state: what operators keep between epochs, how changes are found, and how it is cut into checkpoint pieces.
//!
//! State is a [`Table`] of entries: (key group, key, sub-key) and a value. An operator picks how entries are found
//! ([`Index`]) and the instant at which each falls due ([`Keeps`]); everything about checkpoints is the table's, so that
//! every operator that keeps its state in tables is recovered by the engine.
//!
//! ```text
//!            group 0             group 1       ..  group 255          by key group: what a worker owns, and what a piece holds
//!          ┌─────────┐         ┌─────────┐        ┌─────────┐
//!  index   │ hash    │         │ hash    │        │ hash    │         key (and sub-key) ─► slot
//!  slots   │ ▣▣▣▢▣▣▣ │         │ ▣▢▣     │        │ ▣▣▣▣    │         entries, 256 to a chunk, with bits: changed, due, written
//!          └─────────┘         └─────────┘        └─────────┘
//!  instants     12:00 ─► slots of any group,  13:00 ─► ..
//! ```
//!
//! A checkpoint of an epoch holds every entry as of that epoch. It is written as [`Piece`]s over as many later epochs as its
//! size asks for; an entry that changes before its piece was written is put aside first (copy on write).

mod index;
mod instants;
mod piece;
mod shape;
mod slots;
mod table;
mod trace;

#[cfg(test)]
mod tests;

pub(crate) use index::{ByEntry, ByKey};
pub(crate) use piece::Piece;
pub(crate) use shape::TableShape;
pub(crate) use table::{Keeps, Table, Taken};

/// A table as the engine sees it: what there is to do for checkpoints, whatever its entries are.
///
/// # Contract
/// One checkpoint at a time: `begin_checkpoint`, then `pieces` until it gives `true`. The pieces hold the state as of
/// `begin_checkpoint`, whatever happens to it in between.
pub(crate) trait StateTable {
    /// The state of now is to be saved: all of it, or what changed since the last checkpoint began. Takes the same time
    /// however large the state is.
    fn begin_checkpoint(&mut self, full: bool);
    /// Cuts pieces of the checkpoint under way, of `budget` bytes in all, or one piece more than that; `true` when none of
    /// it is left.
    fn pieces(&mut self, budget: usize, out: &mut Vec<Piece>) -> bool;
    /// Loads a piece of a checkpoint: its entries take the place of those that were loaded before.
    ///
    /// # Errors
    /// What makes no sense about an entry.
    fn load(&mut self, group: u8, entries: &[u8]) -> Result<(), String>;
    /// How many entries there are.
    fn entries(&self) -> u64;
    /// About how many bytes of memory they take, what keys and values have elsewhere not counted.
    fn bytes(&self) -> u64;
    /// What an entry consists of, for the manifest: state of another shape is not loaded.
    fn shape(&self) -> TableShape;
}
