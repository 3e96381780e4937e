//! Reading the last complete checkpoint back from the state topic.
//!
//! It is gone through twice. The first time, once for the whole run, tells which checkpoints are complete. The second time, each
//! worker takes the entries of its key groups straight into its operators, so that no entry is in memory twice.

use std::collections::BTreeSet;

use log_store::{Offset, Partition, Scan};

use super::ledger::Ledger;
use super::record::{CompleteCheckpoint, StateRecord};
use super::writer::{PieceNumbers, record_bytes};
use crate::engine::Epoch;
use crate::engine::input::InputProgress;
use crate::error::{Error, Result};

/// What the state topic holds.
#[derive(Debug, Default)]
pub(crate) struct StateTopic {
    /// The books on it.
    pub(crate) ledger: Ledger,
    pub(crate) numbers: PieceNumbers,
    /// The last checkpoint that is complete.
    pub(crate) last: Option<CompleteCheckpoint>,
    pub(crate) state: SavedState,
}

/// Where the pieces of the last complete checkpoint stand, and of those that it builds on.
#[derive(Debug, Clone, Default)]
pub(crate) struct SavedState {
    from: Offset,
    until: Offset,
    /// The epochs of these checkpoints. Pieces of other ones belong to checkpoints that a crash cut short.
    epochs: BTreeSet<Epoch>,
}

/// Entries of one key group of one table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SavedPiece<'a> {
    pub(crate) operator: &'a str,
    pub(crate) table: u8,
    pub(crate) group: u8,
    pub(crate) entries: &'a [u8],
}

impl StateTopic {
    /// Reads the topic.
    ///
    /// # Errors
    /// `damaged`, given what makes no sense.
    pub(crate) fn read(partition: &Partition, damaged: impl Fn(String) -> Error) -> Result<StateTopic> {
        let mut topic = StateTopic::default();
        let mut scan = partition.scan(partition.log_start_offset(), partition.last_stable_offset());
        while let Some((offset, bytes, record)) = next(&mut scan, &damaged)? {
            match record {
                StateRecord::Piece { key, epoch, .. } => {
                    topic.ledger.wrote(epoch, offset, bytes);
                    topic.numbers.saw(&key);
                }
                StateRecord::Complete(complete) => {
                    let damaged = |reason| damaged(format!("offset {offset}: {reason}"));
                    topic.ledger.wrote(complete.epoch, offset, bytes);
                    topic.ledger.complete(complete.kind()).map_err(damaged)?;
                    topic.completed(complete, offset);
                }
            }
        }
        topic.ledger.forget_under_way();
        Ok(topic)
    }

    fn completed(&mut self, complete: CompleteCheckpoint, offset: Offset) {
        if complete.full {
            self.state.epochs.clear();
            let needs = self.ledger.needs(InputProgress::default(), None);
            self.state.from = needs.state_from.expect("a full checkpoint is complete");
        }
        self.state.epochs.insert(complete.epoch);
        self.state.until = offset;
        self.last = Some(complete);
    }
}

impl SavedState {
    /// Gives each piece, in an order in which a later one counts where two have the same entry.
    ///
    /// # Errors
    /// `damaged`, given what makes no sense, also what `load` finds.
    pub(crate) fn for_each(
        &self,
        partition: &Partition,
        damaged: impl Fn(String) -> Error,
        mut load: impl FnMut(SavedPiece<'_>) -> Result<(), String>,
    ) -> Result<()> {
        let mut scan = partition.scan(self.from, self.until);
        while let Some((offset, _, record)) = next(&mut scan, &damaged)? {
            let StateRecord::Piece { key, epoch, entries } = record else { continue };
            if self.epochs.contains(&epoch) {
                let piece =
                    SavedPiece { operator: key.operator, table: key.table, group: key.group, entries };
                load(piece).map_err(|reason| damaged(format!("offset {offset}: {reason}")))?;
            }
        }
        Ok(())
    }
}

/// The next record: its offset, what the books count of it, and what it says.
fn next<'a>(
    scan: &'a mut Scan,
    damaged: impl Fn(String) -> Error,
) -> Result<Option<(Offset, u64, StateRecord<'a>)>> {
    let Some(record) = scan.next()? else { return Ok(None) };
    let (key, value) = (record.key.unwrap_or_default(), record.value.unwrap_or_default());
    let decoded = StateRecord::decode(key, value);
    let decoded = decoded.map_err(|reason| damaged(format!("offset {}: {reason}", record.offset)))?;
    Ok(Some((record.offset, record_bytes(record.key, value), decoded)))
}

#[cfg(test)]
mod tests {
    use super::super::record::PieceKey;
    use super::*;
    use crate::engine::entry::Totals;
    use crate::engine::own_topic::tests::{check_damaged, damaged, keyed_partition};

