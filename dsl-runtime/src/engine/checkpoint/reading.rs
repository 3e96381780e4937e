//! Reading the last complete checkpoint back from the state topic.

use std::collections::BTreeMap;

use log_store::Partition;

use super::ledger::Ledger;
use super::record::{CompleteCheckpoint, StateRecord};
use crate::engine::entry::decode;
use crate::engine::own_topic::for_each_record;
use crate::error::{Error, Result};

/// A checkpoint that is whole.
#[derive(Debug)]
pub(crate) struct LastCheckpoint {
    pub(crate) complete: CompleteCheckpoint,
    /// All entries of the state, those of earlier checkpoints included.
    pub(crate) state: Vec<StateEntry>,
}

/// One entry of the state.
#[derive(Debug, Clone)]
pub(crate) struct StateEntry {
    pub(crate) operator: String,
    pub(crate) group: u8,
    pub(crate) key: Vec<u8>,
    pub(crate) sub_key: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

/// What one entry is kept under: operator, key group, key, sub-key.
type Id = (String, u8, Vec<u8>, Vec<u8>);

/// Reads the state topic: the books on what it holds, and the last checkpoint that is complete, if any is.
///
/// # Errors
/// `damaged`, given what makes no sense.
pub(crate) fn read_last(
    state: &Partition,
    damaged: impl Fn(String) -> Error,
) -> Result<(Ledger, Option<LastCheckpoint>)> {
    let mut ledger = Ledger::default();
    let mut live: BTreeMap<Id, Vec<u8>> = BTreeMap::new();
    let mut partly_read = PartlyRead::default();
    let mut last: Option<CompleteCheckpoint> = None;
    for_each_record(state, |offset, bytes| {
        let damaged = |reason: String| damaged(format!("offset {offset}: {reason}"));
        match decode(bytes).map_err(damaged)? {
            StateRecord::Piece { epoch, operator, group, key, sub_key, value } => {
                ledger.wrote(epoch, offset, bytes.len() as u64);
                partly_read.pieces_of(epoch).insert((operator, group, key, sub_key), value);
            }
            StateRecord::Complete(checkpoint) => {
                ledger.wrote(checkpoint.epoch, offset, bytes.len() as u64);
                ledger.complete(checkpoint.kind()).map_err(damaged)?;
                if checkpoint.full {
                    live.clear();
                }
                for (id, value) in std::mem::take(partly_read.pieces_of(checkpoint.epoch)) {
                    match value {
                        Some(value) => live.insert(id, value),
                        None => live.remove(&id),
                    };
                }
                last = Some(checkpoint);
            }
        }
        Ok(())
    })?;
    ledger.forget_under_way();
    let entry = |((operator, group, key, sub_key), value): (Id, Vec<u8>)| StateEntry {
        operator,
        group,
        key,
        sub_key,
        value,
    };
    let state = live.into_iter().map(entry).collect();
    Ok((ledger, last.map(|complete| LastCheckpoint { complete, state })))
}

/// The checkpoint that is not complete yet, as far as it was read.
#[derive(Default)]
struct PartlyRead {
    epoch: u64,
    /// `None` for entries that are gone.
    pieces: BTreeMap<Id, Option<Vec<u8>>>,
}

impl PartlyRead {
    /// The pieces of the checkpoint of that epoch. Those of another one belong to a checkpoint that a crash cut short.
    fn pieces_of(&mut self, epoch: u64) -> &mut BTreeMap<Id, Option<Vec<u8>>> {
        if self.epoch != epoch {
            *self = PartlyRead { epoch, pieces: BTreeMap::new() };
        }
        &mut self.pieces
    }
}

#[cfg(test)]
mod tests {
    use log_store::Offset;

    use super::*;
    use crate::engine::Epoch;
    use crate::engine::entry::{Totals, encode};
    use crate::engine::input::InputProgress;
    use crate::engine::own_topic::tests::{check_damaged, damaged, partition};

    fn piece(epoch: Epoch, key: &str, value: Option<&str>) -> Vec<u8> {
        let (operator, key) = ("o/window".to_owned(), key.as_bytes().to_vec());
        let value = value.map(|value| value.as_bytes().to_vec());
        encode(&StateRecord::Piece { epoch, operator, group: 0, key, sub_key: Vec::new(), value })
    }

    fn complete(epoch: Epoch, full: bool) -> Vec<u8> {
        let (progress, totals) = (InputProgress::default(), Totals { rows: epoch, late: 0, skipped: 0 });
        encode(&StateRecord::Complete(CompleteCheckpoint {
            epoch,
            full,
            progress,
            totals,
            closed: false,
            watermarks: Default::default(),
        }))
    }

    /// Reads a state topic with these records: the books, and the checkpoint's epoch and entries (0 and none without one).
    #[track_caller]
    fn check_state(records: &[Vec<u8>], epoch: Epoch, entries: &[(&str, &str)]) -> (Ledger, Totals) {
        let (ledger, last) = read_last(&partition(records), damaged).unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let state = last.as_ref().map_or(&[][..], |last| &last.state);
        let found: Vec<(String, String)> =
            state.iter().map(|entry| (text(&entry.key), text(&entry.value))).collect();
        let entries: Vec<(String, String)> =
            entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        assert_eq!((last.as_ref().map_or(0, |last| last.complete.epoch), found), (epoch, entries));
        (ledger, last.map(|last| last.complete.totals).unwrap_or_default())
    }

    #[test]
    fn the_last_complete_checkpoint_counts() {
        check_state(&[], 0, &[]);
        check_state(&[piece(3, "a", Some("1"))], 0, &[]);
        let mut records = vec![piece(3, "a", Some("1")), piece(3, "b", Some("1")), complete(3, true)];
        check_state(&records, 3, &[("a", "1"), ("b", "1")]);
        records.extend([piece(5, "b", None), piece(5, "c", Some("2")), complete(5, false)]);
        check_state(&records, 5, &[("a", "1"), ("c", "2")]);
        records.extend([piece(6, "a", Some("3")), complete(6, true)]);
        let (ledger, totals) = check_state(&records, 6, &[("a", "3")]);
        let needs = ledger.needs(InputProgress::default(), None);
        assert_eq!((needs.state_from, totals.rows), (Some(Offset(6)), 6));
        assert_eq!(ledger.sizes().full, Some(ledger.sizes().since_full));
    }

    #[test]
    fn pieces_of_a_checkpoint_that_a_crash_cut_short_do_not_count() {
        let first = [piece(3, "a", Some("1")), complete(3, true)];
        let cut_short = [piece(4, "a", Some("2")), piece(4, "b", Some("2"))];
        let next = [piece(6, "c", Some("3")), complete(6, false)];
        check_state(&[&first[..], &cut_short].concat(), 3, &[("a", "1")]);
        check_state(&[&first[..], &cut_short, &next].concat(), 6, &[("a", "1"), ("c", "3")]);
        let late_rest = [complete(9, false)];
        check_state(&[&first[..], &cut_short, &next, &late_rest].concat(), 9, &[("a", "1"), ("c", "3")]);
    }

    #[test]
    fn state_that_makes_no_sense_is_refused() {
        let read = |records: &[Vec<u8>]| read_last(&partition(records), damaged);
        check_damaged(read(&[complete(3, false)]), "offset 0: a checkpoint of changes follows no full one");
        check_damaged(read(&[complete(3, true), vec![]]), "offset 1: it is empty");
        check_damaged(read(&[vec![9]]), "offset 0: its layout has version 9, and this program knows up to 2");
    }
}