    type Record = (Vec<u8>, Vec<u8>);

    fn encoded(record: &StateRecord<'_>) -> Record {
        let (mut key, mut value) = (Vec::new(), Vec::new());
        record.encode(&mut key, &mut value);
        (key, value)
    }

    fn piece(epoch: Epoch, number: u32, entries: &str) -> Record {
        let key = PieceKey { operator: "o/window", table: 0, group: 7, number };
        encoded(&StateRecord::Piece { key, epoch, entries: entries.as_bytes() })
    }

    fn complete(epoch: Epoch, full: bool) -> Record {
        let (progress, totals) = (InputProgress::default(), Totals { rows: epoch, late: 0, skipped: 0 });
        encoded(&StateRecord::Complete(CompleteCheckpoint {
            epoch,
            full,
            progress,
            totals,
            closed: false,
            watermarks: Default::default(),
        }))
    }

    /// Reads a state topic with these records: the last checkpoint's epoch (0 without one), and the pieces that are loaded.
    #[track_caller]
    fn check_state(records: &[Record], epoch: Epoch, pieces: &[&str]) -> StateTopic {
        let partition = keyed_partition(records);
        let topic = StateTopic::read(&partition, damaged).unwrap();
        let mut loaded = Vec::new();
        let load = |piece: SavedPiece<'_>| {
            assert_eq!((piece.operator, piece.table, piece.group), ("o/window", 0, 7));
            loaded.push(String::from_utf8(piece.entries.to_vec()).unwrap());
            Ok(())
        };
        topic.state.for_each(&partition, damaged, load).unwrap();
        assert_eq!(
            (topic.last.as_ref().map_or(0, |last| last.epoch), loaded),
            (epoch, pieces.iter().map(|piece| (*piece).to_owned()).collect())
        );
        topic
    }

    #[test]
    fn the_last_complete_checkpoint_counts() {
        check_state(&[], 0, &[]);
        check_state(&[piece(3, 0, "a")], 0, &[]);
        let mut records = vec![piece(3, 0, "a"), piece(3, 1, "b"), complete(3, true)];
        check_state(&records, 3, &["a", "b"]);
        records.extend([piece(5, 2, "c"), piece(5, 3, "d"), complete(5, false)]);
        check_state(&records, 5, &["a", "b", "c", "d"]);
        records.extend([piece(6, 0, "e"), complete(6, true)]);
        let topic = check_state(&records, 6, &["e"]);
        let needs = topic.ledger.needs(InputProgress::default(), None);
        assert_eq!((needs.state_from, topic.last.unwrap().totals.rows), (Some(Offset(6)), 6));
        assert_eq!(topic.ledger.sizes().full, Some(topic.ledger.sizes().since_full));
    }

    #[test]
    fn pieces_of_a_checkpoint_that_a_crash_cut_short_do_not_count() {
        let first = [piece(3, 0, "a"), complete(3, true)];
        let cut_short = [piece(4, 1, "b"), piece(4, 2, "c")];
        let next = [piece(6, 3, "d"), complete(6, false)];
        check_state(&[&first[..], &cut_short].concat(), 3, &["a"]);
        check_state(&[&first[..], &cut_short, &next].concat(), 6, &["a", "d"]);
        let nothing_changed = [complete(9, false)];
        check_state(&[&first[..], &cut_short, &next, &nothing_changed].concat(), 9, &["a", "d"]);
    }

    #[test]
    fn numbers_go_on_after_the_last_piece() {
        let mut numbers = StateTopic::read(&keyed_partition(&[piece(3, 0, "a"), piece(3, 1, "b")]), damaged)
            .unwrap()
            .numbers;
        let table = super::super::TableOf { operator: "o/window".into(), table: 0 };
        assert_eq!([numbers.next(&table, 7), numbers.next(&table, 7), numbers.next(&table, 8)], [2, 3, 0]);
    }

    #[test]
    fn state_that_makes_no_sense_is_refused() {
        let read = |records: &[Record]| StateTopic::read(&keyed_partition(records), damaged);
        check_damaged(read(&[complete(3, false)]), "offset 0: a checkpoint of changes follows no full one");
        check_damaged(read(&[complete(3, true), (vec![], vec![])]), "offset 1: it is empty");
        check_damaged(
            read(&[(vec![], vec![9])]),
            "offset 0: its layout has version 9, and this program knows version 2",
        );
        let records = [piece(3, 0, "a"), complete(3, true)];
        let topic = read(&records).unwrap();
        let refuse = |_: SavedPiece<'_>| Err("it makes no sense".to_owned());
        check_damaged(
            topic.state.for_each(&keyed_partition(&records), damaged, refuse),
            "offset 0: it makes no sense",
        );
    }
}
